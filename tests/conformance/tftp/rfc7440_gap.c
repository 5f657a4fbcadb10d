/* SPDX-License-Identifier: ISC */
/* RFC 7440 section 4: a window that doesn't arrive as a whole. */
#include "tests/conformance/tftp/expect.h"

#include "common/clock.h"

#define WINDOW 4u

/* A transfer with windows of four, whose first `windows` are received and acknowledged but for the
 * last. */
static void begin(struct test *test, struct download *d, unsigned windows)
{
	struct exchange *x = exchange_open(test);

	ask_for_oack(x, "size-65536", "windowsize=4");
	if (granted(x, "windowsize") != WINDOW)
		test_skip(test, "the server doesn't grant a window of 4");
	exchange_error(x, 0, "end");
	download_begin(d, exchange_open(test), "size-65536", "octet", "windowsize=4");
	download_until(d, windows * WINDOW);
}

/* The next packet that isn't a copy of what is already acknowledged up to `acked`. */
static void receive_behind(struct download *d, uint16_t acked)
{
	do
		exchange_receive(d->x, REPEAT_MS);
	while (d->x->heard == HEARD_DATA && (uint16_t)(acked - d->x->block) < 2 * WINDOW);
}

/* Block `number` of the window, 1 … 4, is "lost", and all behind it: the ACK of the one before
 * must bring the window that begins with it, whole and in order (section 4, sequence error). */
static void gap_at(struct test *test)
{
	struct download d;
	uint64_t acked, since;

	begin(test, &d, 2);
	acked = WINDOW + test->self->number - 1;
	since = exchange_now_ns();
	exchange_ack(d.x, (uint16_t)acked);
	for (unsigned i = 1; i <= WINDOW; i++) {
		if (i == 1)
			receive_behind(&d, (uint16_t)acked);
		else
			exchange_receive(d.x, REPEAT_MS);
		expect_block(d.x, &d.expected, acked + i, d.blksize);
	}
	since = d.x->arrived_ns - since;
	d.next = acked + WINDOW + 1;
	/* Go on from there: windows now end elsewhere. */
	exchange_ack(d.x, (uint16_t)(acked + WINDOW));
	receive_behind(&d, (uint16_t)(acked + WINDOW));
	expect_block(d.x, &d.expected, d.next, d.blksize);
	test_observe(test, "blocks %u to %u came within %u ms", (unsigned)acked + 1,
		(unsigned)(acked + WINDOW), (unsigned)(since / NS_PER_MS));
}

/* Nothing of the second window is acknowledged: it comes again from its beginning, which the last
 * ACK sets (section 4, timeout). */
static void window_lost(struct test *test)
{
	struct download d;

	begin(test, &d, 2);
	for (unsigned i = 1; i <= WINDOW; i++) {
		exchange_receive(d.x, REPEAT_MS);
		expect_block(d.x, &d.expected, WINDOW + i, d.blksize);
	}
	download_rest(&d);
	test_observe(test, "it came again from block %u", WINDOW + 1);
}

static void first_window_lost(struct test *test)
{
	struct download d;

	begin(test, &d, 1);
	for (unsigned i = 1; i <= WINDOW; i++) {
		exchange_receive(d.x, REPEAT_MS);
		expect_block(d.x, &d.expected, i, d.blksize);
	}
	download_rest(&d);
	test_observe(test, "it came again from block 1");
}

/* The ACK of a block that is still to be sent. */
static void future_ack(struct test *test)
{
	struct download d;

	begin(test, &d, 2);
	exchange_ack(d.x, (uint16_t)(2 * WINDOW + test->self->number));
	while (exchange_receive(d.x, 300) != HEARD_NOTHING) {
		if (d.x->heard == HEARD_ERROR)
			test_pass(test, "ended by ERROR %u", d.x->code);
		if (d.x->heard == HEARD_DATA && d.x->block > 2 * WINDOW)
			test_fail(test, "DATA %u came", d.x->block);
	}
	download_rest(&d);
	test_observe(test, "ignored");
}

/* ACKs of an earlier window, many of them, mustn't bring a flood. */
static void old_acks(struct test *test)
{
	struct download d;
	unsigned sent = 20, came = 0;
	uint64_t since;

	begin(test, &d, 3);
	since = exchange_now_ns();
	for (unsigned i = 0; i < sent; i++)
		exchange_ack(d.x, (uint16_t)test->self->number);
	while (exchange_receive(d.x, 100) != HEARD_NOTHING) {
		if (d.x->heard == HEARD_DATA && d.x->block > 3 * WINDOW)
			test_fail(test, "DATA %u came", d.x->block);
		came += d.x->arrived_ns - since < 15 * NS_PER_MS;
		if (exchange_now_ns() - since > NS_PER_S)
			break;
	}
	if (came > 2 * WINDOW)
		test_fail(test, "%u DATA within 15 ms of %u old ACKs", came, sent);
	download_rest(&d);
	test_observe(test, "%u DATA within 15 ms of %u old ACKs", came, sent);
}

