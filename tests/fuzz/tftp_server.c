/* SPDX-License-Identifier: ISC */
/*
 * The TFTP server as a whole, its sockets on the loopback network, time fed. The input is what
 * three clients and brambled do, one step after another. What arrives in mode octet is the file; a
 * step brings a window at most; and when everybody is silent each transfer ends, is reported once,
 * and leaves no descriptor.
 */
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/str.h"
#include "tests/fuzz/world.h"
#include "tftpd/server.h"

#define CLIENTS 3u
#define QUESTIONS 64u
#define STEPS 200u
#define TURNS 6u
#define MOST_PACKETS 260u /* of one step: a window, its repetition, and ERRORs */
#define PACKET_SIZE 2048u
#define FIRST_ADDRESS 0x7f010000u /* 127.1.0.0 */

struct client {
	int socket;
	struct sockaddr_in session; /* where its last packet came from; port 0 = nowhere */
	uint32_t address;	    /* host byte order */
	uint16_t block;		    /* of the last DATA */
	uint32_t blksize;	    /* as it asked; 0 = its content isn't looked at */
};

/* Stands for tftpd/source.c: brambled, or a directory. */
struct source {
	bool by_lease;
	unsigned begun, ended;
	struct question {
		source_answer answer; /* NULL: free */
		void *argument;
	} questions[QUESTIONS];
};

struct scene {
	struct event_base *base;
	struct tftp_server *server;
	struct source source;
	int listening;
	struct sockaddr_in address;
	struct client clients[CLIENTS];
	const uint8_t *at, *end;
	uint32_t opened; /* addresses that were used */
};

int source_ask(struct source *source, const struct ipc_resolve *request, source_answer answer,
	void *argument)
{
	must(memchr(request->name, 0, sizeof(request->name)) && request->name[0]);
	must(request->max_block >= 8);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		if (source->questions[i].answer)
			continue;
		source->questions[i] = (struct question){ answer, argument };
		return 0;
	}
	return -EAGAIN;
}

bool source_knows_leases(const struct source *source)
{
	return source->by_lease;
}

void source_report(struct source *source, const struct ipc_transfer *transfer)
{
	must(transfer->transfer == 4711);
	must(memchr(transfer->reason, 0, sizeof(transfer->reason)) != NULL);
	source->ended++;
	must(source->ended <= source->begun);
}

void source_tell_waits(struct source *source, const struct ipc_waits *waits)
{
	must(waits->transfer == 4711);
	must(source->ended < source->begun);
}

static uint8_t take(struct scene *scene)
{
	return scene->at < scene->end ? *scene->at++ : 0;
}

static void answer(struct scene *scene, struct question *question, uint8_t how)
{
	static const int errors[] = { ENOENT, EACCES, EHOSTUNREACH, EIO };
	const struct question asked = *question;
	struct ipc_resolved resolved = { .transfer = 4711, .size = (uint64_t)(how >> 3) * 300 };
	int fd = -1;

	question->answer = NULL;
	switch (how & 7u) {
	case 0:
		asked.answer(asked.argument, NULL, -1);
		return;
	case 1:
		resolved.error = errors[(how >> 3) & 3u];
		break;
	case 2: /* shorter than it says */
		fd = fuzz_file(resolved.size);
		resolved.size += 700;
		break;
	default:
		fd = fuzz_file(resolved.size);
		break;
	}
	if (resolved.error == 0)
		scene->source.begun++;
	asked.answer(asked.argument, &resolved, fd);
}

static void open_client(struct client *client, uint32_t address)
{
	const struct sockaddr_in here = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(address) } };

	*client = (struct client){ .socket = socket(
					   AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
		.address = address };
	must(client->socket >= 0);
	must(bind(client->socket, (const struct sockaddr *)&here, sizeof(here)) == 0);
}

/* Another port; with `address` 0 at an address of its own, so that no packet of an old transfer can
 * come to it. */
static void open_again(struct scene *scene, struct client *client, uint32_t address)
{
	close(client->socket);
	open_client(client, address ? address : FIRST_ADDRESS + scene->opened++);
}

static void check_data(const struct client *client, const uint8_t *packet, size_t length)
{
	const uint16_t block = (uint16_t)(packet[2] << 8 | packet[3]);

	must(block >= 1 && length <= 4 + 1468);
	if (client->blksize == 0)
		return;
	must(length <= 4 + client->blksize);
	for (size_t i = 4; i < length; i++)
		must(packet[i] == fuzz_byte((uint64_t)(block - 1) * client->blksize + i - 4));
}

/* Read what came; returns how many packets. */
static unsigned read_all(struct client *client)
{
	uint8_t packet[PACKET_SIZE];
	unsigned n = 0;

	for (;;) {
		struct sockaddr_in from;
		socklen_t size = sizeof(from);
		ssize_t length = recvfrom(
			client->socket, packet, sizeof(packet), 0, (struct sockaddr *)&from, &size);

		if (length < 0)
			return n;
		n++;
		must(length >= 4 && packet[0] == 0 && packet[1] >= 3 && packet[1] <= 6);
		client->session = from;
		if (packet[1] != 3)
			continue;
		check_data(client, packet, (size_t)length);
		client->block = (uint16_t)(packet[2] << 8 | packet[3]);
	}
}

static void turn(struct scene *scene)
{
	unsigned packets = 0;

	for (unsigned i = 0; i < TURNS; i++) {
		event_base_loop(scene->base, EVLOOP_NONBLOCK);
		for (unsigned c = 0; c < CLIENTS; c++)
			packets += read_all(&scene->clients[c]);
	}
	must(packets <= MOST_PACKETS);
}

