/* SPDX-License-Identifier: ISC */
/* Connections (RFC 9112 section 9) and Expect (RFC 9110 section 10.1.1). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/conformance/http/tree.h"
#include "tests/conformance/http/wire.h"

#define PIPELINED 20

static void stays_open(struct test *test)
{
	int socket = wire_connect(test);

	for (int i = 0; i < 20; i++)
		wire_must_go_on(test, socket);
}

static void expect_content(struct test *test, int socket, bool head, uint64_t size)
{
	struct answer *answer = wire_new_answer(test);

	wire_read_answer(test, socket, head, 0, answer);
	wire_expect_status(test, answer, 200);
	if (!answer->whole)
		test_fail(test, "the connection ended within the content");
	if (head ? answer->length != size : answer->size != size || answer->wrong != UINT64_MAX)
		test_fail(test, "%" PRIu64 " bytes in place of %" PRIu64, answer->size, size);
}

static void pipelines(struct test *test)
{
	static const struct {
		const char *request;
		uint64_t size;
		bool head;
	} requests[] = {
		{ GET("/bytes", ""), 1000, false },
		{ "HEAD /big HTTP/1.1" CRLF HOST CRLF, TREE_BIG, true },
		{ GET("/empty", ""), 0, false },
		{ GET("/small", ""), 10, false },
	};
	int socket = wire_connect(test);
	char text[4096] = "";
	size_t used = 0, n = sizeof(requests) / sizeof(requests[0]);

	for (size_t i = 0; i < PIPELINED; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s", requests[i % n].request);
	wire_say(test, socket, text);
	for (size_t i = 0; i < PIPELINED; i++)
		expect_content(test, socket, requests[i % n].head, requests[i % n].size);
	wire_must_go_on(test, socket);
}

static void pipelines_errors(struct test *test)
{
	int socket = wire_connect(test);
	struct answer *answer = wire_new_answer(test);

	wire_say(test, socket, GET("/missing", "") GET("/bytes", "Range: bytes=5000-" CRLF) SMALL);
	wire_read_answer(test, socket, false, 0, answer);
	wire_expect_status(test, answer, 404);
	wire_read_answer(test, socket, false, 0, answer);
	wire_expect_status(test, answer, 416);
	expect_content(test, socket, false, SMALL_SIZE);
}

/* A request, and the next but for its end. */
static void pipelines_in_pieces(struct test *test)
{
	int socket = wire_connect(test);

	wire_say(test, socket, SMALL "GET /byt");
	expect_content(test, socket, false, SMALL_SIZE);
	wire_say(test, socket, "es HTTP/1.1" CRLF HOST);
	usleep(50000);
	wire_say(test, socket, CRLF "GET");
	expect_content(test, socket, false, TREE_BYTES);
	wire_say(test, socket, " /empty HTTP/1.1" CRLF HOST CRLF);
	expect_content(test, socket, false, 0);
}

static void pipelines_behind_a_big_one(struct test *test)
{
	int socket = wire_connect(test);

	wire_say(test, socket, GET("/big", "") SMALL GET("/big", ""));
	expect_content(test, socket, false, TREE_BIG);
	expect_content(test, socket, false, SMALL_SIZE);
	expect_content(test, socket, false, TREE_BIG);
}

/* After "close" nothing is answered, whatever is there already. */
static void closes_a_pipeline(struct test *test)
{
	int socket = wire_connect(test);
	size_t said;

	wire_say(test, socket, GET("/bytes", "Connection: close" CRLF) CANARY);
	expect_content(test, socket, false, TREE_BYTES);
	if (!wire_is_closed_within(test, socket, 5000, &said) || said > 0)
		test_fail(test, "it goes on after Connection: close (%zu bytes)", said);
}

static void keeps_http_1_0(struct test *test)
{
	int socket = wire_connect(test);
	const struct answer *answer = wire_ask_on(
		test, socket, "GET /small HTTP/1.0" CRLF "Connection: keep-alive" CRLF CRLF, 0);
	char value[256];
	size_t said;

	wire_expect_status(test, answer, 200);
	if (wire_field(answer, "Connection", value) && strcasecmp(value, "keep-alive") == 0) {
		wire_must_go_on(test, socket);
		test_pass(test, "it stays open, and says so");
	}
	if (!wire_is_closed_within(test, socket, 5000, &said))
		test_fail(test, "it stays open, but doesn't say so");
	test_pass(test, "closed");
}

