/* SPDX-License-Identifier: ISC */
/* Names that aim outside the served directory or at what isn't a file. No RFC speaks of them, but
 * for RFC 1123 section 4.2.3.4, which wants access to be controlled. */
#include "tests/conformance/tftp/expect.h"

#include <string.h>

/* No byte of what lies there may come. */
static void not_served(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, test->self->text, "octet", test->self->number ? "tsize=0" : NULL);
	if (x->heard == HEARD_DATA || x->heard == HEARD_OACK)
		test_fail(test, "it was served: %s came",
			x->heard == HEARD_DATA ? "DATA" : "an OACK");
	expect_error(x, -1);
}

/* Silence is fine too. */
static void not_served_bytes(struct test *test)
{
	struct exchange *x = exchange_open(test);

	exchange_send_request(x, test->self->text, test->self->number);
	exchange_receive(x, 1500);
	if (x->heard == HEARD_DATA || x->heard == HEARD_OACK)
		test_fail(test, "it was served");
	if (x->heard == HEARD_NOTHING)
		test_pass(test, "silence");
	expect_error(x, -1);
}

/* Another spelling of a file's name: the file or an ERROR, nothing else. */
static void file_or_error(struct test *test)
{
	struct exchange *x = exchange_open(test);
	struct expected e = expect_file(test, "size-513", "octet");

	ask(x, test->self->text, "octet", NULL);
	if (x->heard == HEARD_ERROR) {
		expect_error(x, -1);
		return;
	}
	expect_block(x, &e, 1, 512);
	test_observe(test, "the file");
}

/* The ERROR's text may repeat the name, but tell nothing of where the served directory lies. */
static void no_path_in_error(struct test *test)
{
	struct exchange *x = exchange_open(test);

	ask(x, test->self->text, "octet", NULL);
	expect_error(x, -1);
	if ((test->target->tree && strstr(x->error_text, test->target->tree)) ||
		strchr(x->error_text, '/'))
		test_fail(test, "it tells a path: %.120s", x->error_text);
}

#define NO .section = "security", .level = LEVEL_PRACTICE, .run = not_served
#define NO_BYTES(string)                                                                           \
	.section = "security", .level = LEVEL_PRACTICE, .run = not_served_bytes, .text = (string), \
	.number = sizeof(string) - 1
#define EITHER .section = "security", .level = LEVEL_PRACTICE, .run = file_or_error

static const struct conformance_case cases[] = {
	{ NO, .name = "/etc/passwd", .text = "/etc/passwd" },
	{ NO, .name = "//etc/passwd", .text = "//etc/passwd" },
	{ NO, .name = "../etc/passwd", .text = "../etc/passwd" },
	{ NO, .name = "twelve times ../ and etc/passwd",
		.text = "../../../../../../../../../../../../etc/passwd" },
	{ NO, .name = "/ and twelve times ../",
		.text = "/../../../../../../../../../../../../etc/passwd" },
	{ NO, .name = "dir/../../etc/passwd",
		.text = "dir/../../../../../../../../../../etc/passwd" },
	{ NO, .name = "../ with options", .number = 1,
		.text = "../../../../../../../../../../../../etc/passwd" },
	{ NO, .name = "..\\..\\etc\\passwd", .text = "..\\..\\..\\..\\..\\..\\etc\\passwd" },
	{ NO, .name = "%2e%2e/etc/passwd",
		.text = "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd" },
	{ NO, .name = "dots in overlong UTF-8",
		.text = "\xc0\xae\xc0\xae/\xc0\xae\xc0\xae/\xc0\xae\xc0\xae/\xc0\xae\xc0\xae/"
			"etc/passwd" },
	{ NO, .name = "slashes in overlong UTF-8",
		.text = "..\xc0\xaf..\xc0\xaf..\xc0\xaf..\xc0\xaf..\xc0\xaf"
			"etc\xc0\xafpasswd" },
	{ NO, .name = "....//....//etc/passwd", .text = "....//....//....//....//etc/passwd" },
	{ NO, .name = "/proc/self/environ", .text = "/proc/self/environ" },
	{ NO, .name = "../../proc/self/maps", .text = "../../../../../../../proc/self/maps" },
	{ NO, .name = "/dev/zero", .text = "/dev/zero" },
	{ NO, .name = "../../dev/zero", .text = "../../../../../../../dev/zero" },
	{ NO, .name = "a symbolic link to /etc/hostname", .text = "link-outside" },
	{ NO, .name = "a symbolic link by ../ to /etc/hostname", .text = "link-up" },
	{ NO, .name = "through a symbolic link to /etc", .text = "link-directory/hostname" },
	{ NO, .name = "a symbolic link to /etc itself", .text = "link-directory" },
	{ NO, .name = ".", .text = "." },
	{ NO, .name = "..", .text = ".." },
	{ NO, .name = "/", .text = "/" },
	{ NO, .name = "a directory with a slash", .text = "dir/" },
	{ NO, .name = "a file with a slash", .text = "size-513/" },
	{ NO, .name = "a name of blanks", .text = "   " },
	{ NO, .name = "a name of control bytes", .text = "\1\2\33[2J\7\r\n" },
	{ NO, .name = "a name of 400 bytes without slash",
		.text = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			"nn"
			"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			"nn"
			"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			"nn"
			"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			"nn"
			"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
			"nn"
			"nnnnnnnnnnnnnnnnnnnn" },
	{ NO, .name = "a name of printf's directives", .text = "%s%s%s%n%n%n%x%x" },
	{ NO, .name = "a name for a shell", .text = "`id`;$(id)|id>x" },
	{ NO_BYTES("\0\1../../../../etc/passwd\0.png\0octet\0"),
		.name = "a NUL within the name, then another name" },
	{ EITHER, .name = "./size-513 is the file or an ERROR", .text = "./size-513" },
	{ EITHER, .name = "/size-513 is the file or an ERROR", .text = "/size-513" },
	{ EITHER, .name = "//size-513 is the file or an ERROR", .text = "//size-513" },
	{ EITHER, .name = "dir/../size-513 is the file or an ERROR", .text = "dir/../size-513" },
	{ EITHER, .name = "dir//../size-513 is the file or an ERROR", .text = "dir//../size-513" },
	{ .section = "security",
		.level = LEVEL_PRACTICE,
		.name = "a missing file's ERROR tells no path of the server",
		.run = no_path_in_error,
		.text = "missing" },
	{ .section = "security",
		.level = LEVEL_PRACTICE,
		.name = "a directory's ERROR tells no path of the server",
		.run = no_path_in_error,
		.text = "dir" },
};

GROUP_TABLE(security_name_group, "Security: names", cases);
