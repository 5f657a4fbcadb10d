/* SPDX-License-Identifier: ISC */
/* RFC 2349: the options timeout and tsize. */
#include "tests/conformance/tftp/expect.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/str.h"

/* "must match the value specified by the client" */
static void timeout_matches(struct test *test)
{
	struct exchange *x = exchange_open(test);
	char option[40];
	uint64_t value;

	snprintf(option, sizeof(option), "timeout=%u", (unsigned)test->self->number);
	ask_for_oack(x, "size-10000", option);
	value = granted(x, "timeout");
	if (value != test->self->number)
		test_fail(test, "%u was answered", (unsigned)value);
	test_observe(test, "granted");
}

/* A value outside 1 … 255: left out, or ERROR 8. */
static void timeout_refused(struct test *test)
{
	struct exchange *x = exchange_open(test);
	char option[60];

	snprintf(option, sizeof(option), "timeout=%s", test->self->text);
	ask(x, "size-10000", "octet", option);
	if (x->heard == HEARD_ERROR) {
		expect_error(x, 8);
		return;
	}
	if (exchange_option(x, "timeout"))
		test_fail(test, "OACK timeout=%.60s", exchange_option(x, "timeout"));
	test_observe(test, "left out");
}

/* Nothing is acknowledged: it must come again after the agreed time. That it comes earlier isn't
 * held against a server: RFC 1123 section 4.2.3.2 demands a timeout that adapts. */
static void timeout_is_kept(struct test *test)
{
	const uint64_t agreed_ms = test->self->number * 1000;
	struct exchange *x = exchange_open(test);
	uint64_t first;
	char option[40];

	snprintf(option, sizeof(option), "timeout=%u", (unsigned)test->self->number);
	ask_for_oack(x, "size-10000", option);
	(void)granted(x, "timeout");
	first = x->arrived_ns;
	exchange_receive(x, (unsigned)agreed_ms + 1500);
	expect_heard(x, HEARD_OACK, "the OACK again, within the agreed time and 1.5 s");
	first = x->arrived_ns - first;
	test_observe(test, "after %u ms", (unsigned)(first / NS_PER_MS));
}

/* The same for DATA, after one block that was acknowledged. */
static void timeout_is_kept_for_data(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct download d;
	uint64_t first;

	ask_for_oack(x, "size-10000", "timeout=2");
	(void)granted(x, "timeout");
	download_begin(&d, exchange_open(test), "size-10000", "octet", "timeout=2");
	download_until(&d, 2);
	first = d.x->arrived_ns;
	receive_block(d.x, &d.expected, 2, d.blksize, 3500);
	first = d.x->arrived_ns - first;
	download_rest(&d);
	test_observe(test, "after %u ms", (unsigned)(first / NS_PER_MS));
}

/* A server may wait longer each time (RFC 1123 section 4.2.3.2), but a client that asks for a
 * second expects the next copy about then. */
static void timeout_bounds_later_copies(struct test *test)
{
	const uint64_t end = clock_monotonic_ns() + 4 * NS_PER_S;
	struct exchange *x = exchange_open(test);
	struct download d;
	uint64_t last, longest = 0;

	ask_for_oack(x, "size-10000", "timeout=1");
	(void)granted(x, "timeout");
	exchange_error(x, 0, "end");
	download_begin(&d, exchange_open(test), "size-10000", "octet", "timeout=1");
	download_until(&d, 2);
	last = d.x->arrived_ns;
	while (clock_monotonic_ns() < end) {
		if (exchange_receive(d.x, 2500) != HEARD_DATA)
			break;
		if (d.x->arrived_ns - last > longest)
			longest = d.x->arrived_ns - last;
		last = d.x->arrived_ns;
	}
	if (d.x->heard != HEARD_DATA || longest > 1900 * NS_PER_MS)
		test_fail(test, "no copy for %u ms",
			(unsigned)((exchange_now_ns() - last) / NS_PER_MS));
	download_rest(&d);
	test_observe(test, "%u ms at most between copies", (unsigned)(longest / NS_PER_MS));
}

static void tsize_of(struct test *test)
{
	struct exchange *x = exchange_open(test);
	uint64_t value;

	ask_for_oack(x, test->self->text, "tsize=0");
	value = granted(x, "tsize");
	if (value != test->self->number)
		test_fail(test, "tsize %llu instead of %llu", (unsigned long long)value,
			(unsigned long long)test->self->number);
	test_observe(test, "%llu", (unsigned long long)value);
}

/* tsize in another mode: left out, or what will really come. */
static void tsize_in_netascii(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct expected e = expect_file(test, "text-lf", "netascii");
	const char *text;
	uint64_t value;

	if (ask(x, "text-lf", "netascii", "tsize=0") == HEARD_DATA)
		test_pass(test, "left out");
	if (x->heard == HEARD_ERROR && x->code == 8)
		test_pass(test, "ERROR 8");
	expect_heard(x, HEARD_OACK, "an OACK or DATA 1");
	text = exchange_option(x, "tsize");
	if (text && (str_parse_u64(text, 0, UINT64_MAX, &value) != 0 || value != e.size))
		test_fail(test, "tsize %.30s, but %u bytes come", text, (unsigned)e.size);
	test_observe(test, text ? "tsize is right" : "left out");
}