static void answers_after_half_close(struct test *test)
{
	int socket = wire_connect(test);
	size_t said;

	wire_say(test, socket, GET("/big", ""));
	shutdown(socket, SHUT_WR);
	expect_content(test, socket, false, TREE_BIG);
	if (!wire_is_closed_within(test, socket, 5000, &said))
		test_fail(test, "the server doesn't close its half");
}

static void answers_pipeline_after_half_close(struct test *test)
{
	int socket = wire_connect(test);

	wire_say(test, socket, SMALL GET("/bytes", ""));
	shutdown(socket, SHUT_WR);
	expect_content(test, socket, false, SMALL_SIZE);
	expect_content(test, socket, false, TREE_BYTES);
}

static void ends_half_a_request(struct test *test)
{
	static const char *const texts[] = { "", "GET /small", "GET /small HTTP/1.1" CRLF HOST,
		"POST /small HTTP/1.1" CRLF HOST "Content-Length: 10" CRLF CRLF "12345" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int socket = wire_connect(test);
		size_t said;

		wire_say(test, socket, texts[i]);
		shutdown(socket, SHUT_WR);
		if (!wire_is_closed_within(test, socket, 4000, &said))
			test_fail(test, "it stays open after: %.40s", texts[i]);
	}
}

static void survives_resets(struct test *test)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	for (unsigned i = 0; i < 50; i++) {
		int socket = wire_connect(test);

		wire_say(test, socket, i % 2 ? GET("/big", "") : "GET /sm");
		if (i % 4 == 1)
			wire_wait(test, socket, 1000);
		setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(socket);
		test->socket_count--;
	}
	wire_must_serve(test);
}

/* A client that stops reading holds nobody else up. */
static void survives_silent_readers(struct test *test)
{
	for (unsigned i = 0; i < 8; i++)
		wire_say(test, wire_connect(test), GET("/big", ""));
	for (unsigned i = 0; i < 4; i++)
		wire_must_serve(test);
}

static const struct http_case connection_cases[] = {
	{ "9112.9.3", LEVEL_SHOULD, "twenty requests over one connection", .run = stays_open },
	{ "9112.9.6", LEVEL_MUST, "Connection: close: said and done",
		.request = GET("/small", "Connection: close" CRLF), .statuses = { 200 },
		.field = "Connection", .value = "close", .after = AFTER_CLOSED },
	{ "9110.7.6.1", LEVEL_MUST, "Connection: close in a list, and in another case",
		.request = GET("/small", "Connection: foo, CLOSE" CRLF), .statuses = { 200 },
		.after = AFTER_CLOSED },
	{ "9110.7.6.1", LEVEL_MUST, "Connection: close in the second of two fields",
		.request = GET("/small", "Connection: foo" CRLF "Connection: close" CRLF),
		.statuses = { 200 }, .after = AFTER_CLOSED },
	{ "9110.7.6.1", LEVEL_MUST, "Connection: closed isn't Connection: close",
		.request = GET("/small", "Connection: closed" CRLF), .statuses = { 200 },
		.after = AFTER_OPEN },
	{ "9112.9.3", LEVEL_MUST, "HTTP/1.0 closes",
		.request = "GET /small HTTP/1.0" CRLF HOST CRLF, .statuses = { 200 },
		.after = AFTER_CLOSED },
	{ "9112.9.3", LEVEL_MUST, "HTTP/1.0 with keep-alive: kept and said, or closed",
		.run = keeps_http_1_0 },
	{ "9112.6.1", LEVEL_MUST, "HTTP/1.0 gets no Transfer-Encoding",
		.request = "GET /bytes HTTP/1.0" CRLF HOST CRLF, .statuses = { 200 },
		.absent = "Transfer-Encoding", .content = true, .size = TREE_BYTES },
	{ "9112.9.3.2", LEVEL_MUST, "twenty requests at once are answered in order",
		.run = pipelines },
	{ "9112.9.3.2", LEVEL_MUST, "pipelined requests that fail are answered in order",
		.run = pipelines_errors },
	{ "9112.9.3.2", LEVEL_MUST, "pipelined requests that come in pieces",
		.run = pipelines_in_pieces },
	{ "9112.9.3.2", LEVEL_MUST, "pipelined requests behind megabytes",
		.run = pipelines_behind_a_big_one },
	{ "9112.9.6", LEVEL_MUST, "nothing is answered behind Connection: close",
		.run = closes_a_pipeline },
	{ "9112.9.6", LEVEL_PRACTICE, "a client that closes its half gets its answer",
		.run = answers_after_half_close },
	{ "9112.9.6", LEVEL_PRACTICE, "a client that closes its half gets all that it asked for",
		.run = answers_pipeline_after_half_close },
	{ "9112.8", LEVEL_PRACTICE, "half a request, then the end: closed",
		.run = ends_half_a_request },
	{ "9112.9.5", LEVEL_SHOULD, "fifty clients that vanish", .run = survives_resets },
	{ "9112.9.5", LEVEL_PRACTICE, "eight clients that don't read hold nobody up",
		.run = survives_silent_readers },
};

