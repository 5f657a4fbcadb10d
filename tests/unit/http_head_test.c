/* SPDX-License-Identifier: ISC */
/* The header section of a request as bytes, whole and in pieces; dates. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "httpd/date.h"
#include "httpd/head.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define LINE "GET /x HTTP/1.1\r\n"
#define BYTES(text) (text), sizeof(text) - 1

static char buffer[HEAD_SIZE];

/* `step` bytes at a time. */
static enum head_state feed(struct head *head, const char *bytes, size_t size, size_t step)
{
	enum head_state state = HEAD_INCOMPLETE;

	memset(head, 0, sizeof(*head));
	for (size_t used = 0; used < size && state == HEAD_INCOMPLETE;) {
		size_t n = size - used < step ? size - used : step;

		memcpy(buffer + used, bytes + used, n);
		used += n;
		state = head_read(head, buffer, used);
	}
	return state;
}

static void sections_are_read_or_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		unsigned status; /* 0: complete; 1: more is to come */
		size_t length;
	} cases[] = {
		{ BYTES(LINE "\r\n"), 0, 19 },
		{ BYTES(LINE "Host: a\r\n\r\nGET /y"), 0, 28 },
		{ BYTES("\r\n\r\n" LINE "\r\n"), 0, 23 },
		{ BYTES("GET /x HTTP/1.0\r\n\r\n"), 0, 19 },
		{ BYTES("GET /x HTTP/1.9\r\n\r\n"), 0, 19 },
		{ BYTES(LINE "A: \t b \t\r\nC:\r\n\r\n"), 0, 33 },
		{ BYTES(LINE "A: \xff\r\n\r\n"), 0, 25 },
		{ BYTES(LINE "Host: a\r\n"), 1, 0 },
		{ BYTES(LINE "Host: a\r"), 1, 0 },
		{ BYTES("GET"), 1, 0 },
		{ BYTES("\r\n\r\n\r\n\r\n"), 1, 0 },
		{ BYTES("\r\n\r\n\r\n\r\n\r\n"), 400, 0 },
		{ BYTES("GET /x HTTP/1.1\n"), 400, 0 },
		{ BYTES("GET /x HTTP/1.1\rH"), 400, 0 },
		{ BYTES("\n"), 400, 0 },
		{ BYTES("\r\r"), 400, 0 },
		{ BYTES("GET /x HTTP/1.1\r\n\n"), 400, 0 },
		{ BYTES(LINE "A: a\nB: b\r\n"), 400, 0 },
		{ BYTES(LINE "A: a\rB"), 400, 0 },
		{ BYTES(LINE "A: a\r\r\n"), 400, 0 },
		{ BYTES(LINE "A: a\r\n b\r\n"), 400, 0 },
		{ BYTES(LINE "A: a\r\n\tb\r\n"), 400, 0 },
		{ BYTES(LINE "A: a\r\n \r\n"), 400, 0 },
		{ BYTES(LINE " A: a\r\n"), 400, 0 },
		{ BYTES(LINE "A : a\r\n"), 400, 0 },
		{ BYTES(LINE "A\r\n"), 400, 0 },
		{ BYTES(LINE ": a\r\n"), 400, 0 },
		{ BYTES(LINE "A: \0\r\n"), 400, 0 },
		{ BYTES(LINE "A: \x01\r\n"), 400, 0 },
		{ BYTES(LINE "A: \x7f\r\n"), 400, 0 },
		{ BYTES("\x16\x03\x01"), 400, 0 },
		{ BYTES("GET\r\n"), 400, 0 },
		{ BYTES("GET /x\r\n"), 400, 0 },
		{ BYTES("GET  /x HTTP/1.1\r\n"), 400, 0 },
		{ BYTES("GET /x  HTTP/1.1\r\n"), 400, 0 },
		{ BYTES("GET /x HTTP/1.1 \r\n"), 400, 0 },
		{ BYTES(" GET /x HTTP/1.1\r\n"), 400, 0 },
		{ BYTES("GET\t/x HTTP/1.1\r\n"), 400, 0 },
		{ BYTES("G(T /x HTTP/1.1\r\n"), 400, 0 },
		{ BYTES("GET /\xc3\xa4 HTTP/1.1\r\n"), 400, 0 },
		{ BYTES("GET /x HTTP/1.\r\n"), 400, 0 },
		{ BYTES("GET /x HTTP/1.10\r\n"), 400, 0 },
		{ BYTES("GET /x http/1.1\r\n"), 400, 0 },
		{ BYTES("GET /x HTTP/a.1\r\n"), 400, 0 },
		{ BYTES("PRI * HTTP/2.0\r\n"), 505, 0 },
		{ BYTES("GET /x HTTP/0.9\r\n"), 505, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		for (size_t step = 1; step <= cases[i].size; step++) {
			struct head head;
			enum head_state got = feed(&head, cases[i].bytes, cases[i].size, step);
			unsigned status = got == HEAD_REFUSED	   ? head.refusal.status
					  : got == HEAD_INCOMPLETE ? 1
								   : 0;

			if (status != cases[i].status)
				fail_msg("case %zu, %zu at a time: %u", i, step, status);
			if (status == 0)
				assert_int_equal(head.length, cases[i].length);
		}
	}
}

