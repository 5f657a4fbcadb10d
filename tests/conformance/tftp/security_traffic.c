/* SPDX-License-Identifier: ISC */
/* What a server sends to somebody who may not have asked, and what it withstands. */
#include "tests/conformance/tftp/expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

#define WATCH_MS 18000u
#define TIMES 3u /* bytes out for each byte in, at most */

/* All that comes for one request which is never acknowledged: bytes, and packets. */
static size_t listen_to(struct exchange *x, unsigned watch_ms, unsigned *packets)
{
	const uint64_t end = clock_monotonic_ns() + watch_ms * NS_PER_MS;
	size_t bytes = 0;

	*packets = 0;
	for (uint64_t now; (now = clock_monotonic_ns()) < end;) {
		if (exchange_receive(x, (unsigned)((end - now) / NS_PER_MS) + 1) == HEARD_NOTHING)
			continue;
		bytes += x->length;
		++*packets;
	}
	return bytes;
}

/* A forged request with options: the OACK is small, repeated little, and no DATA before ACK 0. */
static void reflects_oack(struct test *test)
{
	struct exchange *x = exchange_open(test);
	static uint8_t request[PACKET_SIZE];
	size_t asked = exchange_build_request(request, OP_RRQ, "size-1", "octet", test->self->text);
	unsigned packets;
	size_t bytes;

	exchange_send_request(x, request, asked);
	bytes = listen_to(x, WATCH_MS, &packets);
	if (x->tid.sin_port == 0)
		test_fail(test, "no answer");
	test_observe(test, "%zu bytes asked, %zu in %u packets came", asked, bytes, packets);
	if (bytes > TIMES * asked)
		test_fail(test, "%zu bytes asked, %zu in %u packets came", asked, bytes, packets);
}

/* Without options the first answer is DATA; three of them are enough for an honest client. */
static void reflects_data(struct test *test)
{
	struct exchange *x = exchange_open(test);
	unsigned packets;
	size_t bytes;

	exchange_request(x, "size-10000", "octet", NULL);
	bytes = listen_to(x, WATCH_MS, &packets);
	if (packets == 0)
		test_fail(test, "no answer");
	if (packets > TIMES)
		test_fail(test, "%u packets, %zu bytes in %u s", packets, bytes, WATCH_MS / 1000);
	test_observe(test, "%u packets, %zu bytes in %u s", packets, bytes, WATCH_MS / 1000);
}

static void reflects_error(struct test *test)
{
	struct exchange *x = exchange_open(test);
	uint8_t request[512];
	size_t asked = exchange_build_request(request, OP_RRQ, test->self->text, "octet", NULL);
	unsigned packets;
	size_t bytes;

	exchange_send_request(x, request, asked);
	bytes = listen_to(x, 3000, &packets);
	if (packets != 1 || bytes > TIMES * asked)
		test_fail(test, "%zu bytes asked, %zu in %u packets came", asked, bytes, packets);
	test_observe(test, "%zu bytes asked, %zu came", asked, bytes);
}

/* Packets that may be forged, to a transfer's port: what comes back goes to somebody else. */
static void reflects_stranger(struct test *test)
{
	enum { N = 200 };
	struct exchange *stranger = exchange_open(test);
	struct download d;
	uint8_t packet[4];
	unsigned packets;
	size_t bytes;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	for (unsigned i = 0; i < N; i++) {
		exchange_send_to(stranger, &d.x->tid, packet, exchange_build_ack(packet, 1));
		if (i % 20 == 0)
			usleep(1000);
	}
	bytes = listen_to(stranger, 300, &packets);
	stranger->over = true;
	download_rest(&d);
	if (bytes > (size_t)TIMES * N * sizeof(packet))
		test_fail(test, "%zu bytes came for %zu", bytes, N * sizeof(packet));
	test_observe(test, "%zu bytes came for %zu", bytes, N * sizeof(packet));
}

/* Requests for one file a few ms apart from `number` ports, as boards send; the `other` first are
 * ended at once by "Early terminate". The rest must be whole. */
static void several_at_once(struct test *test)
{
	enum { MOST = 16 };
	struct exchange *x[MOST];
	struct expected e = expect_file(test, "size-10000", "octet");
	const unsigned n = (unsigned)test->self->number, leaving = (unsigned)test->self->other;

	for (unsigned i = 0; i < n; i++) {
		x[i] = exchange_open(test);
		exchange_request(x[i], "size-10000", "octet", NULL);
		usleep(7000);
	}
	for (unsigned i = 0; i < n; i++) {
		receive_block(x[i], &e, 1, 512, ANSWER_MS);
		if (i < leaving)
			exchange_error(x[i], 0, "Early terminate");
	}
	for (unsigned i = leaving; i < n; i++) {
		struct download d = { x[i], e, 512, 1, 2, 0 };

		download_rest(&d);
	}
	test_observe(test, "%u served, %u ended early", n - leaving, leaving);
}

