/* SPDX-License-Identifier: ISC */
/*
 * RFC 1123 section 4.2. Whether a duplicate ACK is answered by DATA (4.2.3.1, the Sorcerer's
 * Apprentice) is decided by the kernel's time of arrival: a copy that comes within AT_ONCE of the
 * one before, or of the duplicate, is an answer; a later one is the timer's. The shortest period of
 * the tested servers is 20 ms.
 */
#include "tests/conformance/tftp/expect.h"

#include <arpa/inet.h>

#include "common/clock.h"

#define AT_ONCE_NS (12 * NS_PER_MS)
#define BEHIND_MS 40u /* how long a test looks for copies after each duplicate */

/* Count copies of block `block` that answer what was sent at `since`: one that comes at once, or
 * (`first` set) the first, and each that comes at once behind another. All else that comes must be
 * that block too. */
static unsigned count_at_once(struct exchange *x, uint16_t block, uint64_t since, bool first)
{
	unsigned n = 0;

	while (exchange_receive(x, BEHIND_MS) != HEARD_NOTHING) {
		expect_heard(x, HEARD_DATA, "DATA");
		if (x->block != block)
			test_fail(x->test, "DATA %u after a duplicate ACK; %u was the last sent",
				x->block, block);
		n += first || x->arrived_ns - since < AT_ONCE_NS;
		first = false;
		since = x->arrived_ns;
	}
	return n;
}

/* After DATA `number`: its ACK once and `other` times more. The next DATA must come once. */
static void duplicate_ack(struct test *test)
{
	const uint64_t block = test->self->number;
	struct download d;
	uint64_t since;
	unsigned copies;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, block);
	since = exchange_now_ns();
	for (uint64_t i = 0; i <= test->self->other; i++)
		exchange_ack(d.x, (uint16_t)block);
	copies = count_at_once(d.x, (uint16_t)(block + 1), since, true);
	if (copies != 1)
		test_fail(test, "%u copies of DATA %u within %u ms of %u equal ACKs", copies,
			(unsigned)block + 1, (unsigned)(AT_ONCE_NS / NS_PER_MS),
			(unsigned)test->self->other + 1);
	d.next = block + 2;
	download_rest(&d);
	test_observe(test, "DATA %u came once", (unsigned)block + 1);
}

/* DATA 6 is outstanding; an old ACK mustn't bring a copy of it. It is sent right behind a third
 * copy of the timer if these come soon, when the next is far; else in the timer's long pause. */
static void late_duplicate(struct test *test)
{
	struct download d;
	uint64_t since;
	unsigned copies;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, 6);
	for (int i = 0; i < 8; i++) {
		if (exchange_receive(d.x, 120) == HEARD_NOTHING ||
			(i >= 2 && exchange_now_ns() - d.x->arrived_ns < AT_ONCE_NS))
			break;
	}
	since = exchange_now_ns();
	exchange_ack(d.x, (uint16_t)test->self->number);
	copies = count_at_once(d.x, 6, since, false);
	if (copies != 0)
		test_fail(test, "ACK %u brought DATA 6 again", (unsigned)test->self->number);
	download_rest(&d);
	test_observe(test, "no copy of DATA 6");
}

/* The whole transfer with each ACK sent twice, as boards do. In a server with the flaw each DATA
 * comes twice from the first duplicate on. */
static void every_ack_doubled(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct expected e = expect_file(test, "size-65536", "octet");
	unsigned doubled = 0;

	ask(x, "size-65536", "octet", NULL);
	for (unsigned block = 1;; block++) {
		uint64_t first = x->arrived_ns;

		expect_block(x, &e, block, 512);
		if (block == 129)
			break;
		exchange_ack(x, (uint16_t)block);
		exchange_ack(x, (uint16_t)block);
		do {
			exchange_receive(x, REPEAT_MS);
			doubled += x->heard == HEARD_DATA && x->block == block &&
				   x->arrived_ns - first < AT_ONCE_NS;
		} while (x->heard == HEARD_DATA && x->block == block);
	}
	exchange_ack(x, 129);
	x->over = true;
	if (doubled > 0)
		test_fail(test, "%u of 129 DATA came twice", doubled);
	test_observe(test, "each of 129 DATA came once");
}

/* The same for the ACK of an OACK. */
static void duplicate_ack_0(struct test *test)
{
	struct exchange *x = exchange_open(test);
	uint64_t since;
	unsigned copies;

	ask_for_oack(x, "size-10000", "blksize=512");
	since = exchange_now_ns();
	for (uint64_t i = 0; i <= test->self->other; i++)
		exchange_ack(x, 0);
	copies = count_at_once(x, 1, since, true);
	if (copies != 1)
		test_fail(test, "%u copies of DATA 1 after %u ACKs of the OACK", copies,
			(unsigned)test->self->other + 1);
	test_observe(test, "DATA 1 came once");
}

