/* SPDX-License-Identifier: ISC */
/* RFC 1350 section 4: transfer identifiers, and packets of somebody else. */
#include "tests/conformance/tftp/expect.h"

#include <arpa/inet.h>
#include <string.h>

/* The server answers from a port of its own choice, which stays the same. */
static void own_port(struct test *test)
{
	struct download d;
	struct sockaddr_in tid;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	tid = d.x->tid;
	if (tid.sin_port == test->target->server.sin_port)
		test_fail(test, "the transfer's port is the known port");
	while (d.next <= download_last(&d)) {
		download_until(&d, d.next);
		if (d.x->from.sin_port != tid.sin_port ||
			d.x->from.sin_addr.s_addr != tid.sin_addr.s_addr)
			test_fail(test, "DATA %u came from another port", d.x->block);
	}
	download_rest(&d);
	test_observe(test, "port %u throughout", ntohs(tid.sin_port));
}

static void error_from_own_port(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, "missing", "octet", NULL);
	if (x->from.sin_addr.s_addr != test->target->server.sin_addr.s_addr)
		test_fail(test, "the ERROR came from another address");
	expect_error(x, 1);
}

/* Identifiers are chosen so that the same one twice in succession is unlikely. */
static void ports_differ(struct test *test)
{
	enum { N = 6 };
	in_port_t ports[N];
	unsigned equal = 0;

	for (int i = 0; i < N; i++) {
		struct download d;

		download_begin(&d, exchange_open(test), "size-513", "octet", NULL);
		ports[i] = d.x->tid.sin_port;
		download_rest(&d);
		for (int j = 0; j < i; j++)
			equal += ports[i] == ports[j];
	}
	if (equal > 1)
		test_fail(test, "%u equal ports in six transfers", equal);
	test_observe(test, "%u equal ports in six transfers", equal);
}

/* Two transfers of one client at once, from two ports: each has its own answer port. */
static void two_transfers(struct test *test)
{
	struct download a, b;

	download_begin(&a, exchange_open(test), "size-1469", "octet", NULL);
	download_begin(&b, exchange_open(test), "size-10000", "octet", NULL);
	if (a.x->tid.sin_port == b.x->tid.sin_port)
		test_fail(test, "both have port %u", ntohs(a.x->tid.sin_port));
	download_rest(&a);
	download_rest(&b);
	test_observe(test, "ports %u and %u", ntohs(a.x->tid.sin_port), ntohs(b.x->tid.sin_port));
}

enum intruder { INTRUDER_ACK, INTRUDER_ERROR, INTRUDER_GARBAGE, INTRUDER_ACK_AHEAD, INTRUDER_RRQ };

static void intrude(struct exchange *from, const struct download *d, enum intruder what)
{
	uint8_t packet[512] = { 0, OP_ERROR, 0, 0, 'x', 0 };
	size_t length = 6;

	switch (what) {
	case INTRUDER_ACK:
		length = exchange_build_ack(packet, d->x->block);
		break;
	case INTRUDER_ACK_AHEAD:
		length = exchange_build_ack(packet, (uint16_t)download_last(d));
		break;
	case INTRUDER_ERROR:
		break;
	case INTRUDER_GARBAGE:
		memset(packet, 0xff, sizeof(packet));
		length = sizeof(packet);
		break;
	case INTRUDER_RRQ:
		length = exchange_build_request(packet, OP_RRQ, "size-513", "octet", NULL);
		break;
	}
	exchange_send_to(from, &d->x->tid, packet, length);
}

/* Somebody else's packets "not disturbing the transfer". */
static void undisturbed_by(struct test *test, struct exchange *intruder)
{
	const enum intruder what = (enum intruder)test->self->number;
	struct download d;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, 3);
	for (int i = 0; i < 5; i++)
		intrude(intruder, &d, what);
	while (exchange_receive(d.x, 200) != HEARD_NOTHING) {
		if (d.x->heard != HEARD_DATA || d.x->block != 3)
			test_fail(test, "the transfer went on or ended by it: opcode %u, block %u",
				d.x->bytes[1], d.x->block);
	}
	if (exchange_receive(intruder, 10) == HEARD_DATA)
		test_fail(test, "DATA went to the intruder");
	download_rest(&d);
	test_observe(test, "the transfer went on");
}

static void other_port(struct test *test)
{
	undisturbed_by(test, exchange_open(test));
}

static void other_address(struct test *test)
{
	undisturbed_by(test, exchange_open_elsewhere(test, 1));
}

