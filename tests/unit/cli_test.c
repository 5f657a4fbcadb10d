/* SPDX-License-Identifier: ISC */
/* The verbs of the `bramble` command against a brambled that says what each test wants. */
#include "tests/unit/cli_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"

static const char *nodes_text(void)
{
	static char text[2048];
	long long now = clock_wall_ms();

	snprintf(text, sizeof(text),
		"{\"nodes\":[{\"id\":1,\"name\":\"rasp1\",\"address\":\"10.77.0.128\",\"role\":"
		"\"node\","
		"\"board\":{\"mac\":\"dc:a6:32:01:36:c2\",\"serial\":\"1a2b3c4d\",\"model\":"
		"\"Raspberry Pi 4\"},"
		"\"wants_next\":false,\"image\":\"base\",\"image_hash\":\"" HASH
		"\",\"state\":\"joined\","
		"\"created_ms\":1,\"heartbeat_ms\":%lld,\"boot\":3},"
		"{\"id\":2,\"name\":\"rasp2\",\"address\":\"10.77.0.129\",\"role\":\"node\","
		"\"board\":null,"
		"\"wants_next\":true,\"image\":\"base\",\"image_hash\":null,\"state\":\"vacant\","
		"\"created_ms\":1,\"heartbeat_ms\":null,\"boot\":null}]}",
		now - 3500);
	return text;
}

static void nodes_are_listed_in_a_table_of_80_columns(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "node list", OK(nodes_text()));
	assert_int_equal(o.code, CLI_OK);
	assert_string_equal(o.out,
		"NODE   ADDRESS      STATE   BOARD            HEARTBEAT  IMAGE\n"
		"rasp1  10.77.0.128  joined  1a2b3c4d (Pi 4)  3 s ago    base 01234567\n"
		"rasp2  10.77.0.129  vacant  (the next)       never      base\n");
	assert_string_equal(o.error, "");
	assert_int_equal(o.server.role, IPC_ROLE_ADMIN);
	assert_int_equal(o.server.calls, 1);
	assert_int_equal(o.server.asked[0].method, IPC_GET);
	assert_int_equal(o.server.asked[0].peer.s_addr, 0);
	assert_string_equal(o.server.asked[0].path, "/v1/nodes?brief=true");
	assert_lines_fit(o.out, 80);
	outcome_free(&o);
}

static void json_is_the_answer_as_it_came(void **state)
{
	static const char *const lines[] = { "node list --json", "node --json list",
		"--json node list" };
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		RUN(&o, lines[i], OK("{\"nodes\":[ ],\n\"x\":1.50}"));
		assert_int_equal(o.code, CLI_OK);
		assert_string_equal(o.out, "{\"nodes\":[ ],\n\"x\":1.50}\n");
		outcome_free(&o);
	}
}