/* Gaps between copies of an unacknowledged packet must grow: a fixed period adapts to nothing. */
static void backs_off(struct test *test)
{
	const uint64_t end = clock_monotonic_ns() + 19 * NS_PER_S;
	struct exchange *x = exchange_open(test);
	uint64_t last, first_gap = 0, gap = 0;
	unsigned gaps = 0;

	ask(x, "size-10000", "octet", test->self->text);
	last = x->arrived_ns;
	while (clock_monotonic_ns() < end) {
		if (exchange_receive(x, 200) == HEARD_NOTHING)
			continue;
		gap = x->arrived_ns - last;
		last = x->arrived_ns;
		if (gaps++ == 0)
			first_gap = gap;
	}
	if (gaps < 2)
		test_skip(test, "it came %u times only", gaps + 1);
	if (gap < first_gap + first_gap / 4)
		test_fail(test,
			"%u copies; the first after %u ms, the last %u ms after the one before",
			gaps, (unsigned)(first_gap / NS_PER_MS), (unsigned)(gap / NS_PER_MS));
	test_observe(test, "%u copies; the first after %u ms, the last %u ms after the one before",
		gaps, (unsigned)(first_gap / NS_PER_MS), (unsigned)(gap / NS_PER_MS));
}

/* A client that takes `number` ms for each block, after ten that it took at once (`text` set) or
 * from the beginning: the last of its blocks must come once. */
static void learns_slow_client(struct test *test)
{
	const unsigned delay_ms = (unsigned)test->self->number;
	struct download d;
	unsigned late_copies = 0;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	if (test->self->text)
		download_until(&d, 8);
	for (unsigned i = 0; i < 10; i++) {
		uint64_t end = d.x->arrived_ns + delay_ms * NS_PER_MS, now;
		const uint64_t block = d.next - 1;

		while ((now = exchange_now_ns()) < end) {
			if (exchange_receive(d.x, (unsigned)((end - now) / NS_PER_MS) + 1) !=
				HEARD_NOTHING)
				late_copies += i >= 6;
		}
		exchange_ack(d.x, (uint16_t)block);
		do
			exchange_receive(d.x, REPEAT_MS);
		while (d.x->heard == HEARD_DATA && d.x->block == (uint16_t)block);
		expect_block(d.x, &d.expected, d.next, d.blksize);
		d.next++;
	}
	download_rest(&d);
	if (late_copies > 1)
		test_fail(test, "%u needless copies of the last four slow blocks", late_copies);
	test_observe(test, "%u needless copies of the last four slow blocks", late_copies);
}

static void mail(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, "size-513", test->self->text, NULL);
	expect_error(x, -1);
}

static void broadcast(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct sockaddr_in to = test->target->server;
	uint8_t packet[64];
	size_t length = exchange_build_request(packet, OP_RRQ, "size-513", "octet", NULL);

	if (ntohl(to.sin_addr.s_addr) != INADDR_LOOPBACK)
		test_skip(test, "needs to know a broadcast address: test a server on 127.0.0.1");
	to.sin_addr.s_addr = htonl((uint32_t)test->self->number);
	exchange_send_to(x, &to, packet, length);
	expect_silence(x, 1500, "in answer to a broadcast request");
	expect_alive(test);
	test_observe(test, "silence");
}

static void netascii(struct test *test)
{
	fetch(test, test->self->text, "netascii", NULL);
}

static void netascii_in_small_blocks(struct test *test)
{
	fetch(test, test->self->text, "netascii", "blksize=8");
}

static void netascii_mode(struct test *test)
{
	fetch(test, "text-lf", test->self->text, NULL);
}

/* A block that is sent again is the same, also when it begins within a line's end. */
static void netascii_again(struct test *test)
{
	struct download d;

	download_begin(&d, exchange_open(test), "text-edge-lf", "netascii", NULL);
	download_until(&d, 2);
	receive_block(d.x, &d.expected, 2, d.blksize, REPEAT_MS);
	receive_block(d.x, &d.expected, 2, d.blksize, REPEAT_MS);
	download_rest(&d);
}

#define MUST(where) .section = (where), .level = LEVEL_MUST
#define SHOULD(where) .section = (where), .level = LEVEL_SHOULD
#define NETASCII(file) MUST("1123.4.2.4"), .run = netascii, .text = (file)

