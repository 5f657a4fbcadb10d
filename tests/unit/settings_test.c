/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/str.h"
#include "provisioner/settings/settings.h"

/* Tests run in the root of the source tree. */
#define EXAMPLE "etc/bramble.conf"
#define MANUAL "docs/man/bramble.conf.5"

static const char minimal[] = "lan = { interface = \"eth0\"; };";

static int parse(const char *text, struct settings *settings, struct conf_error *error)
{
	memset(settings, 0x5a, sizeof(*settings));
	error->text[0] = '\0';
	return settings_parse("b.conf", text, settings, error);
}

static void assert_address(struct in_addr address, const char *expected)
{
	char text[ADDRESS_TEXT_SIZE];

	str_format_address(address, text);
	assert_string_equal(text, expected);
}

static void only_the_interface_must_be_set(void **state)
{
	struct conf_error error;
	struct settings s;

	(void)state;
	assert_int_equal(parse(minimal, &s, &error), 0);
	assert_string_equal(s.lan_interface, "eth0");
	assert_string_equal(s.lan_address, "10.77.0.1/24");
	assert_int_equal(s.prefix_length, 24);
	assert_address(s.netmask, "255.255.255.0");
	assert_address(s.router, "10.77.0.1");
	assert_address(s.range_first, "10.77.0.128");
	assert_address(s.range_last, "10.77.0.254");
	assert_int_equal(s.join, JOIN_AUTO);
	assert_int_equal(s.nfs, NFS_AUTO);
	assert_string_equal(s.node_pattern, "rasp%d");
	assert_string_equal(s.share, "/srv/bramble");
	assert_string_equal(s.run, "/run/bramble");
	assert_int_equal(s.tftp_port, 69);
	assert_int_equal(s.http_port, 80);
	assert_int_equal(s.tftp_sessions, 1024);
	assert_int_equal(s.tftp_file_time_s, 30);
	assert_int_equal(s.heartbeat_s, 10);
	assert_int_equal(s.log_level, 3);
	assert_int_equal(parse("", &s, &error), -EINVAL);
	assert_non_null(strstr(error.text, "b.conf: lan.interface: must be set; "));
}