/* The line, the call that it makes, and its body. */
static void verbs_ask_for_what_the_api_documents(void **state)
{
	static const struct {
		const char *line;
		enum ipc_method method;
		const char *path, *body;
	} cases[] = {
		{ "status", IPC_GET, "/v1/status", "" },
		{ "node show rasp1", IPC_GET, "/v1/nodes/rasp1", "" },
		{ "node show ../x%y", IPC_GET, "/v1/nodes/..%2Fx%25y", "" },
		{ "node admit 1a2b", IPC_POST, "/v1/boards/1a2b/admit", "{}" },
		{ "node admit dc:a6 --name rasp7", IPC_POST, "/v1/boards/dc:a6/admit",
			"{\"node\":\"rasp7\"}" },
		{ "node admit dc:a6 --node rasp7", IPC_POST, "/v1/boards/dc:a6/admit",
			"{\"node\":\"rasp7\"}" },
		{ "node replace rasp1 --board 1a2b3c4d", IPC_POST, "/v1/nodes/rasp1/replace",
			"{\"board\":\"1a2b3c4d\"}" },
		{ "node replace --next rasp1", IPC_POST, "/v1/nodes/rasp1/replace",
			"{\"next\":true}" },
		{ "node forget rasp1 --yes", IPC_DELETE, "/v1/nodes/rasp1", "" },
		{ "node reboot rasp1 --no-wait", IPC_POST, "/v1/nodes/rasp1/orders",
			"{\"order\":\"reboot\"}" },
		{ "node identify rasp1 --for 2m --no-wait", IPC_POST, "/v1/nodes/rasp1/orders",
			"{\"order\":\"identify\",\"for_s\":120}" },
		{ "node scratch-format rasp1 --device sda --force --no-wait --yes", IPC_POST,
			"/v1/nodes/rasp1/orders",
			"{\"order\":\"scratch-format\",\"device\":\"sda\",\"force\":true}" },
		{ "node cordon rasp1", IPC_POST, "/v1/nodes/rasp1/cordon", "{\"cordoned\":true}" },
		{ "node uncordon rasp1", IPC_POST, "/v1/nodes/rasp1/cordon",
			"{\"cordoned\":false}" },
		{ "rollout base --to 22222222 --wave 1,50% --within 5m --no-watch", IPC_POST,
			"/v1/rollouts",
			"{\"image\":\"base\",\"version\":\"22222222\",\"waves\":\"1,50%\",\"max_"
			"unavailable\":1,\"within_s\":300}" },
		{ "rollout start base --to current -n --max-unavailable 3", IPC_POST,
			"/v1/rollouts?dry_run=true",
			"{\"image\":\"base\",\"version\":\"current\",\"max_unavailable\":3}" },
		{ "rollout list", IPC_GET, "/v1/rollouts", "" },
		{ "rollout status 3", IPC_GET, "/v1/rollouts/3", "" },
		{ "rollout pause 3", IPC_POST, "/v1/rollouts/3/pause", "{}" },
		{ "rollout resume 3", IPC_POST, "/v1/rollouts/3/resume", "{}" },
		{ "rollout abort 3", IPC_POST, "/v1/rollouts/3/abort", "{}" },
		{ "node retry rasp1", IPC_POST, "/v1/nodes/rasp1/retry", "{}" },
		{ "node health rasp1", IPC_GET, "/v1/nodes/rasp1/health", "" },
		{ "node health rasp1 --hours 24", IPC_GET, "/v1/nodes/rasp1/health?hours=24", "" },
		{ "node note rasp1 spare", IPC_POST, "/v1/nodes/rasp1/note",
			"{\"text\":\"spare\"}" },
		{ "board list", IPC_GET, "/v1/boards", "" },
		{ "rules list", IPC_GET, "/v1/rules", "" },
		{ "rules test 1a2b", IPC_GET, "/v1/boards/1a2b/rule", "" },
		{ "board show 1a2b", IPC_GET, "/v1/boards/1a2b", "" },
		{ "boot list", IPC_GET, "/v1/boots?limit=20", "" },
		{ "boot list --node rasp1 --limit 5 --board dc:a6", IPC_GET,
			"/v1/boots?limit=5&node=rasp1&board=dc:a6", "" },
		{ "boot show 12", IPC_GET, "/v1/boots/12", "" },
		{ "boot latest rasp1", IPC_GET, "/v1/boots?limit=1&node=rasp1", "" },
		{ "events", IPC_GET, "/v1/events?limit=20", "" },
		{ "events --limit 7", IPC_GET, "/v1/events?limit=7", "" },
		{ "image list", IPC_GET, "/v1/images", "" },
		{ "image gc base --yes", IPC_POST, "/v1/images/base/gc", "" },
		{ "image gc base --dry-run", IPC_POST, "/v1/images/base/gc?dry_run=true", "" },
		{ "image rollback base", IPC_POST, "/v1/images/base/rollback", "" },
		{ "board note dc:a6 spare", IPC_POST, "/v1/boards/dc:a6/note",
			"{\"text\":\"spare\"}" },
		{ "node forget rasp1 -n", IPC_DELETE, "/v1/nodes/rasp1?dry_run=true", "" },
		{ "image pin base 01234567", IPC_POST, "/v1/images/base/pin",
			"{\"hash\":\"01234567\"}" },
		{ "image unpin base previous", IPC_POST, "/v1/images/base/unpin",
			"{\"hash\":\"previous\"}" },
		{ "image build base", IPC_POST, "/v1/images/base/build", "" },
		{ "image build base --cancel", IPC_DELETE, "/v1/images/base/build", "" },
		{ "image use base " HASH, IPC_POST, "/v1/images",
			"{\"name\":\"base\",\"hash\":\"" HASH "\"}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o;

		RUN(&o, cases[i].line, OK("{}"));
		assert_int_equal(o.server.calls, 1);
		assert_int_equal(o.server.asked[0].method, cases[i].method);
		assert_string_equal(o.server.asked[0].path, cases[i].path);
		assert_string_equal(o.server.bodies[0], cases[i].body);
		outcome_free(&o);
	}
}

static void what_went_wrong_is_in_the_exit_status(void **state)
{
	static const struct {
		const char *line;
		struct reply reply;
		int code;
		const char *error;
	} cases[] = {
		{ "node show rasp9", { 404, "{\"error\":\"there is no node rasp9\"}", 0, false },
			CLI_NOT_FOUND, "bramble: there is no node rasp9\n" },
		{ "node admit 1a2b",
			{ 409, "{\"error\":\"2 boards\\u001b[2J begin so\"}", 0, false },
			CLI_FAILED, "bramble: 2 boards\\x1b[2J begin so\n" },
		{ "status", { 500, "", 0, false }, CLI_FAILED,
			"bramble: brambled refused it (status 500)\n" },
		{ "status", { 200, "{", 0, false }, CLI_FAILED,
			"bramble: brambled's answer can't be understood; are bramble and brambled "
			"of the "
			"same version?\n" },
		{ "boot latest rasp9", { 200, "{\"boots\":[]}", 0, false }, CLI_NOT_FOUND,
			"bramble: node rasp9 is unknown or never booted\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o;

		run_with(&o, cases[i].line, &cases[i].reply, 1, 80, NULL);
		assert_string_equal(o.error, cases[i].error);
		assert_int_equal(o.code, cases[i].code);
		assert_string_equal(o.out, "");
		outcome_free(&o);
	}
}

static void wrong_usage_asks_nobody(void **state)
{
	static const char *const lines[] = { "", "stauts", "node", "node lits", "node show",
		"board show a b", "node list --jsno", "node replace rasp1",
		"node replace rasp1 --next --board x", "node admit 1a2b --name Rasp_1",
		"node admit 1a2b --name a --node b", "boot show x", "boot show 0",
		"boot list --limit 0", "boot list --limit 1001", "events --limit -1",
		"image use base abc", "image pin base", "image pin base xyzxyzxyz",
		"image build ../x", "image build base --watch --cancel", "image diff",
		"image diff base --node rasp1", "image show ../x", ("image use ../x " HASH),
		"node forget rasp1", "node reboot", "node identify rasp1 --for 2d",
		"node note rasp1", "status --config" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct outcome o;

		RUN(&o, lines[i], OK("{}"));
		if (o.code != CLI_USAGE || o.server.calls != 0 || *o.out || !*o.error)
			fail_msg("bramble %s: exit status %d, %zu calls, \"%s\"", lines[i], o.code,
				o.server.calls, o.error);
		outcome_free(&o);
	}
}

static void help_is_there_for_every_verb(void **state)
{
	static const char *const verbs[] = { "status", "node", "node list", "node show",
		"node admit", "node replace", "node forget", "node reboot", "node identify",
		"node cordon", "node uncordon", "node retry", "node note", "board", "board list",
		"board show", "rules", "rules list", "rules test", "boot", "boot list", "boot show",
		"boot watch", "boot latest", "events", "image", "image list", "image use",
		"image rollback", "image gc", "image build", "image show", "image diff",
		"image verify", "image export", "image import", "image pin", "image unpin",
		"rollout", "rollout start", "rollout status", "rollout list", "doctor", "cluster",
		"cluster create", "cluster upgrade", "cluster rebuild", "cluster renew",
		"cluster status", "cluster snapshots", "cluster restore", "rollout pause",
		"rollout resume", "rollout abort", "config", "config check", "config show",
		"version" };

	(void)state;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		char line[64], usage[64];
		struct outcome o, help;

		snprintf(line, sizeof(line), "%s --help", verbs[i]);
		snprintf(usage, sizeof(usage), "Usage: bramble %s", verbs[i]);
		RUN(&o, line, OK("{}"));
		assert_int_equal(o.code, CLI_OK);
		assert_int_equal(o.server.calls, 0);
		assert_int_equal(strncmp(o.out, usage, strlen(usage)), 0);
		assert_lines_fit(o.out, 83);
		snprintf(line, sizeof(line), "help %s", verbs[i]);
		RUN(&help, line, OK("{}"));
		assert_string_equal(help.out, o.out);
		outcome_free(&o);
		outcome_free(&help);
	}
}

static void without_brambled_it_says_how_to_start_it(void **state)
{
	struct outcome o;

	(void)state;
	run_with(&o, "status", NULL, 0, 80, NULL);
	assert_int_equal(o.code, CLI_UNREACHABLE);
	assert_holds(o.error, "brambled isn't running");
	assert_holds(o.error, o.server.socket_path);
	assert_holds(o.error, "sudo systemctl start bramble");
	outcome_free(&o);
}

static void a_question_survives_a_restart_and_a_change_is_not_repeated(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "node list", { 0, NULL, 0, false }, { 0, NULL, 0, false }, OK("{\"nodes\":[]}"));
	assert_int_equal(o.code, CLI_OK);
	assert_int_equal(o.server.calls, 3);
	outcome_free(&o);
	RUN(&o, "node replace rasp1 --next", { 0, NULL, 0, false }, OK("{}"));
	assert_int_equal(o.code, CLI_UNREACHABLE);
	assert_int_equal(o.server.calls, 1);
	assert_holds(o.error, "look whether it was done");
	outcome_free(&o);
}

