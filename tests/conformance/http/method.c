/* SPDX-License-Identifier: ISC */
/* Methods, and what every answer carries (RFC 9110 sections 6, 8, 9 and 15). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/conformance/http/tree.h"
#include "tests/conformance/http/wire.h"

/* RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT" */
static void check_date(struct test *test)
{
	char value[256], again[64];
	struct tm time = { 0 };
	const char *date = wire_field(wire_ask(test, SMALL), "Date", value), *end;
	time_t seconds;

	if (!date)
		test_fail(test, "there is no Date");
	end = strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &time);
	seconds = timegm(&time);
	gmtime_r(&seconds, &time);
	strftime(again, sizeof(again), "%a, %d %b %Y %H:%M:%S GMT", &time);
	if (!end || *end || strcmp(again, date) != 0)
		test_fail(test, "Date is %.60s", date);
	test_pass(test, "%.60s", date);
}

static void compare_head_with_get(struct test *test)
{
	static const char *const fields[] = { "Content-Length", "Content-Type", "ETag",
		"Accept-Ranges", "Last-Modified" };
	int socket = wire_connect(test);
	const struct answer *get = wire_ask_on(test, socket, GET("/bytes", ""), 0);
	const struct answer *head =
		wire_ask_on(test, socket, "HEAD /bytes HTTP/1.1" CRLF HOST CRLF, 0);

	wire_expect_status(test, head, get->status);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char a[256] = "", b[256] = "";

		wire_field(get, fields[i], a);
		wire_field(head, fields[i], b);
		if (strcmp(a, b) != 0)
			test_fail(test, "%s: GET says %.60s, HEAD says %.60s", fields[i], a, b);
	}
	wire_must_go_on(test, socket);
}

static void delete_nothing(struct test *test)
{
	static const char *const requests[] = {
		"DELETE /small HTTP/1.1" CRLF HOST CRLF,
		"PUT /small HTTP/1.1" CRLF HOST "Content-Length: 3" CRLF CRLF "new",
		"PATCH /small HTTP/1.1" CRLF HOST "Content-Length: 3" CRLF CRLF "new",
		"MOVE /small HTTP/1.1" CRLF HOST "Destination: /other" CRLF CRLF,
		"MKCOL /dir2 HTTP/1.1" CRLF HOST CRLF,
	};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct answer *answer = wire_ask(test, requests[i]);

		if (answer->status < 400)
			test_fail(test, "answered with %u: %.20s", answer->status, requests[i]);
	}
	wire_must_serve(test);
}

static void refuse_trace(struct test *test)
{
	const struct answer *answer =
		wire_ask(test, "TRACE /small HTTP/1.1" CRLF HOST "Cookie: private" CRLF CRLF);

	if (strstr((const char *)answer->content, "private"))
		test_fail(test, "the request is sent back: %u", answer->status);
	test_pass(test, "answered with %u", answer->status);
}

static const struct http_case cases[] = {
	{ "9110.9.3.1", LEVEL_MUST, "GET: the file, byte by byte", .request = GET("/bytes", ""),
		.statuses = { 200 }, .field = "Content-Length", .value = "1000", .content = true,
		.size = TREE_BYTES, .after = AFTER_OPEN },
	{ "9110.9.3.1", LEVEL_MUST, "GET of five million bytes", .request = GET("/big", ""),
		.statuses = { 200 }, .field = "Content-Length", .value = "5000000", .content = true,
		.size = TREE_BIG, .after = AFTER_OPEN },
	{ "9110.8.6", LEVEL_MUST, "an empty file has Content-Length 0",
		.request = GET("/empty", ""), .statuses = { 200 }, .field = "Content-Length",
		.value = "0", .content = true, .after = AFTER_OPEN },
	{ "9110.9.3.2", LEVEL_MUST, "HEAD: no content, and the connection goes on",
		.request = "HEAD /bytes HTTP/1.1" CRLF HOST CRLF, .statuses = { 200 },
		.after = AFTER_OPEN },
	{ "9110.9.3.2", LEVEL_SHOULD, "HEAD tells what GET would", .run = compare_head_with_get },
	{ "9110.9.3.2", LEVEL_MUST, "HEAD of a missing file: 404 without content",
		.request = "HEAD /missing HTTP/1.1" CRLF HOST CRLF, .statuses = { 404 },
		.after = AFTER_OPEN },
	{ "9110.15.5.5", LEVEL_MUST,
		"a missing file: 404 with a length, and the connection goes on",
		.request = GET("/missing", ""), .statuses = { 404 }, .field = "Content-Length",
		.after = AFTER_OPEN },
	{ "9110.6.6.1", LEVEL_MUST, "each answer has a Date", .run = check_date },
	{ "9110.6.6.1", LEVEL_MUST, "an answer of 404 has a Date, too",
		.request = GET("/missing", ""), .statuses = { 404 }, .field = "Date" },
	{ "9110.8.3", LEVEL_SHOULD, "content has a Content-Type", .request = GET("/bytes", ""),
		.statuses = { 200 }, .field = "Content-Type" },
	{ "9110.14.3", LEVEL_PRACTICE, "Accept-Ranges tells that ranges are served",
		.request = GET("/bytes", ""), .statuses = { 200 }, .field = "Accept-Ranges",
		.value = "bytes" },
	{ "9110.9.1", LEVEL_SHOULD, "an unknown method: 501",
		.request = "BREW /small HTTP/1.1" CRLF HOST CRLF, .statuses = { 501 } },
	{ "9110.9.1", LEVEL_MUST, "methods are told apart by case: get isn't GET",
		.request = "get /small HTTP/1.1" CRLF HOST CRLF, .statuses = { 400, 405, 501 } },
	{ "9110.9.1", LEVEL_MUST, "GETX isn't GET",
		.request = "GETX /small HTTP/1.1" CRLF HOST CRLF, .statuses = { 400, 405, 501 } },
	{ "9110.15.5.6", LEVEL_MUST, "405 says in Allow what is allowed",
		.request = "POST /small HTTP/1.1" CRLF HOST "Content-Length: 0" CRLF CRLF,
		.statuses = { 405 }, .field = "Allow" },
	{ "9110.9.3.3", LEVEL_MUST, "after a refused POST its content isn't taken for a request",
		.request = "POST /small HTTP/1.1" CRLF HOST "Content-Length: 40" CRLF CRLF CANARY,
		.statuses = { 403, 404, 405 } },
	{ "9110.9.3.1", LEVEL_MUST, "the content of a GET isn't taken for a request",
		.request = "GET /small HTTP/1.1" CRLF HOST "Content-Length: 40" CRLF CRLF CANARY,
		.statuses = { 200, 400, 413 } },
	{ "9110.9.3.5", LEVEL_PRACTICE, "PUT, DELETE, PATCH, MOVE and MKCOL change nothing",
		.run = delete_nothing },
	{ "9110.9.3.7", LEVEL_PRACTICE, "OPTIONS * is answered",
		.request = "OPTIONS * HTTP/1.1" CRLF HOST CRLF,
		.statuses = { 200, 204, 405, 501 } },
	{ "9110.9.3.8", LEVEL_PRACTICE, "TRACE sends nothing back", .run = refuse_trace },
	{ "9110.9.3.6", LEVEL_PRACTICE, "CONNECT is refused: no proxy",
		.request = "CONNECT router:22 HTTP/1.1" CRLF "Host: router:22" CRLF CRLF,
		.statuses = { 400, 403, 404, 405, 501 } },
};

GROUP(method_group, "Methods and answers (RFC 9110)", cases);
