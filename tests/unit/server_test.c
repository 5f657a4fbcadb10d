/* SPDX-License-Identifier: ISC */
/* brambled's socket with all of brambled behind it: what many ask at the same time. */
#include "provisioner/server.h"

#include <event2/event.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/brambled_world.h"

#define BOARDS 8u
#define QUESTIONS 2000u

/* Whoever runs the test is every server's user. */
struct passwd *getpwnam(const char *name)
{
	static struct passwd entry;

	(void)name;
	entry.pw_uid = geteuid();
	return &entry;
}

static int call(struct world *world)
{
	char path[128];
	int socket;

	snprintf(path, sizeof(path), "%s/run/ipc.sock", world->directory);
	socket = ipc_connect(path, IPC_ROLE_TFTPD);
	assert_true(socket >= 0);
	assert_int_equal(fcntl(socket, F_SETFL, O_NONBLOCK), 0);
	return socket;
}

static int ask_for(int socket, uint32_t board, uint32_t id, const char *leaf)
{
	struct ipc_resolve request = { .protocol = IPC_TFTP };

	request.peer.s_addr = htonl(ntohl(world_address("10.77.0.50").s_addr) + board);
	snprintf(request.name, sizeof(request.name), "%08x/%s", 0x1001u + board, leaf);
	return ipc_send(socket, IPC_RESOLVE, id, &request, NULL, 0, -1);
}

/* The same file for each board, asked for before brambled looks at any. */
static void ask_for_all(int socket, const char *leaf)
{
	for (uint32_t i = 0; i < BOARDS; i++)
		assert_int_equal(ask_for(socket, i, i + 1, leaf), 0);
}

/* What has come: each question's answer, in their order, with a file that is there. */
static unsigned hear(int socket, unsigned heard)
{
	static uint8_t packet[IPC_PACKET_SIZE];
	struct ipc_message message;
	unsigned n = 0;

	while (ipc_receive(socket, packet, &message) == 1) {
		assert_int_equal(message.header.id, heard + ++n);
		assert_int_equal(message.header.type, IPC_RESOLVED);
		assert_int_equal(message.body.resolved.error, 0);
		assert_true(message.fd >= 0);
		close(message.fd);
	}
	return n;
}

/* Boards that were seen, and tftpd, which asks for them. */
static int begin(struct world *world)
{
	int socket;

	world_use_image(world, FIRST_HASH);
	for (unsigned i = 0; i < BOARDS; i++)
		world_discover(world, i + 1, 0x1001u + i);
	assert_int_equal(server_start(&world->brambled), 0);
	socket = call(world);
	event_base_loop(world->brambled.base, EVLOOP_NONBLOCK);
	return socket;
}

static uint64_t ask(struct world *world, int socket, const char *leaf)
{
	uint64_t before = registry_count_commits(world->brambled.registry);

	ask_for_all(socket, leaf);
	event_base_loop(world->brambled.base, EVLOOP_NONBLOCK);
	assert_int_equal(hear(socket, 0), BOARDS);
	return registry_count_commits(world->brambled.registry) - before;
}

static void boards_that_ask_together_wait_for_one_commit(void **state)
{
	struct world *world = *state;
	const struct registry_boot *boot;
	struct mac mac;
	int socket = begin(world);

	ask(world, socket, "config.txt"); /* they become nodes */
	assert_int_equal(world_commit(world), 0);
	assert_int_equal(ask(world, socket, "config.txt"), 0);
	assert_int_equal(ask(world, socket, "cmdline.txt"), 1);
	server_stop(&world->brambled);
	close(socket);
	/* Each token was durable when it was told. */
	world_crash(world);
	for (unsigned i = 0; i < BOARDS; i++) {
		mac = world_mac(i + 1);
		boot = timeline_boot(&world->brambled, &mac);
		assert_non_null(boot);
		assert_int_equal(strlen(boot->token), REGISTRY_TOKEN_SIZE - 1);
	}
}

/* What brambled's socket can hold is far less than what a storm asks for before it is read. */
static void a_peer_that_reads_late_gets_every_answer(void **state)
{
	struct world *world = *state;
	unsigned asked = 0, heard = 0;
	int socket = begin(world);

	/* It asks as long as brambled takes questions, and reads nothing. */
	while (asked < QUESTIONS && ask_for(socket, asked % BOARDS, asked + 1, "config.txt") == 0) {
		if (++asked % 16 == 0)
			event_base_loop(world->brambled.base, EVLOOP_NONBLOCK);
	}
	print_message("# %u questions before an answer was read\n", asked);
	for (unsigned turn = 0; heard < asked && turn < QUESTIONS; turn++) {
		event_base_loop(world->brambled.base, EVLOOP_NONBLOCK);
		heard += hear(socket, heard);
	}
	assert_int_equal(heard, asked);
	server_stop(&world->brambled);
	close(socket);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_peer_that_reads_late_gets_every_answer, world_make, world_remove),
		cmocka_unit_test_setup_teardown(
			boards_that_ask_together_wait_for_one_commit, world_make, world_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
