/* SPDX-License-Identifier: ISC */
/* The real bramble-tftpd over a link too slow for all of its clients, which this test plays: a Pi 4
 * whose file can't come in time is told so and comes back, a Pi 3 never is. Takes about 15 s. */
#include "tests/unit/tftp_world.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

#define PI4 16u /* they ask for a block size, and have a limit */
#define BOARDS (PI4 + 1u)
#define FILE_SIZE 300000u
#define BLOCK_OF_PI4 1428u
/* The link: one packet of anybody. All files take some 12 s of it, more than the limit of 5 s. */
#define PACKET_NS (3 * NS_PER_MS)

struct board {
	struct client client;
	unsigned block; /* the last that came; 0: the OACK, or none */
	bool pending;	/* to be acknowledged */
	bool complete, came_back;
};

struct storm {
	struct world world;
	struct board boards[BOARDS];
	unsigned next; /* whose packet the link carries then */
	int fd;
};

static bool is_pi4(const struct storm *storm, const struct board *board)
{
	return board < storm->boards + PI4;
}

static void ask(struct storm *storm, struct board *board)
{
	char address[ADDRESS_TEXT_SIZE];

	str_format_address(
		(struct in_addr){ htonl(0x7f000105 + (uint32_t)(board - storm->boards)) }, address);
	client_open(&board->client, &storm->world, address, "127.0.0.1");
	board->block = 0;
	board->pending = false;
	if (is_pi4(storm, board))
		client_ask(
			&board->client, &storm->world, RRQ("kernel8.img\0octet\0blksize\0001428"));
	else
		client_ask(&board->client, &storm->world, RRQ("kernel8.img\0octet"));
}

static void take_data(struct storm *storm, struct board *board)
{
	const struct client *client = &board->client;
	const unsigned block = (unsigned)client->bytes[2] << 8 | client->bytes[3];
	const size_t full = is_pi4(storm, board) ? BLOCK_OF_PI4 : 512;

	board->pending = true;
	if (block != board->block + 1)
		return; /* it was sent again */
	board->block = block;
	board->complete = client->length - 4 < full;
	if (board->complete)
		assert_int_equal(client->length - 4, FILE_SIZE % full);
}

static void take_packet(struct storm *storm, struct board *board)
{
	client_receive(&board->client);
	switch (board->client.bytes[1]) {
	case 3:
		take_data(storm, board);
		break;
	case 5:
		assert_true(is_pi4(storm, board));
		assert_string_equal((const char *)board->client.bytes + 4,
			"others are served first: start over");
		board->came_back = true;
		client_close(&board->client);
		ask(storm, board);
		break;
	case 6:
		board->pending = true;
		break;
	default:
		fail_msg("opcode %u", board->client.bytes[1]);
	}
}

/* As brambled: the file for each request; what is told is heard. */
static void answer(struct storm *storm)
{
	struct world *world = &storm->world;

	assert_int_equal(ipc_receive(world->brambled, world->packet, &world->message), 1);
	if (world->message.header.type == IPC_RESOLVE)
		brambled_give(world, storm->fd, FILE_SIZE);
}

/* Who is there waits; only the link makes them wait for it. */
static void take_all(struct storm *storm, int ms)
{
	struct pollfd fds[BOARDS + 1];

	for (unsigned i = 0; i < BOARDS; i++)
		fds[i] = (struct pollfd){ .fd = storm->boards[i].client.fd, .events = POLLIN };
	fds[BOARDS] = (struct pollfd){ .fd = storm->world.brambled, .events = POLLIN };
	if (poll(fds, BOARDS + 1, ms) < 1)
		return;
	for (unsigned i = 0; i < BOARDS; i++) {
		if (fds[i].revents)
			take_packet(storm, &storm->boards[i]);
	}
	if (fds[BOARDS].revents)
		answer(storm);
}

static void carry_one(struct storm *storm)
{
	for (unsigned i = 0; i < BOARDS; i++) {
		struct board *board = &storm->boards[storm->next++ % BOARDS];

		if (board->pending) {
			board->pending = false;
			client_send_ack(&board->client, (uint16_t)board->block);
			return;
		}
	}
}

static unsigned count_complete(const struct storm *storm)
{
	unsigned n = 0;

	for (unsigned i = 0; i < BOARDS; i++)
		n += storm->boards[i].complete;
	return n;
}

static void who_cannot_be_served_in_time_is_told_and_comes_back(void **state)
{
	static const char *const arguments[] = { "--user", "nobody", "--file-time", "5", NULL };
	static struct storm storm;
	uint64_t next_ns;
	unsigned came_back = 0;

	(void)state;
	storm.fd = file_of(FILE_SIZE);
	world_begin(&storm.world, arguments);
	for (unsigned i = 0; i < BOARDS; i++)
		ask(&storm, &storm.boards[i]);
	next_ns = clock_monotonic_ns();
	while (count_complete(&storm) < BOARDS) {
		take_all(&storm, 1);
		if (clock_monotonic_ns() < next_ns)
			continue;
		carry_one(&storm);
		next_ns = clock_monotonic_ns() + PACKET_NS;
	}
	for (unsigned i = 0; i < BOARDS; i++) {
		came_back += storm.boards[i].came_back;
		client_close(&storm.boards[i].client);
	}
	print_message("turned away and come back: %u of %u\n", came_back, PI4);
	assert_true(came_back > 0);
	close(storm.fd);
	world_end(&storm.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(
			who_cannot_be_served_in_time_is_told_and_comes_back, world_abandon),
	};

	return cmocka_run_group_tests_name("tftp-turns", tests, NULL, NULL);
}
