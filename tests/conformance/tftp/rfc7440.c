/* SPDX-License-Identifier: ISC */
/* RFC 7440: the option windowsize, 1 … 65535 blocks; whole windows. */
#include "tests/conformance/tftp/expect.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/str.h"

/* A valid value: if it is granted, at most what was asked, and the whole transfer is right. */
static void asks_for(struct test *test)
{
	const char *name = test->self->text ? test->self->text : "size-65536";
	struct exchange *x = exchange_open(test);
	char option[60];
	uint64_t value;

	snprintf(option, sizeof(option), "windowsize=%u", (unsigned)test->self->number);
	ask_for_oack(x, name, option);
	value = granted(x, "windowsize");
	if (value < 1 || value > test->self->number)
		test_fail(test, "%u was granted, %u asked", (unsigned)value,
			(unsigned)test->self->number);
	exchange_error(x, 0, "end");
	fetch(test, name, "octet", option);
	test_observe(test, "windowsize %u", (unsigned)value);
}

/* As above with blksize `other`. */
static void with_blksize(struct test *test)
{
	struct exchange *x = exchange_open(test);
	char options[60];
	uint64_t value;

	snprintf(options, sizeof(options), "blksize=%u,windowsize=%u,tsize=0",
		(unsigned)test->self->other, (unsigned)test->self->number);
	ask_for_oack(x, test->self->text, options);
	value = granted(x, "windowsize");
	exchange_error(x, 0, "end");
	fetch(test, test->self->text, "octet", options);
	test_observe(test, "windowsize %u", (unsigned)value);
}

static void odd_value(struct test *test)
{
	struct exchange *x = exchange_open(test);
	char option[80];
	const char *text;
	uint64_t value;

	snprintf(option, sizeof(option), "windowsize=%s", test->self->text);
	ask(x, "size-10000", "octet", option);
	if (x->heard == HEARD_ERROR) {
		expect_error(x, 8);
		return;
	}
	text = exchange_option(x, "windowsize");
	if (text && (str_parse_u64(text, 1, 65535, &value) != 0 || value > test->self->number))
		test_fail(test, "OACK windowsize=%.60s", text);
	test_observe(test, text ? "OACK windowsize=%.60s" : "left out", text);
}

/* Exactly the agreed number of consecutive blocks comes, then nothing before the ACK. */
static void whole_windows(struct test *test)
{
	char option[40];
	struct download d;

	snprintf(option, sizeof(option), "windowsize=%u", (unsigned)test->self->number);
	ask_for_oack(exchange_open(test), "size-65536", option);
	(void)granted(test->exchanges, "windowsize");
	download_begin(&d, exchange_open(test), "size-65536", "octet", option);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t end = (i + 1) * d.windowsize, since;

		download_until(&d, end);
		since = d.x->arrived_ns;
		/* A repetition is allowed later, by the timer; blocks beyond aren't. */
		while (exchange_receive(d.x, 60) != HEARD_NOTHING) {
			if (d.x->heard == HEARD_DATA &&
				(uint16_t)(d.x->block - (uint16_t)end - 1) < 1000)
				test_fail(test, "DATA %u came before ACK %u", d.x->block,
					(unsigned)end);
			if (d.x->arrived_ns - since < 10 * NS_PER_MS)
				test_fail(test, "DATA %u came twice at once", d.x->block);
		}
	}
	download_rest(&d);
	test_observe(test, "windows of %u blocks", d.windowsize);
}

/* A window of one block is lock-step (section 4): a duplicate ACK brings no DATA. */
static void window_of_one(struct test *test)
{
	struct download d;
	unsigned copies = 0;
	uint64_t last = 0;

	ask_for_oack(exchange_open(test), "size-10000", "windowsize=1");
	(void)granted(test->exchanges, "windowsize");
	download_begin(&d, exchange_open(test), "size-10000", "octet", "windowsize=1");
	download_until(&d, 4);
	exchange_ack(d.x, 4);
	exchange_ack(d.x, 4);
	/* A copy that comes later than 12 ms behind another is the timer's. */
	while (exchange_receive(d.x, 60) == HEARD_DATA) {
		copies += d.x->block == 5 && d.x->arrived_ns - last < 12 * NS_PER_MS;
		copies += last == 0;
		last = d.x->arrived_ns;
	}
	if (copies != 1)
		test_fail(test, "%u copies of DATA 5 after ACK 4 twice", copies);
	test_observe(test, "DATA 5 came once after ACK 4 twice");
}