/* The last window comes again if its ACK is lost, and ends. */
static void last_ack_lost(struct test *test)
{
	struct download d;
	uint64_t last;

	begin(test, &d, 2);
	last = download_last(&d);
	download_until(&d, last);
	exchange_receive(d.x, REPEAT_MS);
	expect_heard(d.x, HEARD_DATA, "DATA of the last window again");
	if (d.x->block > last || d.x->block <= last - WINDOW)
		test_fail(test, "DATA %u came instead of the last window", d.x->block);
	exchange_ack(d.x, (uint16_t)last);
	d.x->over = true;
	while (exchange_receive(d.x, 50) != HEARD_NOTHING)
		;
	expect_silence(d.x, 1500, "after the last ACK");
	test_observe(test, "it came again, and ended with the ACK");
}

/* A client that acknowledges each block of a window, as if it knew no windows. */
static void ack_of_each(struct test *test)
{
	struct download d;
	unsigned came = 0;

	begin(test, &d, 1);
	for (uint64_t acked = 1; acked < download_last(&d);) {
		exchange_ack(d.x, (uint16_t)acked);
		exchange_receive(d.x, REPEAT_MS);
		expect_heard(d.x, HEARD_DATA, "DATA");
		came++;
		if (d.x->block == (uint16_t)(acked + 1)) {
			expect_block(d.x, &d.expected, acked + 1, d.blksize);
			acked++;
		}
	}
	exchange_ack(d.x, (uint16_t)download_last(&d));
	d.x->over = true;
	test_observe(test, "%u DATA for %u blocks", came, (unsigned)download_last(&d));
}

/* An ERROR ends it, also with a window on its way. */
static void error_in_window(struct test *test)
{
	struct download d;

	begin(test, &d, 2);
	exchange_error(d.x, 0, "Early terminate");
	expect_silence(d.x, 1800, "after the client's ERROR");
	test_observe(test, "silent for 1800 ms");
}

/* No ACK at all: repetitions are limited in number (section 6). */
static void gives_up(struct test *test)
{
	struct download d;
	unsigned copies = 0;
	uint64_t end;

	begin(test, &d, 2);
	end = clock_monotonic_ns() + 25 * NS_PER_S;
	while (clock_monotonic_ns() < end && exchange_receive(d.x, 1000) != HEARD_ERROR)
		copies += d.x->heard == HEARD_DATA;
	if (copies > 30 * WINDOW)
		test_fail(test, "%u DATA in 25 s without an ACK", copies);
	test_observe(test, "%u DATA in 25 s without an ACK", copies);
}

#define MUST .section = "7440.4", .level = LEVEL_MUST

static const struct conformance_case cases[] = {
	{ MUST, .name = "a window's first block is lost: the ACK before it brings the window again",
		.run = gap_at, .number = 1 },
	{ MUST, .name = "a window's second block is lost: the next window begins with it",
		.run = gap_at, .number = 2 },
	{ MUST, .name = "a window's third block is lost: the next window begins with it",
		.run = gap_at, .number = 3 },
	{ MUST, .name = "a window's last block is lost: the next window begins with it",
		.run = gap_at, .number = 4 },
	{ MUST, .name = "the first window is lost: it comes again from block 1",
		.run = first_window_lost },
	{ MUST, .name = "the second window is lost: it comes again from its beginning",
		.run = window_lost },
	{ MUST, .name = "the ACK of a window's last block is lost at the end: it comes again",
		.run = last_ack_lost },
	{ MUST, .name = "an ACK of the block behind the window isn't taken", .run = future_ack,
		.number = 1 },
	{ MUST, .name = "an ACK far ahead isn't taken", .run = future_ack, .number = 40 },
	{ .section = "7440.4",
		.level = LEVEL_PRACTICE,
		.name = "twenty ACKs of the window before bring two windows at most",
		.run = old_acks,
		.number = 8 },
	{ .section = "7440.4",
		.level = LEVEL_PRACTICE,
		.name = "twenty ACKs of an older window bring two windows at most",
		.run = old_acks,
		.number = 4 },
	{ .section = "7440.4",
		.level = LEVEL_PRACTICE,
		.name = "an ACK of each block of a window: the transfer is whole",
		.run = ack_of_each },
	{ .section = "1350.7",
		.level = LEVEL_MUST,
		.name = "ERROR 0 ends a transfer by windows",
		.run = error_in_window },
	{ .section = "7440.6",
		.level = LEVEL_SHOULD,
		.name = "a window without ACK is repeated a bounded number of times",
		.run = gives_up,
		.seconds = 29 },
};

GROUP_TABLE(rfc7440_gap_group, "RFC 7440: windows that don't arrive", cases);
