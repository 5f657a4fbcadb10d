/* SPDX-License-Identifier: ISC */
/* Ranges (RFC 9110 section 14). A server may ignore Range; one that boards resume from may not. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/conformance/http/tree.h"
#include "tests/conformance/http/wire.h"

#define RANGE(text) GET("/bytes", "Range: " text CRLF)
#define PART(text, content_range, at, bytes)                                                       \
	.request = RANGE(text), .statuses = { 206 }, .field = "Content-Range",                     \
	.value = (content_range), .content = true, .first = (at), .size = (bytes),                 \
	.after = AFTER_OPEN
#define WHOLE .content = true, .size = TREE_BYTES, .after = AFTER_OPEN
#define MANY_RANGES 200

static void check_multipart(struct test *test, const struct answer *answer)
{
	char value[256];

	if (!wire_field(answer, "Content-Type", value) ||
		strncasecmp(value, "multipart/byteranges", 20) != 0)
		test_fail(test, "206 for several ranges, but %.60s", value);
	if (wire_field(answer, "Content-Range", value))
		test_fail(test, "206 for several ranges with Content-Range in the header");
	test_pass(test, "206, multipart/byteranges");
}

static void ask_for_two(struct test *test)
{
	const struct answer *answer = wire_ask(test, RANGE("bytes=0-9,500-509"));

	if (answer->status == 206)
		check_multipart(test, answer);
	wire_expect_status(test, answer, 200);
	if (answer->size != TREE_BYTES || answer->wrong != UINT64_MAX)
		test_fail(test, "200, but not the whole");
	test_pass(test, "200, the whole");
}

/* RFC 9110 section 17.15: small requests for many overlapping ranges. */
static void ask_for_many(struct test *test)
{
	char request[4096] = "GET /bytes HTTP/1.1" CRLF HOST "Range: bytes=";
	size_t used = strlen(request);
	const struct answer *answer;

	for (int i = 0; i < MANY_RANGES; i++)
		used += (size_t)snprintf(
			request + used, sizeof(request) - used, "%s0-999", i > 0 ? "," : "");
	snprintf(request + used, sizeof(request) - used, CRLF CRLF);
	answer = wire_ask(test, request);
	if (answer->size > 2 * TREE_BYTES)
		test_fail(test, "%" PRIu64 " bytes of a file of %u", answer->size, TREE_BYTES);
	test_pass(test, "answered with %u, %" PRIu64 " bytes", answer->status, answer->size);
}

/* As a client whose download was broken off. */
static void resume(struct test *test)
{
	int socket = wire_connect(test);
	char request[256], tag[256];
	const struct answer *head =
		wire_ask_on(test, socket, "HEAD /big HTTP/1.1" CRLF HOST CRLF, 0);

	if (!wire_field(head, "ETag", tag))
		test_fail(test, "there is no ETag to resume with");
	for (uint64_t at = 0; at < TREE_BIG; at += TREE_BIG / 4) {
		const struct answer *answer;

		snprintf(request, sizeof(request),
			"GET /big HTTP/1.1" CRLF HOST "Range: bytes=%" PRIu64 "-%" PRIu64 CRLF
			"If-Range: %.100s" CRLF CRLF,
			at, at + TREE_BIG / 4 - 1, tag);
		answer = wire_ask_on(test, socket, request, at);
		wire_expect_status(test, answer, 206);
		if (answer->size != TREE_BIG / 4 || answer->wrong != UINT64_MAX)
			test_fail(test, "the part at %" PRIu64 " is wrong", at);
	}
}

