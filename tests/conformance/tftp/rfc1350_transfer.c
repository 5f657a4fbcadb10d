/* SPDX-License-Identifier: ISC */
/* RFC 1350: whole transfers, and what is sent again. */
#include "tests/conformance/tftp/expect.h"

#include "common/clock.h"

static void transfer(struct test *test)
{
	fetch(test, test->self->text, "octet", NULL);
}

/* `text` is the mode. */
static void in_mode(struct test *test)
{
	fetch(test, "size-1025", test->self->text, NULL);
}

/* No block before the one before it is acknowledged (section 2). */
static void waits_for_each_ack(struct test *test)
{
	struct download d;

	download_begin(&d, exchange_open(test), "size-1469", "octet", NULL);
	for (uint64_t block = 1; block < download_last(&d); block++) {
		while (exchange_receive(d.x, 60) == HEARD_DATA) {
			if (d.x->block != block)
				test_fail(test, "DATA %u came before DATA %u was acknowledged",
					d.x->block, (unsigned)block);
		}
		download_until(&d, block + 1);
	}
	download_rest(&d);
}

/* Block `number` isn't acknowledged: it must come again, the same (section 2). */
static void repeats_unacknowledged(struct test *test)
{
	struct download d;
	uint64_t first;

	download_begin(&d, exchange_open(test), "size-1469", "octet", NULL);
	download_until(&d, test->self->number);
	first = d.x->arrived_ns;
	receive_block(d.x, &d.expected, test->self->number, d.blksize, REPEAT_MS);
	first = d.x->arrived_ns - first;
	download_rest(&d);
	test_observe(test, "it came again after %llu ms", (unsigned long long)(first / NS_PER_MS));
}

/* An ACK of a block that wasn't sent says nothing. */
static void ignores_future_ack(struct test *test)
{
	struct download d;
	uint16_t future = (uint16_t)test->self->number;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, 3);
	exchange_ack(d.x, future);
	while (exchange_receive(d.x, 400) == HEARD_DATA) {
		if (d.x->block != 3)
			test_fail(test, "DATA %u after ACK %u of a block that wasn't sent",
				d.x->block, future);
	}
	if (d.x->heard == HEARD_ERROR)
		test_pass(test, "ended by ERROR %u", d.x->code);
	download_rest(&d);
	test_observe(test, "ignored");
}

/* What isn't an ACK in the middle of a transfer mustn't move it on. */
static void ignores_packet(struct test *test)
{
	static const uint8_t data[] = { 0, OP_DATA, 0, 3, 'x' },
			     oack[] = { 0, OP_OACK, 'a', 0, '1', 0 },
			     request[] = { 0, OP_RRQ, 'a', 0, 'o', 0 }, unknown[] = { 0, 99, 0, 3 },
			     brief[] = { 0, OP_ACK, 0 };
	static const struct {
		const uint8_t *bytes;
		size_t length;
	} packets[] = { { data, sizeof(data) }, { oack, sizeof(oack) },
		{ request, sizeof(request) }, { unknown, sizeof(unknown) },
		{ brief, sizeof(brief) }, { brief, 1 }, { brief, 0 } };
	struct download d;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, 3);
	exchange_send(d.x, packets[test->self->number].bytes, packets[test->self->number].length);
	while (exchange_receive(d.x, 300) == HEARD_DATA) {
		if (d.x->block != 3)
			test_fail(test, "DATA %u came", d.x->block);
	}
	if (d.x->heard == HEARD_ERROR)
		test_pass(test, "ended by ERROR %u", d.x->code);
	download_rest(&d);
	test_observe(test, "ignored");
}

/* Firmware pads its packets. */
static void takes_padded_ack(struct test *test)
{
	const uint8_t padded[20] = { 0, OP_ACK, 0, 1 };
	struct download d;

	download_begin(&d, exchange_open(test), "size-1469", "octet", NULL);
	exchange_send(d.x, padded, sizeof(padded));
	receive_block(d.x, &d.expected, 2, d.blksize, ANSWER_MS);
	d.next = 3;
	download_rest(&d);
}

