/* SPDX-License-Identifier: ISC */
/* Names: what they mean (RFC 3986, RFC 9110 section 4.2), and that none leads out of the tree. */
#include <stdio.h>
#include <string.h>

#include "tests/conformance/http/tree.h"
#include "tests/conformance/http/wire.h"

#define IS(text, bytes)                                                                            \
	.request = GET(text, ""), .statuses = { 200 }, .content = true, .size = (bytes),           \
	.after = AFTER_OPEN
/* Whatever the server says, it isn't what lies outside, and not where that is. */
#define NOT_SERVED(text)                                                                           \
	.run = ask_for_no_secret, .request = GET(text, ""),                                        \
	.statuses = { 400, 403, 404, 414, NO_ANSWER }
#define NORMALISED(text)                                                                           \
	.run = ask_for_no_secret, .request = GET(text, ""),                                        \
	.statuses = { 200, 301, 308, 400, 403, 404, NO_ANSWER }

static void ask_for_no_secret(struct test *test)
{
	const struct answer *answer = wire_ask(test, test->self->request);
	const char *content = (const char *)answer->content;

	if (strstr(content, TREE_SECRET))
		test_fail(test, "the secret outside the tree was sent");
	if (strstr(content, "root:x:0:0"))
		test_fail(test, "/etc/passwd was sent");
	if (test->target->tree && strstr(content, test->target->tree))
		test_fail(test, "the answer tells where the tree is");
	if (!wire_is_expected(test, answer->status))
		test_fail(test, "answered with %u", answer->status);
	wire_must_serve(test);
	test_pass(test, "answered with %u", answer->status);
}

/* No index is made, and nothing that is in the tree is told. */
static void list_nothing(struct test *test)
{
	static const char *const requests[] = { GET("/", ""), GET("/dir/", ""), GET("/dir", "") };

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct answer *answer = wire_ask(test, requests[i]);

		if (answer->status == 200 || strstr((const char *)answer->content, "inner"))
			test_fail(test, "a directory is listed: %u", answer->status);
	}
}

static const struct http_case cases[] = {
	{ "9110.4.2.3", LEVEL_MUST, "an escaped letter is the letter", IS("/%73mall", 10) },
	{ "9110.4.2.3", LEVEL_MUST, "escapes in lower and upper case", IS("/%62y%74%65s", 1000) },
	{ "3986.2.1", LEVEL_MUST, "a name with a blank", IS("/two%20words", 30) },
	{ "3986.2.5", LEVEL_MUST, "a name in UTF-8", IS("/gr%C3%B6%c3%9fe", 40) },
	{ "3986.2.1", LEVEL_MUST, "a name with a percent sign", IS("/100%25", 60) },
	{ "3986.2.1", LEVEL_PRACTICE, "a name with a backslash is one name",
		IS("/back%5Cslash", 50) },
	{ "3986.3.3", LEVEL_MUST, "a file in a directory", IS("/dir/inner", 20) },
	{ "3986.2.1", LEVEL_MUST, "plus isn't a blank", .request = GET("/two+words", ""),
		.statuses = { 404 } },
	{ "3986.6.2.2.1", LEVEL_MUST, "names are told apart by case", .request = GET("/SMALL", ""),
		.statuses = { 404 } },
	{ "9110.17.3", LEVEL_SHOULD, "..", NOT_SERVED("/../secret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. ten times",
		NOT_SERVED("/../../../../../../../../../../etc/passwd") },
	{ "9110.17.3", LEVEL_SHOULD, ".. behind a directory", NOT_SERVED("/dir/../../secret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. escaped", NOT_SERVED("/%2e%2e/secret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. half escaped", NOT_SERVED("/.%2E/secret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. with an escaped slash", NOT_SERVED("/..%2fsecret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. with an escaped slash, in a directory",
		NOT_SERVED("/dir%2f..%2f..%2fsecret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. with a backslash", NOT_SERVED("/..\\secret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. with an escaped backslash", NOT_SERVED("/..%5csecret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. escaped twice", NOT_SERVED("/%252e%252e/secret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. in overlong UTF-8", NOT_SERVED("/%c0%ae%c0%ae/secret") },
	{ "9110.17.3", LEVEL_SHOULD, "/ in overlong UTF-8", NOT_SERVED("/..%c0%afsecret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. in escapes of Unicode",
		NOT_SERVED("/%u002e%u002e/secret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. in an absolute target",
		NOT_SERVED("http://conformance/../secret") },
	{ "9110.17.3", LEVEL_SHOULD, ".. at the end", NORMALISED("/dir/..") },
	{ "9110.17.3", LEVEL_SHOULD, ".. that stays inside: the file or a refusal",
		NORMALISED("/dir/../small") },
	{ "9110.17.3", LEVEL_SHOULD, "an absolute path", NORMALISED("//etc/passwd") },
	{ "9110.17.3", LEVEL_SHOULD, "an escaped absolute path", NORMALISED("/%2fetc/passwd") },
	{ "9110.17.3", LEVEL_SHOULD, "NUL cuts no name", NOT_SERVED("/small%00") },
	{ "9110.17.3", LEVEL_SHOULD, "NUL before an ending", NOT_SERVED("/small%00.txt") },
	{ "9110.17.3", LEVEL_SHOULD, "an escaped line end in a name",
		NOT_SERVED("/small%0d%0aX-Injected:%20yes") },
	{ "9110.17.3", LEVEL_PRACTICE, "an incomplete escape", NOT_SERVED("/small%2") },
	{ "9110.17.3", LEVEL_PRACTICE, "an escape that is none", NOT_SERVED("/small%zz") },
	{ "9110.17.3", LEVEL_PRACTICE, "a symbolic link to a file outside", NOT_SERVED("/link") },
	{ "9110.17.3", LEVEL_PRACTICE, "a symbolic link to the directory outside",
		NOT_SERVED("/up/secret") },
	{ "9110.17.3", LEVEL_PRACTICE, "a symbolic link to itself", .run = ask_for_no_secret,
		.request = GET("/loop", ""), .statuses = { 403, 404, 500, NO_ANSWER } },
	{ "9110.17.3", LEVEL_PRACTICE, "a FIFO: refused at once", NOT_SERVED("/fifo") },
	{ "9110.17.3", LEVEL_PRACTICE, "a device", NOT_SERVED("/device") },
	{ "9110.17.3", LEVEL_PRACTICE, "directories aren't listed", .run = list_nothing },
	{ "9110.17.3", LEVEL_PRACTICE, "a file isn't a directory", NOT_SERVED("/small/") },
	{ "9110.17.3", LEVEL_PRACTICE, "a file has nothing in it", NOT_SERVED("/small/x") },
};

GROUP(path_group, "Names (RFC 3986, RFC 9110 section 17.3)", cases);
