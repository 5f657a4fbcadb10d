/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/conf_text.h"
#include "common/nearest.h"

struct example {
	char interface[16];
	char label[8];
	int64_t port;
	bool quick;
	int mode;
	size_t n_roles;
	struct role {
		char name[8];
		char lines[24];
		int64_t weight;
	} roles[3];
};

static const char *const modes[] = { "auto", "approve", "deny", NULL };

static const char *check_interface(const char *value)
{
	return strchr(value, '/') ? "holds a slash" : NULL;
}

#define AT(member)                                                                                 \
	.offset = offsetof(struct example, member), .size = sizeof(((struct example *)0)->member)

#define IN(member)                                                                                 \
	.offset = offsetof(struct role, member), .size = sizeof(((struct role *)0)->member)

static const struct conf_setting role[] = {
	{ .path = "name", .type = CONF_STRING, IN(name), .min = 1 },
	{ .path = "lines",
		.type = CONF_LINES,
		IN(lines),
		.fallback = "",
		.check = check_interface },
	{ .path = "weight", .type = CONF_INTEGER, IN(weight), .max = 9, .fallback = "3" },
	{ .path = NULL },
};

static const struct conf_setting table[] = {
	{ .path = "lan.interface",
		.type = CONF_STRING,
		AT(interface),
		.min = 1,
		.max = 15,
		.check = check_interface,
		.help = "name of a network interface" },
	{ .path = "lan.label", .type = CONF_STRING, AT(label), .fallback = "none" },
	{ .path = "servers.port",
		.type = CONF_INTEGER,
		AT(port),
		.min = 1,
		.max = 65535,
		.fallback = "69",
		.help = "UDP port" },
	{ .path = "servers.quick", .type = CONF_BOOLEAN, AT(quick), .fallback = "true" },
	{ .path = "nodes.mode",
		.type = CONF_CHOICE,
		AT(mode),
		.choices = modes,
		.fallback = "approve" },
	{ .path = "nodes.roles",
		.type = CONF_LIST,
		.offset = offsetof(struct example, roles),
		.size = sizeof(struct role),
		.max = 3,
		.count_offset = offsetof(struct example, n_roles),
		.items = role,
		.fallback = "" },
	{ .path = NULL },
};

static const struct example untouched = {
	.interface = "before", .label = "before", .port = 77, .quick = true, .mode = 77
};

static int parse(const char *text, struct example *out, struct conf_error *error)
{
	memcpy(out, &untouched, sizeof(*out)); /* with its padding: the whole is compared */
	error->text[0] = '\0';
	return conf_parse("t.conf", text, table, out, sizeof(*out), error);
}

static void values_come_from_the_file_or_the_table(void **state)
{
	struct conf_error error;
	struct example out;

	(void)state;
	assert_int_equal(parse("lan = { interface = \"eth0\"; };", &out, &error), 0);
	assert_string_equal(out.interface, "eth0");
	assert_string_equal(out.label, "none");
	assert_int_equal(out.port, 69);
	assert_true(out.quick);
	assert_int_equal(out.mode, 1);

	assert_int_equal(parse("# a comment, \"with { a string\n"
			       "lan : { interface = \"end\" \"0\"; label = \"\"; }\n"
			       "/* servers = { port = 99999999999; }; */\n"
			       "servers = { port = 0x45, quick = FALSE }\n"
			       "nodes = { mode = \"deny\" }\n",
				 &out, &error),
		0);
	assert_string_equal(out.interface, "end0");
	assert_string_equal(out.label, "");
	assert_int_equal(out.port, 69);
	assert_false(out.quick);
	assert_int_equal(out.mode, 2);
}

