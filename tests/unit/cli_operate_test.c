/* SPDX-License-Identifier: ISC */
/* The verbs of `bramble` that look after nodes and boots which run, by name or by pattern, and what
 * a shell is offered. */
#include "tests/unit/cli_world.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/nodes/patterns.h"

static void a_pattern_names_nodes_by_glob_or_range(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} cases[] = {
		{ "rasp[1-12]", "rasp1", true },
		{ "rasp[1-12]", "rasp12", true },
		{ "rasp[1-12]", "rasp13", false },
		{ "rasp[1-12]", "rasp", false },
		{ "rasp[1-12]", "rasp1a", false },
		{ "rasp[1-12]", "rasp01", false },
		{ "rasp[2-4]", "rasp34", false },
		{ "rack[1-2]-[1-20]", "rack2-17", true },
		{ "rack[1-2]-[1-20]", "rack3-17", false },
		{ "r[1-3]*", "r2-kiosk", true },
		{ "*[10-20]", "kiosk15", true },
		{ "*[10-20]", "kiosk5", false },
		{ "rasp*", "rasp7", true },
		{ "ras?[a-c]", "raspb", true },
		{ "ras?[a-c]", "raspd", false },
		{ "rasp[", "rasp1", false },
		{ "*", "rasp1", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (patterns_match(cases[i].pattern, cases[i].name) != cases[i].matches)
			fail_msg("%s and %s", cases[i].pattern, cases[i].name);
	}
}

#define THREE "{\"nodes\":[{\"name\":\"rasp1\"},{\"name\":\"rasp2\"},{\"name\":\"kiosk\"}]}"

static void several_nodes_are_named_at_once(void **state)
{
	static const struct reply replies[] = { OK(THREE), OK("{}"), OK("{}"), OK("{}") };
	static const struct reply dry[] = { OK(THREE), OK("{\"would\":[\"rasp1 is left out\"]}"),
		OK("{\"would\":[]}") };
	struct outcome o;

	(void)state;
	run_with(&o, "node cordon rasp[1-2] kiosk,rasp1", replies, 4, 80, NULL);
	assert_int_equal(o.code, CLI_OK);
	assert_int_equal(o.server.calls, 4);
	assert_string_equal(o.server.asked[1].path, "/v1/nodes/rasp1/cordon");
	assert_string_equal(o.server.asked[2].path, "/v1/nodes/rasp2/cordon");
	assert_string_equal(o.server.asked[3].path, "/v1/nodes/kiosk/cordon");
	outcome_free(&o);
	run_with(&o, "node cordon --dry-run rasp*", dry, 3, 80, NULL);
	assert_int_equal(o.code, CLI_OK);
	assert_string_equal(o.server.asked[1].path, "/v1/nodes/rasp1/cordon?dry_run=true");
	assert_string_equal(o.server.asked[2].path, "/v1/nodes/rasp2/cordon?dry_run=true");
	assert_string_equal(o.out, "dry run: rasp1 is left out\ndry run: nothing would change\n");
	outcome_free(&o);
	RUN(&o, "node reboot pi*", OK(THREE));
	assert_int_equal(o.code, CLI_NOT_FOUND);
	assert_int_equal(o.server.calls, 1);
	assert_non_null(strstr(o.error, "no node's name matches \"pi*\""));
	outcome_free(&o);
}

static void an_order_is_followed_to_its_end(void **state)
{
	static const struct reply done[] = { OK("{\"id\":7,\"state\":\"pending\"}"),
		OK("{\"id\":7,\"state\":\"sent\"}"),
		OK("{\"id\":7,\"state\":\"done\",\"text\":\"it reboots\"}") };
	static const struct reply failed[] = { OK("{\"id\":7,\"state\":\"pending\"}"),
		OK("{\"id\":7,\"state\":\"failed\",\"text\":\"this board has no LED\"}") };
	struct outcome o;

	(void)state;
	run_with(&o, "node reboot rasp1", done, 3, 80, NULL);
	assert_int_equal(o.code, CLI_OK);
	assert_string_equal(o.server.asked[2].path, "/v1/orders/7");
	assert_non_null(strstr(o.out, "it reboots"));
	outcome_free(&o);
	run_with(&o, "node identify rasp1", failed, 2, 80, NULL);
	assert_int_equal(o.code, CLI_FAILED);
	assert_non_null(strstr(o.error, "rasp1: failed: this board has no LED"));
	outcome_free(&o);
	run_with(&o, "node reboot rasp1 --json", done, 3, 80, NULL);
	assert_string_equal(o.out, "{\"id\":7,\"state\":\"done\",\"text\":\"it reboots\"}\n");
	outcome_free(&o);
}

#define BOOT(id, stage, more)                                                                      \
	"{\"boots\":[{\"id\":" #id                                                                 \
	",\"node\":\"rasp1\",\"serial\":\"c0ffee01\",\"stage\":\"" stage                           \
	"\",\"changed_ms\":1000" more "}]}"

