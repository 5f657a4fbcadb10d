/* SPDX-License-Identifier: ISC */
/* Time and crowds: what a slow peer may cost. No RFC sets these limits; each server's are seconds
 * or minutes. Here a server is asked to let nobody occupy it for longer than LIMIT_MS, whatever
 * trickles. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/conformance/http/tree.h"
#include "tests/conformance/http/wire.h"

#define LIMIT_MS 15000u
#define STEP_MS 250u
#define SHORTENED (245 * 4096) /* at a page's end: what is behind it is cut, not zeroed */
#define CROWD 400u
#define CROWD_ADDRESSES 20u

/* Repeat `unit` every STEP_MS until the server closes or answers; returns after how long. */
static unsigned trickle(struct test *test, int socket, const char *unit)
{
	uint64_t begin_ns = clock_monotonic_ns();

	for (;;) {
		unsigned ms = (unsigned)((clock_monotonic_ns() - begin_ns) / NS_PER_MS);

		if (ms > LIMIT_MS)
			test_fail(test, "it still listens after %u s", LIMIT_MS / 1000);
		wire_say(test, socket, unit);
		if (wire_wait(test, socket, STEP_MS))
			return (unsigned)((clock_monotonic_ns() - begin_ns) / NS_PER_MS);
	}
}

static void pass_with(struct test *test, unsigned ms)
{
	wire_must_serve(test);
	test_pass(test, "ended after %u s", (ms + 500) / 1000);
}

static void slow_header(struct test *test)
{
	int socket = wire_connect(test);

	wire_say(test, socket, "GET /small HTTP/1.1" CRLF HOST "X: ");
	pass_with(test, trickle(test, socket, "a"));
}

static void slow_fields(struct test *test)
{
	int socket = wire_connect(test);

	wire_say(test, socket, "GET /small HTTP/1.1" CRLF HOST);
	pass_with(test, trickle(test, socket, "X: a" CRLF));
}

static void slow_second_header(struct test *test)
{
	int socket = wire_connect(test);

	wire_must_go_on(test, socket);
	wire_say(test, socket, "GET /");
	pass_with(test, trickle(test, socket, "a"));
}

static void slow_content(struct test *test)
{
	int socket = wire_connect(test);

	wire_say(test, socket, "POST /small HTTP/1.1" CRLF HOST "Content-Length: 60000" CRLF CRLF);
	if (!wire_wait(test, socket, 500))
		pass_with(test, trickle(test, socket, "a"));
	/* It has answered already; but does it listen for ever? */
	{
		uint64_t begin_ns = clock_monotonic_ns();
		char piece[4096];

		for (;;) {
			unsigned ms = (unsigned)((clock_monotonic_ns() - begin_ns) / NS_PER_MS);

			if (ms > LIMIT_MS)
				test_fail(test, "it still listens after %u s", LIMIT_MS / 1000);
			if (send(socket, "a", 1, MSG_NOSIGNAL) < 0)
				pass_with(test, ms);
			if (wire_wait(test, socket, STEP_MS))
				(void)!recv(socket, piece, sizeof(piece), 0);
			usleep(STEP_MS * 1000);
		}
	}
}

static void says_nothing(struct test *test)
{
	int socket = wire_connect(test);
	uint64_t begin_ns = clock_monotonic_ns();
	size_t said;

	if (!wire_is_closed_within(test, socket, LIMIT_MS, &said))
		test_fail(test, "it stays open for %u s", LIMIT_MS / 1000);
	pass_with(test, (unsigned)((clock_monotonic_ns() - begin_ns) / NS_PER_MS));
}

static void says_no_more(struct test *test)
{
	int socket = wire_connect(test);
	uint64_t begin_ns = clock_monotonic_ns();
	size_t said;

	wire_must_go_on(test, socket);
	if (!wire_is_closed_within(test, socket, LIMIT_MS, &said))
		test_fail(test, "it stays open for %u s", LIMIT_MS / 1000);
	if (said > 0)
		test_observe(test, "closed after %zu bytes more", said);
	pass_with(test, (unsigned)((clock_monotonic_ns() - begin_ns) / NS_PER_MS));
}

