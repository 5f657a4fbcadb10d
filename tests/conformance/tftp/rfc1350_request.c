/* SPDX-License-Identifier: ISC */
/* RFC 1350 section 5: requests as they must be, and as they mustn't. */
#include "tests/conformance/tftp/expect.h"

#include <string.h>

#define GARBAGE_MS 400u

static void get(struct test *test)
{
	fetch(test, test->self->text, "octet", NULL);
}

static void send_raw(struct exchange *x, const struct conformance_case *c)
{
	exchange_send_request(x, c->text, c->number);
}

/* Not a request: silence, or an ERROR; no DATA. */
static void not_a_request(struct test *test)
{
	struct exchange *x = exchange_open(test);

	send_raw(x, test->self);
	exchange_receive(x, GARBAGE_MS);
	if (x->heard == HEARD_DATA || x->heard == HEARD_OACK)
		test_fail(test, "it was served");
	if (x->heard == HEARD_OTHER)
		test_fail(test, "answered by %.80s", x->what);
	expect_alive(test);
	test_observe(test, x->heard == HEARD_ERROR ? "ERROR %u" : "silence", x->code);
}

/* Two hosts that answer each other's ERRORs would never end. */
static void error_to_known_port(struct test *test)
{
	struct exchange *x = exchange_open(test);

	send_raw(x, test->self);
	expect_silence(x, GARBAGE_MS, "in answer to an ERROR");
	expect_alive(test);
	test_observe(test, "silence");
}

/* A request that ends within its mode, each time behind one with NULs at that place: a server that
 * reads on in its buffer finds them. */
static void unterminated_mode(struct test *test)
{
	struct exchange *x = exchange_open(test), *before = exchange_open(test);
	uint8_t padded[100] = { 0 };

	(void)exchange_build_request(padded, OP_RRQ, "missing", "octet", NULL);
	before->over = true;
	for (int i = 0; i < 10; i++) {
		exchange_send_request(before, padded, sizeof(padded));
		send_raw(x, test->self);
		exchange_receive(x, 100);
		if (x->heard == HEARD_DATA || x->heard == HEARD_OACK)
			test_fail(test, "it was served");
	}
	test_observe(test, x->heard == HEARD_ERROR ? "ERROR %u" : "silence", x->code);
}

/* The server must say no: a client that asks so waits for an answer. */
static void refused_by_error(struct test *test)
{
	struct exchange *x = exchange_open(test);

	send_raw(x, test->self);
	exchange_receive(x, ANSWER_MS);
	expect_error(x, -1);
}

/* A server without writing says so; one with writing sends ACK 0 (which our malformed-packet test
 * calls "ACK"). */
static void write_request(struct test *test)
{
	struct exchange *x = exchange_open(test);
	uint8_t packet[128];

	exchange_send_request(
		x, packet, exchange_build_request(packet, OP_WRQ, test->self->text, "octet", NULL));
	exchange_receive(x, ANSWER_MS);
	if (x->heard == HEARD_OTHER && strcmp(x->what, "ACK") == 0)
		test_skip(test, "this server takes files");
	expect_error(x, -1);
}

static void served(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct expected e = expect_file(test, "size-1025", "octet");

	send_raw(x, test->self);
	receive_block(x, &e, 1, 512, ANSWER_MS);
	test_observe(test, "served");
}

#define MUST .section = "1350.5", .level = LEVEL_MUST
#define PRACTICE .section = "1350.5", .level = LEVEL_PRACTICE
/* A string without the NUL that C puts behind it. */
#define BYTES(string) .text = (string), .number = sizeof(string) - 1

