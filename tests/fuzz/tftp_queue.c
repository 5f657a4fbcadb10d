/* SPDX-License-Identifier: ISC */
/*
 * The queue of transfers, and clients that come, answer, fall silent and go as the input says,
 * three bytes each time. However they do: the queue knows those who are there and nobody else, in
 * their orders; no more run than may, but for those whose time ran out; who waits is counted; where
 * nobody has to wait nobody does; and only who has a limit is turned away.
 */
#include <arpa/inet.h>
#include <string.h>

#include "tests/fuzz/world.h"
#include "tftpd/queue.h"

#define PLACES 24u
#define LIMIT_NS (30 * NS_PER_S)
#define SILENT_NS (2 * NS_PER_S) /* see queue.c */

static struct scene {
	struct tftp_queue queue;
	struct {
		struct tftp_place place;
		struct in_addr address;
		bool there;
	} clients[PLACES];
	unsigned n;
	uint64_t now_ns;
} scene;

static bool is_over(const struct tftp_place *place)
{
	return place->turn == TFTP_TURNED_AWAY || scene.now_ns - place->heard_ns > SILENT_NS ||
	       (place->limited && scene.now_ns - place->since_ns > LIMIT_NS);
}

static void check_orders(void)
{
	const struct tftp_place *place, *before = NULL;
	unsigned n = 0, limited = 0;

	TAILQ_FOREACH(place, &scene.queue.by_board, by_board)
	{
		must(!before || before->board <= place->board);
		/* cppcheck-suppress uninitvar ; places of a static scene */
		before = place;
		limited += place->limited;
		n++;
	}
	must(n == scene.n && n == scene.queue.n);
	before = NULL;
	TAILQ_FOREACH(place, &scene.queue.by_age, by_age)
	{
		must(place->limited && limited-- > 0);
		must(!before || before->since_ns <= place->since_ns);
		before = place;
	}
	must(limited == 0);
}

static void check_turns(void)
{
	const struct tftp_queue *queue = &scene.queue;
	const struct tftp_place *place;
	unsigned running = 0, waiting = 0;

	TAILQ_FOREACH(place, &queue->by_board, by_board)
	{
		/* cppcheck-suppress uninitvar ; the same */
		must(place->turn != TFTP_TURNED_AWAY || place->limited);
		must(tftp_queue_before(queue, place) < queue->n);
		if (is_over(place))
			continue;
		running += place->turn == TFTP_RUNS && !place->hurries;
		waiting += place->turn == TFTP_WAITS;
	}
	must(waiting == queue->waiting);
	must(running <= queue->running);
	must(waiting == 0 || queue->closed);
}

static void decide(void)
{
	tftp_queue_decide(&scene.queue, scene.now_ns);
	check_orders();
	check_turns();
}

static void join(unsigned i, uint8_t argument)
{
	if (scene.clients[i].there)
		return;
	scene.clients[i].there = true;
	scene.clients[i].address.s_addr = htonl(0x0a4d0032u + (i + argument / 64u) % PLACES);
	scene.n++;
	tftp_queue_join(&scene.queue, &scene.clients[i].place, scene.clients[i].address,
		(argument & 31u) * UINT64_C(500000) + 1, argument & 32u, scene.now_ns);
}

static void leave(unsigned i)
{
	if (!scene.clients[i].there)
		return;
	scene.clients[i].there = false;
	scene.n--;
	tftp_queue_leave(
		&scene.queue, &scene.clients[i].place, scene.clients[i].address, scene.now_ns);
}

/* Another part of its file has arrived. */
static void acknowledge(unsigned i, uint8_t argument)
{
	struct tftp_place *place = &scene.clients[i].place;

	if (scene.clients[i].there)
		tftp_queue_note_ack(&scene.queue, place,
			place->left - place->left / 256u * argument, scene.now_ns);
}

/* A tick, as turns.c makes it. */
static void tick(void)
{
	scene.now_ns += TFTP_TICK_NS;
	tftp_queue_tick(&scene.queue, scene.now_ns);
	decide();
	for (unsigned i = 0; i < PLACES; i++) {
		if (scene.clients[i].there && scene.clients[i].place.turn == TFTP_TURNED_AWAY)
			leave(i);
	}
	decide();
}

/* A while in which who runs gets something, and who waits a block now and then. */
static void go_on(uint8_t argument)
{
	for (unsigned k = 0; k < argument % 64u; k++) {
		for (unsigned i = 0; i < PLACES; i++)
			acknowledge(i, scene.clients[i].place.turn == TFTP_RUNS ? argument : 0);
		tick();
	}
}

static void step(const uint8_t bytes[static 3])
{
	const unsigned i = bytes[1] % PLACES;

	switch (bytes[0] % 8u) {
	case 0:
	case 1:
		join(i, bytes[2]);
		break;
	case 2:
		leave(i);
		break;
	case 3:
		acknowledge(i, bytes[2]);
		break;
	case 4:
		tick();
		break;
	case 5:
		for (unsigned k = 0; k < bytes[2] % 64u; k++)
			tick();
		break;
	case 6:
		go_on(bytes[2]);
		break;
	default:
		for (unsigned k = 0; k < PLACES; k++)
			join(k, (uint8_t)(bytes[2] + 32u * (bytes[1] & 1u)));
		break;
	}
	decide();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	memset(&scene, 0, sizeof(scene));
	scene.now_ns = 3600 * NS_PER_S;
	tftp_queue_init(&scene.queue, LIMIT_NS);
	for (size_t i = 0; i + 3 <= length && i < 3000; i += 3)
		step(bytes + i);
	for (unsigned i = 0; i < PLACES; i++)
		leave(i);
	decide();
	return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}
