/* SPDX-License-Identifier: ISC */
#include "tests/conformance/tftp/expect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/str.h"

#define REQUESTS 3

/* RFC 764 by way of RFC 1350 section 1: a line ends with CR LF, a CR alone is CR NUL. */
static void translate(struct test *test, struct expected *e)
{
	uint8_t *raw = malloc(e->size + 1);
	size_t n = 0;

	e->text = malloc(2 * e->size + 1);
	if (!raw || !e->text)
		test_fail(test, "no memory");
	tree_fill(e->file, 0, raw, e->size);
	for (uint64_t i = 0; i < e->size; i++) {
		if (raw[i] == '\n')
			e->text[n++] = '\r';
		e->text[n++] = raw[i];
		if (raw[i] == '\r')
			e->text[n++] = '\0';
	}
	e->size = n;
	free(raw);
}

struct expected expect_file(struct test *test, const char *name, const char *mode)
{
	struct expected e = { .file = tree_find(name) };

	if (!e.file)
		test_fail(test, "the tree has no file \"%.80s\"", name);
	e.size = e.file->size;
	if (strcasecmp(mode, "netascii") == 0)
		translate(test, &e);
	return e;
}

enum heard ask(struct exchange *x, const char *name, const char *mode, const char *options)
{
	for (int try = 0; try < REQUESTS; try++) {
		exchange_request(x, name, mode, options);
		if (exchange_receive(x, ANSWER_MS) != HEARD_NOTHING)
			return x->heard;
	}
	test_fail(x->test, "no answer to %d requests", REQUESTS);
}

void ask_for_oack(struct exchange *x, const char *name, const char *options)
{
	if (ask(x, name, "octet", options) == HEARD_DATA)
		test_skip(x->test, "the server doesn't take the option: DATA 1 came");
	expect_heard(x, HEARD_OACK, "an OACK");
}

uint64_t granted(struct exchange *x, const char *name)
{
	const char *text = exchange_option(x, name);
	uint64_t value;

	if (!text)
		test_skip(x->test, "the server doesn't take the option %s", name);
	if (str_parse_u64(text, 0, UINT64_MAX, &value) != 0)
		test_fail(x->test, "OACK %s=%.60s is not a number", name, text);
	return value;
}

void expect_heard(struct exchange *x, enum heard heard, const char *instead_of)
{
	char text[REASON_SIZE];

	if (x->heard == heard)
		return;
	exchange_describe(x, text);
	test_fail(x->test, "%.140s instead of %s", text, instead_of);
}

void expect_error(struct exchange *x, int code)
{
	char text[REASON_SIZE];

	expect_heard(x, HEARD_ERROR, "an ERROR");
	exchange_describe(x, text);
	if (code >= 0 && x->code != code)
		test_fail(x->test, "%.140s instead of ERROR %d", text, code);
	test_observe(x->test, "%.140s", text);
}

static void fill(const struct expected *e, uint64_t offset, uint8_t *out, size_t n)
{
	if (e->text)
		memcpy(out, e->text + offset, n);
	else
		tree_fill(e->file, offset, out, n);
}

static size_t length_of(const struct expected *e, uint64_t number, uint32_t blksize)
{
	uint64_t offset = (number - 1) * blksize;

	if (offset >= e->size)
		return 0;
	return e->size - offset < blksize ? (size_t)(e->size - offset) : blksize;
}

void expect_block(
	struct exchange *x, const struct expected *expected, uint64_t number, uint32_t blksize)
{
	static uint8_t bytes[PACKET_SIZE];
	size_t length = length_of(expected, number, blksize);
	char text[REASON_SIZE], wanted[60];

	snprintf(wanted, sizeof(wanted), "DATA %u with %zu bytes", (unsigned)(uint16_t)number,
		length);
	expect_heard(x, HEARD_DATA, wanted);
	exchange_describe(x, text);
	if (x->block != (uint16_t)number || x->data_length != length)
		test_fail(x->test, "%.80s instead of %s", text, wanted);
	fill(expected, (number - 1) * blksize, bytes, length);
	if (memcmp(bytes, x->bytes + 4, length) != 0)
		test_fail(x->test, "wrong bytes in %.80s", text);
}

void receive_block(struct exchange *x, const struct expected *expected, uint64_t number,
	uint32_t blksize, unsigned milliseconds)
{
	exchange_receive(x, milliseconds);
	expect_block(x, expected, number, blksize);
}

void expect_silence(struct exchange *x, unsigned milliseconds, const char *when)
{
	char text[REASON_SIZE];

	if (exchange_receive(x, milliseconds) == HEARD_NOTHING)
		return;
	exchange_describe(x, text);
	test_fail(x->test, "%.120s %s", text, when);
}

static uint32_t granted_or(struct exchange *x, const char *name, uint32_t otherwise)
{
	return exchange_option(x, name) ? (uint32_t)granted(x, name) : otherwise;
}

void download_begin(struct download *d, struct exchange *x, const char *name, const char *mode,
	const char *options)
{
	*d = (struct download){ .x = x, .blksize = 512, .windowsize = 1, .next = 1 };
	d->expected = expect_file(x->test, name, mode);
	if (ask(x, name, mode, options) == HEARD_OACK) {
		d->blksize = granted_or(x, "blksize", 512);
		d->windowsize = granted_or(x, "windowsize", 1);
		if (d->blksize < 8 || d->blksize > 65464 || d->windowsize < 1)
			test_fail(x->test, "OACK grants blksize %u, windowsize %u", d->blksize,
				d->windowsize);
		exchange_ack(x, 0);
		exchange_receive(x, ANSWER_MS);
	}
	expect_block(x, &d->expected, 1, d->blksize);
	d->next = 2;
}

uint64_t download_last(const struct download *d)
{
	return d->expected.size / d->blksize + 1;
}

/* The next block that hasn't come before. */
static void next_block(struct download *d)
{
	for (;;) {
		uint16_t behind;

		exchange_receive(d->x, REPEAT_MS);
		behind = (uint16_t)((uint16_t)d->next - d->x->block);
		if (d->x->heard != HEARD_DATA || behind == 0 || behind > d->windowsize)
			break;
		d->repeated++;
	}
	expect_block(d->x, &d->expected, d->next, d->blksize);
	d->next++;
}

static bool ends_window(const struct download *d)
{
	uint64_t come = d->next - 1;

	return come % d->windowsize == 0 || come == download_last(d);
}

void download_until(struct download *d, uint64_t number)
{
	while (d->next <= number) {
		if (ends_window(d))
			exchange_ack(d->x, (uint16_t)(d->next - 1));
		next_block(d);
	}
}

void download_rest(struct download *d)
{
	download_until(d, download_last(d));
	exchange_ack(d->x, (uint16_t)download_last(d));
	d->x->over = true;
	test_observe(d->x->test, "%llu bytes in %llu blocks of %u",
		(unsigned long long)d->expected.size, (unsigned long long)download_last(d),
		d->blksize);
}

void fetch(struct test *test, const char *name, const char *mode, const char *options)
{
	struct download d;

	download_begin(&d, exchange_open(test), name, mode, options);
	download_rest(&d);
	free(d.expected.text);
}

void expect_alive(struct test *test)
{
	char before[REASON_SIZE];

	memcpy(before, test->reason, sizeof(before));
	fetch(test, "size-513", "octet", NULL);
	memcpy(test->reason, before, sizeof(before));
}
