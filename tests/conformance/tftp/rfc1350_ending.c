/* SPDX-License-Identifier: ISC */
/* RFC 1350 sections 6 and 7: how a transfer ends, in order or by an ERROR. */
#include "common/clock.h"
#include "tests/conformance/tftp/expect.h"

#include <string.h>

#define AFTER_MS 1800u /* longer than the first repetition of all but one of the tested servers */

static void silent_after_last_ack(struct test *test)
{
	struct download d;

	download_begin(&d, exchange_open(test), test->self->text, "octet", NULL);
	download_rest(&d);
	expect_silence(d.x, AFTER_MS, "after the last ACK");
	test_observe(test, "silent for %u ms", AFTER_MS);
}

/* The client may acknowledge the last block again (section 6, dallying). */
static void last_ack_again(struct test *test)
{
	struct download d;

	download_begin(&d, exchange_open(test), "size-513", "octet", NULL);
	download_rest(&d);
	for (int i = 0; i < 3; i++) {
		exchange_ack(d.x, 2);
		if (exchange_receive(d.x, 100) == HEARD_DATA)
			test_fail(test, "DATA %u after the last ACK came again", d.x->block);
	}
	expect_alive(test);
	test_observe(test, "no DATA, and the server serves on");
}

/* The last ACK never comes: the DATA is repeated, but not without end. */
static void last_ack_lost(struct test *test)
{
	const uint64_t end = clock_monotonic_ns() + 20 * NS_PER_S;
	struct download d;
	unsigned copies = 1;

	download_begin(&d, exchange_open(test), "size-513", "octet", NULL);
	download_until(&d, 2);
	while (clock_monotonic_ns() < end)
		copies += exchange_receive(d.x, 200) == HEARD_DATA;
	if (copies < 2 || copies > 20)
		test_fail(test, "it came %u times in 20 s", copies);
	expect_alive(test);
	test_observe(test, "it came %u times in 20 s", copies);
}

/* ERROR `number` from the client, after DATA `other`, with this text. */
static void client_error(struct test *test)
{
	struct download d;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, test->self->other);
	exchange_error(d.x, (uint16_t)test->self->number, test->self->text);
	expect_silence(d.x, AFTER_MS, "after the client's ERROR");
	test_observe(test, "silent for %u ms", AFTER_MS);
}

static void client_error_without_text(struct test *test)
{
	const uint8_t packet[] = { 0, OP_ERROR, 0, 0 };
	struct download d;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, 2);
	exchange_send(d.x, packet, sizeof(packet));
	d.x->over = true;
	expect_silence(d.x, AFTER_MS, "after the client's ERROR");
	test_observe(test, "silent for %u ms", AFTER_MS);
}

static void client_error_long(struct test *test)
{
	uint8_t packet[1400] = { 0, OP_ERROR, 0, 0 };
	struct download d;

	memset(packet + 4, 'e', sizeof(packet) - 4); /* and no NUL */
	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	exchange_send(d.x, packet, sizeof(packet));
	d.x->over = true;
	expect_silence(d.x, AFTER_MS, "after the client's ERROR");
	expect_alive(test);
	test_observe(test, "silent, and the server serves on");
}

/* An ACK after the client's own ERROR doesn't revive the transfer. */
static void ack_after_error(struct test *test)
{
	struct download d;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, 2);
	exchange_error(d.x, 0, "Early terminate");
	exchange_ack(d.x, 2);
	while (exchange_receive(d.x, 400) != HEARD_NOTHING) {
		if (d.x->heard == HEARD_DATA)
			test_fail(test, "DATA %u after the client's ERROR", d.x->block);
	}
	test_observe(test, "no DATA");
}

static void refused(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, test->self->text, "octet", NULL);
	expect_error(x, (int)test->self->number);
}

/* Not there or not allowed: 1 or 2 are both true of a directory. */
static void refused_somehow(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, test->self->text, "octet", NULL);
	expect_error(x, -1);
	if (x->code > 2)
		test_fail(test, "ERROR %u is of another kind", x->code);
}

/* An ERROR is sent once: it is neither acknowledged nor retransmitted (section 2). */
static void error_once(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, "missing", "octet", NULL);
	expect_error(x, 1);
	expect_silence(x, 6000, "after the ERROR");
	test_observe(test, "silent for 6 s after it");
}