/* The intruder learns of its mistake by ERROR 5. */
static void error_5(struct test *test)
{
	struct exchange *intruder =
		test->self->number ? exchange_open_elsewhere(test, 1) : exchange_open(test);
	struct download d;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, 3);
	intrude(intruder, &d, INTRUDER_ACK);
	exchange_receive(intruder, 1000);
	intruder->over = true;
	if (intruder->heard == HEARD_NOTHING)
		test_fail(test, "no answer to an ACK from another port");
	expect_error(intruder, 5);
	download_rest(&d);
	test_observe(test, "ERROR 5, and the transfer went on");
}

/* … but an ERROR isn't answered by an ERROR. */
static void no_error_for_error(struct test *test)
{
	struct exchange *intruder = exchange_open(test);
	struct download d;

	download_begin(&d, exchange_open(test), "size-10000", "octet", NULL);
	download_until(&d, 2);
	intrude(intruder, &d, INTRUDER_ERROR);
	intruder->over = true;
	expect_silence(intruder, 500, "in answer to an ERROR");
	download_rest(&d);
	test_observe(test, "silent");
}

/* Another of the server's addresses answers for itself. */
static void answers_from_asked_address(struct test *test)
{
	struct sockaddr_in other = test->target->server;
	struct exchange *x = exchange_open(test);
	uint8_t packet[64];
	size_t length = exchange_build_request(packet, OP_RRQ, "size-513", "octet", NULL);

	if (ntohl(other.sin_addr.s_addr) != INADDR_LOOPBACK)
		test_skip(test, "needs a second address: test a server on 127.0.0.1");
	other.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	exchange_send_to(x, &other, packet, length);
	if (exchange_receive(x, ANSWER_MS) == HEARD_NOTHING)
		test_skip(test, "the server doesn't listen on 127.0.0.2");
	if (x->from.sin_addr.s_addr != other.sin_addr.s_addr)
		test_fail(test, "127.0.0.2 was asked, another address answered");
	expect_heard(x, HEARD_DATA, "DATA 1");
	test_observe(test, "127.0.0.2 was asked and answered");
}

#define MUST(where) .section = (where), .level = LEVEL_MUST
#define SHOULD(where) .section = (where), .level = LEVEL_SHOULD

static const struct conformance_case cases[] = {
	{ MUST("1350.4"), .name = "all packets of a transfer come from one port, not the known one",
		.run = own_port },
	{ MUST("1350.4"), .name = "an ERROR to a request comes from the address that was asked",
		.run = error_from_own_port },
	{ SHOULD("1350.4"), .name = "the next transfer has another port", .run = ports_differ },
	{ MUST("1350.4"), .name = "two transfers at once have two ports", .run = two_transfers },
	{ MUST("1350.4"), .name = "an ACK from another port doesn't disturb", .run = other_port,
		.number = INTRUDER_ACK },
	{ MUST("1350.4"), .name = "an ACK of the last block from another port doesn't disturb",
		.run = other_port, .number = INTRUDER_ACK_AHEAD },
	{ MUST("1350.4"), .name = "an ERROR from another port doesn't disturb", .run = other_port,
		.number = INTRUDER_ERROR },
	{ MUST("1350.4"), .name = "garbage from another port doesn't disturb", .run = other_port,
		.number = INTRUDER_GARBAGE },
	{ MUST("1350.4"), .name = "a request from another port to the transfer's doesn't disturb",
		.run = other_port, .number = INTRUDER_RRQ },
	{ MUST("1350.4"), .name = "an ACK from another address doesn't disturb",
		.run = other_address, .number = INTRUDER_ACK },
	{ MUST("1350.4"), .name = "an ERROR from another address doesn't disturb",
		.run = other_address, .number = INTRUDER_ERROR },
	{ SHOULD("1350.4"), .name = "an ACK from another port is answered by ERROR 5",
		.run = error_5 },
	{ SHOULD("1350.4"), .name = "an ACK from another address is answered by ERROR 5",
		.run = error_5, .number = 1 },
	{ .section = "1350.4",
		.level = LEVEL_PRACTICE,
		.name = "an ERROR from another port isn't answered by an ERROR",
		.run = no_error_for_error },
	{ .section = "1350.4",
		.level = LEVEL_PRACTICE,
		.name = "the address that was asked answers, of several",
		.run = answers_from_asked_address },
};

GROUP_TABLE(rfc1350_tid_group, "RFC 1350: ports, and packets of somebody else", cases);
