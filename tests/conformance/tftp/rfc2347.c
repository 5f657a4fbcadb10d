/* SPDX-License-Identifier: ISC */
/* RFC 2347: option negotiation. */
#include "tests/conformance/tftp/expect.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"

#define REQUEST_LIMIT 512u /* bytes; section "Packet Formats" */

/* Request with `text`; an OACK may hold only what was asked, each once, and the transfer is right.
 * `number` 0: any answer is fine; 1: an OACK must come if the server knows blksize at all. */
static void negotiated(struct test *test)
{
	struct exchange *x = exchange_open(test);
	char seen[REASON_SIZE];

	ask(x, "size-1469", "octet", test->self->text);
	if (x->heard == HEARD_ERROR && x->code == 8 && test->self->number == 0)
		test_pass(test, "ERROR 8");
	if (x->heard != HEARD_OACK)
		expect_heard(x, HEARD_DATA, "an OACK or DATA 1");
	if (x->heard == HEARD_DATA && test->self->number == 1)
		test_fail(test, "DATA 1 instead of an OACK");
	for (size_t i = 0; x->heard == HEARD_OACK && i < x->n_options; i++) {
		const char *name = x->options[i].name;

		if (!strcasestr(test->self->text, name) || *name == '\0')
			test_fail(test, "OACK with %.60s, which wasn't asked", name);
		for (size_t j = 0; j < i; j++) {
			if (strcasecmp(x->options[j].name, name) == 0)
				test_fail(test, "OACK with %.60s twice", name);
		}
	}
	exchange_describe(x, seen);
	exchange_error(x, 0, "end");
	fetch(test, "size-1469", "octet", test->self->text);
	test_observe(test, "%.150s", seen);
}

/* What the server doesn't support is as if it weren't there: DATA 1 comes, no OACK. */
static void ignores_unknown(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, "size-1469", "octet", test->self->text);
	if (x->heard == HEARD_OACK && x->n_options == 0)
		test_fail(test, "an empty OACK");
	expect_heard(x, HEARD_DATA, "DATA 1");
	fetch(test, "size-1469", "octet", test->self->text);
}

/* Each option that is asked may come back; their order says nothing. */
static void all_granted(struct test *test)
{
	struct exchange *x = exchange_open(test);
	uint64_t blksize, tsize, timeout;

	ask_for_oack(x, "size-10000", test->self->text);
	blksize = granted(x, "blksize");
	tsize = granted(x, "tsize");
	timeout = granted(x, "timeout");
	if (blksize > 1024 || blksize < 8 || tsize != 10000 || timeout != 3)
		test_fail(test, "blksize %u, tsize %u, timeout %u", (unsigned)blksize,
			(unsigned)tsize, (unsigned)timeout);
	exchange_describe(x, test->reason);
}

/* The OACK is acknowledged by ACK 0, which DATA 1 answers. */
static void ack_0_brings_data_1(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct expected e = expect_file(test, "size-1469", "octet");

	ask_for_oack(x, "size-1469", "blksize=512");
	expect_silence(x, 300, "before the OACK was acknowledged");
	exchange_ack(x, 0);
	receive_block(x, &e, 1, 512, ANSWER_MS);
	test_observe(test, "DATA 1");
}

static void oack_comes_again(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct expected e = expect_file(test, "size-1469", "octet");
	uint64_t first;

	ask_for_oack(x, "size-1469", "blksize=512");
	first = x->arrived_ns;
	exchange_receive(x, REPEAT_MS);
	expect_heard(x, HEARD_OACK, "the OACK again");
	first = x->arrived_ns - first;
	exchange_ack(x, 0);
	receive_block(x, &e, 1, 512, ANSWER_MS);
	test_observe(test, "after %u ms", (unsigned)(first / NS_PER_MS));
}

/* An ACK of what wasn't sent doesn't acknowledge the OACK. */
static void wrong_ack_of_oack(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct expected e = expect_file(test, "size-1469", "octet");

	ask_for_oack(x, "size-1469", "blksize=512");
	exchange_ack(x, (uint16_t)test->self->number);
	while (exchange_receive(x, 300) != HEARD_NOTHING) {
		if (x->heard == HEARD_DATA)
			test_fail(test, "DATA %u after ACK %u of an OACK", x->block,
				(unsigned)test->self->number);
		if (x->heard == HEARD_ERROR)
			test_pass(test, "ended by ERROR %u", x->code);
	}
	exchange_ack(x, 0);
	do
		exchange_receive(x, ANSWER_MS);
	while (x->heard == HEARD_OACK);
	expect_block(x, &e, 1, 512);
	test_observe(test, "ignored");
}