/* The same request twice from one port, ms apart: one transfer, not two that mix. */
static void request_twice(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct download d = { x, expect_file(test, "size-10000", "octet"), 512, 1, 1, 0 };

	exchange_request(x, "size-10000", "octet", NULL);
	usleep(3000);
	exchange_request(x, "size-10000", "octet", NULL);
	receive_block(x, &d.expected, 1, 512, ANSWER_MS);
	for (d.next = 2; d.next <= download_last(&d); d.next++) {
		exchange_ack(x, (uint16_t)(d.next - 1));
		do
			exchange_receive(x, REPEAT_MS);
		while (x->heard == HEARD_DATA && x->block < d.next);
		expect_block(x, &d.expected, d.next, 512);
	}
	exchange_ack(x, (uint16_t)(d.next - 1));
	test_observe(test, "one whole transfer");
}

/* The last ACK of a transfer and the next request from the same port, both behind another request
 * that makes the server look at its known port first. */
static void request_behind_last_ack(struct test *test)
{
	struct exchange *x = exchange_open(test);
	const struct expected e = expect_file(test, "size-511", "octet");
	uint8_t request[64];
	size_t length = exchange_build_request(request, OP_RRQ, "size-511", "octet", NULL);

	exchange_send_request(x, request, length);
	for (unsigned round = 0; round < 100; round++) {
		struct exchange *other = exchange_open(test);

		x->tid.sin_port = 0;
		receive_block(x, &e, 1, 512, 800);
		exchange_send_request(other, request, length);
		exchange_ack(x, 1);
		exchange_send_request(x, request, length);
		receive_block(other, &e, 1, 512, ANSWER_MS);
		exchange_ack(other, 1);
		other->over = true;
	}
	test_observe(test, "100 times served within 0.8 s");
}

/* Boards pause for five seconds. */
static void pauses(struct test *test)
{
	struct download d;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, 4);
	sleep((unsigned)test->self->number);
	while (exchange_receive(d.x, 0) == HEARD_DATA)
		;
	if (d.x->heard == HEARD_ERROR)
		test_fail(test, "ended by ERROR %u", d.x->code);
	download_rest(&d);
	test_observe(test, "the transfer went on after %u s", (unsigned)test->self->number);
}