static void error_not_answered(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, "missing", "octet", NULL);
	expect_error(x, 1);
	exchange_ack(x, 1);
	exchange_error(x, 0, "noted");
	if (exchange_receive(x, 300) == HEARD_DATA)
		test_fail(test, "DATA after an ERROR");
	expect_alive(test);
	test_observe(test, "the transfer stayed ended");
}

/* After its end the client's port may be used again. */
static void same_port_again(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct download d;

	for (int i = 0; i < 5; i++) {
		x->tid.sin_port = 0;
		download_begin(&d, x, i % 2 ? "size-1469" : "size-513", "octet", NULL);
		download_rest(&d);
	}
	test_observe(test, "five transfers from one port");
}

static void same_port_after_error(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct download d;

	download_begin(&d, x, "size-10000", "octet", NULL);
	exchange_error(x, 0, "Early terminate");
	x->tid.sin_port = 0;
	download_begin(&d, x, "size-1469", "octet", NULL);
	download_rest(&d);
	test_observe(test, "a new transfer from the same port");
}

#define MUST(where) .section = (where), .level = LEVEL_MUST
#define PRACTICE(where) .section = (where), .level = LEVEL_PRACTICE

static const struct conformance_case cases[] = {
	{ MUST("1350.6"), .name = "nothing comes after the last ACK", .run = silent_after_last_ack,
		.text = "size-513" },
	{ MUST("1350.6"), .name = "nothing comes after the ACK of an empty last DATA",
		.run = silent_after_last_ack, .text = "size-512" },
	{ MUST("1350.6"), .name = "the last ACK twice more brings no DATA", .run = last_ack_again },
	{ MUST("1350.6"), .name = "the last ACK lost: DATA comes again, 20 times at most",
		.run = last_ack_lost, .seconds = 28 },
	{ MUST("1350.7"), .name = "ERROR 0 in answer to DATA 1 ends the transfer",
		.run = client_error, .other = 1, .text = "Early terminate" },
	{ MUST("1350.7"), .name = "ERROR 0 in answer to DATA 5 ends the transfer",
		.run = client_error, .other = 5, .text = "Early terminate" },
	{ MUST("1350.7"), .name = "ERROR 1 ends the transfer", .run = client_error, .other = 2,
		.number = 1, .text = "x" },
	{ MUST("1350.7"), .name = "ERROR 3 (disk full) ends the transfer", .run = client_error,
		.other = 2, .number = 3, .text = "Disk full" },
	{ MUST("1350.7"), .name = "ERROR 4 ends the transfer", .run = client_error, .other = 2,
		.number = 4, .text = "" },
	{ MUST("1350.7"), .name = "ERROR of an unknown code ends the transfer", .run = client_error,
		.other = 2, .number = 999, .text = "own" },
	{ PRACTICE("1350.7"), .name = "an ERROR without text ends the transfer",
		.run = client_error_without_text },
	{ PRACTICE("1350.7"),
		.name = "an ERROR with 1396 bytes of text and no NUL ends the transfer",
		.run = client_error_long },
	{ MUST("1350.7"), .name = "an ACK after the client's ERROR brings no DATA",
		.run = ack_after_error },
	{ MUST("1350.7"), .name = "a missing file: ERROR 1", .run = refused, .text = "missing",
		.number = 1 },
	{ MUST("1350.7"), .name = "a missing file in a directory: ERROR 1", .run = refused,
		.text = "dir/missing", .number = 1 },
	{ MUST("1350.7"), .name = "a missing directory: ERROR", .run = refused_somehow,
		.text = "nowhere/size-513" },
	{ MUST("1350.7"), .name = "a directory: ERROR", .run = refused_somehow, .text = "dir" },
	{ MUST("1350.7"), .name = "a file as a directory: ERROR", .run = refused_somehow,
		.text = "size-513/size-513" },
	{ MUST("1350.2"), .name = "an ERROR is sent once", .run = error_once },
	{ MUST("1350.2"), .name = "an answer to an ERROR brings no DATA",
		.run = error_not_answered },
	{ PRACTICE("1350.4"), .name = "five transfers one after another from one port",
		.run = same_port_again },
	{ PRACTICE("1350.4"),
		.name = "a new request from the port of a transfer just ended by ERROR",
		.run = same_port_after_error },
};

GROUP_TABLE(rfc1350_ending_group, "RFC 1350: the end of a transfer", cases);