static void a_watch_tells_each_stage_once_and_ends_when_asked_to(void **state)
{
	static const struct reply replies[] = { OK(BOOT(6, "joined", "")), OK(BOOT(7, "dhcp", "")),
		OK(BOOT(7, "kernel", ",\"reason\":\"a file is missing\"")),
		OK(BOOT(7, "kernel", ",\"reason\":\"a file is missing\"")),
		OK(BOOT(7, "joined", "")) };
	struct outcome o;
	const char *reason;

	(void)state;
	run_with(&o, "boot watch --until 1", replies, 5, 80, NULL);
	assert_int_equal(o.code, CLI_OK);
	assert_int_equal(o.server.calls, 5);
	assert_string_equal(o.server.asked[0].path, "/v1/boots?limit=1000");
	assert_string_equal(o.server.asked[1].path, "/v1/boots?limit=32");
	assert_string_equal(o.server.asked[2].path, "/v1/boots?limit=33");
	assert_non_null(strstr(o.out, "rasp1       c0ffee01    dhcp\n"));
	reason = strstr(o.out, "a file is missing");
	assert_non_null(reason);
	assert_null(strstr(reason + 1, "a file is missing"));
	assert_non_null(strstr(o.out, "c0ffee01    joined\n"));
	outcome_free(&o);
	RUN(&o, "boot watch --until 1 --for 1s", OK(BOOT(6, "joined", "")));
	assert_int_equal(o.code, CLI_FAILED);
	assert_non_null(strstr(o.error, "0 of 1 joined within 1 s"));
	outcome_free(&o);
}

/* More boots began than were asked for: all are asked for, so that none is missed. */
static void a_watch_sees_a_storm_whole(void **state)
{
	char many[4096] = "{\"boots\":[";
	size_t used = strlen(many);
	struct outcome o;

	(void)state;
	for (int id = 99; id > 99 - 32; id--)
		used += (size_t)snprintf(many + used, sizeof(many) - used,
			"%s{\"id\":%d,\"stage\":\"dhcp\",\"changed_ms\":1000}", id < 99 ? "," : "",
			id);
	snprintf(many + used, sizeof(many) - used, "]}");
	RUN(&o, "boot watch --until 1", OK(BOOT(6, "joined", "")), OK(many),
		OK(BOOT(7, "joined", "")));
	assert_int_equal(o.code, CLI_OK);
	assert_int_equal(o.server.calls, 3);
	assert_string_equal(o.server.asked[1].path, "/v1/boots?limit=32");
	assert_string_equal(o.server.asked[2].path, "/v1/boots?limit=1000");
	outcome_free(&o);
}

static void a_rollback_says_what_is_current_then(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "image rollback base",
		OK("{\"images\":[{\"name\":\"base\",\"current\":\"" HASH
		   "\",\"previous\":\"x\"}]}"));
	assert_int_equal(o.code, CLI_OK);
	assert_string_equal(
		o.out, "base 0123456789ab is current again: boots from now on get it.\n");
	outcome_free(&o);
}

static void a_difference_of_a_node_tells_its_configuration(void **state)
{
	static const char node[] =
		"{\"name\":\"rasp1\",\"image\":\"base\",\"image_hash\":\"" HASH
		"\",\"next\":{\"hash\":\"" HASH "\"},\"config\":{\"state\":\"reboot\","
		"\"text\":\"kernel changes with the next boot\"}}";
	static const char edit[] =
		"{\"file\":\"/etc/bramble/bramble.conf\",\"restart\":false,\"nodes\":["
		"{\"node\":\"rasp2\",\"joined\":true,\"changes\":[{\"kind\":\"locale\",\"name\":"
		"\"\",\"values\":[\"C\"],\"level\":\"all\",\"line\":5,\"change\":\"added\","
		"\"live\":"
		"true}]},{\"node\":\"rasp1\",\"joined\":true,\"changes\":[{\"kind\":\"timezone\","
		"\"name\":\"\",\"values\":[\"Etc/UTC\"],\"level\":\"role\",\"line\":7,\"change\":"
		"\"changed\",\"live\":true,\"before\":[\"Asia/Tokyo\"]}]}]}";
	struct outcome o;

	(void)state;
	RUN(&o, "image diff --node rasp1", OK(node), OK("{\"images\":[]}"), OK(edit));
	assert_int_equal(o.code, CLI_OK);
	assert_string_equal(o.out,
		"rasp1 runs the version that it would get: base 0123456789ab.\n"
		"rasp1 takes over the rest of its configuration: kernel changes with the next "
		"boot.\n"
		"Edited in bramble.conf, but not applied (`bramble config apply`):\n"
		"NODE   WHAT      HOW   FROM                   VALUE\n"
		"rasp1  timezone  live  bramble.conf:7 (role)  Asia/Tokyo -> Etc/UTC\n");
	outcome_free(&o);
	RUN(&o, "image diff --node rasp1", OK(node), OK("{\"images\":[]}"),
		{ 400, "{\"error\":\"bramble.conf:3: no\"}", 0, false });
	assert_int_equal(o.code, CLI_FAILED);
	assert_holds(o.error, "bramble.conf:3: no");
	assert_holds(o.out, "kernel changes with the next boot.\n");
	outcome_free(&o);
}