static const struct conformance_case cases[] = {
	{ SHOULD("1123.4.2.2.1"), .name = "mode mail is refused", .run = mail, .text = "mail" },
	{ SHOULD("1123.4.2.2.1"), .name = "mode MAIL is refused", .run = mail, .text = "MAIL" },
	{ MUST("1123.4.2.3.1"), .name = "ACK 1 twice: DATA 2 comes once", .run = duplicate_ack,
		.number = 1, .other = 1 },
	{ MUST("1123.4.2.3.1"), .name = "ACK 1 eleven times: DATA 2 comes once",
		.run = duplicate_ack, .number = 1, .other = 10 },
	{ MUST("1123.4.2.3.1"), .name = "ACK 7 twice: DATA 8 comes once", .run = duplicate_ack,
		.number = 7, .other = 1 },
	{ MUST("1123.4.2.3.1"), .name = "the last ACK but one twice: the last DATA comes once",
		.run = duplicate_ack, .number = 19, .other = 1 },
	{ MUST("1123.4.2.3.1"), .name = "ACK 5 again while DATA 6 is on its way: no copy",
		.run = late_duplicate, .number = 5 },
	{ MUST("1123.4.2.3.1"), .name = "ACK 4, older, while DATA 6 is on its way: no copy",
		.run = late_duplicate, .number = 4 },
	{ MUST("1123.4.2.3.1"), .name = "ACK 1, much older, while DATA 6 is on its way: no copy",
		.run = late_duplicate, .number = 1 },
	{ MUST("1123.4.2.3.1"), .name = "each ACK twice throughout: each DATA comes once",
		.run = every_ack_doubled },
	{ MUST("1123.4.2.3.1"), .name = "the ACK of an OACK twice: DATA 1 comes once",
		.run = duplicate_ack_0, .other = 1 },
	{ MUST("1123.4.2.3.1"), .name = "the ACK of an OACK eleven times: DATA 1 comes once",
		.run = duplicate_ack_0, .other = 10 },
	{ MUST("1123.4.2.3.2"), .name = "an unacknowledged DATA comes again in growing periods",
		.run = backs_off, .seconds = 29 },
	{ MUST("1123.4.2.3.2"), .name = "an unacknowledged OACK comes again in growing periods",
		.run = backs_off, .text = "blksize=512", .seconds = 29 },
	{ MUST("1123.4.2.3.2"), .name = "a client that takes 50 ms for each block is learnt",
		.run = learns_slow_client, .number = 50 },
	{ MUST("1123.4.2.3.2"), .name = "a client that takes 300 ms for each block is learnt",
		.run = learns_slow_client, .number = 300 },
	{ MUST("1123.4.2.3.2"), .name = "a client that becomes slow, 300 ms, is learnt",
		.run = learns_slow_client, .number = 300, .text = "later" },
	{ SHOULD("1123.4.2.3.5"), .name = "a request to the subnet's broadcast address: silence",
		.run = broadcast, .number = UINT32_C(0x7fffffff) },
	{ SHOULD("1123.4.2.3.5"), .name = "a request to 255.255.255.255: silence", .run = broadcast,
		.number = UINT32_C(0xffffffff) },
	{ NETASCII("text-plain"), .name = "netascii: a text without line ends" },
	{ NETASCII("text-lf"), .name = "netascii: LF becomes CR LF" },
	{ NETASCII("text-cr"), .name = "netascii: CR becomes CR NUL" },
	{ NETASCII("text-crlf"), .name = "netascii: CR LF becomes CR NUL CR LF" },
	{ NETASCII("text-lf-only"), .name = "netascii: only line ends, twice as long" },
	{ NETASCII("text-edge-lf"), .name = "netascii: CR LF across two blocks" },
	{ NETASCII("text-edge-cr"), .name = "netascii: CR NUL across two blocks" },
	{ NETASCII("text-full"), .name = "netascii: 511 bytes become 512, an empty DATA ends it" },
	{ NETASCII("size-0"), .name = "netascii: an empty file" },
	{ NETASCII("size-65536"), .name = "netascii: 65,536 bytes of all values" },
	{ MUST("1123.4.2.4"), .name = "netascii with blocks of 8 bytes: lines",
		.run = netascii_in_small_blocks, .text = "text-lf" },
	{ MUST("1123.4.2.4"), .name = "netascii with blocks of 8 bytes: CR LF",
		.run = netascii_in_small_blocks, .text = "text-crlf" },
	{ MUST("1123.4.2.4"),
		.name = "netascii: a block that begins within CR LF comes again alike",
		.run = netascii_again },
	{ MUST("1350.5"), .name = "mode NETASCII in capitals", .run = netascii_mode,
		.text = "NETASCII" },
	{ MUST("1350.5"), .name = "mode NetAscii", .run = netascii_mode, .text = "NetAscii" },
};

GROUP_TABLE(rfc1123_group, "RFC 1123 section 4.2: requirements for hosts", cases);