static void answers_to_other_calls_are_passed_over(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "node list --json", { 200, "{\"nodes\":[]}", 0, true });
	assert_string_equal(o.out, "{\"nodes\":[]}\n");
	outcome_free(&o);
}

/* Takes 2.5 s. */
static void a_slow_answer_is_announced(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "node list", { 200, "{\"nodes\":[]}", 2500, false });
	assert_int_equal(o.code, CLI_OK);
	assert_string_equal(o.error, "bramble: waiting for brambled ...\n");
	outcome_free(&o);
}

static void forgetting_is_confirmed(void **state)
{
	static const struct {
		const char *typed;
		int code;
		size_t calls;
	} cases[] = { { "y\n", CLI_OK, 1 }, { "yes\n", CLI_OK, 1 }, { "n\n", CLI_FAILED, 0 },
		{ "\n", CLI_FAILED, 0 }, { "yep\n", CLI_FAILED, 0 } };
	const struct reply reply = OK("{}");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome o;

		run_with(&o, "node forget rasp1", &reply, 1, 80, cases[i].typed);
		assert_int_equal(o.code, cases[i].code);
		assert_int_equal(o.server.calls, cases[i].calls);
		assert_holds(o.error, "Forget node rasp1?");
		outcome_free(&o);
	}
}