static const struct http_case cases[] = {
	{ "9110.14.2", LEVEL_PRACTICE, "the first byte",
		PART("bytes=0-0", "bytes 0-0/1000", 0, 1) },
	{ "9110.14.2", LEVEL_PRACTICE, "the last byte",
		PART("bytes=999-999", "bytes 999-999/1000", 999, 1) },
	{ "9110.14.2", LEVEL_PRACTICE, "bytes in the middle",
		PART("bytes=100-199", "bytes 100-199/1000", 100, 100) },
	{ "9110.14.1.2", LEVEL_PRACTICE, "an open end",
		PART("bytes=990-", "bytes 990-999/1000", 990, 10) },
	{ "9110.14.1.2", LEVEL_PRACTICE, "a suffix",
		PART("bytes=-10", "bytes 990-999/1000", 990, 10) },
	{ "9110.14.1.2", LEVEL_MUST, "a suffix longer than the file is the whole file",
		PART("bytes=-2000", "bytes 0-999/1000", 0, 1000) },
	{ "9110.14.1.2", LEVEL_MUST, "a last position behind the end means the end",
		PART("bytes=990-5000", "bytes 990-999/1000", 990, 10) },
	{ "9110.14.1.2", LEVEL_MUST, "a last position that no integer holds means the end, too",
		PART("bytes=990-99999999999999999999", "bytes 990-999/1000", 990, 10) },
	{ "9110.15.5.17", LEVEL_SHOULD, "a first position behind the end: 416 with the size",
		.request = RANGE("bytes=1000-"), .statuses = { 416 }, .field = "Content-Range",
		.value = "bytes */1000", .after = AFTER_OPEN },
	{ "9110.15.5.17", LEVEL_SHOULD, "a range behind the end: 416",
		.request = RANGE("bytes=2000-3000"), .statuses = { 416 }, .field = "Content-Range",
		.value = "bytes */1000", .after = AFTER_OPEN },
	{ "9110.14.1.2", LEVEL_MUST, "a suffix of no bytes is unsatisfiable",
		.request = RANGE("bytes=-0"), .statuses = { 416 }, .after = AFTER_OPEN },
	{ "9110.14.1.2", LEVEL_MUST, "a first position that no integer holds doesn't wrap",
		.request = RANGE("bytes=18446744073709551616-"), .statuses = { 416, 200, 400 } },
	{ "9110.14.1.2", LEVEL_MUST, "a first position that no signed integer holds doesn't wrap",
		.request = RANGE("bytes=9223372036854775808-"), .statuses = { 416, 200, 400 } },
	{ "9110.14.1.2", LEVEL_PRACTICE, "an empty file has no first byte",
		.request = GET("/empty", "Range: bytes=0-" CRLF), .statuses = { 416, 200 },
		.absent = NULL, .after = AFTER_OPEN },
	{ "9110.14.1.2", LEVEL_PRACTICE, "the suffix of an empty file is empty",
		.request = GET("/empty", "Range: bytes=-5" CRLF), .statuses = { 416, 200 },
		.after = AFTER_OPEN },
	{ "9110.14.2", LEVEL_MUST, "an unknown unit is ignored", .request = RANGE("lines=0-1"),
		.statuses = { 200 }, WHOLE },
	{ "9110.14.1", LEVEL_PRACTICE, "units are told apart without case",
		PART("Bytes=0-9", "bytes 0-9/1000", 0, 10) },
	{ "9110.14.1.1", LEVEL_MUST, "a last position before the first is invalid: not a part",
		.request = RANGE("bytes=5-2"), .statuses = { 200, 400, 416 }, .after = AFTER_OPEN },
	{ "9110.14.1.1", LEVEL_MUST, "words instead of positions: not a part",
		.request = RANGE("bytes=a-b"), .statuses = { 200, 400, 416 }, .after = AFTER_OPEN },
	{ "9110.14.1.1", LEVEL_MUST, "a signed position: not a part",
		.request = RANGE("bytes=+1-2"), .statuses = { 200, 400, 416 },
		.after = AFTER_OPEN },
	{ "9110.14.1.1", LEVEL_MUST, "no position at all: not a part", .request = RANGE("bytes=-"),
		.statuses = { 200, 400, 416 }, .after = AFTER_OPEN },
	{ "9110.14.2", LEVEL_MUST, "Range is ignored with HEAD",
		.request = "HEAD /bytes HTTP/1.1" CRLF HOST "Range: bytes=0-9" CRLF CRLF,
		.statuses = { 200 }, .field = "Content-Length", .value = "1000",
		.after = AFTER_OPEN },
	{ "9110.14.6", LEVEL_MUST, "two ranges: two parts that say so, or the whole",
		.run = ask_for_two },
	{ "9110.17.15", LEVEL_SHOULD, "two hundred overlapping ranges don't multiply the answer",
		.run = ask_for_many },
	{ "9110.14.2", LEVEL_PRACTICE, "a download in four pieces is the file", .run = resume },
};

GROUP(range_group, "Ranges (RFC 9110 section 14)", cases);