static void the_range_is_the_half_without_the_router(void **state)
{
	static const struct {
		const char *address, *first, *last;
	} cases[] = {
		{ "192.168.1.254/24", "192.168.1.1", "192.168.1.127" },
		{ "192.168.1.127/24", "192.168.1.128", "192.168.1.254" },
		{ "192.168.1.128/24", "192.168.1.1", "192.168.1.127" },
		{ "10.0.0.1/30", "10.0.0.2", "10.0.0.2" },
		{ "10.0.0.2/30", "10.0.0.1", "10.0.0.1" },
		{ "10.0.0.1/29", "10.0.0.4", "10.0.0.6" },
		{ "10.1.2.3/8", "10.128.0.0", "10.255.255.254" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_error error;
		struct settings s;
		char text[256];

		snprintf(text, sizeof(text), "lan = { interface = \"e\"; address = \"%s\"; };",
			cases[i].address);
		assert_int_equal(parse(text, &s, &error), 0);
		assert_address(s.range_first, cases[i].first);
		assert_address(s.range_last, cases[i].last);
	}
}

/* setting = value (as the file writes it), and a part of the message; NULL = allowed */
static const struct {
	const char *group, *setting, *message;
} values[] = {
	{ "lan", "interface = \"0123456789abcde\"", NULL },
	{ "lan", "interface = \"0123456789abcdef\"", "too long" },
	{ "lan", "interface = \"eth/0\"", "not an interface name" },
	{ "lan", "interface = \"..\"", "is not a name" },
	{ "lan", "interface = \"et h\"", "not an interface name" },
	{ "lan", "address = \"10.77.0.1\"", "not an address with a prefix length" },
	{ "lan", "address = \"10.77.0.1/7\"", "impossible prefix length" },
	{ "lan", "address = \"10.77.0.1/31\"", "impossible prefix length" },
	{ "lan", "address = \"10.77.0.0/24\"", "first (network) address" },
	{ "lan", "address = \"10.77.0.255/24\"", "last (broadcast) address" },
	{ "lan", "range_first = \"10.77.0\"", "is not an IPv4 address" },
	{ "lan", "range_first = \"10.77.0.0\"",
		"lan.range_first: 10.77.0.0 is outside the network of lan.address; allowed: "
		"10.77.0.1 "
		"to 10.77.0.254" },
	{ "lan", "range_last = \"10.77.0.255\"", "lan.range_last: 10.77.0.255 is outside" },
	{ "lan", "range_first = \"10.78.0.5\"", "outside the network" },
	{ "lan", "range_last = \"10.77.0.127\"", "lies before lan.range_first" },
	{ "lan", "range_last = \"10.77.0.128\"", NULL },
	{ "lan", "range_first = \"10.77.0.1\"", "holds the router itself" },
	{ "lan", "range_first = \"10.77.0.2\"", NULL },
	{ "lan", "domain = \"home.arpa\"", NULL },
	{ "lan", "domain = \"home..arpa\"", "is not a domain" },
	{ "lan", "domain = \"home.\"", "is not a domain" },
	{ "lan", "domain = \"-a\"", "is not a domain" },
	{ "lan", "domain = \"\"", "is empty" },
	{ "lan", "upstream_dns = \"9.9.9.9\"", NULL },
	{ "lan", "upstream_dns = \"dns.example\"", "is not an IPv4 address" },
	{ "nodes", "join = \"deny\"", NULL },
	{ "nodes", "join = \"always\"", "\"always\" is unknown" },
	{ "nodes", "name = \"pi-%d\"", NULL },
	{ "nodes", "name = \"n%dx\"", NULL },
	{ "nodes", "name = \"rasp\"", "must have %d exactly once" },
	{ "nodes", "name = \"a%d%d\"", "must have %d exactly once" },
	{ "nodes", "name = \"a%s%d\"", "must have %d exactly once" },
	{ "nodes", "name = \"a%d%%\"", "must have %d exactly once" },
	{ "nodes", "name = \"%dh\"", "must begin with a letter" },
	{ "nodes", "name = \"Rasp%d\"", "gives no names" },
	{ "nodes", "name = \"a%d-\"", "gives no names" },
	{ "nodes", "name = \"a.b%d\"", "gives no names" },
	{ "nodes", "name = \"a23456789a123456789a123456789a123456789a123456789a123%d\"", NULL },
	{ "nodes", "name = \"a23456789a123456789a123456789a123456789a123456789a1234%d\"",
		"gives no names" },
	{ "nodes", "image = \"../base\"", "is not a name" },
	{ "nodes", "kernel_arguments = \"cma=64M quiet\"", NULL },
	{ "nodes", "kernel_arguments = \"a\\nb\"", "control character" },
	{ "nodes", "kernel_arguments = \"\xc3\xa4\"", "is not plain ASCII" },
	{ "nodes", "heartbeat_s = 0", "out of range" },
	{ "nodes", "heartbeat_s = 1", NULL },
	{ "nodes", "heartbeat_s = 3600", NULL },
	{ "nodes", "heartbeat_s = 3601", "out of range" },
	{ "nodes", "absent_after_s = 10", "is not longer than nodes.heartbeat_s (10)" },
	{ "nodes", "absent_after_s = 11", NULL },
	{ "share", "path = \"srv/bramble\"", "is not an absolute path" },
	{ "share", "path = \"/\"", "is too short" },
	{ "share", "path = \"/srv/../etc\"", "has a part" },
	{ "share", "path = \"/srv/..\"", "has a part" },
	{ "share", "path = \"/./srv\"", "has a part" },
	{ "share", "path = \"/srv/..b/.c\"", NULL },
	{ "share", "path = \"/srv/\"", "has an empty part" },
	{ "share", "path = \"//srv\"", "has an empty part" },
	{ "share", "path = \"/srv/my share\"", "holds characters other than" },
	{ "share", "path = \"/run\"", "paths.run: lies on the share" },
	{ "share", "path = \"/run/bramble\"", "paths.run: lies on the share" },
	{ "share", "path = \"/run/bram\"", NULL },
	{ "share", "nfs = \"ganesah\"", "did you mean \"ganesha\"?" },
	{ "servers", "tftp_port = 0", "out of range" },
	{ "servers", "tftp_port = 65535", NULL },
	{ "servers", "http_port = 65536", "out of range" },
	{ "servers", "tftp_sessions = 0", "out of range" },
	{ "servers", "tftp_file_time_s = 4", "out of range" },
	{ "log", "level = \"debug\"", NULL },
	{ "log", "level = \"chatty\"",
		"allowed: \"error\", \"warning\", \"notice\", \"info\", \"debug\"" },
	{ "nodes", "heartbeat = 5", "did you mean \"nodes.heartbeat_s\"?" },
};

static void values_are_checked_one_by_one_and_against_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		bool is_lan = strcmp(values[i].group, "lan") == 0;
		bool is_interface = strncmp(values[i].setting, "interface", 9) == 0;
		struct conf_error error;
		struct settings s;
		char text[512];
		int result;

		snprintf(text, sizeof(text), "%s = {\n%s; %s };\n%s", values[i].group,
			values[i].setting, is_lan && !is_interface ? "interface = \"e\";" : "",
			is_lan ? "" : minimal);
		result = parse(text, &s, &error);
		if (!values[i].message) {
			assert_string_equal(error.text, "");
			assert_int_equal(result, 0);
			continue;
		}
		if (!strstr(error.text, values[i].message))
			fail_msg("%s: got \"%s\"", values[i].setting, error.text);
		assert_int_equal(result, -EINVAL);
	}
}