static void a_shell_is_offered_what_fits(void **state)
{
	static const struct {
		const char *line, *offers;
		struct reply reply;
	} cases[] = {
		{ "__complete stat", "status\nstate\n", OK("{}") },
		{ "__complete node un", "undo\nuncordon\n", OK("{}") },
		{ "__complete node show r", "rasp1\nrasp2\n", OK(THREE) },
		{ "__complete node cordon rasp1 k", "kiosk\n", OK(THREE) },
		{ "__complete node show rasp1 k", "kiosk\n", OK(THREE) },
		{ "__complete node note k", "kiosk\n", OK(THREE) },
		{ "__complete node replace rasp1 k", "", OK(THREE) },
		{ "__complete rollout pause 1", "12\n",
			OK("{\"rollouts\":[{\"id\":3},{\"id\":12}]}") },
		{ "__complete rollout start base --to 1", "1a\n",
			OK("{\"images\":[{\"current\":\"1a\",\"previous\":\"2b\"}]}") },
		{ "__complete image use base 2", "2b\n",
			OK("{\"images\":[{\"current\":\"1a\",\"previous\":\"2b\"}]}") },
		{ "__complete boot show 1", "17\n", OK("{\"boots\":[{\"id\":17}]}") },
		{ "__complete admit --forget ab", "abcd\n",
			OK("{\"boards\":[{\"serial\":\"abcd\"}]}") },
		{ "__complete boot list --node ki", "kiosk\n", OK(THREE) },
		{ "__complete node identify --f", "--for\n", OK("{}") },
		{ "__complete node admit ab", "abcd1234\n",
			OK("{\"boards\":[{\"serial\":\"abcd1234\"},{\"serial\":\"\"}]}") },
		{ "__complete image use b", "base\n", OK("{\"images\":[{\"name\":\"base\"}]}") },
		{ "__complete nonsense x", "", OK("{}") },
		{ "__complete boot list x", "", OK("{}") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o;

		RUN(&o, cases[i].line, cases[i].reply);
		if (o.code != CLI_OK || strcmp(o.out, cases[i].offers) != 0 || *o.error)
			fail_msg("%s: \"%s\", \"%s\"", cases[i].line, o.out, o.error);
		outcome_free(&o);
	}
}

static void print_hour(char text[static 400], long long at_ms, int minutes, int heat)
{
	snprintf(text, 400,
		"{\"at_ms\":%lld,\"minutes\":%d,\"load1\":[0.1,0.25,1.5],\"memory_total_kb\":"
		"3884800,"
		"\"memory_available_kb\":[2884800,2985800,3085800],\"temperature_mc\":[41000,%d,"
		"70000],"
		"\"throttled\":0,\"nfs_us\":[700,900,12000],\"link_mbps\":1000}",
		at_ms, minutes, heat);
}

static void hours_are_curves_and_a_table_of_80_columns(void **state)
{
	const long long now = clock_wall_ms() / 3600000 * 3600000;
	char hours[2][400], text[1000];
	struct outcome o;

	(void)state;
	print_hour(hours[0], now - 2 * 3600000, 60, 42000);
	print_hour(hours[1], now, 7, 69000);
	snprintf(text, sizeof(text),
		"{\"node\":\"rasp1\",\"now\":null,\"minutes\":[],\"hours\":[%s,%s]}", hours[0],
		hours[1]);
	RUN(&o, "node health rasp1 --hours 3", OK(text));
	assert_int_equal(o.code, CLI_OK);
	assert_non_null(strstr(o.out, "HEAT  ▁ █  41.0 to 70.0 °C\n"));
	assert_non_null(
		strstr(o.out, "60  42.0 °C  70.0 °C  0.25  2954 MB  12.0 ms  1000 Mb/s  ok\n"));
	assert_lines_fit(o.out, 80);
	outcome_free(&o);
	RUN(&o, "node health rasp1 --hours 3",
		OK("{\"node\":\"rasp1\",\"now\":null,\"minutes\":[],\"hours\":[]}"));
	assert_string_equal(o.out, "rasp1 wasn't heard in the last 3 hours.\n");
	outcome_free(&o);
	RUN(&o, "node health rasp1 --hours 337", OK("{}"));
	assert_int_equal(o.code, CLI_USAGE);
	assert_int_equal(o.server.calls, 0);
	outcome_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_names_nodes_by_glob_or_range),
		cmocka_unit_test(several_nodes_are_named_at_once),
		cmocka_unit_test(an_order_is_followed_to_its_end),
		cmocka_unit_test(a_watch_tells_each_stage_once_and_ends_when_asked_to),
		cmocka_unit_test(a_watch_sees_a_storm_whole),
		cmocka_unit_test(a_rollback_says_what_is_current_then),
		cmocka_unit_test(a_difference_of_a_node_tells_its_configuration),
		cmocka_unit_test(a_shell_is_offered_what_fits),
		cmocka_unit_test(hours_are_curves_and_a_table_of_80_columns),
	};

	return cmocka_run_group_tests_name("cli-operate", tests, NULL, NULL);
}
