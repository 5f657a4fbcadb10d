/* SPDX-License-Identifier: ISC */
/* Validators and conditions (RFC 9110 sections 8.8 and 13). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/conformance/http/tree.h"
#include "tests/conformance/http/wire.h"

#define CLOCK_TICK_US 30000 /* more than one of any kernel's clock for files */
#define OLD "Sun, 06 Nov 1994 08:49:37 GMT"

static void get_tag(struct test *test, int socket, const char *path, char out[static 256])
{
	char request[256];

	snprintf(request, sizeof(request), "HEAD %.100s HTTP/1.1" CRLF HOST CRLF, path);
	if (!wire_field(wire_ask_on(test, socket, request, 0), "ETag", out))
		test_fail(test, "there is no ETag");
}

static void is_strong(struct test *test)
{
	char tag[256];
	size_t length;

	get_tag(test, wire_connect(test), "/bytes", tag);
	length = strlen(tag);
	if (length < 3 || tag[0] != '"' || tag[length - 1] != '"')
		test_fail(test, "ETag is %.100s", tag);
	for (size_t i = 1; i + 1 < length; i++) {
		if (tag[i] < 0x21 || tag[i] == '"' || tag[i] == 0x7f)
			test_fail(test, "a byte of ETag is %#x", (unsigned)tag[i]);
	}
	test_pass(test, "%.100s", tag);
}

static void is_everywhere(struct test *test)
{
	static const char *const fields[] = { "", "Range: bytes=0-9" CRLF,
		"If-None-Match: *" CRLF };
	int socket = wire_connect(test);
	char tag[256], value[256], request[256];

	get_tag(test, socket, "/bytes", tag);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct answer *answer;

		snprintf(request, sizeof(request), "GET /bytes HTTP/1.1" CRLF HOST "%s" CRLF,
			fields[i]);
		answer = wire_ask_on(test, socket, request, 0);
		if (!wire_field(answer, "ETag", value) || strcmp(tag, value) != 0)
			test_fail(test, "%u has not the ETag of HEAD", answer->status);
	}
}

static void differs(struct test *test)
{
	int socket = wire_connect(test);
	char a[256], b[256];

	get_tag(test, socket, "/bytes", a);
	get_tag(test, socket, "/small", b);
	if (strcmp(a, b) == 0)
		test_fail(test, "two files have the ETag %.100s", a);
}

/* The case's `request` is the fields; "%s" in it stands for the tag without its quotes. */
static void set_condition(struct test *test)
{
	const char *fields = test->self->request, *mark = strstr(fields, "%s");
	char tag[256], request[1024];
	int socket = wire_connect(test);
	const struct answer *answer;

	get_tag(test, socket, "/bytes", tag);
	tag[strlen(tag) - 1] = '\0';
	snprintf(request, sizeof(request), "GET /bytes HTTP/1.1" CRLF HOST "%.*s%.100s%s" CRLF,
		mark ? (int)(mark - fields) : 0, fields, mark ? strchr(tag, '"') + 1 : "",
		mark ? mark + 2 : fields);
	answer = wire_ask_on(test, socket, request, 0);
	if (!wire_is_expected(test, answer->status))
		test_fail(test, "answered with %u", answer->status);
	if (answer->status == 200 && answer->size != TREE_BYTES)
		test_fail(test, "200, but not the whole");
	if (answer->status < 400)
		wire_must_go_on(test, socket);
	test_pass(test, "answered with %u", answer->status);
}

static void head_is_conditional(struct test *test)
{
	int socket = wire_connect(test);

	wire_expect_status(test,
		wire_ask_on(test, socket,
			"HEAD /bytes HTTP/1.1" CRLF HOST "If-None-Match: *" CRLF CRLF, 0),
		304);
	wire_must_go_on(test, socket);
}

static void says_little_with_304(struct test *test)
{
	const struct answer *answer = wire_ask(test, GET("/bytes", "If-None-Match: *" CRLF));
	char value[256];

	wire_expect_status(test, answer, 304);
	if (wire_field(answer, "Content-Length", value) && strcmp(value, "1000") != 0)
		test_fail(test, "304 with Content-Length %.40s of a file of 1000 bytes", value);
}

/* With Last-Modified: the date itself means "not modified". */
static void knows_its_own_date(struct test *test)
{
	int socket = wire_connect(test);
	char date[256], request[512];

	if (!wire_field(wire_ask_on(test, socket, SMALL, 0), "Last-Modified", date))
		test_skip(test, "there is no Last-Modified");
	snprintf(request, sizeof(request),
		"GET /small HTTP/1.1" CRLF HOST "If-Modified-Since: %.60s" CRLF CRLF, date);
	wire_expect_status(test, wire_ask_on(test, socket, request, 0), 304);
	wire_must_go_on(test, socket);
}