/* A stream of ACKs of blocks that were acknowledged long ago, throughout. */
static void stream_of_old_acks(struct test *test)
{
	struct download d;
	uint64_t begin = clock_monotonic_ns();

	download_begin(&d, exchange_open(test), "size-65536", "octet", NULL);
	for (uint64_t block = 2; block <= download_last(&d); block++) {
		for (uint16_t old = 0; old < 5; old++)
			exchange_ack(d.x, (uint16_t)(block > 6 ? block - 6 + old : 0));
		download_until(&d, block);
	}
	download_rest(&d);
	test_observe(
		test, "whole, in %u ms", (unsigned)((clock_monotonic_ns() - begin) / NS_PER_MS));
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t random_packet(uint64_t *state, uint8_t *out)
{
	size_t length = (size_t)(next_random(state) % 600);

	for (size_t i = 0; i < length; i++)
		out[i] = (uint8_t)next_random(state);
	if (next_random(state) % 4 && length >= 2) {
		out[0] = 0;
		out[1] = (uint8_t)(next_random(state) % 8);
	}
	/* Mostly text and NULs, so that some of it looks like a request. */
	for (size_t i = 2; next_random(state) % 2 && i < length; i++)
		out[i] = out[i] < 60 ? 0 : (uint8_t)('a' + out[i] % 26);
	return length;
}

/* 3,000 packets of noise, seed fixed. */
static void noise_to_known_port(struct test *test)
{
	struct exchange *x = exchange_open(test);
	uint64_t state = 20151123;
	uint8_t packet[600];

	for (int i = 0; i < 3000; i++) {
		exchange_send_request(x, packet, random_packet(&state, packet));
		if (i % 50 == 0)
			usleep(2000);
		while (exchange_receive(x, 0) != HEARD_NOTHING) {
			if (x->heard == HEARD_DATA || x->heard == HEARD_OACK)
				test_fail(test, "noise was served");
		}
	}
	expect_alive(test);
	test_observe(test, "it serves on after 3,000 packets");
}

/* The same to a transfer's port, from its client's own: the transfer may end by it (an ERROR or an
 * ACK may be among them) but not the server, and no wrong byte may come. */
static void noise_to_transfer(struct test *test)
{
	struct download d;
	uint64_t state = 7;
	uint8_t packet[600];

	download_begin(&d, exchange_open(test), "size-65536", "octet", NULL);
	for (int i = 0; i < 300; i++) {
		size_t length = random_packet(&state, packet);

		if (length >= 2 && packet[0] == 0 && (packet[1] == OP_ERROR || packet[1] == OP_ACK))
			packet[1] = OP_DATA;
		exchange_send(d.x, packet, length);
		while (exchange_receive(d.x, i % 20 == 0 ? 5 : 0) != HEARD_NOTHING) {
			if (d.x->heard == HEARD_DATA && d.x->block != 1)
				test_fail(test, "DATA %u came", d.x->block);
		}
	}
	expect_alive(test);
	test_observe(test, "it serves on");
}

/* Many ports of other addresses ask and say nothing more; then somebody honest asks. */
static void silent_crowd(struct test *test)
{
	const unsigned n = (unsigned)test->self->number;
	struct exchange *honest = exchange_open(test);
	uint64_t begin;

	for (unsigned i = 0; i < n; i++) {
		exchange_request(exchange_open_elsewhere(test, i), "size-10000", "octet", NULL);
		if (i % 20 == 0)
			usleep(1000);
	}
	usleep(300000);
	begin = clock_monotonic_ns();
	exchange_request(honest, "size-1469", "octet", NULL);
	exchange_receive(honest, ANSWER_MS);
	begin = clock_monotonic_ns() - begin;
	for (struct exchange *x = test->exchanges; x; x = x->next) {
		if (x != honest)
			(void)exchange_receive(x, 0); /* to know whom to tell that it's over */
	}
	if (honest->heard == HEARD_NOTHING)
		test_fail(test, "no answer within %u ms beside %u silent clients", ANSWER_MS, n);
	expect_heard(honest, HEARD_DATA, "DATA 1");
	if (begin > 500 * NS_PER_MS)
		test_fail(test, "it took %u ms beside %u silent clients",
			(unsigned)(begin / NS_PER_MS), n);
	test_observe(
		test, "after %u ms beside %u silent clients", (unsigned)(begin / NS_PER_MS), n);
}

#define CASE .section = "security", .level = LEVEL_PRACTICE

static const struct conformance_case cases[] = {
	{ CASE, .name = "a request never acknowledged: 3 DATA at most", .run = reflects_data,
		.seconds = 27 },
	{ CASE, .name = "… with blksize and tsize: 3 times the request at most",
		.run = reflects_oack, .text = "blksize=1468,tsize=0", .seconds = 27 },
	{ CASE, .name = "… with tsize and windowsize: 3 times the request at most, no window",
		.run = reflects_oack, .text = "tsize=0,windowsize=64", .seconds = 27 },
	{ CASE, .name = "… with all options: 3 times the request at most", .run = reflects_oack,
		.text = "tsize=0,blksize=1468,timeout=1,windowsize=64", .seconds = 27 },
	{ CASE, .name = "a missing file: one ERROR, of 3 times the request at most",
		.run = reflects_error, .text = "missing" },
	{ CASE, .name = "a missing file with a short name: one ERROR, 3 times at most",
		.run = reflects_error, .text = "x" },
	{ CASE, .name = "200 ACKs of a stranger: 3 times their bytes at most",
		.run = reflects_stranger },
	{ CASE, .name = "three requests for one file 7 ms apart: all are served",
		.run = several_at_once, .number = 3 },
	{ CASE, .name = "three requests, two ended by ERROR 0: the third is served",
		.run = several_at_once, .number = 3, .other = 2 },
	{ CASE, .name = "sixteen requests of one address: all are served", .run = several_at_once,
		.number = 16 },
	{ CASE, .name = "a request twice from one port: one whole transfer", .run = request_twice },
	{ CASE, .name = "the next request right behind the last ACK, from one port",
		.run = request_behind_last_ack },
	{ CASE, .name = "a client that pauses for 5 s: the transfer goes on", .run = pauses,
		.number = 5, .seconds = 20 },
	{ CASE, .name = "ACKs of old blocks throughout: the transfer is whole",
		.run = stream_of_old_acks },
	{ CASE, .name = "3,000 packets of noise to the known port", .run = noise_to_known_port,
		.seconds = 20, .load = LOAD_ALONE },
	{ CASE, .name = "300 packets of noise to a transfer's port", .run = noise_to_transfer },
	{ CASE, .name = "60 silent clients: an honest one is served in 0.5 s", .run = silent_crowd,
		.number = 60, .load = LOAD_ALONE },
	{ CASE, .name = "300 silent clients: an honest one is served in 0.5 s", .run = silent_crowd,
		.number = 300, .load = LOAD_ALONE },
};

GROUP_TABLE(security_traffic_group, "Security: traffic", cases);
