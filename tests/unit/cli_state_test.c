/* SPDX-License-Identifier: ISC */
/* bramble state against a brambled that says what each test wants. */
#include "tests/unit/cli_world.h"

#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_backup_is_checked_by_a_call_of_its_own),
		cmocka_unit_test(a_backup_that_left_meanwhile_is_no_error),
		cmocka_unit_test(a_backup_is_made),
	};

	return cmocka_run_group_tests_name("cli-state", tests, NULL, NULL);
}
