/* SPDX-License-Identifier: ISC */
/* The request line and the lines of the header section (RFC 9112 sections 2.2, 3 and 5). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/conformance/http/wire.h"

#define LINE "GET /small HTTP/1.1" CRLF
#define BYTES(text) .request = (text), .request_size = sizeof(text) - 1
/* Whoever is behind the server reads something else than the server: it must stop here. */
#define REFUSED .statuses = { 400, NO_ANSWER }, .after = AFTER_CLOSED

static void send_in_pieces(struct test *test, const char *text)
{
	int socket = wire_connect(test);
	struct answer *answer = wire_new_answer(test);

	for (const char *p = text; *p; p++) {
		wire_send(test, socket, p, 1);
		usleep(2000);
	}
	wire_read_answer(test, socket, false, 0, answer);
	if (answer->status != NO_ANSWER && !wire_is_expected(test, answer->status))
		test_fail(test, "answered with %u", answer->status);
	if (answer->status == 200)
		wire_must_go_on(test, socket);
	test_pass(test, "answered with %u", answer->status);
}

static void send_byte_by_byte(struct test *test)
{
	send_in_pieces(test, SMALL);
}

static void fold_in_pieces(struct test *test)
{
	send_in_pieces(test, LINE HOST "X: a" CRLF " b" CRLF CRLF);
}

/* The first request is good, and comes in one piece with the bad one. */
static void fold_behind_a_good_one(struct test *test)
{
	int socket = wire_connect(test);
	struct answer *answer = wire_new_answer(test);

	wire_say(test, socket, SMALL LINE HOST "X: a" CRLF "\tb" CRLF CRLF CANARY);
	wire_read_answer(test, socket, false, 0, answer);
	wire_expect_status(test, answer, 200);
	wire_read_answer(test, socket, false, 0, answer);
	if (answer->status != NO_ANSWER && answer->status != 400)
		test_fail(test, "the second was answered with %u", answer->status);
	wire_read_answer(test, socket, false, 0, answer);
	if (answer->status != NO_ANSWER)
		test_fail(test, "what comes behind was answered with %u", answer->status);
}

