/* SPDX-License-Identifier: ISC */
/* bramble state against a brambled that says what each test wants. */
#include "tests/unit/cli_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"

#define OLD "2026-11-24T162751Z-daily"
#define LIST                                                                                       \
	"{\"backups\":[{\"name\":\"latest\",\"made_ms\":1000,\"bytes\":90112},"                    \
	"{\"name\":\"" OLD "\",\"made_ms\":1000,\"bytes\":90112}]}"
#define SOUND                                                                                      \
	"{\"name\":\"latest\",\"made_ms\":1000,\"bytes\":90112,\"verified\":true,\"schema\":4,"    \
	"\"nodes\":12,\"boards\":34}"
#define DAMAGED "{\"name\":\"" OLD "\",\"made_ms\":1000,\"bytes\":90112,\"verified\":false}"

static void each_backup_is_checked_by_a_call_of_its_own(void **state)
{
	static const struct reply replies[] = { OK(LIST), OK(SOUND), OK(DAMAGED) };
	struct outcome o;

	(void)state;
	run_with(&o, "state backups", replies, 3, 80, NULL);
	assert_int_equal(o.code, CLI_OK);
	assert_int_equal(o.server.calls, 3);
	assert_string_equal(o.server.asked[1].path, "/v1/state/backups/latest");
	assert_string_equal(o.server.asked[2].path, "/v1/state/backups/" OLD);
	assert_lines_fit(o.out, 80);
	assert_holds(o.out, "     4     12      34  yes\n");
	assert_holds(o.out, "DAMAGED\n");
	outcome_free(&o);
	run_with(&o, "state backups --json", replies, 3, 80, NULL);
	assert_string_equal(o.out, "{\"backups\":[" SOUND "," DAMAGED "]}\n");
	outcome_free(&o);
}

static void a_backup_that_left_meanwhile_is_no_error(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "state backups", OK(LIST), OK(SOUND),
		{ 404, "{\"error\":\"there is no backup\"}", 0, false });
	assert_int_equal(o.code, CLI_OK);
	assert_holds(o.out, OLD);
	outcome_free(&o);
	RUN(&o, "state backups", OK("{\"backups\":[]}"));
	assert_holds(o.out, "No backup yet");
	outcome_free(&o);
}

static void a_backup_is_made(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "state backup", OK(SOUND));
	assert_int_equal(o.code, CLI_OK);
	assert_int_equal(o.server.asked[0].method, IPC_POST);
	assert_string_equal(o.out, "Backup latest: 12 nodes, 34 boards, verified.\n");
	outcome_free(&o);
	RUN(&o, "state backup", { 507, "{\"error\":\"the disk is full\"}", 0, false });
	assert_int_equal(o.code, CLI_FAILED);
	assert_holds(o.error, "the disk is full");
	outcome_free(&o);
}

#define PLAN                                                                                       \
	"{\"changes\":[\"node rasp1\",\"-\\tnote \\\"old\\\"\",\"+\\tnote \\\"new\\\"\","          \
	"\"- node rasp2\"],\"added\":0,\"removed\":1,\"changed\":1,\"warnings\":[\"image base\"]," \
	"\"saved\":null}"
#define DONE                                                                                       \
	"{\"changes\":[\"- node rasp2\"],\"added\":0,\"removed\":1,\"changed\":0,\"warnings\":[]," \
	"\"saved\":\"2026-11-24T170000Z-before-restore\"}"
#define SAME                                                                                       \
	"{\"changes\":[],\"added\":0,\"removed\":0,\"changed\":0,\"warnings\":[],\"saved\":null}"

static void a_restore_shows_the_change_and_asks(void **state)
{
	static const struct reply replies[] = { OK(PLAN), OK(DONE) };
	struct outcome o;

	(void)state;
	run_with(&o, "state restore " OLD, replies, 2, 80, "yes\n");
	assert_int_equal(o.code, CLI_OK);
	assert_int_equal(o.server.calls, 2);
	assert_string_equal(o.server.asked[0].path, "/v1/state/backups/" OLD "/restore");
	assert_holds(o.server.bodies[0], "\"dry_run\":true");
	assert_holds(o.server.bodies[1], "\"dry_run\":false");
	assert_holds(o.error, "node rasp1\n-    note \"old\"\n+    note \"new\"\n- node rasp2\n");
	assert_holds(o.error, "image base");
	assert_holds(o.error, "0 things would be added, 1 removed, 1 changed.");
	assert_holds(o.out, "bramble state restore 2026-11-24T170000Z-before-restore\n");
	outcome_free(&o);
	run_with(&o, "state restore " OLD, replies, 2, 80, "no\n");
	assert_int_equal(o.code, CLI_FAILED);
	assert_int_equal(o.server.calls, 1);
	assert_holds(o.error, "nothing was done");
	outcome_free(&o);
}