static void many_at_once(struct test *test)
{
	static const char *const names[] = { "size-10000", "size-1469", "dir/size-513",
		"size-65536", "size-511", "name with blanks", "size-1024", "size-0" };
	enum { N = sizeof(names) / sizeof(names[0]) };
	struct download d[N];

	for (size_t i = 0; i < N; i++)
		download_begin(&d[i], exchange_open(test), names[i], "octet", NULL);
	for (uint64_t block = 2; block <= 129; block++) {
		for (size_t i = 0; i < N; i++) {
			if (block <= download_last(&d[i]))
				download_until(&d[i], block);
		}
	}
	for (size_t i = 0; i < N; i++)
		download_rest(&d[i]);
	test_observe(test, "%d transfers, block by block in turn", (int)N);
}

#define SIZE(n) .run = transfer, .text = "size-" #n
#define MUST(where) .section = (where), .level = LEVEL_MUST

static const struct conformance_case cases[] = {
	{ MUST("1350.2"), .name = "a file of 0 bytes: one empty DATA", SIZE(0) },
	{ MUST("1350.2"), .name = "a file of 1 byte", SIZE(1) },
	{ MUST("1350.2"), .name = "a file of 511 bytes: one DATA", SIZE(511) },
	{ MUST("1350.2"), .name = "a file of 512 bytes: an empty DATA ends it", SIZE(512) },
	{ MUST("1350.2"), .name = "a file of 513 bytes", SIZE(513) },
	{ MUST("1350.2"), .name = "a file of 1023 bytes", SIZE(1023) },
	{ MUST("1350.2"), .name = "a file of 1024 bytes: an empty DATA ends it", SIZE(1024) },
	{ MUST("1350.2"), .name = "a file of 1025 bytes", SIZE(1025) },
	{ MUST("1350.2"), .name = "a file of 65,536 bytes", SIZE(65536) },
	{ .section = "1350.2",
		.level = LEVEL_PRACTICE,
		.name = "a file of 65,537 blocks: after block 65535 comes 0",
		SIZE(33554433),
		.seconds = 28,
		.load = LOAD_HEAVY },
	{ MUST("1350.2"), .name = "no block before the one before it is acknowledged",
		.run = waits_for_each_ack },
	{ MUST("1350.2"), .name = "DATA 1 comes again when it isn't acknowledged",
		.run = repeats_unacknowledged, .number = 1 },
	{ MUST("1350.2"), .name = "DATA 2 comes again when it isn't acknowledged",
		.run = repeats_unacknowledged, .number = 2 },
	{ MUST("1350.6"), .name = "the last DATA comes again when it isn't acknowledged",
		.run = repeats_unacknowledged, .number = 3 },
	{ MUST("1350.2"), .name = "an ACK of the block after the one sent isn't taken",
		.run = ignores_future_ack, .number = 4 },
	{ MUST("1350.2"), .name = "an ACK of the file's last block before it is sent isn't taken",
		.run = ignores_future_ack, .number = 20 },
	{ MUST("1350.2"), .name = "an ACK of block 65535 isn't taken", .run = ignores_future_ack,
		.number = 65535 },
	{ MUST("1350.5"), .name = "a DATA packet from the client moves nothing on",
		.run = ignores_packet, .number = 0 },
	{ MUST("1350.5"), .name = "an OACK from the client moves nothing on", .run = ignores_packet,
		.number = 1 },
	{ MUST("1350.5"), .name = "a request to the transfer's port moves nothing on",
		.run = ignores_packet, .number = 2 },
	{ MUST("1350.5"), .name = "an unknown opcode moves nothing on", .run = ignores_packet,
		.number = 3 },
	{ MUST("1350.5"), .name = "an ACK of 3 bytes moves nothing on", .run = ignores_packet,
		.number = 4 },
	{ MUST("1350.5"), .name = "a packet of 1 byte moves nothing on", .run = ignores_packet,
		.number = 5 },
	{ .section = "1350.5",
		.level = LEVEL_PRACTICE,
		.name = "an empty packet doesn't end the transfer",
		.run = ignores_packet,
		.number = 6 },
	{ .section = "1350.5",
		.level = LEVEL_PRACTICE,
		.name = "an ACK with bytes behind it is an ACK",
		.run = takes_padded_ack },
	{ MUST("1350.5"), .name = "mode OCTET in capitals", .run = in_mode, .text = "OCTET" },
	{ MUST("1350.5"), .name = "mode Octet", .run = in_mode, .text = "Octet" },
	{ MUST("1350.5"), .name = "mode oCtEt", .run = in_mode, .text = "oCtEt" },
	{ MUST("1350.4"), .name = "eight transfers at once from eight ports", .run = many_at_once },
};

GROUP_TABLE(rfc1350_transfer_group, "RFC 1350: whole transfers, and what is sent again", cases);