static void a_boot_is_shown_as_a_timeline(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "boot show 3",
		OK("{\"id\":3,\"mac\":\"dc:a6:32:01:36:c2\",\"serial\":\"1a2b3c4d\",\"node\":"
		   "\"rasp1\","
		   "\"stage\":\"joined\",\"reason\":null,\"bytes\":15123456,\"files\":9,"
		   "\"retransmissions\":2,\"started_ms\":1000000,\"changed_ms\":1027300,"
		   "\"ended_ms\":1027300,\"steps\":["
		   "{\"at_ms\":1000000,\"stage\":\"dhcp\",\"detail\":\"DISCOVER\",\"bytes\":0,"
		   "\"retransmissions\":0,\"duration_ms\":0},"
		   "{\"at_ms\":1004250,\"stage\":\"firmware\",\"detail\":\"start4.elf\",\"bytes\":"
		   "2253000,"
		   "\"retransmissions\":2,\"duration_ms\":431}]}"));
	assert_int_equal(o.code, CLI_OK);
	assert_holds(o.out, "Boot        3 of board 1a2b3c4d (dc:a6:32:01:36:c2) as rasp1\n");
	assert_holds(o.out, "Joined      27.3 s after the first packet\n");
	assert_holds(o.out, "Fetched     9 files, 15.1 MB, 2 packets sent again\n");
	assert_holds(o.out, "SECONDS  STAGE       TOOK    DATA  RESENT  WHAT\n"
			    "  0.000  dhcp                              DISCOVER\n"
			    "  4.250  firmware  0.43 s  2.3 MB       2  start4.elf\n");
	assert_null(strstr(o.out, "Stopped"));
	assert_lines_fit(o.out, 80);
	outcome_free(&o);
}

