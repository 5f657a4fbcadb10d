/* SPDX-License-Identifier: ISC */
/* The way to brambled, whom the test plays in the same event loop. */
#include "tests/unit/test.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/broker.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"

#define QUESTIONS 1000
#define PATIENCE_MS 1500
#define LIMIT_NS (8 * NS_PER_S)

struct world {
	char directory[64], path[96];
	struct event_base *base;
	struct broker *broker;
	int listening, brambled;
	unsigned answered, unanswered;
	uint8_t packet[IPC_PACKET_SIZE];
	struct ipc_message message;
};

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	log_init("test", LOG_LEVEL_ERROR);
	str_copy(world->directory, sizeof(world->directory), "/tmp/broker-test-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(world->path, sizeof(world->path), "%s/ipc.sock", world->directory);
	world->base = event_base_new();
	assert_non_null(world->base);
	world->listening = ipc_listen(world->path);
	assert_true(world->listening >= 0);
	world->brambled = -1;
	world->broker =
		broker_new(world->base, world->path, IPC_ROLE_TFTPD, QUESTIONS, PATIENCE_MS);
	assert_non_null(world->broker);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	broker_free(world->broker);
	event_base_free(world->base);
	if (world->brambled >= 0)
		close(world->brambled);
	if (world->listening >= 0)
		close(world->listening);
	unlink(world->path);
	rmdir(world->directory);
	free(world);
	return 0;
}

static void turn(struct world *world)
{
	const struct timeval moment = { .tv_usec = 10000 };

	event_base_loopexit(world->base, &moment);
	event_base_loop(world->base, EVLOOP_ONCE);
}

/* brambled reads one message; false when there is none. */
static bool hear(struct world *world)
{
	int result;

	if (world->brambled < 0)
		world->brambled =
			accept4(world->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (world->brambled < 0)
		return false;
	result = ipc_receive(world->brambled, world->packet, &world->message);
	assert_true(result == 1 || result == -EAGAIN);
	return result == 1;
}

static void expect(struct world *world, enum ipc_type type)
{
	uint64_t end = clock_monotonic_ns() + LIMIT_NS;

	while (!hear(world)) {
		assert_true(clock_monotonic_ns() < end);
		turn(world);
	}
	assert_int_equal(world->message.header.type, type);
}

static void reply(struct world *world, int fd)
{
	struct ipc_resolved resolved = { .size = world->message.header.id };

	assert_int_equal(ipc_send(world->brambled, IPC_RESOLVED, world->message.header.id,
				 &resolved, NULL, 0, fd),
		0);
}

static void on_answer(void *argument, const struct ipc_message *message)
{
	struct world *world = argument;

	if (message)
		world->answered++;
	else
		world->unanswered++;
	if (message && message->fd >= 0)
		close(message->fd);
}

static int64_t ask(struct world *world)
{
	struct ipc_resolve resolve = { .protocol = IPC_TFTP, .name = "config.txt" };

	return broker_ask(world->broker, IPC_RESOLVE, &resolve, NULL, 0, on_answer, world);
}

/* More than the socket takes before brambled reads: nothing of it may be lost. */
static void every_question_is_asked(void **state)
{
	struct world *world = *state;
	uint64_t end = clock_monotonic_ns() + LIMIT_NS;

	for (int i = 0; i < QUESTIONS; i++)
		assert_true(ask(world) > 0);
	assert_int_equal(ask(world), -EAGAIN);
	expect(world, IPC_HELLO);
	while (world->answered + world->unanswered < QUESTIONS && clock_monotonic_ns() < end) {
		while (hear(world))
			reply(world, -1);
		turn(world);
	}
	assert_int_equal(world->answered, QUESTIONS);
}

static void a_question_waits_for_brambled(void **state)
{
	struct world *world = *state;

	expect(world, IPC_HELLO);
	assert_true(ask(world) > 0);
	expect(world, IPC_RESOLVE);
	close(world->brambled);
	close(world->listening);
	world->brambled = world->listening = -1;
	for (int i = 0; i < 10; i++)
		turn(world);
	world->listening = ipc_listen(world->path);
	expect(world, IPC_HELLO);
	expect(world, IPC_RESOLVE);
	assert_string_equal(world->message.body.resolve.name, "config.txt");
	reply(world, -1);
	while (world->answered + world->unanswered == 0)
		turn(world);
	assert_int_equal(world->answered, 1);
}

/* … but not for ever, and what comes too late is closed and forgotten. */
static void patience_ends(void **state)
{
	struct world *world = *state;
	uint64_t begin = clock_monotonic_ns();
	int fd = file_sealed("late", "x", 1);

	expect(world, IPC_HELLO);
	assert_true(ask(world) > 0);
	expect(world, IPC_RESOLVE);
	while (world->answered + world->unanswered == 0)
		turn(world);
	assert_int_equal(world->unanswered, 1);
	assert_in_range((clock_monotonic_ns() - begin) / NS_PER_MS, PATIENCE_MS, 3 * PATIENCE_MS);
	reply(world, fd);
	close(fd);
	for (int i = 0; i < 5; i++)
		turn(world);
	assert_int_equal(world->answered, 0);
}

static void a_forgotten_question_is_not_answered(void **state)
{
	struct world *world = *state;
	int64_t first, second;

	expect(world, IPC_HELLO);
	first = ask(world);
	second = ask(world);
	assert_true(first > 0 && second > 0 && first != second);
	broker_forget(world->broker, first);
	for (int i = 0; i < 2; i++) {
		expect(world, IPC_RESOLVE);
		reply(world, -1);
	}
	while (world->answered == 0)
		turn(world);
	for (int i = 0; i < 5; i++)
		turn(world);
	assert_int_equal(world->answered, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_question_is_asked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_question_waits_for_brambled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(patience_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_forgotten_question_is_not_answered, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