static void a_list_of_groups_fills_an_array(void **state)
{
	struct conf_error error;
	struct example out;
	char value[128];

	(void)state;
	if (parse("lan = { interface = \"eth0\"; };\n"
		  "nodes = { roles = ( { name = \"a\"; lines = [ \"x=1\", \"y \\\"z\" ]; },\n"
		  "  { name = \"b\"; weight = 9; } ); mode = \"deny\"; };",
		    &out, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(out.n_roles, 2);
	assert_string_equal(out.roles[0].name, "a");
	assert_string_equal(out.roles[0].lines, "x=1\ny \"z\n");
	assert_int_equal(out.roles[0].weight, 3);
	assert_string_equal(out.roles[1].name, "b");
	assert_string_equal(out.roles[1].lines, "");
	assert_int_equal(out.roles[1].weight, 9);
	assert_int_equal(out.mode, 2);
	conf_format_value(&role[1], &out.roles[0], value, sizeof(value));
	assert_string_equal(value, "[ \"x=1\", \"y \\\"z\" ]");
	assert_int_equal(parse("lan = { interface = \"eth0\"; };", &out, &error), 0);
	assert_int_equal(out.n_roles, 0);
}

#define GOOD "lan = { interface = \"eth0\"; };\n"

/* Each text has one mistake; the message names line, setting and what is allowed. */
static const struct {
	const char *text, *message;
} mistakes[] = {
	{ "", "t.conf: lan.interface: must be set; allowed: text in double quotes, at most 15 "
	      "characters (name of a network interface)" },
	{ GOOD "lan = { };", "t.conf:2: lan: is set twice; keep one of them" },
	{ "lan = {\n  interface = \"a\";\n  interface = \"b\";\n};",
		"t.conf:3: lan.interface: is set twice; keep one of them" },
	{ "lan = { interface = \"a\"; interface = \"b\"; };",
		"t.conf:1: lan.interface: is set twice; keep one of them" },
	{ GOOD "lan = { }; nodes = { };", "t.conf:2: lan: is set twice; keep one of them" },
	{ "\nlan = { interface = \"a;\n};\n",
		"t.conf:2: lan.interface: the text has no closing \"" },
	{ GOOD "servers = {\n  prot = 5; };",
		"t.conf:3: servers.prot: unknown setting; did you mean \"servers.port\"?" },
	{ GOOD "server = { port = 5; };",
		"t.conf:2: server: unknown group; did you mean \"servers\"?" },
	{ GOOD "port = 5;", "t.conf:2: port: unknown setting; did you mean \"servers.port\"?" },
	{ GOOD "zebra = { };",
		"t.conf:2: zebra: unknown group; bramble.conf(5) lists what there is" },
	{ GOOD "nodes = { zebra = 1; };",
		"t.conf:2: nodes.zebra: unknown setting; bramble.conf(5) lists what there is" },
	{ GOOD "nodes = { roles = (\n { name = \"a\"; },\n { wieght = 1; name = \"b\"; } ); };",
		"t.conf:4: nodes.roles.wieght: unknown setting; did you mean \"weight\"?" },
	{ GOOD "nodes = { roles = (\n { name = \"a\"; },\n { weight = 10; name = \"b\"; } ); };",
		"t.conf:4: nodes.roles.weight: 10 is out of range; allowed: a whole number from 0 "
		"to 9" },
	{ GOOD "nodes = { roles = (\n { name = \"a\"; },\n { } ); };",
		"t.conf:4: nodes.roles.name: must be set; allowed: text in double quotes, at most "
		"7 characters" },
	{ GOOD "nodes = { roles = ( { name = \"a\"; },\n { name = \"b\";\n name = \"c\"; } ); };",
		"t.conf:4: nodes.roles.name: is set twice; keep one of them" },
	{ GOOD "nodes = { roles = ( { name = \"a\"; },\n { weight = 99999999999; } ); };",
		"t.conf:3: nodes.roles.weight: the number is too large" },
	{ GOOD "nodes = { roles = ( { }, { }, { }, { } ); };",
		"t.conf:2: nodes.roles: has 4 elements; allowed: a list of at most 3 groups, ( { … "
		"}, { … } )" },
	{ GOOD "nodes = { roles = ( 5 ); };",
		"t.conf:2: nodes.roles: holds a whole number; allowed: a list of at most 3 groups, "
		"( { … }, { … } )" },
	{ GOOD "nodes = { roles = { name = \"a\"; }; };",
		"t.conf:2: nodes.roles: is a group { … }; allowed: a list of at most 3 groups, ( { "
		"… }, { … } )" },
	{ GOOD "nodes = { roles = ( { name = \"a\"; sub = { }; } ); };",
		"t.conf:2: nodes.roles.sub: unknown group; bramble.conf(5) lists what there is" },
	{ GOOD "nodes = { roles = ( { name = \"a\"; lines = [ \"a/b\" ]; } ); };",
		"t.conf:2: nodes.roles.lines: \"a/b\" holds a slash; allowed: lines of text, [ "
		"\"…\", \"…\" ], at most 23 characters in all" },
	{ GOOD "nodes = { roles = ( { name = \"a\"; lines = [ \"0123456789012345678\",\n"
	       "\"012345\" ]; } ); };",
		"t.conf:2: nodes.roles.lines: \"012345\" is too long (6 characters); allowed: "
		"lines of text, [ \"…\", \"…\" ], at most 23 characters in all" },
	{ GOOD "servers = 5;",
		"t.conf:2: servers: is a whole number; allowed: a group, servers = { … };" },
	{ GOOD "servers = ( { port = 5; } );",
		"t.conf:2: servers: is a list ( … ); allowed: a group, servers = { … };" },
	{ GOOD "servers = { port = { }; };",
		"t.conf:2: servers.port: is a group { … }; allowed: a whole number from 1 to 65535 "
		"(UDP port)" },
	{ GOOD "servers = { port = \"69\"; };", "t.conf:2: servers.port: is text; allowed: a whole "
						"number from 1 to 65535 (UDP port)" },
	{ GOOD "servers = { port = 69.0; };", "t.conf:2: servers.port: is a number with a point; "
					      "allowed: a whole number from 1 to "
					      "65535 (UDP port)" },
	{ GOOD "servers = { port = 0; };", "t.conf:2: servers.port: 0 is out of range; allowed: a "
					   "whole number from 1 to 65535 "
					   "(UDP port)" },
	{ GOOD "servers = { port = 65536; };", "t.conf:2: servers.port: 65536 is out of range; "
					       "allowed: a whole number from 1 to 65535 "
					       "(UDP port)" },
	{ GOOD "servers = { port = -69; };", "t.conf:2: servers.port: -69 is out of range; "
					     "allowed: a whole number from 1 to 65535 "
					     "(UDP port)" },
	/* libconfig 1.5 takes it for 69 */
	{ GOOD "servers = { port = 4294967365; };",
		"t.conf:2: servers.port: the number is too large" },
	{ GOOD "servers = { port = 0x100000045; };",
		"t.conf:2: servers.port: the number is too large" },
	{ GOOD "servers = { port = 99999999999999999999L; };",
		"t.conf:2: servers.port: the number is too large" },
	{ GOOD "servers = { quick = 1; };",
		"t.conf:2: servers.quick: is a whole number; allowed: true or false" },
	{ GOOD "nodes = { mode = \"autp\"; };", "t.conf:2: nodes.mode: \"autp\" is unknown, did "
						"you mean \"auto\"?; allowed: \"auto\", "
						"\"approve\", \"deny\"" },
	{ GOOD "nodes = { mode = \"Everyone\\t\"; };", "t.conf:2: nodes.mode: \"Everyone\\x09\" is "
						       "unknown; allowed: \"auto\", \"approve\", "
						       "\"deny\"" },
	{ "\nlan = { interface = \"\"; };", "t.conf:2: lan.interface: is empty; allowed: text in "
					    "double quotes, at most 15 characters "
					    "(name of a network interface)" },
	{ "lan = { interface = \"0123456789abcdef\"; };",
		"t.conf:1: lan.interface: \"0123456789abcdef\" is too long (16 characters); "
		"allowed: text "
		"in double quotes, at most 15 characters (name of a network interface)" },
	{ "lan = { interface = \"a/b\"; };", "t.conf:1: lan.interface: \"a/b\" holds a slash; "
					     "allowed: text in double quotes, at most "
					     "15 characters (name of a network interface)" },
	{ "lan = { interface = \"a\\nb\"; };",
		"t.conf:1: lan.interface: \"a\\x0ab\" holds a control character; allowed: text in "
		"double "
		"quotes, at most 15 characters (name of a network interface)" },
	{ "lan = { interface = \"eth0\\x00\"; };",
		"t.conf:1: lan.interface: \"\\x00\" would cut the text short" },
	{ "lan = { interface = \"\\xff\"; };", "t.conf:1: lan.interface: \"\\xff\" is not UTF-8; "
					       "allowed: text in double quotes, at most "
					       "15 characters (name of a network interface)" },
	{ "lan = { interface = \"eth0\"; label = \"12345678\" };",
		"t.conf:1: lan.label: \"12345678\" is too long (8 characters); allowed: text in "
		"double "
		"quotes, at most 7 characters" },
	{ GOOD "servers = {\n  port = eth0;\n};", "t.conf:3: syntax error near \"port = eth0;\"; a "
						  "setting is name = value; with text in "
						  "double quotes, a group is name = { … };" },
	{ GOOD "@include \"/etc/passwd\"\n",
		"t.conf:2: @include and the like are not supported; a configuration is one file" },
	{ GOOD "# \xc3\x28\n", "t.conf:2: not UTF-8; save the file in that encoding" },
};

static void each_mistake_is_told_with_line_name_and_cure(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct conf_error error;
		struct example out;

		assert_int_equal(parse(mistakes[i].text, &out, &error), -EINVAL);
		assert_string_equal(error.text, mistakes[i].message);
		assert_memory_equal(&out, &untouched, sizeof(out));
	}
}

static void a_report_tells_every_mistake_in_order(void **state)
{
	static struct conf_report report;
	struct example out;

	(void)state;
	memcpy(&out, &untouched, sizeof(out));
	assert_int_equal(conf_parse_report("t.conf",
				 "servers = {\n port = 0;\n quick = 2;\n};\nnoses = {};\n", table,
				 &out, sizeof(out), &report),
		-EINVAL);
	assert_int_equal(report.count, 4);
	assert_non_null(strstr(report.errors[0].text, "t.conf:2: servers.port: "));
	assert_non_null(strstr(report.errors[1].text, "t.conf:3: servers.quick: "));
	assert_non_null(strstr(report.errors[2].text, "t.conf:5: noses: "));
	assert_non_null(strstr(report.errors[3].text, "t.conf: lan.interface: must be set"));
	assert_memory_equal(&out, &untouched, sizeof(out));
}

static void more_mistakes_than_a_report_holds_do_no_harm(void **state)
{
	static struct conf_report report;
	char text[4096] = GOOD;
	struct example out;

	(void)state;
	for (int i = 0; i < 2 * CONF_REPORT_LIMIT; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "unknown%d = 1;\n", i);
	}
	assert_int_equal(
		conf_parse_report("t.conf", text, table, &out, sizeof(out), &report), -EINVAL);
	assert_int_equal(report.count, CONF_REPORT_LIMIT);
}