static void enter_tree(struct test *test, char *path, size_t size, const char *name)
{
	if (!test->target->tree)
		test_skip(test, "the served directory isn't here (--tree)");
	snprintf(path, size, "%.200s/%.40s-%u", test->target->tree, name, test->number);
}

/* A file of 100 bytes that begins with this one, and says that it is from 2001. */
static void write_dated(struct test *test, const char *path, char byte)
{
	static const struct timespec times[2] = { { .tv_sec = 1000000000 },
		{ .tv_sec = 1000000000 } };
	int fd = tree_write(path, 100) == 0 ? open(path, O_WRONLY | O_CLOEXEC) : -1;
	bool done = fd >= 0 && pwrite(fd, &byte, 1, 0) == 1 && futimens(fd, times) == 0;

	if (fd >= 0)
		close(fd);
	if (!done)
		test_fail(test, "can't write %.100s", path);
}

/* The same name, size and time of modification, but another content: in a new file, or (with
 * `other`) in the same. */
static void notices_a_change(struct test *test)
{
	char path[256], next[264], first[256] = "", second[256] = "", name[64];
	const char *target = test->self->other ? path : next;
	int socket = wire_connect(test);

	enter_tree(test, path, sizeof(path), "changes");
	snprintf(next, sizeof(next), "%s.new", path);
	snprintf(name, sizeof(name), "/changes-%u", test->number);
	write_dated(test, path, 'a');
	get_tag(test, socket, name, first);
	usleep(CLOCK_TICK_US);
	write_dated(test, target, 'b');
	if (target == next && rename(next, path) != 0)
		test_fail(test, "can't write %.100s", path);
	get_tag(test, socket, name, second);
	unlink(path);
	if (strcmp(first, second) == 0)
		test_fail(test, "both contents have the same ETag");
	test_pass(test, "another ETag");
}

