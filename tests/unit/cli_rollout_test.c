/* SPDX-License-Identifier: ISC */
/* bramble rollout, and what other verbs say of versions. */
#include "tests/unit/cli_world.h"

#include <stdlib.h>
#include <string.h>

#define NODE(name, phase, text)                                                                    \
	"{\"node\":\"" name "\",\"wave\":1,\"phase\":\"" phase "\",\"text\":\"" text               \
	"\",\"since_ms\":1790000000000}"
#define ROLLOUT(state, reason, nodes)                                                              \
	"{\"id\":3,\"image\":\"base\",\"version\":\"" HASH "\",\"waves\":\"1,100%\","              \
	"\"max_unavailable\":1,\"within_s\":600,\"state\":\"" state "\",\"reason\":\"" reason      \
	"\",\"created_ms\":1790000000000,\"nodes\":[" nodes "],\"same\":2,\"waits\":\"\"}"

static void a_roll_out_is_shown_until_its_end(void **state)
{
	static const struct reply done[] = {
		OK(ROLLOUT("running", "", NODE("rasp1", "waiting", ""))),
		OK(ROLLOUT("running", "", NODE("rasp1", "waiting", ""))),
		OK(ROLLOUT("running", "", NODE("rasp1", "rebooting", "reboots"))),
		OK(ROLLOUT("running", "", NODE("rasp1", "rebooting", "reboots"))),
		OK(ROLLOUT("done", "", NODE("rasp1", "updated", "runs it"))),
	};
	struct outcome o;
	char *first;

	(void)state;
	run_with(&o, "rollout base --to 01234567", done, 5, 80, NULL);
	assert_int_equal(o.code, CLI_OK);
	assert_int_equal(o.server.calls, 5);
	assert_non_null(strstr(o.out, "Roll-out 3 has begun: base 0123456789ab to 1 nodes."));
	first = strstr(o.out, "rasp1     rebooting   reboots\n");
	assert_non_null(first);
	assert_null(strstr(first + strlen("rasp1     rebooting"), "rebooting")); /* once */
	assert_non_null(strstr(o.out, "rasp1     updated     runs it\n"));
	outcome_free(&o);
}

static void one_that_stops_says_why_and_fails(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "rollout status 3 --watch",
		OK(ROLLOUT("stopped", "rasp1 hasn't joined", NODE("rasp1", "failed", "late"))));
	assert_int_equal(o.code, CLI_FAILED);
	assert_non_null(strstr(o.out, "stopped     rasp1 hasn't joined\n"));
	assert_non_null(strstr(o.error, "bramble rollout resume"));
	outcome_free(&o);
}

static void the_one_that_goes_on_is_meant(void **state)
{
	static const struct reply replies[] = {
		OK("{\"rollouts\":[{\"id\":4,\"state\":\"done\"},{\"id\":3,\"state\":\"paused\"}]"
		   "}"),
		OK(ROLLOUT("running", "", "")),
	};
	struct outcome o;

	(void)state;
	run_with(&o, "rollout resume", replies, 2, 80, NULL);
	assert_int_equal(o.code, CLI_OK);
	assert_string_equal(o.server.asked[1].path, "/v1/rollouts/3/resume");
	assert_string_equal(o.out, "Roll-out 3 goes on.\n");
	outcome_free(&o);
	RUN(&o, "rollout abort", OK("{\"rollouts\":[{\"id\":4,\"state\":\"done\"}]}"));
	assert_int_equal(o.code, CLI_NOT_FOUND);
	outcome_free(&o);
	RUN(&o, "rollout pause",
		OK("{\"rollouts\":[{\"id\":4,\"state\":\"running\"},{\"id\":3,\"state\":"
		   "\"running\"}]}"));
	assert_int_equal(o.code, CLI_FAILED);
	assert_int_equal(o.server.calls, 1);
	outcome_free(&o);
}

static void a_roll_out_is_a_table(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "rollout status 3",
		OK(ROLLOUT("running", "",
			NODE("rasp1", "updated", "runs it") "," NODE("rasp2", "waiting", ""))));
	assert_int_equal(o.code, CLI_OK);
	assert_non_null(strstr(o.out, "2 that ran it already"));
	assert_non_null(strstr(o.out, "at most 1 away at once; each node has 10 min"));
	assert_non_null(strstr(o.out, "NODE   WAVE  PHASE"));
	outcome_free(&o);
}

static void wrong_wishes_ask_nobody(void **state)
{
	static const char *const lines[] = { "rollout base", "rollout base --to x --within never",
		"rollout base --to x --max-unavailable 0", "rollout status x", "rollout" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct outcome o;

		RUN(&o, lines[i], OK("{}"));
		if (o.code != CLI_USAGE || o.server.calls != 0)
			fail_msg("%s: %d", lines[i], o.code);
		outcome_free(&o);
	}
}

static void a_node_tells_its_next_version_and_why(void **state)
{
#define NODE_JSON                                                                                  \
	"{\"name\":\"rasp1\",\"image\":\"base\",\"image_hash\":\"" HASH                            \
	"\",\"next\":{\"hash\":\"fedcba98fedcba98ff\",\"why\":\"a roll-out of image base gives "   \
	"it\"},\"good_hash\":\"" HASH "\",\"failed_boots\":2,\"state\":\"joined\"}"
	struct outcome o;

	(void)state;
	RUN(&o, "node list", OK("{\"nodes\":[" NODE_JSON "]}"));
	assert_non_null(strstr(o.out, "base 01234567, then fedcba98"));
	outcome_free(&o);
	RUN(&o, "node show rasp1", OK(NODE_JSON));
	assert_non_null(strstr(o.out, "fedcba98fedcba98: a roll-out of image base gives it"));
	assert_non_null(strstr(o.out, "2 of its last boots"));
	outcome_free(&o);
	RUN(&o, "status",
		OK("{\"versions\":[{\"image\":\"base\",\"hash\":\"" HASH
		   "\",\"current\":true,\"running\":2,\"next\":3,\"exceptions\":[{\"node\":"
		   "\"rasp9\",\"text\":\"runs it; gets another\"}]}]}"));
	assert_non_null(strstr(o.out, "base 0123456789ab  current       2         3\n"));
	assert_non_null(strstr(o.out, "rasp9"));
	outcome_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_roll_out_is_shown_until_its_end),
		cmocka_unit_test(one_that_stops_says_why_and_fails),
		cmocka_unit_test(the_one_that_goes_on_is_meant),
		cmocka_unit_test(a_roll_out_is_a_table),
		cmocka_unit_test(wrong_wishes_ask_nobody),
		cmocka_unit_test(a_node_tells_its_next_version_and_why),
	};

	return cmocka_run_group_tests_name("cli-rollout", tests, NULL, NULL);
}