/* Write `size` bytes to a fresh file and load it. */
static int load_bytes(const char *bytes, size_t size, struct conf_error *error)
{
	char path[] = "/tmp/conf-test-XXXXXX";
	struct example out;
	int fd = mkstemp(path), result;

	memcpy(&out, &untouched, sizeof(out));
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
	result = conf_load(path, table, &out, sizeof(out), error);
	unlink(path);
	if (result != 0)
		assert_memory_equal(&out, &untouched, sizeof(out));
	return result;
}

static void files_that_are_not_text_are_refused(void **state)
{
	static const char with_nul[] = GOOD "# \0 lan = { }";
	struct conf_error error;
	struct example out;
	char *big = malloc(1024 * 1024 + 1);

	(void)state;
	memcpy(&out, &untouched, sizeof(out));
	assert_non_null(big);
	memset(big, '\n', 1024 * 1024 + 1);
	memcpy(big, GOOD, sizeof(GOOD) - 1);
	assert_int_equal(load_bytes(big, 1024 * 1024, &error), 0);
	assert_int_equal(load_bytes(big, 1024 * 1024 + 1, &error), -EFBIG);
	assert_non_null(strstr(error.text, ": larger than 1 MiB: not a configuration file"));
	free(big);
	assert_int_equal(load_bytes(with_nul, sizeof(with_nul) - 1, &error), -EINVAL);
	assert_non_null(strstr(error.text, ":2: a NUL byte; only text is allowed"));
	assert_int_equal(conf_load("/no/such.conf", table, &out, sizeof(out), &error), -ENOENT);
	assert_string_equal(error.text, "/no/such.conf: cannot read: No such file or directory");
	assert_int_equal(conf_load("/tmp", table, &out, sizeof(out), &error), -EISDIR);
}

