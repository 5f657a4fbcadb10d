/* SPDX-License-Identifier: ISC */
/* RFC 2348: the option blksize, 8 … 65464 bytes. */
#include "tests/conformance/tftp/expect.h"

#include <stdio.h>

#include "common/str.h"

#define SMALLEST 8u
#define LARGEST 65464u

/* A valid value: if it is granted, at most what was asked, and the transfer is in such blocks. */
static void asks_for(struct test *test)
{
	const char *name = test->self->text ? test->self->text : "size-10000";
	struct exchange *x = exchange_open(test);
	char option[40];
	uint64_t value;

	snprintf(option, sizeof(option), "blksize=%u", (unsigned)test->self->number);
	ask_for_oack(x, name, option);
	value = granted(x, "blksize");
	if (value < SMALLEST || value > test->self->number)
		test_fail(test, "%u was granted, %u asked", (unsigned)value,
			(unsigned)test->self->number);
	exchange_error(x, 0, "end");
	fetch(test, name, "octet", option);
}

/* An Ethernet frame holds 1468 bytes: boards ask for it. */
static void grants_exactly(struct test *test)
{
	struct exchange *x = exchange_open(test);
	char option[40];
	uint64_t value;

	snprintf(option, sizeof(option), "blksize=%u", (unsigned)test->self->number);
	ask_for_oack(x, "size-10000", option);
	value = granted(x, "blksize");
	if (value != test->self->number)
		test_fail(test, "%u was granted", (unsigned)value);
	test_observe(test, "granted");
}

/* What a value like `text` may lead to. `number`: the size that it might be read as by a generous
 * parser, or 0 if it is no valid size: then it may only be left out or refused by ERROR 8. More
 * than was asked or a block outside 8 … 65464 is never right. */
static void odd_value(struct test *test)
{
	struct exchange *x = exchange_open(test);
	const uint64_t most = test->self->number;
	char option[80];
	const char *text;
	uint64_t value = 0;

	snprintf(option, sizeof(option), "blksize=%s", test->self->text);
	ask(x, "size-1025", "octet", option);
	if (x->heard == HEARD_ERROR) {
		expect_error(x, 8);
		return;
	}
	if (x->heard == HEARD_DATA && x->data_length != 512)
		test_fail(test, "DATA of %zu bytes", x->data_length);
	if (x->heard == HEARD_DATA)
		test_pass(test, "left out: DATA of 512 bytes");
	expect_heard(x, HEARD_OACK, "an OACK, DATA or ERROR 8");
	text = exchange_option(x, "blksize");
	if (!text)
		test_pass(test, "left out of the OACK");
	if (str_parse_u64(text, SMALLEST, LARGEST, &value) != 0 || value > most)
		test_fail(test, "OACK blksize=%.60s", text);
	test_observe(test, "OACK blksize=%.60s", text);
}

#define MUST .section = "2348", .level = LEVEL_MUST
#define ASK(n) MUST, .run = asks_for, .number = (n)
#define ODD(value, most) MUST, .run = odd_value, .text = (value), .number = (most)