static void a_stuck_boot_says_why_and_what_to_do(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "boot show 4",
		OK("{\"id\":4,\"mac\":\"dc:a6:32:01:36:c2\",\"serial\":\"1a2b3c4d\",\"node\":null,"
		   "\"stage\":\"dhcp\",\"reason\":\"board 1a2b3c4d is parked: join = approve\","
		   "\"started_ms\":1000,\"changed_ms\":1000,\"ended_ms\":null,\"steps\":[]}"),
		OK("{\"mac\":\"dc:a6:32:01:36:c2\",\"admit\":\"bramble node admit 1a2b3c4d\"}"));
	assert_int_equal(o.code, CLI_OK);
	assert_holds(o.out, "as no node\n");
	assert_holds(o.out, "d ago: board 1a2b3c4d is parked: join =\n            approve\n");
	assert_holds(o.out, "Next        bramble node admit 1a2b3c4d\n");
	assert_string_equal(o.server.asked[1].path, "/v1/boards/dc:a6:32:01:36:c2");
	outcome_free(&o);
	RUN(&o, "boot show 5",
		OK("{\"id\":5,\"mac\":\"dc:a6:32:01:36:c2\",\"serial\":null,\"node\":\"rasp1\","
		   "\"stage\":\"network\",\"reason\":null,\"started_ms\":1000,\"changed_ms\":1000,"
		   "\"ended_ms\":null,\"steps\":[]}"));
	assert_holds(o.out, "no news after stage network");
	assert_holds(o.out, "(nfs-hangs)\n");
	assert_holds(o.out, "Perhaps     the NFS server takes the connection");
	assert_holds(o.out, "(nfs-hangs)\n");
	assert_holds(o.out, "Next        look at the NFS server");
	assert_lines_fit(o.out, 80);
	outcome_free(&o);
	RUN(&o, "boot show 6",
		OK("{\"id\":6,\"mac\":\"dc:a6:32:01:36:c2\",\"serial\":null,\"node\":\"rasp1\","
		   "\"stage\":\"network\",\"reason\":\"nfs failed: Connection refused\",\"cause\":"
		   "\"nfs-refused\",\"started_ms\":1000,\"changed_ms\":1000,\"ended_ms\":2000,"
		   "\"steps\":[]}"));
	assert_holds(o.out, "nfs failed: Connection refused");
	assert_holds(o.out, "Cause       nfs-refused\n");
	assert_holds(o.out, "Next        `bramble status` says");
	assert_lines_fit(o.out, 80);
	outcome_free(&o);
}

/* Takes 2 s: the last connection is given up then. */
static void following_loses_and_doubles_no_event(void **state)
{
	static const struct reply replies[] = {
		OK("{\"events\":[{\"id\":6,\"kind\":\"a\"},{\"id\":7,\"kind\":\"b\"}],\"last\":7}"),
		OK("{\"events\":[{\"id\":8,\"kind\":\"c\"}],\"last\":8}"),
		{ 0, NULL, 0, false }, /* brambled is killed */
		OK("{\"events\":[{\"id\":8,\"kind\":\"c\"},{\"id\":9,\"kind\":\"d\"}],\"last\":9}"),
		OK("{\"events\":[],\"last\":9}"),
		{ 403, "{\"error\":\"enough\"}", 0, false },
	};
	struct outcome o;

	(void)state;
	run_with(&o, "events -f --json", replies, 6, 80, NULL);
	assert_int_equal(o.code, CLI_FAILED);
	assert_string_equal(o.error, "bramble: enough\n");
	assert_string_equal(o.out, "{\"id\":6,\"kind\":\"a\"}\n{\"id\":7,\"kind\":\"b\"}\n"
				   "{\"id\":8,\"kind\":\"c\"}\n{\"id\":9,\"kind\":\"d\"}\n");
	assert_string_equal(o.server.asked[1].path, "/v1/events?after=7&wait=20&limit=200");
	assert_string_equal(o.server.asked[2].path, "/v1/events?after=8&wait=20&limit=200");
	assert_string_equal(o.server.asked[3].path, "/v1/events?after=8&wait=20&limit=200");
	assert_string_equal(o.server.asked[4].path, "/v1/events?after=9&wait=20&limit=200");
	outcome_free(&o);
}

