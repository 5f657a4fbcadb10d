/* SPDX-License-Identifier: ISC */
/* Host, and the forms of a target (RFC 9112 section 3.2). */
#include "tests/conformance/http/wire.h"

#define LINE "GET /small HTTP/1.1" CRLF
#define GOOD(text) .request = (text), .statuses = { 200 }, .after = AFTER_OPEN
#define BAD(text) .request = (text), .statuses = { 400 }

static const struct http_case cases[] = {
	{ "9112.3.2", LEVEL_MUST, "no Host: 400", BAD(LINE CRLF) },
	{ "9112.3.2", LEVEL_MUST, "two Hosts: 400", BAD(LINE "Host: a" CRLF "Host: b" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "twice the same Host: 400",
		BAD(LINE "Host: a" CRLF "Host: a" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "two Hosts of different case: 400",
		BAD(LINE "Host: a" CRLF "hOST: a" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "a Host with a blank in it: 400",
		BAD(LINE "Host: a b" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "a Host with a path: 400", BAD(LINE "Host: a/b" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "a Host with a user: 400", BAD(LINE "Host: me@a" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "a Host with a port that is none: 400",
		BAD(LINE "Host: a:http" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "a Host with a port", GOOD(LINE "Host: a:8080" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "an IPv4 address as Host",
		GOOD(LINE "Host: 10.0.0.1" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "an IPv6 address as Host",
		GOOD(LINE "Host: [fe80::1]:80" CRLF CRLF) },
	{ "9112.3.2", LEVEL_MUST, "HTTP/1.0 needs no Host",
		.request = "GET /small HTTP/1.0" CRLF CRLF, .statuses = { 200 },
		.after = AFTER_CLOSED },
	{ "9112.3.2.2", LEVEL_MUST, "an absolute target",
		GOOD("GET http://conformance/small HTTP/1.1" CRLF HOST CRLF) },
	{ "9112.3.2.2", LEVEL_MUST, "an absolute target's authority goes before Host",
		GOOD("GET http://other:80/small HTTP/1.1" CRLF HOST CRLF) },
	{ "9110.4.2.3", LEVEL_MUST, "an absolute target's scheme is told apart without case",
		GOOD("GET HTTP://conformance/small HTTP/1.1" CRLF HOST CRLF) },
	{ "9112.3.2", LEVEL_MUST, "an absolute target needs Host, too",
		BAD("GET http://conformance/small HTTP/1.1" CRLF CRLF) },
	{ "9110.4.2.1", LEVEL_MUST, "an absolute target without a host: 400",
		BAD("GET http:///small HTTP/1.1" CRLF HOST CRLF) },
	{ "9112.3.2.2", LEVEL_MUST, "an absolute target without a path means /",
		.request = "GET http://conformance HTTP/1.1" CRLF HOST CRLF,
		.statuses = { 200, 403, 404 } },
	{ "9112.3.2.4", LEVEL_MUST, "* is for OPTIONS alone",
		BAD("GET * HTTP/1.1" CRLF HOST CRLF) },
	{ "9112.3.2.3", LEVEL_MUST, "an authority is for CONNECT alone",
		BAD("GET router:80 HTTP/1.1" CRLF HOST CRLF) },
	{ "9112.3.2.1", LEVEL_MUST, "a target without its slash: 400",
		BAD("GET small HTTP/1.1" CRLF HOST CRLF) },
	{ "9112.3.2.1", LEVEL_MUST, "a query doesn't belong to the path",
		GOOD(GET("/small?x=/../y%00", "")) },
	{ "9112.3.2", LEVEL_PRACTICE, "a fragment in a target: 400", BAD(GET("/small#x", "")) },
};

GROUP(host_group, "Host and targets (RFC 9112 section 3.2)", cases);