/* A client that can't live with the OACK ends the transfer. */
static void client_refuses(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask_for_oack(x, "size-10000", "blksize=1024");
	exchange_error(x, 8, "no");
	expect_silence(x, 2500, "after the client's ERROR 8");
	test_observe(test, "silent for 2500 ms");
}

static void missing_file(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, "missing", "octet", "blksize=1024,tsize=0,timeout=2");
	expect_error(x, 1);
}

static void no_options_no_oack(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, "size-1469", "octet", NULL);
	expect_heard(x, HEARD_DATA, "DATA 1");
	test_observe(test, "DATA 1");
}

/* Options padded by an unknown one up to `number` bytes. */
static void request_of_size(struct test *test)
{
	struct exchange *x = exchange_open(test);
	static uint8_t packet[PACKET_SIZE];
	size_t length =
		exchange_build_request(packet, OP_RRQ, "size-513", "octet", "blksize=512,pad");

	memset(packet + length, 'p', test->self->number - length - 1);
	packet[test->self->number - 1] = '\0';
	exchange_send_request(x, packet, test->self->number);
	exchange_receive(x, ANSWER_MS);
	if (test->self->number <= REQUEST_LIMIT && x->heard != HEARD_OACK)
		expect_heard(x, HEARD_DATA, "an OACK or DATA 1");
	exchange_describe(x, test->reason);
	expect_alive(test);
}

/* Raw bytes of a request whose options are cut or odd: it may be served, with or without them, or
 * refused; the server must stay whole and sane. */
static void odd_options(struct test *test)
{
	struct exchange *x = exchange_open(test);

	exchange_send_request(x, test->self->text, test->self->number);
	exchange_receive(x, ANSWER_MS);
	if (x->heard == HEARD_OTHER)
		test_fail(test, "%.100s", x->what);
	if (x->heard == HEARD_OACK && x->n_options > 1)
		test_fail(test, "an OACK with %zu options", x->n_options);
	if (x->heard == HEARD_DATA && x->data_length != 512)
		test_fail(test, "DATA of %zu bytes", x->data_length);
	exchange_describe(x, test->reason);
	expect_alive(test);
}

static void many_options(struct test *test)
{
	struct exchange *x = exchange_open(test);
	char options[400] = "";
	size_t used = 0;

	for (int i = 0; i < 60; i++)
		used += (size_t)snprintf(
			options + used, sizeof(options) - used, "o%d=%d,", i, i % 10);
	snprintf(options + used, sizeof(options) - used, "blksize=512");
	ask(x, "size-513", "octet", options);
	if (x->heard != HEARD_OACK)
		expect_heard(x, HEARD_DATA, "an OACK or DATA 1");
	if (x->heard == HEARD_OACK && x->n_options > 1)
		test_fail(test, "an OACK with %zu options", x->n_options);
	exchange_describe(x, test->reason);
}

#define MUST .section = "2347", .level = LEVEL_MUST
#define SHOULD .section = "2347", .level = LEVEL_SHOULD
#define PRACTICE .section = "2347", .level = LEVEL_PRACTICE
#define BYTES(string) .text = (string), .number = sizeof(string) - 1