static void a_wide_event_wraps_below_its_text(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "events",
		OK("{\"events\":[{\"id\":1,\"at_ms\":1000,\"kind\":\"board.parked\",\"subject\":"
		   "\"dc:a6:32:01:36:c2\",\"text\":\"unknown board; admit it: bramble node admit "
		   "1a2b3c4d\\n\"}],\"last\":1}"));
	assert_int_equal(o.code, CLI_OK);
	assert_lines_fit(o.out, 80);
	assert_holds(o.out, "board.parked");
	assert_holds(o.out, "\\x0a\n");
	outcome_free(&o);
}

static void a_status_shows_warnings_and_dead_processes(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "status",
		OK("{\"version\":\"0.1.0\",\"uptime_s\":7500,\"state\":\"ready\",\"join\":"
		   "\"approve\","
		   "\"lan\":{\"interface\":\"eth0\",\"address\":\"10.77.0.1\",\"range_first\":"
		   "\"10.77.0.128\",\"range_last\":\"10.77.0.254\"},\"share\":\"/srv/"
		   "bramble\",\"nfs\":"
		   "\"nfs-ganesha (the kernel has no "
		   "nfsd)\",\"image\":{\"name\":\"base\",\"hash\":\"" HASH
		   "\"},\"nodes\":{\"total\":2,\"joined\":1},\"boards\":{\"total\":3,\"parked\":1},"
		   "\"processes\":[{\"name\":\"tftpd\",\"pid\":42,\"state\":\"running\","
		   "\"restarts\":1,"
		   "\"running_ms\":61000,\"adopted\":true,\"reason\":\"\"},{\"name\":\"dnsmasq\","
		   "\"pid\":0,"
		   "\"state\":\"failed\",\"restarts\":9,\"running_ms\":0,\"adopted\":false,"
		   "\"reason\":"
		   "\"exit status 2: port 53 is taken\"}],\"warnings\":[\"dnsmasq doesn't run: "
		   "another "
		   "process holds port 53 (ss -lunp), stop it\"]}"));
	assert_int_equal(o.code, CLI_OK);
	assert_holds(o.out, "Bramble     0.1.0, ready; up 2 h 5 min\n");
	assert_holds(o.out,
		"LAN         eth0, router 10.77.0.1, boards get 10.77.0.128 to 10.77.0.254\n");
	assert_holds(o.out, "Nodes       2, 1 joined\n");
	assert_holds(
		o.out, "Boards      3, 1 parked; unknown boards wait for \"bramble node admit\"\n");
	assert_holds(o.out, "tftpd    running   42  1 min 1 s         1\n");
	assert_holds(o.out, "exit status 2: port 53 is taken\n");
	assert_holds(o.out, "Warning     dnsmasq doesn't run: another process");
	assert_lines_fit(o.out, 80);
	outcome_free(&o);
}

static void boards_come_with_the_command_that_admits_them(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "board list",
		OK("{\"boards\":[{\"mac\":\"dc:a6:32:01:36:c2\",\"serial\":\"1a2b3c4d\",\"model\":"
		   "\"Raspberry Pi "
		   "4\",\"revision\":12595473,\"address\":\"10.77.0.128\",\"node\":\"rasp1\","
		   "\"state\":\"bound\",\"admit\":null,\"first_seen_ms\":1,\"last_seen_ms\":1},"
		   "{\"mac\":\"b8:27:eb:00:00:01\",\"serial\":null,\"model\":\"\",\"revision\":"
		   "null,"
		   "\"address\":\"10.77.0.129\",\"node\":null,\"state\":\"parked\",\"admit\":"
		   "\"bramble node admit "
		   "b8:27:eb:00:00:01\",\"first_seen_ms\":1,\"last_seen_ms\":1}]}"));
	assert_int_equal(o.code, CLI_OK);
	assert_holds(o.out, "1a2b3c4d  dc:a6:32:01:36:c2  Pi 4   10.77.0.128  bound   rasp1  ");
	assert_holds(o.out, "-         b8:27:eb:00:00:01  -      10.77.0.129  parked  -      ");
	assert_holds(o.out, "  bramble node admit b8:27:eb:00:00:01\n");
	assert_lines_fit(o.out, 80);
	outcome_free(&o);
}