static void a_wrong_combination_names_the_line(void **state)
{
	struct conf_error error;
	struct settings s;

	(void)state;
	assert_int_equal(parse("lan = {\n interface = \"e\";\n address = \"10.0.0.1/24\";\n"
			       " range_first = \"10.0.1.2\";\n};",
				 &s, &error),
		-EINVAL);
	assert_string_equal(error.text, "b.conf:4: lan.range_first: 10.0.1.2 is outside the "
					"network of lan.address; allowed: "
					"10.0.0.1 to 10.0.0.254");
}

static void the_longest_run_path_fits_a_socket_address(void **state)
{
	char text[512], path[82];
	struct conf_error error;
	struct settings s;

	(void)state;
	memset(path, 'r', sizeof(path));
	path[0] = '/';
	path[81] = '\0';
	snprintf(text, sizeof(text), "%s paths = { run = \"%s\"; };", minimal, path);
	assert_int_equal(parse(text, &s, &error), -EINVAL);
	assert_non_null(strstr(error.text, "at most 80 characters"));
	path[80] = '\0';
	snprintf(text, sizeof(text), "%s paths = { run = \"%s\"; };", minimal, path);
	assert_int_equal(parse(text, &s, &error), 0);
}

static void networks_of_a_cluster_are_its_own(void **state)
{
	static const char *const wrong[][2] = {
		{ "control_plane = [ \"rasp1\", \"rasp2\" ]", "names more than one node" },
		{ "control_plane = [ \"no name\" ]", "kubernetes.control_plane" },
		{ "pod_cidr = \"10.0.0.0/8\"", "kubernetes.pod_cidr: shares addresses with lan" },
		{ "service_cidr = \"10.64.0.0/12\"", "kubernetes.service_cidr: shares addresses" },
		{ "pod_cidr = \"10.111.0.0/16\"", "shares addresses with kubernetes.service_cidr" },
		{ "pod_cidr = \"10.244.0.1/16\"", "has bits behind its prefix" },
		{ "pod_cidr = \"10.244.0.0/24\"", "impossible prefix length" },
	};
	char text[512];
	struct conf_error error;
	struct settings s;

	(void)state;
	snprintf(text, sizeof(text), "%s kubernetes = { engine = \"kubeadm\"; };", minimal);
	assert_int_equal(parse(text, &s, &error), 0);
	assert_int_equal(s.kubernetes_engine, ENGINE_KUBEADM);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), "%s kubernetes = { engine = \"kubeadm\"; %s; };",
			minimal, wrong[i][0]);
		assert_int_equal(parse(text, &s, &error), -EINVAL);
		assert_non_null(strstr(error.text, wrong[i][1]));
	}
	/* Without a cluster nobody uses them. */
	snprintf(text, sizeof(text), "%s kubernetes = { pod_cidr = \"10.0.0.0/8\"; };", minimal);
	assert_int_equal(parse(text, &s, &error), 0);
}