static const struct http_case line_cases[] = {
	{ "9112.2.2", LEVEL_SHOULD, "an empty line before the request is ignored",
		.request = CRLF SMALL, .statuses = { 200 }, .after = AFTER_OPEN },
	{ "9112.2.2", LEVEL_MUST, "a request that comes byte by byte", .run = send_byte_by_byte,
		.statuses = { 200 } },
	{ "9112.2.2", LEVEL_PRACTICE, "a request line that ends with LF alone",
		BYTES("GET /small HTTP/1.1\n" HOST CRLF CANARY), REFUSED },
	{ "9112.2.2", LEVEL_PRACTICE, "a field that ends with LF alone",
		BYTES(LINE HOST "X: a\nY: b" CRLF CRLF CANARY), REFUSED },
	{ "9112.2.2", LEVEL_PRACTICE, "a header section that ends with LF alone",
		BYTES(LINE "Host: conformance" CRLF "\n" CANARY), REFUSED },
	{ "9112.2.2", LEVEL_PRACTICE, "LF alone in place of each CRLF",
		BYTES("GET /small HTTP/1.1\nHost: a\n\n" CANARY), REFUSED },
	{ "9112.2.2", LEVEL_PRACTICE, "CR alone in a field's value",
		BYTES(LINE HOST "X: a\rY: b" CRLF CRLF CANARY), REFUSED },
	{ "9112.2.2", LEVEL_MUST, "CR alone in place of a line's end",
		BYTES("GET /small HTTP/1.1\rHost: a\r\r" CANARY), REFUSED },
	{ "9112.2.2", LEVEL_PRACTICE, "CR CR LF", BYTES(LINE HOST "X: a\r\r\n" CRLF CANARY),
		REFUSED },
	{ "9112.2.2", LEVEL_PRACTICE, "CR alone in the request line",
		BYTES("GET\r/small HTTP/1.1" CRLF HOST CRLF CANARY), REFUSED },
	{ "9112.3", LEVEL_PRACTICE, "two blanks behind the method",
		BYTES("GET  /small HTTP/1.1" CRLF HOST CRLF CANARY), REFUSED },
	{ "9112.3", LEVEL_PRACTICE, "a tab in place of a blank",
		BYTES("GET\t/small HTTP/1.1" CRLF HOST CRLF CANARY), REFUSED },
	{ "9112.3", LEVEL_PRACTICE, "a blank behind the version",
		BYTES("GET /small HTTP/1.1 " CRLF HOST CRLF CANARY), REFUSED },
	{ "9112.3", LEVEL_PRACTICE, "a blank before the method",
		BYTES(" GET /small HTTP/1.1" CRLF HOST CRLF CANARY), REFUSED },
	{ "9112.3.2", LEVEL_SHOULD, "a blank in the target",
		BYTES("GET /two words HTTP/1.1" CRLF HOST CRLF CANARY), REFUSED },
	{ "9112.3", LEVEL_PRACTICE, "no version (HTTP/0.9)", BYTES("GET /small" CRLF CRLF CANARY),
		REFUSED },
	{ "9112.3", LEVEL_SHOULD, "no target", BYTES("GET HTTP/1.1" CRLF HOST CRLF CANARY),
		REFUSED },
	{ "9112.2.3", LEVEL_SHOULD, "the version is told apart by case",
		BYTES("GET /small http/1.1" CRLF HOST CRLF CANARY), REFUSED },
	{ "9112.2.3", LEVEL_SHOULD, "HTTP/1.10 is no version",
		BYTES("GET /small HTTP/1.10" CRLF HOST CRLF CANARY), REFUSED },
	{ "9112.2.3", LEVEL_SHOULD, "HTTP/1. is no version",
		BYTES("GET /small HTTP/1." CRLF HOST CRLF CANARY), REFUSED },
	{ "9110.2.5", LEVEL_MUST, "HTTP/1.2 is served as HTTP/1.1",
		.request = "GET /small HTTP/1.2" CRLF HOST CRLF, .statuses = { 200, 505 } },
	{ "9110.15.6.6", LEVEL_PRACTICE, "HTTP/2.0 isn't spoken here: 505",
		.request = "GET /small HTTP/2.0" CRLF HOST CRLF, .statuses = { 505, 400 } },
	{ "9113.3.4", LEVEL_PRACTICE, "the preface of HTTP/2",
		BYTES("PRI * HTTP/2.0" CRLF CRLF "SM" CRLF CRLF),
		.statuses = { 400, 505, NO_ANSWER }, .after = AFTER_CLOSED },
	{ "9112.9.7", LEVEL_PRACTICE, "TLS in place of HTTP",
		BYTES("\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" CRLF CRLF), REFUSED },
	{ "9112.2.2", LEVEL_SHOULD, "NUL in the request line",
		BYTES("GET /small\0 HTTP/1.1" CRLF HOST CRLF CANARY), REFUSED },
	{ "9110.9.1", LEVEL_SHOULD, "a method that is no token",
		BYTES("GE(T /small HTTP/1.1" CRLF HOST CRLF CANARY), REFUSED },
};