static void a_configuration_is_checked_without_brambled(void **state)
{
	struct outcome o;
	char line[128];

	(void)state;
	run_with(&o, "config check", NULL, 0, 80, NULL);
	assert_int_equal(o.code, CLI_OK);
	assert_holds(o.out, "/b.conf: no mistake found\n");
	outcome_free(&o);
	run_with(&o, "config check --json tests/unit/cli_test.c", NULL, 0, 80, NULL);
	assert_int_equal(o.code, CLI_FAILED);
	assert_holds(o.out, "\"ok\":\tfalse");
	assert_holds(o.out, "tests/unit/cli_test.c:");
	outcome_free(&o);
	snprintf(line, sizeof(line), "config check /no/such/file");
	run_with(&o, line, NULL, 0, 80, NULL);
	assert_int_equal(o.code, CLI_FAILED);
	assert_string_equal(o.error, "/no/such/file: cannot read: No such file or directory\n");
	outcome_free(&o);
}

static void rules_are_shown_as_a_table_and_tested_in_words(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "rules list",
		OK("{\"rules\":[{\"number\":1,\"model\":\"Raspberry Pi 5\",\"memory_min\":8192,"
		   "\"memory_max\":null,\"oui\":null,\"role\":\"big\",\"image\":null,\"name\":"
		   "\"big%d\"}],\"roles\":[]}"));
	assert_int_equal(o.code, CLI_OK);
	assert_holds(o.out, ">= 8192 MiB");
	assert_holds(o.out, "big%d");
	assert_lines_fit(o.out, 80);
	outcome_free(&o);
	RUN(&o, "rules list", OK("{\"rules\":[],\"roles\":[]}"));
	assert_holds(o.out, "There are no rules");
	outcome_free(&o);
	RUN(&o, "rules test 1a2b",
		OK("{\"mac\":\"dc:a6:32:00:00:01\",\"serial\":\"1a2b3c4d\",\"model\":\"Raspberry "
		   "Pi "
		   "5\",\"memory\":8192,\"rule\":2,\"undecided\":true,\"role\":\"big\",\"image\":"
		   "\"base\",\"name\":\"big1\",\"node\":\"rasp1\"}"));
	assert_holds(o.out, "8192 MiB");
	assert_holds(o.out, "big1");
	assert_holds(o.out, "An earlier rule may fit");
	assert_holds(o.out, "It is node rasp1 already");
	assert_lines_fit(o.out, 80);
	outcome_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_are_listed_in_a_table_of_80_columns),
		cmocka_unit_test(json_is_the_answer_as_it_came),
		cmocka_unit_test(verbs_ask_for_what_the_api_documents),
		cmocka_unit_test(what_went_wrong_is_in_the_exit_status),
		cmocka_unit_test(wrong_usage_asks_nobody),
		cmocka_unit_test(help_is_there_for_every_verb),
		cmocka_unit_test(without_brambled_it_says_how_to_start_it),
		cmocka_unit_test(a_question_survives_a_restart_and_a_change_is_not_repeated),
		cmocka_unit_test(answers_to_other_calls_are_passed_over),
		cmocka_unit_test(a_slow_answer_is_announced),
		cmocka_unit_test(forgetting_is_confirmed),
		cmocka_unit_test(a_boot_is_shown_as_a_timeline),
		cmocka_unit_test(a_stuck_boot_says_why_and_what_to_do),
		cmocka_unit_test(following_loses_and_doubles_no_event),
		cmocka_unit_test(a_wide_event_wraps_below_its_text),
		cmocka_unit_test(a_status_shows_warnings_and_dead_processes),
		cmocka_unit_test(boards_come_with_the_command_that_admits_them),
		cmocka_unit_test(a_configuration_is_checked_without_brambled),
		cmocka_unit_test(rules_are_shown_as_a_table_and_tested_in_words),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