static void an_explanation_finds_the_line(void **state)
{
	struct conf_error error;

	(void)state;
	conf_explain(
		"t.conf", "\n\nlan = {\n interface = \"x\"; };", "lan.interface", "is odd", &error);
	assert_string_equal(error.text, "t.conf:4: lan.interface: is odd");
	conf_explain("t.conf", "", "lan.interface", "is odd", &error);
	assert_string_equal(error.text, "t.conf: lan.interface: is odd");
}

static void utf8_is_what_rfc3629_says(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "", true },
		{ "\x7f", true },
		{ "\xc2\x80", true },
		{ "\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
			true },
		{ "\x80", false },
		{ "\xc1\xbf", false },
		{ "\xc2", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xed\xa0\x80", false },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false },
		{ "\xe2\x82", false },
		{ "\xe2\x28\xa1", false },
	};
	unsigned line;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(conf_text_is_utf8(cases[i].text, &line), cases[i].good);
	assert_false(conf_text_is_utf8("a\nb\n\xff", &line));
	assert_int_equal(line, 3);
}

static void the_nearest_name_is_a_typing_error_away(void **state)
{
	struct nearest nearest;
	char huge[200];

	(void)state;
	assert_int_equal(nearest_distance("", ""), 0);
	assert_int_equal(nearest_distance("port", "Port"), 0);
	assert_int_equal(nearest_distance("prot", "port"), 1);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	assert_int_equal(nearest_distance("", "abc"), 3);
	memset(huge, 'a', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	assert_int_equal(nearest_distance(huge, "a"), UINT32_MAX);
	nearest_begin(&nearest, "stauts");
	nearest_offer(&nearest, "boot");
	assert_null(nearest.best);
	nearest_offer(&nearest, "status");
	nearest_offer(&nearest, "statue");
	assert_string_equal(nearest.best, "status");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_from_the_file_or_the_table),
		cmocka_unit_test(a_list_of_groups_fills_an_array),
		cmocka_unit_test(each_mistake_is_told_with_line_name_and_cure),
		cmocka_unit_test(a_report_tells_every_mistake_in_order),
		cmocka_unit_test(more_mistakes_than_a_report_holds_do_no_harm),
		cmocka_unit_test(files_that_are_not_text_are_refused),
		cmocka_unit_test(an_explanation_finds_the_line),
		cmocka_unit_test(utf8_is_what_rfc3629_says),
		cmocka_unit_test(the_nearest_name_is_a_typing_error_away),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