static const struct http_case field_cases[] = {
	{ "9112.5.1", LEVEL_MUST, "a blank between name and colon",
		BYTES(LINE HOST "X : a" CRLF CRLF CANARY), REFUSED },
	{ "9112.5.1", LEVEL_MUST, "a tab between name and colon",
		BYTES(LINE HOST "X\t: a" CRLF CRLF CANARY), REFUSED },
	{ "9112.5.1", LEVEL_MUST, "blanks and tabs around a value don't belong to it",
		.request = LINE "Host: \t conformance \t " CRLF CRLF, .statuses = { 200 },
		.after = AFTER_OPEN },
	{ "9112.5.1", LEVEL_MUST, "no blank behind the colon",
		.request = LINE "Host:conformance" CRLF CRLF, .statuses = { 200 },
		.after = AFTER_OPEN },
	{ "9110.5.1", LEVEL_MUST, "names are told apart without case",
		.request = LINE "hOST: conformance" CRLF CRLF, .statuses = { 200 },
		.after = AFTER_OPEN },
	{ "9112.5", LEVEL_SHOULD, "a field without a colon", BYTES(LINE HOST "X" CRLF CRLF CANARY),
		REFUSED },
	{ "9110.5.1", LEVEL_SHOULD, "a field without a name",
		BYTES(LINE HOST ": a" CRLF CRLF CANARY), REFUSED },
	{ "9110.5.1", LEVEL_SHOULD, "a name with a blank in it",
		BYTES(LINE HOST "X Y: a" CRLF CRLF CANARY), REFUSED },
	{ "9110.5.1", LEVEL_SHOULD, "a name that is no token",
		BYTES(LINE HOST "X(Y): a" CRLF CRLF CANARY), REFUSED },
	{ "9110.5.1", LEVEL_SHOULD, "a name beyond ASCII",
		BYTES(LINE HOST "X\xc3\xa4: a" CRLF CRLF CANARY), REFUSED },
	{ "9112.5.2", LEVEL_PRACTICE, "a folded field, by a blank",
		BYTES(LINE HOST "X: a" CRLF " b" CRLF CRLF CANARY), .statuses = { 400, NO_ANSWER },
		.after = AFTER_CLOSED },
	{ "9112.5.2", LEVEL_PRACTICE, "a folded field, by a tab",
		BYTES(LINE HOST "X: a" CRLF "\tb" CRLF CRLF CANARY), REFUSED },
	{ "9112.5.2", LEVEL_PRACTICE, "a folded field whose value begins in the second line",
		BYTES(LINE HOST "Content-Length:" CRLF " 5" CRLF CRLF "12345" CANARY), REFUSED },
	{ "9112.5.2", LEVEL_PRACTICE, "a folded field that hides another",
		BYTES(LINE HOST "X: a" CRLF " Transfer-Encoding: chunked" CRLF CRLF CANARY),
		REFUSED },
	{ "9112.5.2", LEVEL_PRACTICE, "a fold of nothing but a blank",
		BYTES(LINE HOST "X: a" CRLF " " CRLF CRLF CANARY), REFUSED },
	{ "9112.5.2", LEVEL_PRACTICE, "a folded field that comes byte by byte",
		.run = fold_in_pieces, .statuses = { 400 } },
	{ "9112.5.2", LEVEL_PRACTICE, "a folded field behind a good request, in one piece",
		.run = fold_behind_a_good_one },
	{ "9112.2.2", LEVEL_PRACTICE, "a blank before the first field",
		BYTES(LINE " X: a" CRLF HOST CRLF CANARY), REFUSED },
	{ "9110.5.5", LEVEL_PRACTICE, "NUL in a value", BYTES(LINE HOST "X: a\0b" CRLF CRLF CANARY),
		REFUSED },
	{ "9110.5.1", LEVEL_SHOULD, "NUL in a name", BYTES(LINE HOST "X\0Y: a" CRLF CRLF CANARY),
		REFUSED },
	{ "9110.5.5", LEVEL_PRACTICE, "a control byte in a value",
		BYTES(LINE HOST "X: a\x01" CRLF CRLF CANARY), REFUSED },
	{ "9110.5.5", LEVEL_PRACTICE, "DEL in a value",
		BYTES(LINE HOST "X: a\x7f" CRLF CRLF CANARY), REFUSED },
	{ "9110.5.5", LEVEL_MUST, "bytes beyond ASCII in a value are let pass",
		.request = GET("/small", "X: \xc3\xa4\xff" CRLF), .statuses = { 200 },
		.after = AFTER_OPEN },
	{ "9110.5.5", LEVEL_MUST, "an empty value", .request = GET("/small", "X:" CRLF),
		.statuses = { 200 }, .after = AFTER_OPEN },
	{ "9110.5.1", LEVEL_MUST, "unknown fields are ignored",
		.request = GET("/small", "X-Unknown: a" CRLF "Upgrade: h2c" CRLF),
		.statuses = { 200 }, .after = AFTER_OPEN },
};

GROUP(line_group, "Lines (RFC 9112 sections 2 and 3): what isn't one is refused", line_cases);
GROUP(field_group, "Header fields (RFC 9112 section 5)", field_cases);