static const struct http_case cases[] = {
	{ "9110.8.8.3", LEVEL_PRACTICE, "ETag is there, and strong", .run = is_strong },
	{ "9110.8.8.3", LEVEL_SHOULD, "200, 206 and 304 carry the same ETag",
		.run = is_everywhere },
	{ "9110.8.8.3", LEVEL_MUST, "another file has another ETag", .run = differs },
	{ "9110.8.8.1", LEVEL_MUST, "a new file of the same size and date has a new ETag",
		.run = notices_a_change },
	{ "9110.8.8.1", LEVEL_MUST, "a file that is written again has a new ETag",
		.run = notices_a_change, .other = "in place" },
	{ "9110.13.1.2", LEVEL_MUST, "If-None-Match with the tag: 304", .run = set_condition,
		.request = "If-None-Match: \"%s\"" CRLF, .statuses = { 304 } },
	{ "9110.13.1.2", LEVEL_MUST, "If-None-Match with another tag: 200", .run = set_condition,
		.request = "If-None-Match: \"other\"" CRLF, .statuses = { 200 } },
	{ "9110.13.1.2", LEVEL_MUST, "If-None-Match with *: 304", .run = set_condition,
		.request = "If-None-Match: *" CRLF, .statuses = { 304 } },
	{ "9110.13.1.2", LEVEL_MUST, "If-None-Match with a list that holds it: 304",
		.run = set_condition,
		.request = "If-None-Match: \"a\", W/\"b\",\"%s\" , \"c\"" CRLF,
		.statuses = { 304 } },
	{ "9110.13.1.2", LEVEL_MUST, "If-None-Match with a list that doesn't: 200",
		.run = set_condition, .request = "If-None-Match: \"a\", W/\"b\", \"c\"" CRLF,
		.statuses = { 200 } },
	{ "9110.5.3", LEVEL_PRACTICE, "If-None-Match as a list in two fields", .run = set_condition,
		.request = "If-None-Match: \"a\"" CRLF "If-None-Match: \"%s\"" CRLF,
		.statuses = { 304, 200 } },
	{ "9110.13.1.2", LEVEL_MUST, "If-None-Match compares weakly: W/ doesn't matter",
		.run = set_condition, .request = "If-None-Match: W/\"%s\"" CRLF,
		.statuses = { 304 } },
	{ "9110.8.8.3", LEVEL_MUST, "a tag with a comma in it isn't two", .run = set_condition,
		.request = "If-None-Match: \"a,%s\"" CRLF, .statuses = { 200 } },
	{ "9110.8.8.3", LEVEL_PRACTICE, "a tag without quotes is none", .run = set_condition,
		.request = "If-None-Match: %s" CRLF, .statuses = { 200, 400 } },
	{ "9110.8.8.3", LEVEL_PRACTICE, "a tag without its end is none", .run = set_condition,
		.request = "If-None-Match: \"%s" CRLF, .statuses = { 200, 400 } },
	{ "9110.8.8.3.2", LEVEL_MUST, "a tag with a letter more is another", .run = set_condition,
		.request = "If-None-Match: \"%sX\"" CRLF, .statuses = { 200 } },
	{ "9110.13.1.3", LEVEL_MUST, "If-Modified-Since is ignored beside If-None-Match",
		.run = set_condition,
		.request = "If-None-Match: \"other\"" CRLF
			   "If-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT" CRLF,
		.statuses = { 200 } },
	{ "9110.13.1.3", LEVEL_MUST, "If-Modified-Since with an old date: 200",
		.run = set_condition, .request = "If-Modified-Since: " OLD CRLF,
		.statuses = { 200 } },
	{ "9110.13.1.3", LEVEL_MUST, "If-Modified-Since with what is no date: 200",
		.run = set_condition, .request = "If-Modified-Since: yesterday" CRLF,
		.statuses = { 200 } },
	{ "9110.13.1.1", LEVEL_MUST, "If-Match with the tag: 200", .run = set_condition,
		.request = "If-Match: \"%s\"" CRLF, .statuses = { 200 } },
	{ "9110.13.1.1", LEVEL_MUST, "If-Match with another tag: 412", .run = set_condition,
		.request = "If-Match: \"other\"" CRLF, .statuses = { 412 } },
	{ "9110.13.1.1", LEVEL_MUST, "If-Match with *: 200", .run = set_condition,
		.request = "If-Match: *" CRLF, .statuses = { 200 } },
	{ "9110.13.1.1", LEVEL_MUST, "If-Match compares strongly: W/ never matches",
		.run = set_condition, .request = "If-Match: W/\"%s\"" CRLF, .statuses = { 412 } },
	{ "9110.13.2.2", LEVEL_MUST, "If-Match goes before If-None-Match", .run = set_condition,
		.request = "If-None-Match: \"%s\"" CRLF "If-Match: \"other\"" CRLF,
		.statuses = { 412 } },
	{ "9110.13.2.2", LEVEL_MUST, "If-None-Match goes before Range", .run = set_condition,
		.request = "Range: bytes=0-9" CRLF "If-None-Match: \"%s\"" CRLF,
		.statuses = { 304 } },
	{ "9110.13.2.2", LEVEL_MUST, "If-Match goes before Range", .run = set_condition,
		.request = "Range: bytes=2000-" CRLF "If-Match: \"other\"" CRLF,
		.statuses = { 412 } },
	{ "9110.13.1.4", LEVEL_MUST, "If-Unmodified-Since with an old date: 412",
		.run = set_condition, .request = "If-Unmodified-Since: " OLD CRLF,
		.statuses = { 412, 200 } },
	{ "9110.13.1.5", LEVEL_MUST, "If-Range with the tag: the part", .run = set_condition,
		.request = "Range: bytes=0-9" CRLF "If-Range: \"%s\"" CRLF, .statuses = { 206 } },
	{ "9110.13.1.5", LEVEL_MUST, "If-Range with another tag: the whole", .run = set_condition,
		.request = "Range: bytes=0-9" CRLF "If-Range: \"other\"" CRLF,
		.statuses = { 200 } },
	{ "9110.13.1.5", LEVEL_MUST, "If-Range compares strongly: W/ gives the whole",
		.run = set_condition, .request = "Range: bytes=0-9" CRLF "If-Range: W/\"%s\"" CRLF,
		.statuses = { 200 } },
	{ "9110.13.1.5", LEVEL_MUST, "If-Range with an old date: the whole", .run = set_condition,
		.request = "Range: bytes=0-9" CRLF "If-Range: " OLD CRLF, .statuses = { 200 } },
	{ "9110.13.1.5", LEVEL_MUST, "If-Range with a date to come: the whole",
		.run = set_condition,
		.request = "Range: bytes=0-9" CRLF "If-Range: Fri, 31 Dec 2100 23:59:59 GMT" CRLF,
		.statuses = { 200 } },
	{ "9110.13.1.5", LEVEL_PRACTICE, "If-Range with neither: the whole", .run = set_condition,
		.request = "Range: bytes=0-9" CRLF "If-Range: other" CRLF,
		.statuses = { 200, 400 } },
	{ "9110.13.1.5", LEVEL_MUST,
		"If-Range with another tag, and a range behind the end: the whole",
		.run = set_condition,
		.request = "Range: bytes=5000-" CRLF "If-Range: \"other\"" CRLF,
		.statuses = { 200 } },
	{ "9110.13.1.5", LEVEL_MUST, "If-Range without Range: the whole", .run = set_condition,
		.request = "If-Range: \"%s\"" CRLF, .statuses = { 200 } },
	{ "9110.13.1.2", LEVEL_MUST, "HEAD is conditional as well", .run = head_is_conditional },
	{ "9110.8.6", LEVEL_MUST, "304 says no wrong Content-Length", .run = says_little_with_304 },
	{ "9110.13.1.3", LEVEL_SHOULD, "If-Modified-Since with the file's own date: 304",
		.run = knows_its_own_date },
};

GROUP(condition_group, "Validators and conditions (RFC 9110 sections 8.8 and 13)", cases);