static const struct conformance_case cases[] = {
	{ MUST, .name = "no option: DATA 1, no OACK", .run = no_options_no_oack },
	{ MUST, .name = "the OACK waits for ACK 0, which brings DATA 1",
		.run = ack_0_brings_data_1 },
	{ MUST, .name = "an unacknowledged OACK comes again", .run = oack_comes_again },
	{ MUST, .name = "ACK 1 doesn't acknowledge an OACK", .run = wrong_ack_of_oack,
		.number = 1 },
	{ MUST, .name = "ACK 2 doesn't acknowledge an OACK", .run = wrong_ack_of_oack,
		.number = 2 },
	{ MUST, .name = "ACK 65535 doesn't acknowledge an OACK", .run = wrong_ack_of_oack,
		.number = 65535 },
	{ MUST, .name = "ERROR 8 in answer to an OACK ends the transfer", .run = client_refuses },
	{ MUST, .name = "a missing file with options: ERROR 1", .run = missing_file },
	{ MUST, .name = "option BLKSIZE in capitals", .run = negotiated, .text = "BLKSIZE=1024",
		.number = 1 },
	{ MUST, .name = "option bLkSiZe", .run = negotiated, .text = "bLkSiZe=1024", .number = 1 },
	{ MUST, .name = "option TSIZE in capitals", .run = negotiated, .text = "TSIZE=0",
		.number = 1 },
	{ MUST, .name = "option TimeOut", .run = negotiated, .text = "TimeOut=4" },
	{ MUST, .name = "blksize, tsize, timeout", .run = all_granted,
		.text = "blksize=1024,tsize=0,timeout=3" },
	{ MUST, .name = "timeout, tsize, blksize", .run = all_granted,
		.text = "timeout=3,tsize=0,blksize=1024" },
	{ MUST, .name = "tsize, blksize, timeout with unknown ones between", .run = all_granted,
		.text = "first=1,tsize=0,blksize=1024,second=2,timeout=3,third=3" },
	{ SHOULD, .name = "an unknown option alone is left out: DATA 1", .run = ignores_unknown,
		.text = "saveimage=1" },
	{ SHOULD, .name = "three unknown options are left out: DATA 1", .run = ignores_unknown,
		.text = "x-one=1,x-two=2,x-three=three" },
	{ SHOULD, .name = "an unknown option with an empty value: DATA 1", .run = ignores_unknown,
		.text = "x-empty=" },
	{ SHOULD, .name = "an option whose name begins as a known one: DATA 1",
		.run = ignores_unknown, .text = "blksize3=700" },
	{ SHOULD, .name = "an option whose name is the beginning of a known one: DATA 1",
		.run = ignores_unknown, .text = "blk=700" },
	{ SHOULD, .name = "an unknown and a known option: the OACK has the known one",
		.run = negotiated, .text = "x-option=7,blksize=1024", .number = 1 },
	{ SHOULD, .name = "a known and an unknown option: the OACK has the known one",
		.run = negotiated, .text = "blksize=1024,x-option=7", .number = 1 },
	{ PRACTICE, .name = "an option twice comes back once at most", .run = negotiated,
		.text = "blksize=1024,blksize=700" },
	{ PRACTICE, .name = "an option twice in two spellings comes back once at most",
		.run = negotiated, .text = "blksize=1024,BLKSIZE=1024" },
	{ MUST, .name = "only tsize was asked: only tsize comes back", .run = negotiated,
		.text = "tsize=0" },
	{ MUST, .name = "only blksize was asked: only blksize comes back", .run = negotiated,
		.text = "blksize=700" },
	{ MUST, .name = "a request of 512 bytes", .run = request_of_size, .number = 512 },
	{ PRACTICE, .name = "a request of 513 bytes does no harm", .run = request_of_size,
		.number = 513 },
	{ PRACTICE, .name = "a request of 1400 bytes does no harm", .run = request_of_size,
		.number = 1400 },
	{ PRACTICE, .name = "a request of 60,000 bytes does no harm", .run = request_of_size,
		.number = 60000 },
	{ SHOULD, .name = "60 unknown options and a known one", .run = many_options },
	{ PRACTICE, .name = "an option without value", .run = odd_options,
		BYTES("\0\1size-1025\0octet\0blksize\0") },
	{ PRACTICE, .name = "an option without value and NUL", .run = odd_options,
		BYTES("\0\1size-1025\0octet\0blksize") },
	{ PRACTICE, .name = "a value without NUL", .run = odd_options,
		BYTES("\0\1size-1025\0octet\0blksize\0"
		      "512") },
	{ PRACTICE, .name = "an empty name of an option", .run = odd_options,
		BYTES("\0\1size-1025\0octet\0\0"
		      "512\0") },
	{ PRACTICE, .name = "an option that is cut behind a good one", .run = odd_options,
		BYTES("\0\1size-1025\0octet\0tsize\0"
		      "0\0blks") },
	{ PRACTICE, .name = "bytes above 127 as option and value", .run = odd_options,
		BYTES("\0\1size-1025\0octet\0\377\376\0\200\201\0") },
};

GROUP_TABLE(rfc2347_group, "RFC 2347: negotiation", cases);
