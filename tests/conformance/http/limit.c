/* SPDX-License-Identifier: ISC */
/* Sizes: what must fit, and that the rest is refused before it costs anything. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/conformance/http/wire.h"

/* `before`, then about `size` bytes of `unit` again and again, then `behind`; the case's statuses
 * decide. */
static void ask_long(
	struct test *test, const char *before, const char *unit, size_t size, const char *behind)
{
	struct answer *answer = wire_new_answer(test);
	int socket = wire_connect(test);
	char piece[4096];
	size_t unit_size = strlen(unit), piece_size = 0;

	while (piece_size + unit_size <= sizeof(piece) && piece_size + unit_size <= size) {
		for (size_t i = 0; i < unit_size; i++)
			piece[piece_size++] = unit[i];
	}
	wire_say(test, socket, before);
	for (size_t sent = 0; sent + piece_size <= size; sent += piece_size)
		wire_send(test, socket, piece, piece_size);
	wire_say(test, socket, behind);
	wire_read_answer(test, socket, false, 0, answer);
	if (!wire_is_expected(test, answer->status))
		test_fail(test, "answered with %u", answer->status);
	wire_must_serve(test);
	if (answer->status == NO_ANSWER)
		test_pass(test, "closed without an answer");
	test_pass(test, "answered with %u", answer->status);
}

static void long_line(struct test *test)
{
	ask_long(test, "GET /small?", "x", 7900, " HTTP/1.1" CRLF HOST CRLF);
}

static void longer_line(struct test *test)
{
	ask_long(test, "GET /", "x", 60000, " HTTP/1.1" CRLF HOST CRLF);
}

static void endless_line(struct test *test)
{
	ask_long(test, "GET /", "x", 4000000, "");
}

static void endless_method(struct test *test)
{
	ask_long(test, "", "G", 4000000, "");
}

static void long_name(struct test *test)
{
	ask_long(test, "GET /", "n", 300, " HTTP/1.1" CRLF HOST CRLF);
}

static void many_segments(struct test *test)
{
	ask_long(test, "GET /", "d/", 6000, "x HTTP/1.1" CRLF HOST CRLF);
}

static void long_field(struct test *test)
{
	ask_long(test, "GET /small HTTP/1.1" CRLF HOST "X: ", "a", 4000, CRLF CRLF);
}

static void endless_field(struct test *test)
{
	ask_long(test, "GET /small HTTP/1.1" CRLF HOST "X: ", "a", 4000000, CRLF CRLF);
}

static void forty_fields(struct test *test)
{
	ask_long(test, "GET /small HTTP/1.1" CRLF HOST, "X-Field: value" CRLF, 640, CRLF);
}

static void endless_fields(struct test *test)
{
	ask_long(test, "GET /small HTTP/1.1" CRLF HOST, "X-Field: value" CRLF, 4000000, CRLF);
}

static void tiny_fields(struct test *test)
{
	ask_long(test, "GET /small HTTP/1.1" CRLF HOST, "a:" CRLF, 4000000, CRLF);
}

static void endless_empty_lines(struct test *test)
{
	ask_long(test, "", CRLF, 4000000, SMALL);
}

/* Announced, but never sent: the answer doesn't wait for it. */
static void huge_content(struct test *test)
{
	uint64_t begin_ns = clock_monotonic_ns();
	const struct answer *answer = wire_ask(
		test, "POST /small HTTP/1.1" CRLF HOST "Content-Length: 99999999999" CRLF CRLF "x");
	uint64_t ms = (clock_monotonic_ns() - begin_ns) / NS_PER_MS;

	if (!wire_is_expected(test, answer->status) || ms > 2000)
		test_fail(test, "answered with %u after %u ms", answer->status, (unsigned)ms);
	test_pass(test, "answered with %u", answer->status);
}

static void sent_content(struct test *test)
{
	ask_long(test, "POST /small HTTP/1.1" CRLF HOST "Content-Length: 4000000" CRLF CRLF, "x",
		4000000, "");
}

/* Many a stack throws away an answer that wasn't read yet when the connection is reset. */
static void isnt_reset(struct test *test)
{
	static const char piece[16384] = "";
	int socket = wire_connect(test);
	struct answer *answer = wire_new_answer(test);

	wire_say(test, socket, "POST /small HTTP/1.1" CRLF HOST "Content-Length: 300000" CRLF CRLF);
	if (!wire_wait(test, socket, 2000))
		test_skip(test, "the server waits for the content");
	for (int i = 0; i < 10; i++) {
		if (send(socket, piece, sizeof(piece), MSG_NOSIGNAL) < 0)
			test_fail(test, "the connection was reset while the content was sent");
		usleep(20000);
	}
	wire_read_answer(test, socket, false, 0, answer);
	if (!wire_is_expected(test, answer->status))
		test_fail(test, "answered with %u", answer->status);
	test_pass(test, "answered with %u", answer->status);
}

static const struct http_case cases[] = {
	{ "9112.3", LEVEL_SHOULD, "a request line of 8000 bytes is taken", .run = long_line,
		.statuses = { 200 } },
	{ "9112.3", LEVEL_MUST, "a request line of 60,000 bytes: 414", .run = longer_line,
		.statuses = { 414 } },
	{ "9110.17.5", LEVEL_MUST, "a request line without an end is refused", .run = endless_line,
		.statuses = { 400, 414, NO_ANSWER } },
	{ "9110.17.5", LEVEL_MUST, "a method without an end is refused", .run = endless_method,
		.statuses = { 400, 414, 501, NO_ANSWER } },
	{ "9110.4.1", LEVEL_PRACTICE, "a name longer than any file's", .run = long_name,
		.statuses = { 404, 414 } },
	{ "9110.4.1", LEVEL_PRACTICE, "three thousand directories", .run = many_segments,
		.statuses = { 404, 414 } },
	{ "9110.5.4", LEVEL_PRACTICE, "a field of 4000 bytes is taken", .run = long_field,
		.statuses = { 200 } },
	{ "9110.5.4", LEVEL_MUST, "a field without an end: a status of 4xx", .run = endless_field,
		.statuses = { 400, 413, 431, NO_ANSWER } },
	{ "9110.5.4", LEVEL_PRACTICE, "forty fields are taken", .run = forty_fields,
		.statuses = { 200 } },
	{ "6585.5", LEVEL_MUST, "fields without an end: a status of 4xx", .run = endless_fields,
		.statuses = { 400, 413, 431, NO_ANSWER } },
	{ "6585.5", LEVEL_MUST, "a million tiny fields", .run = tiny_fields,
		.statuses = { 400, 413, 431, NO_ANSWER } },
	{ "9112.2.2", LEVEL_PRACTICE, "two million empty lines before a request",
		.run = endless_empty_lines, .statuses = { 400, 408, NO_ANSWER } },
	{ "9110.15.5.14", LEVEL_PRACTICE, "100 GB are announced: refused at once",
		.run = huge_content, .statuses = { 400, 403, 404, 405, 413 } },
	{ "9112.9.6", LEVEL_MUST, "the refusal reaches a client that sends 4 MB all the same",
		.run = sent_content, .statuses = { 403, 404, 405, 413 } },
	{ "9112.9.6", LEVEL_PRACTICE, "after a refusal what the client still sends is read",
		.run = isnt_reset, .statuses = { 403, 404, 405, 413 } },
};

GROUP(limit_group, "Sizes", cases);