/* Odd values in a read request: an OACK tells the true size, or it's left out or refused. */
static void tsize_odd(struct test *test)
{
	struct exchange *x = exchange_open(test);
	char option[60];
	const char *text;
	uint64_t value;

	snprintf(option, sizeof(option), "tsize=%s", test->self->text);
	ask(x, "size-10000", "octet", option);
	if (x->heard == HEARD_ERROR)
		test_pass(test, "ERROR %u", x->code);
	text = exchange_option(x, "tsize");
	if (text && (str_parse_u64(text, 0, UINT64_MAX, &value) != 0 || value != 10000))
		test_fail(test, "OACK tsize=%.60s", text);
	test_observe(test, text ? "the true size" : "left out");
}

static void tsize_of_missing(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, "missing", "octet", "tsize=0");
	expect_error(x, 1);
}

static void tsize_then_transfer(struct test *test)
{
	fetch(test, "size-1469", "octet", test->self->text);
}

#define MUST .section = "2349", .level = LEVEL_MUST
#define TIMEOUT(n) MUST, .run = timeout_matches, .number = (n)
#define TSIZE(file, n) MUST, .run = tsize_of, .text = (file), .number = (n)

static const struct conformance_case cases[] = {
	{ TIMEOUT(1), .name = "timeout 1 comes back as 1" },
	{ TIMEOUT(2), .name = "timeout 2 comes back as 2" },
	{ TIMEOUT(8), .name = "timeout 8 comes back as 8" },
	{ TIMEOUT(255), .name = "timeout 255 comes back as 255" },
	{ MUST, .name = "timeout 0 isn't granted", .run = timeout_refused, .text = "0" },
	{ MUST, .name = "timeout 256 isn't granted", .run = timeout_refused, .text = "256" },
	{ MUST, .name = "timeout 257 isn't taken for 1", .run = timeout_refused, .text = "257" },
	{ MUST, .name = "timeout -1 isn't granted", .run = timeout_refused, .text = "-1" },
	{ MUST, .name = "timeout abc isn't granted", .run = timeout_refused, .text = "abc" },
	{ MUST, .name = "timeout 99999999999 isn't granted", .run = timeout_refused,
		.text = "99999999999" },
	{ MUST, .name = "timeout 1: an OACK comes again after a second at the latest",
		.run = timeout_is_kept, .number = 1 },
	{ MUST, .name = "timeout 3: an OACK comes again after three seconds at the latest",
		.run = timeout_is_kept, .number = 3 },
	{ MUST, .name = "timeout 2: DATA comes again after two seconds at the latest",
		.run = timeout_is_kept_for_data },
	{ .section = "2349",
		.level = LEVEL_PRACTICE,
		.name = "timeout 1: copies of DATA come each second at least",
		.run = timeout_bounds_later_copies },
	{ TSIZE("size-0", 0), .name = "tsize of an empty file" },
	{ TSIZE("size-1", 1), .name = "tsize of a file of 1 byte" },
	{ TSIZE("size-512", 512), .name = "tsize of a file of 512 bytes" },
	{ TSIZE("size-513", 513), .name = "tsize of a file of 513 bytes" },
	{ TSIZE("size-33554433", TREE_BIG), .name = "tsize of a file of 33,554,433 bytes" },
	{ TSIZE("huge", TREE_HUGE), .name = "tsize of a file larger than 4 GiB" },
	{ MUST, .name = "tsize of a missing file: ERROR 1", .run = tsize_of_missing },
	{ MUST, .name = "tsize in netascii: left out, or what will come",
		.run = tsize_in_netascii },
	{ .section = "2349",
		.level = LEVEL_PRACTICE,
		.name = "tsize 5 in a read request",
		.run = tsize_odd,
		.text = "5" },
	{ .section = "2349",
		.level = LEVEL_PRACTICE,
		.name = "tsize abc in a read request",
		.run = tsize_odd,
		.text = "abc" },
	{ .section = "2349",
		.level = LEVEL_PRACTICE,
		.name = "tsize -1 in a read request",
		.run = tsize_odd,
		.text = "-1" },
	{ .section = "2349",
		.level = LEVEL_PRACTICE,
		.name = "tsize without value in a read request",
		.run = tsize_odd,
		.text = "" },
	{ MUST, .name = "a transfer with tsize alone is in blocks of 512",
		.run = tsize_then_transfer, .text = "tsize=0" },
	{ MUST, .name = "a transfer with timeout alone is in blocks of 512",
		.run = tsize_then_transfer, .text = "timeout=5" },
	{ MUST, .name = "a transfer with tsize, timeout and blksize", .run = tsize_then_transfer,
		.text = "tsize=0,timeout=5,blksize=1468" },
};

GROUP_TABLE(rfc2349_group, "RFC 2349: timeout and tsize", cases);
