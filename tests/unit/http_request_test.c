/* SPDX-License-Identifier: ISC */
/* What an HTTP request says, without a server. */
#include "tests/unit/test.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "httpd/request.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void ranges_are_read_as_rfc_9110_says(void **state)
{
	static const struct {
		const char *header;
		uint64_t size;
		enum request_range_kind kind;
		uint64_t first, last;
	} cases[] = {
		{ "bytes=0-0", 10, REQUEST_PART, 0, 0 },
		{ "bytes=0-9", 10, REQUEST_PART, 0, 9 },
		{ "bytes=0-10", 10, REQUEST_PART, 0, 9 },
		{ "bytes=9-", 10, REQUEST_PART, 9, 9 },
		{ "bytes=0-", 10, REQUEST_PART, 0, 9 },
		{ "Bytes= 2-3 \t", 10, REQUEST_PART, 2, 3 },
		{ "bytes=-1", 10, REQUEST_PART, 9, 9 },
		{ "bytes=-10", 10, REQUEST_PART, 0, 9 },
		{ "bytes=-11", 10, REQUEST_PART, 0, 9 },
		{ "bytes=0-99999999999999999999999", 10, REQUEST_PART, 0, 9 },
		{ "bytes=-99999999999999999999999", 10, REQUEST_PART, 0, 9 },
		{ "bytes=18446744073709551614-", UINT64_MAX, REQUEST_PART, UINT64_MAX - 1,
			UINT64_MAX - 1 },
		{ "bytes=10-", 10, REQUEST_UNSATISFIABLE, 0, 0 },
		{ "bytes=10-20", 10, REQUEST_UNSATISFIABLE, 0, 0 },
		{ "bytes=99999999999999999999999-", 10, REQUEST_UNSATISFIABLE, 0, 0 },
		{ "bytes=-0", 10, REQUEST_UNSATISFIABLE, 0, 0 },
		{ "bytes=0-", 0, REQUEST_UNSATISFIABLE, 0, 0 },
		{ "bytes=-1", 0, REQUEST_WHOLE, 0, 0 },
		{ NULL, 10, REQUEST_WHOLE, 0, 0 },
		{ "", 10, REQUEST_WHOLE, 0, 0 },
		{ "bytes=", 10, REQUEST_WHOLE, 0, 0 },
		{ "bytes=-", 10, REQUEST_WHOLE, 0, 0 },
		{ "bytes=5-2", 10, REQUEST_WHOLE, 0, 0 },
		{ "bytes=0-1,3-4", 10, REQUEST_WHOLE, 0, 0 },
		{ "bytes=0-1,", 10, REQUEST_WHOLE, 0, 0 },
		{ "bytes=a-b", 10, REQUEST_WHOLE, 0, 0 },
		{ "bytes=+1-2", 10, REQUEST_WHOLE, 0, 0 },
		{ "bytes=1--2", 10, REQUEST_WHOLE, 0, 0 },
		{ "bytes 0-1", 10, REQUEST_WHOLE, 0, 0 },
		{ "lines=0-1", 10, REQUEST_WHOLE, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct request_range range = { 0, 0 };
		enum request_range_kind kind =
			request_parse_range(cases[i].header, cases[i].size, &range);

		if (kind != cases[i].kind || range.first != cases[i].first ||
			range.last != cases[i].last)
			fail_msg("%s of %" PRIu64 ": kind %d, %" PRIu64 "-%" PRIu64,
				cases[i].header ? cases[i].header : "(none)", cases[i].size,
				(int)kind, range.first, range.last);
	}
}

static void tags_are_compared_strongly_and_weakly(void **state)
{
	static const struct {
		const char *list, *tag;
		bool weakly, strongly;
	} cases[] = {
		{ "\"a\"", "a", true, true },
		{ " \"a\" ", "a", true, true },
		{ "W/\"a\"", "a", true, false },
		{ "\"b\", W/\"c\" ,\"a\"", "a", true, true },
		{ "\"b\",,\"a\"", "a", true, true },
		{ "\"aa\"", "a", false, false },
		{ "\"\"", "a", false, false },
		{ "\"\"", "", false, false }, /* "" = this file has no tag */
		{ "*", "a", true, true },
		{ "* ", "", true, true },
		{ "*, \"a\"", "a", false, false },
		{ "a", "a", false, false },
		{ "\"a", "a", false, false },
		{ "\"b\" \"a\"", "a", false, false },
		{ "w/\"a\"", "a", false, false },
		{ "", "a", false, false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		bool weakly = request_tag_is_listed(cases[i].list, cases[i].tag, true);
		bool strongly = request_tag_is_listed(cases[i].list, cases[i].tag, false);

		if (weakly != cases[i].weakly || strongly != cases[i].strongly)
			fail_msg("%s: weakly %d, strongly %d", cases[i].list, weakly, strongly);
	}
}

static void if_range_wants_one_strong_tag(void **state)
{
	(void)state;
	assert_true(request_if_range_holds("\"a\"", "a"));
	assert_true(request_if_range_holds(" \"a\"\t", "a"));
	assert_false(request_if_range_holds("\"b\"", "a"));
	assert_false(request_if_range_holds("W/\"a\"", "a"));
	assert_false(request_if_range_holds("\"a\", \"a\"", "a"));
	assert_false(request_if_range_holds("*", "a"));
	assert_false(request_if_range_holds("Wed, 21 Oct 2015 07:28:00 GMT", "a"));
	assert_false(request_if_range_holds("\"\"", ""));
}

static void only_quotable_text_becomes_a_tag(void **state)
{
	(void)state;
	assert_true(request_is_tag("0123abcdef"));
	assert_false(request_is_tag(""));
	assert_false(request_is_tag("a\"b"));
	assert_false(request_is_tag("a b"));
	assert_false(request_is_tag("a\r\nSet-Cookie: x"));
	assert_false(request_is_tag("\xc3\xa4"));
}

static void targets_are_split(void **state)
{
	static const struct {
		const char *target, *path, *query;
	} good[] = {
		{ "/", "/", NULL },
		{ "/a/b?c=d?e", "/a/b", "c=d?e" },
		{ "/a?", "/a", "" },
		{ "http://router:80/a?b", "/a", "b" },
		{ "HTTP://10.0.0.1/", "/", NULL },
		{ "http://router", "/", NULL },
	};
	static const char *const bad[] = { "", "*", "a", "a/b", "http:///a", "http://",
		"http://router?a", "https://router/a", "router:80", "/a b", "/a\tb", "/a\x01",
		"/a\x7f", "/\xc3\xa4", "/a#b", "/a?b c" };

	(void)state;
	for (size_t i = 0; i < LENGTH(good); i++) {
		struct request_target target;

		assert_int_equal(request_split_target(good[i].target, &target), 0);
		assert_int_equal(target.path_length, strlen(good[i].path));
		assert_memory_equal(target.path, good[i].path, target.path_length);
		if (good[i].query)
			assert_string_equal(target.query, good[i].query);
		else
			assert_null(target.query);
	}
	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct request_target target;

		if (request_split_target(bad[i], &target) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
	}
}

static void paths_are_decoded_once_and_carefully(void **state)
{
	static const struct {
		const char *path;
		int result;
		const char *decoded;
	} cases[] = {
		{ "/a", 0, "a" },
		{ "/a/b.c", 0, "a/b.c" },
		{ "/a%20b", 0, "a b" },
		{ "/%61%2e%2Eb", 0, "a..b" },
		{ "/...", 0, "..." },
		{ "/..a/.b/c.", 0, "..a/.b/c." },
		{ "/%252e%252e/a", 0, "%2e%2e/a" },
		{ "/%c3%a4", 0, "\xc3\xa4" },
		{ "/%F0%9F%93%A6", 0, "\xf0\x9f\x93\xa6" },
		{ "/", -ENOENT, NULL },
		{ "/a/", -ENOENT, NULL },
		{ "", -EINVAL, NULL },
		{ "a", -EINVAL, NULL },
		{ "//a", -EINVAL, NULL },
		{ "/a//b", -EINVAL, NULL },
		{ "/a//", -EINVAL, NULL },
		{ "/.", -EINVAL, NULL },
		{ "/..", -EINVAL, NULL },
		{ "/../etc/shadow", -EINVAL, NULL },
		{ "/a/../b", -EINVAL, NULL },
		{ "/a/./b", -EINVAL, NULL },
		{ "/a/..", -EINVAL, NULL },
		{ "/../", -EINVAL, NULL },
		{ "/%2e%2e/a", -EINVAL, NULL },
		{ "/.%2E/a", -EINVAL, NULL },
		{ "/%2fetc", -EINVAL, NULL },
		{ "/a%2Fb", -EINVAL, NULL },
		{ "/..%2fa", -EINVAL, NULL },
		{ "/a%00b", -EINVAL, NULL },
		{ "/a%0a", -EINVAL, NULL },
		{ "/a%7f", -EINVAL, NULL },
		{ "/a%", -EINVAL, NULL },
		{ "/a%2", -EINVAL, NULL },
		{ "/a%zz", -EINVAL, NULL },
		{ "/a%u002e", -EINVAL, NULL },
		{ "/%c0%ae%c0%ae/a", -EINVAL, NULL }, /* overlong '.' */
		{ "/%c0%af", -EINVAL, NULL },
		{ "/%e0%80%af", -EINVAL, NULL },
		{ "/%f0%80%80%af", -EINVAL, NULL },
		{ "/%ed%a0%80", -EINVAL, NULL }, /* a surrogate */
		{ "/%f4%90%80%80", -EINVAL, NULL },
		{ "/%c3", -EINVAL, NULL },
		{ "/%80", -EINVAL, NULL },
		{ "/%ff", -EINVAL, NULL },
		{ "/0123456789abcde", 0, "0123456789abcde" },
		{ "/0123456789abcdef", -ENAMETOOLONG, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		char out[16];
		int result =
			request_decode_path(cases[i].path, strlen(cases[i].path), out, sizeof(out));

		if (result != cases[i].result)
			fail_msg("%s: %d", cases[i].path, result);
		if (result == 0)
			assert_string_equal(out, cases[i].decoded);
	}
}

static void paths_end_where_they_are_said_to(void **state)
{
	char out[16];

	(void)state;
	assert_int_equal(request_decode_path("/ab%63?x", 6, out, sizeof(out)), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(request_decode_path("/ab%63?x", 5, out, sizeof(out)), -EINVAL);
}

struct field {
	const char *name, *value;
};

static struct request_refusal judge(const char *method, bool is_1_0, const struct field *fields,
	size_t count, uint64_t *body_size)
{
	struct request_headers headers = { 0 };

	for (size_t i = 0; i < count && fields[i].name; i++)
		request_note_header(&headers, fields[i].name, fields[i].value);
	return request_judge(request_parse_method(method), is_1_0, &headers, body_size);
}

static void framing_is_judged(void **state)
{
	static const struct {
		const char *method;
		bool is_1_0;
		struct field fields[4];
		unsigned status;
		uint64_t body_size;
	} cases[] = {
		{ "GET", false, { { "Host", "r" } }, 0, 0 },
		{ "GET", false, { { "hOST", "" } }, 0, 0 },
		{ "GET", true, { { NULL, NULL } }, 0, 0 },
		{ "GET", false, { { NULL, NULL } }, 400, 0 },
		{ "GET", false, { { "Host", "a" }, { "host", "a" } }, 400, 0 },
		{ "GET", false, { { "Host", "r" }, { "Content-Length", "0" } }, 0, 0 },
		{ "GET", false, { { "Host", "r" }, { "Content-Length", "1" } }, 400, 1 },
		{ "DELETE", false, { { "Host", "r" }, { "Content-Length", "1" } }, 400, 1 },
		{ "POST", false, { { "Host", "r" }, { "Content-Length", "65536" } }, 0, 65536 },
		{ "PUT", false, { { "Host", "r" }, { "Content-Length", "65537" } }, 413, 65537 },
		{ "POST", false,
			{ { "Host", "r" }, { "Content-Length", "99999999999999999999999" } }, 413,
			0 },
		{ "POST", false, { { "Host", "r" }, { "Content-Length", "-1" } }, 400, 0 },
		{ "POST", false, { { "Host", "r" }, { "Content-Length", "1, 1" } }, 400, 0 },
		{ "POST", false, { { "Host", "r" }, { "Content-Length", "" } }, 400, 0 },
		{ "POST", false,
			{ { "Host", "r" }, { "Content-Length", "5" }, { "content-length", "5" } },
			400, 0 },
		{ "POST", false,
			{ { "Host", "r" }, { "Content-Length", "5" },
				{ "Transfer-Encoding", "chunked" } },
			400, 0 },
		{ "POST", false, { { "Host", "r" }, { "Transfer-Encoding", "chunked" } }, 411, 0 },
		{ "POST", true, { { "Transfer-Encoding", "chunked" } }, 400, 0 },
		{ "GET", false, { { "Host", "r" }, { "Content-Length ", "5" } }, 400, 0 },
		{ "GET", false, { { " Host", "r" }, { "Host", "r" } }, 400, 0 },
		{ "GET", false, { { "Host", "r" }, { "", "r" } }, 400, 0 },
		{ "GET", false, { { "Host", "r" }, { "X(y)", "r" } }, 400, 0 },
		{ "GET", false, { { "Host", "r\rX: y" } }, 400, 0 },
		{ "GET", false, { { "Host", "r" }, { "X", "\t\xc3\xa4" } }, 0, 0 },
		{ "GET", false,
			{ { "Host", "r" }, { "Range", "bytes=0-1" }, { "Range", "bytes=0-1" } },
			400, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t body_size = 99;
		struct request_refusal refusal = judge(cases[i].method, cases[i].is_1_0,
			cases[i].fields, LENGTH(cases[i].fields), &body_size);

		if (refusal.status != cases[i].status)
			fail_msg("case %zu: %u %s", i, refusal.status, refusal.reason);
		assert_int_equal(body_size, cases[i].body_size);
	}
}

static void methods_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(request_parse_method("GET"), REQUEST_GET);
	assert_int_equal(request_parse_method("DELETE"), REQUEST_DELETE);
	assert_int_equal(request_parse_method("OPTIONS"), REQUEST_OTHER);
	assert_int_equal(request_parse_method("get"), REQUEST_UNKNOWN);
	assert_int_equal(request_parse_method("GETX"), REQUEST_UNKNOWN);
	assert_int_equal(request_parse_method(""), REQUEST_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_read_as_rfc_9110_says),
		cmocka_unit_test(tags_are_compared_strongly_and_weakly),
		cmocka_unit_test(if_range_wants_one_strong_tag),
		cmocka_unit_test(only_quotable_text_becomes_a_tag),
		cmocka_unit_test(targets_are_split),
		cmocka_unit_test(paths_are_decoded_once_and_carefully),
		cmocka_unit_test(paths_end_where_they_are_said_to),
		cmocka_unit_test(framing_is_judged),
		cmocka_unit_test(methods_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