static void send_to(
	const struct client *client, const struct sockaddr_in *to, const void *bytes, size_t length)
{
	if (to->sin_port != 0)
		(void)!sendto(client->socket, bytes, length, MSG_DONTWAIT,
			(const struct sockaddr *)to, sizeof(*to));
}

static void ask_anything(struct scene *scene, struct client *client)
{
	uint8_t bytes[600];
	size_t length = take(scene) * 2u;

	for (size_t i = 0; i < length; i++)
		bytes[i] = take(scene);
	client->blksize = 0;
	send_to(client, &scene->address, bytes, length);
}

static size_t put(char *out, size_t used, const char *text)
{
	memcpy(out + used, text, strlen(text) + 1);
	return used + strlen(text) + 1;
}

static void ask_well(struct scene *scene, struct client *client)
{
	static const struct {
		const char *text;
		uint32_t bytes;
	} sizes[] = { { "8", 8 }, { "100", 100 }, { "512", 512 }, { "1468", 1468 } };
	static const char *const windows[] = { "1", "2", "4", "16" };
	const uint8_t how = take(scene), more = take(scene);
	char bytes[200] = { 0, 1 };
	uint32_t blksize;
	size_t used = put(bytes, 2, how & 1 ? "a" : "dir/b");

	used = put(bytes, used, how & 2 ? "netascii" : "octet");
	client->blksize = how & 2 ? 0 : 512;
	if (how & 4) {
		used = put(bytes, used, "blksize");
		used = put(bytes, used, sizes[more & 3u].text);
		client->blksize = how & 2 ? 0 : sizes[more & 3u].bytes;
	}
	if (how & 8) {
		used = put(bytes, used, "windowsize");
		used = put(bytes, used, windows[more >> 2 & 3u]);
	}
	if (how & 16) {
		used = put(bytes, used, "timeout");
		used = put(bytes, used, "3");
	}
	if (how & 32) {
		used = put(bytes, used, "tsize");
		used = put(bytes, used, "0");
	}
	/* Blocks of another transfer of this port would be taken for this one's. */
	if (how & 192)
		client->blksize = 0;
	blksize = client->blksize;
	if (!(how & 64))
		open_again(scene, client, how & 128 ? client->address : 0);
	client->blksize = blksize;
	send_to(client, &scene->address, bytes, used);
}

static void step(struct scene *scene)
{
	const uint8_t op = take(scene);
	struct client *client = &scene->clients[(op >> 4) % CLIENTS];
	struct client *other = &scene->clients[((op >> 4) + 1u) % CLIENTS];
	uint16_t block = (uint16_t)(client->block + (op & 128 ? take(scene) : 0));
	uint8_t packet[8] = { 0, 4, (uint8_t)(block >> 8), (uint8_t)block };

	switch (op & 15u) {
	case 0:
		ask_anything(scene, client);
		break;
	case 1:
	case 2:
		ask_well(scene, client);
		break;
	case 3: /* ERROR */
		packet[1] = 5;
		send_to(client, &client->session, packet, op & 128 ? 3 : 5);
		break;
	case 4: /* what no client sends */
		packet[1] = take(scene);
		send_to(client, &client->session, packet, take(scene) % sizeof(packet));
		break;
	case 5: /* a stranger */
		send_to(other, &client->session, packet, 4);
		break;
	case 6:
		open_again(scene, client, client->address);
		break;
	case 7:
	case 8:
		fuzz_pass_time(take(scene) * 50 * NS_PER_MS);
		break;
	case 9:
	case 10:
		for (unsigned i = 0; i < QUESTIONS; i++) {
			if (scene->source.questions[i].answer)
				answer(scene, &scene->source.questions[i], take(scene));
		}
		break;
	default:
		send_to(client, &client->session, packet, 4);
		break;
	}
	turn(scene);
}

static void begin(struct scene *scene)
{
	struct tftp_limits limits = tftp_limits_default;
	socklen_t size = sizeof(scene->address);
	const uint8_t how = take(scene);

	fuzz_set_time(1000 * NS_PER_S);
	scene->source.by_lease = how & 1;
	limits.sessions = how & 2 ? 4 : 32;
	limits.sessions_per_peer = how & 4 ? 2 : 16;
	limits.requests_per_s = how & 8 ? 4 : 10000;
	scene->address = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	scene->listening = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	must(scene->listening >= 0);
	must(bind(scene->listening, (const struct sockaddr *)&scene->address, size) == 0);
	must(getsockname(scene->listening, (struct sockaddr *)&scene->address, &size) == 0);
	scene->base = event_base_new();
	must(scene->base != NULL);
	scene->server = tftp_server_new(scene->base, scene->listening, &scene->source, &limits);
	must(scene->server != NULL);
	for (unsigned i = 0; i < CLIENTS; i++)
		open_client(&scene->clients[i], FIRST_ADDRESS + scene->opened++);
}

/* Everybody is silent from now on. */
static void end(struct scene *scene)
{
	for (unsigned i = 0; i < QUESTIONS; i++) {
		if (scene->source.questions[i].answer)
			answer(scene, &scene->source.questions[i], 0);
	}
	for (unsigned i = 0; i < 60; i++) {
		fuzz_pass_time(2 * NS_PER_S);
		turn(scene);
	}
	must(scene->source.ended == scene->source.begun);
	tftp_server_free(scene->server);
	event_base_free(scene->base);
	close(scene->listening);
	for (unsigned i = 0; i < CLIENTS; i++)
		close(scene->clients[i].socket);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log_init("fuzz", LOG_LEVEL_ERROR);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint64_t descriptors = fuzz_descriptors();
	struct scene scene = { .at = bytes, .end = bytes + length };

	begin(&scene);
	for (unsigned i = 0; i < STEPS && scene.at < scene.end; i++)
		step(&scene);
	end(&scene);
	must(fuzz_descriptors() == descriptors);
	return 0;
}