static void unacknowledged_oack(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask_for_oack(x, "size-65536", "windowsize=8");
	(void)granted(x, "windowsize");
	while (exchange_receive(x, 1500) != HEARD_NOTHING) {
		if (x->heard == HEARD_DATA)
			test_fail(test, "DATA %u before the OACK was acknowledged", x->block);
	}
	test_observe(test, "no DATA");
}

#define MUST(where) .section = (where), .level = LEVEL_MUST
#define PRACTICE(where) .section = (where), .level = LEVEL_PRACTICE
#define ASK(n) MUST("7440.3"), .run = asks_for, .number = (n)
#define ODD(value, most) MUST("7440.3"), .run = odd_value, .text = (value), .number = (most)

static const struct conformance_case cases[] = {
	{ ASK(1), .name = "windowsize 1" },
	{ ASK(2), .name = "windowsize 2" },
	{ ASK(3), .name = "windowsize 3" },
	{ ASK(4), .name = "windowsize 4" },
	{ ASK(8), .name = "windowsize 8" },
	{ ASK(16), .name = "windowsize 16" },
	{ ASK(32), .name = "windowsize 32" },
	{ ASK(64), .name = "windowsize 64" },
	{ ASK(65535), .name = "windowsize 65535, the largest" },
	{ ASK(8), .name = "windowsize 8, an empty file", .text = "size-0" },
	{ ASK(8), .name = "windowsize 8, a file of one block", .text = "size-511" },
	{ ASK(2), .name = "windowsize 2, a file of two blocks, the last empty",
		.text = "size-512" },
	{ ASK(4), .name = "windowsize 4, a file of less than a window", .text = "size-1025" },
	{ ASK(4), .name = "windowsize 4, a file of five whole windows", .text = "size-10000" },
	{ MUST("7440.3"), .name = "windowsize 16 with blksize 1468 and tsize", .run = with_blksize,
		.number = 16, .other = 1468, .text = "size-200000" },
	{ PRACTICE("7440.3"), .name = "windowsize 16 with blksize 8", .run = with_blksize,
		.number = 16, .other = 8, .text = "size-10000" },
	{ PRACTICE("7440.3"), .name = "windowsize 4 with blksize 65464", .run = with_blksize,
		.number = 4, .other = 65464, .text = "size-600000" },
	{ PRACTICE("7440.4"), .name = "windowsize 8: block 65535 ends a window's first part",
		.run = with_blksize, .number = 8, .other = 8, .text = "size-600000",
		.load = LOAD_HEAVY, .seconds = 25 },
	{ PRACTICE("7440.4"), .name = "windowsize 5: block 65535 is the last of a window",
		.run = with_blksize, .number = 5, .other = 8, .text = "size-600000",
		.load = LOAD_HEAVY, .seconds = 25 },
	{ PRACTICE("7440.4"), .name = "windowsize 16 with blksize 1468: 33 MB", .run = with_blksize,
		.number = 16, .other = 1468, .text = "size-33554433", .load = LOAD_HEAVY,
		.seconds = 25 },
	{ ODD("0", 0), .name = "windowsize 0 isn't granted" },
	{ ODD("65536", 65535), .name = "windowsize 65536: at most 65535" },
	{ ODD("65537", 65535), .name = "windowsize 65537 isn't taken for 1 or refused" },
	{ ODD("-1", 0), .name = "windowsize -1 isn't granted" },
	{ ODD("abc", 0), .name = "windowsize abc isn't granted" },
	{ ODD("", 0), .name = "windowsize without digits isn't granted" },
	{ ODD("4x", 4), .name = "windowsize 4x: left out, or at most 4" },
	{ ODD("99999999999", 65535), .name = "windowsize 99999999999: at most 65535" },
	{ MUST("7440.4"), .name = "windowsize 2: two blocks, then nothing before the ACK",
		.run = whole_windows, .number = 2 },
	{ MUST("7440.4"), .name = "windowsize 4: four blocks, then nothing before the ACK",
		.run = whole_windows, .number = 4 },
	{ MUST("7440.4"), .name = "windowsize 16: sixteen blocks, then nothing before the ACK",
		.run = whole_windows, .number = 16 },
	{ MUST("7440.4"), .name = "windowsize 1 is lock-step: a duplicate ACK brings no DATA",
		.run = window_of_one },
	{ MUST("7440.4"), .name = "no window before the OACK is acknowledged",
		.run = unacknowledged_oack },
};

GROUP_TABLE(rfc7440_group, "RFC 7440: windowsize", cases);