GROUP(connection_group, "Connections (RFC 9112 section 9)", connection_cases);

/* 100, or at once the last word. */
static void waits_for_continue(struct test *test)
{
	int socket = wire_connect(test);
	const struct answer *answer = wire_ask_on(test, socket, test->self->request, 0);
	struct answer *last = wire_new_answer(test);

	if (answer->status == 100) {
		wire_say(test, socket, test->self->other ? test->self->other : "");
		wire_read_answer(test, socket, false, 0, last);
		if (!wire_is_expected(test, last->status))
			test_fail(test, "100, then %u", last->status);
		wire_must_go_on(test, socket);
		test_pass(test, "100, then %u", last->status);
	}
	if (!wire_is_expected(test, answer->status))
		test_fail(test, "answered with %u", answer->status);
	test_pass(test, "%u at once", answer->status);
}

static const struct http_case expect_cases[] = {
	{ "9110.10.1.1", LEVEL_MUST, "a client that waits for 100 gets it, or the answer",
		.run = waits_for_continue,
		.request = "POST /small HTTP/1.1" CRLF HOST "Content-Length: 5" CRLF
			   "Expect: 100-continue" CRLF CRLF,
		.other = "12345", .statuses = { 403, 404, 405 } },
	{ "9110.10.1.1", LEVEL_MUST, "the content that wasn't sent isn't waited for",
		.request = "POST /small HTTP/1.1" CRLF HOST "Content-Length: 99999999" CRLF
			   "Expect: 100-continue" CRLF CRLF,
		.statuses = { 403, 404, 405, 413, 417 }, .after = AFTER_CLOSED },
	{ "9110.10.1.1", LEVEL_MUST, "HTTP/1.0 gets no 100",
		.request = "POST /small HTTP/1.0" CRLF HOST "Content-Length: 5" CRLF
			   "Expect: 100-continue" CRLF CRLF "12345",
		.statuses = { 400, 403, 404, 405, 411, 413 } },
	{ "9110.10.1.1", LEVEL_PRACTICE,
		"an expectation without content: 200, at once or after 100",
		.run = waits_for_continue, .request = GET("/small", "Expect: 100-continue" CRLF),
		.statuses = { 200 } },
	{ "9110.10.1.1", LEVEL_MUST, "the expectation is told apart without case",
		.run = waits_for_continue,
		.request = "POST /small HTTP/1.1" CRLF HOST "Content-Length: 5" CRLF
			   "Expect: 100-Continue" CRLF CRLF,
		.other = "12345", .statuses = { 403, 404, 405 } },
	{ "9110.10.1.1", LEVEL_PRACTICE, "another expectation: 417, or ignored",
		.request = GET("/small", "Expect: miracles" CRLF), .statuses = { 200, 417 } },
};

GROUP(expect_group, "Expect: 100-continue (RFC 9110 section 10.1.1)", expect_cases);