static void words_and_fields_are_found(void **state)
{
	struct head head;

	(void)state;
	assert_int_equal(feed(&head,
				 BYTES("HEAD /a%20b?c HTTP/1.0\r\nhOsT:\t r:80 \r\n"
				       "Connection: a, Keep-Alive\r\nIf-None-Match: \"a\"\r\n"
				       "If-None-Match: \"b\"\r\nContent-Length: 5\r\n\r\nhello"),
				 1000),
		HEAD_COMPLETE);
	assert_string_equal(head.method, "HEAD");
	assert_string_equal(head.target, "/a%20b?c");
	assert_true(head.is_1_0);
	assert_string_equal(head.fields.host, "r:80");
	assert_true(head.fields.keep_alive);
	assert_false(head.fields.close);
	assert_string_equal(head.fields.if_none_match[0], "\"a\"");
	assert_string_equal(head.fields.if_none_match[1], "\"b\"");
	assert_null(head.fields.if_none_match[2]);
	assert_string_equal(head.fields.content_length, "5");
	assert_memory_equal(buffer + head.length, "hello", 4); /* nothing behind it was touched */
}

/* A target of this length, and 'a' up to the end. */
static void write_target(char text[static HEAD_SIZE + 1], size_t length)
{
	static const char method[] = "GET /", version[] = " HTTP/1.1\r\n";
	size_t slash = sizeof(method) - 2;

	memset(text, 'a', HEAD_SIZE + 1);
	for (size_t i = 0; i <= slash; i++)
		text[i] = method[i];
	for (size_t i = 0; version[i] && slash + length + i < HEAD_SIZE; i++)
		text[slash + length + i] = version[i];
}

static void sizes_have_limits(void **state)
{
	static char text[HEAD_SIZE + 1];
	struct head head;
	size_t used;

	(void)state;
	write_target(text, HEAD_SIZE); /* the line has no end */
	assert_int_equal(feed(&head, text, HEAD_SIZE, 1000), HEAD_REFUSED);
	assert_int_equal(head.refusal.status, 414);
	write_target(text, REQUEST_TARGET_SIZE); /* one too many */
	assert_int_equal(feed(&head, text, HEAD_SIZE, 1000), HEAD_REFUSED);
	assert_int_equal(head.refusal.status, 414);
	write_target(text, REQUEST_TARGET_SIZE - 1);
	assert_int_equal(feed(&head, text, HEAD_SIZE, 1000), HEAD_REFUSED);
	assert_int_equal(head.refusal.status, 431); /* a field fills the buffer */
	for (unsigned fields = HEAD_FIELDS; fields <= HEAD_FIELDS + 1; fields++) {
		used = (size_t)snprintf(text, sizeof(text), LINE);
		for (unsigned i = 0; i < fields; i++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "A: b\r\n");
		used += (size_t)snprintf(text + used, sizeof(text) - used, "\r\n");
		assert_int_equal(feed(&head, text, used, 77),
			fields <= HEAD_FIELDS ? HEAD_COMPLETE : HEAD_REFUSED);
	}
	assert_int_equal(head.refusal.status, 431);
}

static void dates_are_written_and_read(void **state)
{
	static const char *const bad[] = { "", "yesterday", "Sun, 06 Nov 1994 08:49:37",
		"Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMT ", " Sun, 06 Nov 1994 08:49:37 GMT",
		"sun, 06 nov 1994 08:49:37 gmt", "Sun, 31 Feb 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 +0000" };
	static const char *const good[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" };
	char out[DATE_TEXT_SIZE];
	int64_t seconds;

	(void)state;
	date_format(784111777, out);
	assert_string_equal(out, good[0]);
	date_format(-1, out);
	assert_string_equal(out, "Thu, 01 Jan 1970 00:00:00 GMT");
	date_format(INT64_MAX, out);
	assert_string_equal(out, "Fri, 31 Dec 9999 23:59:59 GMT");
	for (size_t i = 0; i < LENGTH(good); i++) {
		assert_int_equal(date_parse(good[i], &seconds), 0);
		assert_int_equal(seconds, 784111777);
	}
	for (size_t i = 0; i < LENGTH(bad); i++) {
		if (date_parse(bad[i], &seconds) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_are_read_or_refused),
		cmocka_unit_test(words_and_fields_are_found),
		cmocka_unit_test(sizes_have_limits),
		cmocka_unit_test(dates_are_written_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