static const struct conformance_case cases[] = {
	{ MUST, .name = "a file in a directory", .run = get, .text = "dir/size-513" },
	{ MUST, .name = "a file three directories deep", .run = get,
		.text = "dir/sub/deeper/size-100" },
	{ MUST, .name = "a name with blanks", .run = get, .text = "name with blanks" },
	{ MUST, .name = "a name in UTF-8", .run = get,
		.text = "gr\xc3\xb6\xc3\x9f"
			"e.bin" },
	{ MUST, .name = "a name with capitals beside one without", .run = get,
		.text = "Upper.BIN" },
	{ MUST, .name = "a name without capitals beside one with", .run = get,
		.text = "upper.bin" },
	{ PRACTICE, .name = "a name that begins with a dot", .run = get, .text = ".hidden" },
	{ PRACTICE, .name = "a name with what a shell would take for its own", .run = get,
		.text = "semi;colon$(name)" },
	{ PRACTICE, .name = "a name with what printf would take for its own", .run = get,
		.text = "percent%s%n" },
	{ PRACTICE, .name = "a name of 200 bytes", .run = get,
		.text = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxx" },
	{ MUST, .name = "an empty packet", .run = not_a_request, BYTES("") },
	{ MUST, .name = "a packet of 1 byte", .run = not_a_request, BYTES("\0") },
	{ MUST, .name = "a packet of an opcode alone", .run = not_a_request, BYTES("\0\1") },
	{ MUST, .name = "a packet of 3 bytes", .run = not_a_request, BYTES("\0\1s") },
	{ MUST, .name = "opcode 0", .run = not_a_request, BYTES("\0\0size-513\0octet\0") },
	{ MUST, .name = "opcode 7", .run = not_a_request, BYTES("\0\7size-513\0octet\0") },
	{ MUST, .name = "opcode 256 is no read request", .run = not_a_request,
		BYTES("\1\0size-513\0octet\0") },
	{ MUST, .name = "opcode 257 is no read request", .run = not_a_request,
		BYTES("\1\1size-513\0octet\0") },
	{ MUST, .name = "opcode 65535", .run = not_a_request, BYTES("\377\377size-513\0octet\0") },
	{ MUST, .name = "DATA to the known port", .run = not_a_request, BYTES("\0\3\0\1data") },
	{ MUST, .name = "an ACK to the known port", .run = not_a_request, BYTES("\0\4\0\0") },
	{ MUST, .name = "an OACK to the known port", .run = not_a_request,
		BYTES("\0\6blksize\0"
		      "512\0") },
	{ .section = "1350.7",
		.level = LEVEL_PRACTICE,
		.name = "an ERROR to the known port: silence",
		.run = error_to_known_port,
		BYTES("\0\5\0\0Early terminate\0") },
	{ .section = "1350.7",
		.level = LEVEL_PRACTICE,
		.name = "an ERROR without text to the known port: silence",
		.run = error_to_known_port,
		BYTES("\0\5\0\0") },
	{ MUST, .name = "a request that ends within the name isn't served", .run = not_a_request,
		BYTES("\0\1size-513") },
	{ MUST, .name = "a request without mode isn't served", .run = not_a_request,
		BYTES("\0\1size-513\0") },
	{ MUST, .name = "a request whose mode has no NUL isn't served", .run = unterminated_mode,
		BYTES("\0\1size-513\0octet") },
	{ MUST, .name = "a request with an empty mode isn't served", .run = not_a_request,
		BYTES("\0\1size-513\0\0") },
	{ MUST, .name = "a request with an empty name isn't served", .run = not_a_request,
		BYTES("\0\1\0octet\0") },
	{ MUST, .name = "a request of two NULs isn't served", .run = not_a_request,
		BYTES("\0\1\0\0") },
	{ .section = "1350.7",
		.level = LEVEL_MUST,
		.name = "an unknown mode: ERROR",
		.run = refused_by_error,
		BYTES("\0\1size-513\0binary\0") },
	{ .section = "1350.7",
		.level = LEVEL_MUST,
		.name = "a mode that begins as octet: ERROR",
		.run = refused_by_error,
		BYTES("\0\1size-513\0octets\0") },
	{ .section = "1350.7",
		.level = LEVEL_MUST,
		.name = "writing a new file: ERROR",
		.run = write_request,
		.text = "written" },
	{ .section = "1350.7",
		.level = LEVEL_MUST,
		.name = "writing over a file: ERROR",
		.run = write_request,
		.text = "size-513" },
	{ .section = "1350.7",
		.level = LEVEL_MUST,
		.name = "writing outside the root: ERROR",
		.run = write_request,
		.text = "../../../../tmp/written" },
	{ PRACTICE, .name = "NULs behind the mode, as some ROMs pad, are served", .run = served,
		BYTES("\0\1size-1025\0octet\0\0\0\0") },
};

GROUP_TABLE(rfc1350_request_group, "RFC 1350: requests", cases);