/* 400 connections from one address, each with half a request; another address asks. */
static void crowd_of_one(struct test *test)
{
	uint64_t begin_ns;
	unsigned ms;

	for (unsigned i = 0; i < CROWD; i++)
		wire_say(test, wire_connect(test), "GET /small HTTP/1.1" CRLF);
	begin_ns = clock_monotonic_ns();
	wire_must_go_on(test, wire_connect_from(test, test->number + 1));
	ms = (unsigned)((clock_monotonic_ns() - begin_ns) / NS_PER_MS);
	if (ms > 2000)
		test_fail(test, "an honest client waits %u ms", ms);
	test_pass(test, "an honest client waits %u ms", ms);
}

/* From twenty addresses they fill all that is there: the honest one waits, but not for ever. */
static void crowd_of_many(struct test *test)
{
	struct answer *answer = wire_new_answer(test);
	uint64_t begin_ns;
	int socket;

	for (unsigned i = 0; i < CROWD; i++)
		wire_say(test, wire_connect_from(test, 300 + i % CROWD_ADDRESSES),
			"GET /small HTTP/1.1" CRLF);
	begin_ns = clock_monotonic_ns();
	socket = wire_connect(test);
	wire_say(test, socket, SMALL);
	if (!wire_wait(test, socket, LIMIT_MS))
		test_fail(test, "an honest client waits over %u s", LIMIT_MS / 1000);
	wire_read_answer(test, socket, false, 0, answer);
	wire_expect_status(test, answer, 200);
	test_pass(test, "an honest client waits %u ms",
		(unsigned)((clock_monotonic_ns() - begin_ns) / NS_PER_MS));
}

/* Cut short while it is sent: the end must be seen as one, not filled up. */
static void truncated(struct test *test)
{
	struct answer *answer = wire_new_answer(test);
	char path[256], request[128];
	int socket;

	if (!test->target->tree)
		test_skip(test, "the served directory isn't here (--tree)");
	snprintf(path, sizeof(path), "%.200s/shrinks", test->target->tree);
	if (tree_write(path, 20000000) != 0)
		test_fail(test, "can't write %.100s", path);
	socket = wire_connect(test);
	snprintf(request, sizeof(request), GET("/shrinks", ""));
	wire_say(test, socket, request);
	wire_wait(test, socket, 2000);
	if (truncate(path, SHORTENED) != 0)
		test_fail(test, "can't shorten %.100s", path);
	wire_read_answer(test, socket, false, 0, answer);
	unlink(path);
	wire_expect_status(test, answer, 200);
	if (answer->wrong != UINT64_MAX)
		test_fail(test, "byte %ju is wrong", (uintmax_t)answer->wrong);
	if (answer->whole)
		test_skip(test, "all was sent before the file was shortened");
	wire_must_serve(test);
	test_pass(test, "the connection ended after %ju bytes", (uintmax_t)answer->size);
}

static const struct http_case cases[] = {
	{ "9110.15.5.9", LEVEL_PRACTICE, "a field that trickles in is given up",
		.run = slow_header },
	{ "9110.15.5.9", LEVEL_PRACTICE, "fields that trickle in are given up",
		.run = slow_fields },
	{ "9110.15.5.9", LEVEL_PRACTICE, "a second request that trickles in is given up",
		.run = slow_second_header },
	{ "9110.15.5.9", LEVEL_PRACTICE, "content that trickles in is given up",
		.run = slow_content },
	{ "9112.9.5", LEVEL_PRACTICE, "a connection that says nothing is closed",
		.run = says_nothing },
	{ "9112.9.5", LEVEL_PRACTICE, "a connection that says no more is closed",
		.run = says_no_more },
	{ "9112.8", LEVEL_MUST, "a file that becomes shorter gives no whole answer",
		.run = truncated },
	{ "9112.9.4", LEVEL_PRACTICE, "400 connections of one address hold no other up",
		.run = crowd_of_one, .load = LOAD_ALONE },
	{ "9112.9.4", LEVEL_PRACTICE, "400 connections of 20 addresses end", .run = crowd_of_many,
		.load = LOAD_ALONE },
};

GROUP(time_group, "Time and crowds", cases);