static const struct conformance_case cases[] = {
	{ ASK(8), .name = "blksize 8, the smallest" },
	{ ASK(9), .name = "blksize 9" },
	{ ASK(511), .name = "blksize 511" },
	{ ASK(512), .name = "blksize 512" },
	{ ASK(513), .name = "blksize 513" },
	{ ASK(1024), .name = "blksize 1024" },
	{ ASK(1428), .name = "blksize 1428" },
	{ ASK(1432), .name = "blksize 1432" },
	{ ASK(1468), .name = "blksize 1468" },
	{ ASK(1469), .name = "blksize 1469" },
	{ ASK(8192), .name = "blksize 8192", .text = "size-65536" },
	{ ASK(32768), .name = "blksize 32768", .text = "size-65536" },
	{ ASK(65464), .name = "blksize 65464, the largest", .text = "size-200000" },
	{ ASK(1468), .name = "blksize 1468, a file of 1467 bytes: one DATA", .text = "size-1467" },
	{ ASK(1468), .name = "blksize 1468, a file of 1468 bytes: an empty DATA ends it",
		.text = "size-1468" },
	{ ASK(1468), .name = "blksize 1468, a file of 1469 bytes", .text = "size-1469" },
	{ ASK(1468), .name = "blksize 1468, an empty file: one empty DATA", .text = "size-0" },
	{ ASK(8), .name = "blksize 8, an empty file", .text = "size-0" },
	{ ASK(8), .name = "blksize 8, a file of 7 bytes", .text = "size-7" },
	{ ASK(8), .name = "blksize 8, a file of 8 bytes: an empty DATA ends it", .text = "size-8" },
	{ ASK(8), .name = "blksize 8, a file of 513 bytes", .text = "size-513" },
	{ ASK(256), .name = "blksize 256, a file of 512 bytes: an empty DATA ends it",
		.text = "size-512" },
	{ .section = "2348",
		.level = LEVEL_PRACTICE,
		.name = "blksize 1468 is granted as asked",
		.run = grants_exactly,
		.number = 1468 },
	{ .section = "2348",
		.level = LEVEL_PRACTICE,
		.name = "blksize 1024 is granted as asked",
		.run = grants_exactly,
		.number = 1024 },
	/* The number of a block has 16 bits; what comes behind 65535 no RFC says, but all clients
	 * that go so far take 0. */
	{ .section = "2348",
		.level = LEVEL_PRACTICE,
		.name = "blksize 8, the last block is 65535",
		.run = asks_for,
		.number = 8,
		.text = "size-524279",
		.load = LOAD_HEAVY,
		.seconds = 25 },
	{ .section = "2348",
		.level = LEVEL_PRACTICE,
		.name = "blksize 8, the last block is 65536 and empty",
		.run = asks_for,
		.number = 8,
		.text = "size-524280",
		.load = LOAD_HEAVY,
		.seconds = 25 },
	{ .section = "2348",
		.level = LEVEL_PRACTICE,
		.name = "blksize 8, the last block is 65536, of 7 bytes",
		.run = asks_for,
		.number = 8,
		.text = "size-524287",
		.load = LOAD_HEAVY,
		.seconds = 25 },
	{ .section = "2348",
		.level = LEVEL_PRACTICE,
		.name = "blksize 8, the last block is 65537",
		.run = asks_for,
		.number = 8,
		.text = "size-524289",
		.load = LOAD_HEAVY,
		.seconds = 25 },
	{ ODD("0", 0), .name = "blksize 0 isn't granted" },
	{ ODD("1", 0), .name = "blksize 1 isn't granted" },
	{ ODD("7", 0), .name = "blksize 7 isn't granted" },
	{ ODD("65465", LARGEST), .name = "blksize 65465: at most 65464" },
	{ ODD("65536", LARGEST), .name = "blksize 65536: at most 65464" },
	{ ODD("65544", LARGEST), .name = "blksize 65544 isn't taken for 8" },
	{ ODD("4294967304", LARGEST), .name = "blksize 2^32 + 8: at most 65464" },
	{ ODD("99999999999", LARGEST), .name = "blksize 99999999999: at most 65464" },
	{ ODD("1000000000000000000000000000000", LARGEST), .name = "blksize 10^30: at most 65464" },
	{ ODD("-1", 0), .name = "blksize -1 isn't granted" },
	{ ODD("-512", 0), .name = "blksize -512 isn't granted" },
	{ ODD("abc", 0), .name = "blksize abc isn't granted" },
	{ ODD("", 0), .name = "blksize without digits isn't granted" },
	{ ODD("+8", 8), .name = "blksize +8: left out, or 8" },
	{ ODD(" 8", 8), .name = "blksize with a blank before: left out, or 8" },
	{ ODD("0x400", 0), .name = "blksize 0x400 isn't granted" },
	{ ODD("1e3", 0), .name = "blksize 1e3 isn't granted" },
	{ ODD("0008", 8), .name = "blksize 0008: left out, or 8" },
	{ ODD("1024x", 1024), .name = "blksize 1024x: left out, or at most 1024" },
	{ ODD("1024.5", 1024), .name = "blksize 1024.5: left out, or at most 1024" },
};

GROUP_TABLE(rfc2348_group, "RFC 2348: blksize", cases);