static char *read_text(const char *path)
{
	char *text;
	size_t size;

	if (file_read(path, 1u << 20, &text, &size) != 0)
		fail_msg("cannot read %s (run the tests in the root of the tree)", path);
	return text;
}

/* The example with its commented settings switched on: "#name = value;" */
static void uncomment(char *text)
{
	for (char *p = text; *p; p++) {
		bool at_start = p == text || strchr("\n\t", p[-1]);

		if (*p == '#' && at_start && p[1] >= 'a' && p[1] <= 'z')
			*p = ' ';
	}
}

static void the_example_shows_every_setting_with_its_default(void **state)
{
	struct settings defaults, example;
	struct conf_error error;
	char *text = read_text(EXAMPLE);
	char value[600], defaults_value[600];

	(void)state;
	assert_int_equal(parse(minimal, &defaults, &error), 0);
	assert_int_equal(parse(text, &example, &error), 0);
	uncomment(text);
	assert_int_equal(parse(text, &example, &error), 0);
	for (const struct conf_setting *s = settings_table; s->path; s++) {
		char assignment[640];

		conf_format_value(s, &example, value, sizeof(value));
		conf_format_value(s, &defaults, defaults_value, sizeof(defaults_value));
		snprintf(assignment, sizeof(assignment), "%s = %s;", strrchr(s->path, '.') + 1,
			value);
		if (!strstr(text, assignment))
			fail_msg("%s doesn't show %s", EXAMPLE, assignment);
		/* The default of libexec follows the Makefile's prefix. */
		if (strcmp(s->path, "paths.libexec") != 0)
			assert_string_equal(value, defaults_value);
	}
	free(text);
}

static void the_manual_names_every_setting_and_its_default(void **state)
{
	char *text = read_text(MANUAL);

	(void)state;
	for (const struct conf_setting *s = settings_table; s->path; s++) {
		const char *name = strrchr(s->path, '.') + 1;
		char item[128];

		snprintf(item, sizeof(item), "\n.It Cm %s", name);
		if (!strstr(text, item))
			fail_msg("%s doesn't explain %s", MANUAL, s->path);
	}
	free(text);
}

static void help_fits_into_a_message(void **state)
{
	(void)state;
	for (const struct conf_setting *s = settings_table; s->path; s++) {
		assert_non_null(s->help);
		assert_true(strlen(s->help) < 80);
		assert_non_null(strchr(s->path, '.'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_interface_must_be_set),
		cmocka_unit_test(the_range_is_the_half_without_the_router),
		cmocka_unit_test(values_are_checked_one_by_one_and_against_each_other),
		cmocka_unit_test(a_wrong_combination_names_the_line),
		cmocka_unit_test(the_longest_run_path_fits_a_socket_address),
		cmocka_unit_test(networks_of_a_cluster_are_its_own),
		cmocka_unit_test(the_example_shows_every_setting_with_its_default),
		cmocka_unit_test(the_manual_names_every_setting_and_its_default),
		cmocka_unit_test(help_fits_into_a_message),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