static void without_a_terminal_yes_is_needed(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "state restore " OLD, OK(DONE));
	assert_int_equal(o.code, CLI_USAGE);
	assert_int_equal(o.server.calls, 0);
	assert_holds(o.error, "--yes says yes");
	outcome_free(&o);
	RUN(&o, "state restore --yes " OLD, OK(DONE));
	assert_int_equal(o.code, CLI_OK);
	assert_int_equal(o.server.calls, 1);
	assert_holds(o.server.bodies[0], "\"dry_run\":false");
	outcome_free(&o);
	RUN(&o, "state restore --dry-run " OLD, OK(PLAN));
	assert_int_equal(o.code, CLI_OK);
	assert_holds(o.server.bodies[0], "\"dry_run\":true");
	assert_holds(o.out, "+    note \"new\"\n");
	outcome_free(&o);
	RUN(&o, "state restore --yes --json " OLD, OK(DONE));
	assert_string_equal(o.out, DONE "\n");
	outcome_free(&o);
	RUN(&o, "state restore --yes " OLD, OK(SAME));
	assert_string_equal(o.out, "Nothing differs: the registry is like backup " OLD ".\n");
	outcome_free(&o);
	RUN(&o, "state restore --yes nonsense",
		{ 404, "{\"error\":\"there is no backup nonsense\"}", 0, false });
	assert_int_equal(o.code, CLI_NOT_FOUND);
	outcome_free(&o);
}

#define TEXT "# a\nstate 1\n\tlast-node 0\n"
#define TEXT_JSON "{\"text\":\"# a\\nstate 1\\n\\tlast-node 0\\n\"}"

static void an_export_is_written_and_imported(void **state)
{
	char path[] = "/tmp/cli-state-XXXXXX", line[96], *text;
	struct outcome o;
	size_t size;
	int file = mkstemp(path);

	(void)state;
	assert_true(file >= 0);
	close(file);
	RUN(&o, "state export", OK(TEXT));
	assert_string_equal(o.out, TEXT);
	assert_string_equal(o.server.asked[0].path, "/v1/state/export?plain=true");
	outcome_free(&o);
	RUN(&o, "state export --json", OK(TEXT_JSON));
	assert_string_equal(o.out, TEXT_JSON "\n");
	outcome_free(&o);
	for (int json = 0; json < 2; json++) {
		snprintf(line, sizeof(line), "state export %s%s", json ? "--json " : "", path);
		RUN(&o, line, { 200, json ? TEXT_JSON : TEXT, 0, false });
		assert_int_equal(o.code, CLI_OK);
		assert_string_equal(o.out, json ? TEXT_JSON "\n" : "");
		assert_int_equal(file_read(path, 1000, &text, &size), 0);
		assert_string_equal(text, TEXT);
		free(text);
		outcome_free(&o);
	}
	snprintf(line, sizeof(line), "state import --yes %s", path);
	RUN(&o, line, OK(DONE));
	assert_int_equal(o.code, CLI_OK);
	assert_string_equal(o.server.asked[0].path, "/v1/state/import");
	assert_int_equal(o.server.files, 1);
	assert_int_equal(o.server.file_size, 25);
	outcome_free(&o);
	unlink(path);
	RUN(&o, line, OK(DONE));
	assert_int_equal(o.code, CLI_FAILED);
	assert_int_equal(o.server.calls, 0);
	assert_holds(o.error, "can't be read");
	outcome_free(&o);
	RUN(&o, "state export /nonexistent/file", OK(TEXT));
	assert_int_equal(o.code, CLI_FAILED);
	assert_holds(o.error, "can't be written");
	outcome_free(&o);
}

static void backups_are_offered_to_a_shell(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "__complete state restore 20", OK(LIST));
	assert_string_equal(o.out, OLD "\n");
	outcome_free(&o);
	RUN(&o, "__complete state ex", OK("{}"));
	assert_string_equal(o.out, "export\n");
	outcome_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_backup_is_checked_by_a_call_of_its_own),
		cmocka_unit_test(a_backup_that_left_meanwhile_is_no_error),
		cmocka_unit_test(a_backup_is_made),
		cmocka_unit_test(a_restore_shows_the_change_and_asks),
		cmocka_unit_test(without_a_terminal_yes_is_needed),
		cmocka_unit_test(an_export_is_written_and_imported),
		cmocka_unit_test(backups_are_offered_to_a_shell),
	};

	return cmocka_run_group_tests_name("cli-state", tests, NULL, NULL);
}
