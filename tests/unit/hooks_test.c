/* SPDX-License-Identifier: ISC */
/* Hooks: which there are, what they hear of and in which order, and one run of one. */
#include "tests/unit/test.h"

#include <event2/event.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "provisioner/hooks/feed.h"
#include "provisioner/hooks/positions.h"
#include "provisioner/hooks/queue.h"
#include "provisioner/hooks/run.h"

static const char long_kind[] =
	"{\"id\":1,\"at_ms\":1,\"kind\":\"a.kind.of.more.than.31.characters\","
	"\"subject\":\"\",\"text\":\"\"}";

static char directory[64], hooks[80], work[80];

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int make_directory(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/hooks_test.XXXXXX");
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chmod(directory, 0755), 0);
	snprintf(hooks, sizeof(hooks), "%s/hooks.d", directory);
	snprintf(work, sizeof(work), "%s/work", directory);
	assert_int_equal(file_make_directories(hooks, 0755), 0);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static void put(const char *name, const char *text, mode_t mode)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", hooks, name);
	assert_int_equal(file_replace(path, text, strlen(text), mode), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void names_of_copies_are_no_hooks(void **state)
{
	static const char *const good[] = { "a", "10-mail", "Mail_2.sh", "x.d" };
	static const char *const bad[] = { "", ".hidden", "a~", "a.bak", "a.dpkg-old", "a.new",
		"50-webhook.example", "a b", "a:b", "a/b", "\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(hooks_is_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(hooks_is_name(bad[i]));
}

static void a_hook_hears_of_its_kind_and_what_is_below(void **state)
{
	static const struct {
		const char *kind, *event;
		bool wants;
	} cases[] = {
		{ "", "node.joined", true },
		{ "", "boot.started", true },
		{ "", "boot.stage", false },
		{ "", "hook.failed", false },
		{ "hook", "hook.failed", false },
		{ "hook.failed", "hook.failed", false },
		{ "boot", "boot.stage", true },
		{ "boot.stage", "boot.stage", true },
		{ "boot.sta", "boot.stage", false },
		{ "node", "node.joined", true },
		{ "node", "nodes.joined", false },
		{ "node.joined", "node.joined", true },
		{ "node.joined", "node.absent", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hooks_file file = { .name = "x" };

		snprintf(file.kind, sizeof(file.kind), "%s", cases[i].kind);
		if (hooks_wants(&file, cases[i].event) != cases[i].wants)
			fail_msg("%s, %s", cases[i].kind, cases[i].event);
	}
}

static void hooks_are_found_by_name_and_why_one_is_not_run(void **state)
{
	static const struct {
		const char *name, *kind, *trouble;
	} expected[] = {
		{ "10-plain", "", "" },
		{ "node.joined/15-below", "node.joined", "" },
		{ "20-dull", "", "it isn't executable: chmod +x" },
		{ "30-open", "", "others may write to it: chmod go-w" },
	};
	struct hooks_list list;
	char path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/node.joined/deeper", hooks);
	assert_int_equal(file_make_directories(path, 0755), 0);
	put("30-open", "", 0775);
	put("10-plain", "", 0755);
	put("20-dull", "", 0644);
	put("40-copy~", "", 0755);
	put("node.joined/15-below", "", 0700);
	put("node.joined/deeper/16-no", "", 0755);
	assert_int_equal(hooks_find(hooks, &list), 0);
	assert_int_equal(list.n, 4);
	for (size_t i = 0; i < list.n; i++) {
		assert_string_equal(list.files[i].name, expected[i].name);
		assert_string_equal(list.files[i].kind, expected[i].kind);
		assert_string_equal(list.files[i].trouble, expected[i].trouble);
	}
	assert_int_equal(hooks_find("/nowhere/hooks.d", &list), 0);
	assert_int_equal(list.n, 0);
}

static void there_is_a_limit_to_hooks(void **state)
{
	struct hooks_list list;

	(void)state;
	for (int i = 0; i < HOOKS_LIMIT + 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%03d", i);
		put(name, "", 0755);
	}
	assert_int_equal(hooks_find(hooks, &list), 0);
	assert_int_equal(list.n, HOOKS_LIMIT);
	assert_int_equal(list.left_out, 3);
}

/* --- the queue --- */

static void push(struct hooks_queue *queue, int64_t id, const char *kind)
{
	struct hooks_event event = { .id = id };

	snprintf(event.kind, sizeof(event.kind), "%s", kind);
	hooks_queue_push(queue, &event);
}

static void each_hook_goes_through_the_events_at_its_own_pace(void **state)
{
	struct hooks_queue *queue = calloc(1, sizeof(*queue));
	const struct hooks_file all = { .name = "a" }, joined = { .kind = "node.joined" };
	int64_t one = 0, other = 0;
	bool skipped = false;

	(void)state;
	assert_non_null(queue);
	push(queue, 3, "node.created");
	push(queue, 3, "node.created"); /* told again */
	push(queue, 5, "node.joined");
	push(queue, 9, "node.absent");
	assert_int_equal(hooks_queue_next(queue, &joined, &other, &skipped)->id, 5);
	assert_int_equal(other, 3); /* what it doesn't want is behind it */
	assert_int_equal(hooks_queue_next(queue, &all, &one, &skipped)->id, 3);
	assert_int_equal(hooks_queue_next(queue, &all, &one, &skipped)->id, 3);
	one = 3;
	assert_int_equal(hooks_queue_next(queue, &all, &one, &skipped)->id, 5);
	other = 5;
	assert_null(hooks_queue_next(queue, &joined, &other, &skipped));
	assert_int_equal(other, 9);
	assert_false(skipped);
	free(queue);
}

static void one_that_is_too_slow_misses_the_oldest(void **state)
{
	struct hooks_queue *queue = calloc(1, sizeof(*queue));
	const struct hooks_file all = { .name = "a" };
	int64_t slow = 0, quick = HOOKS_QUEUE;
	bool skipped = false;

	(void)state;
	assert_non_null(queue);
	for (int64_t id = 1; id <= HOOKS_QUEUE + 10; id++)
		push(queue, id, "node.joined");
	assert_int_equal(hooks_queue_next(queue, &all, &quick, &skipped)->id, HOOKS_QUEUE + 1);
	assert_false(skipped);
	assert_int_equal(hooks_queue_next(queue, &all, &slow, &skipped)->id, 11);
	assert_true(skipped);
	free(queue);
}

static void positions_are_kept_as_text(void **state)
{
	static const char *const wrong[] = { "x", "1 a", "1 a\nx\n", "-1 a\n", "1 \n", " a\n",
		"99999999999999999999 a\n" };
	struct hooks_positions positions = { .n = 2,
		.entries = { { 7, "10-a" }, { 9007199254740993, "node.joined/20-b" } } };
	char path[100];

	(void)state;
	snprintf(path, sizeof(path), "%s/positions", directory);
	assert_int_equal(hooks_positions_write(path, &positions), 0);
	hooks_positions_read(path, &positions);
	assert_int_equal(positions.n, 2);
	assert_int_equal(hooks_positions_find(&positions, "10-a"), 7);
	assert_int_equal(hooks_positions_find(&positions, "node.joined/20-b"), 9007199254740993);
	assert_int_equal(hooks_positions_find(&positions, "other"), -1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", wrong[i]);
		if (hooks_positions_parse(text, &positions))
			fail_msg("%s", wrong[i]);
	}
	assert_int_equal(file_replace(path, "rubbish", 7, 0600), 0);
	hooks_positions_read(path, &positions);
	assert_int_equal(positions.n, 0);
}

static void the_longest_event_fits_into_the_environment(void **state)
{
	struct hooks_environment environment;
	struct hooks_event event = { .id = INT64_MAX, .at_ms = INT64_MAX };
	char longest[510];
	size_t n = 0;

	(void)state;
	memset(event.kind, 'k', sizeof(event.kind) - 1);
	memset(event.subject, 's', sizeof(event.subject) - 1);
	memset(event.text, 't', sizeof(event.text) - 1);
	memset(longest, 'd', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	hooks_make_environment(&event, longest, &environment);
	while (environment.variables[n])
		n++;
	assert_int_equal(n, 9);
	assert_string_equal(environment.variables[8], "BRAMBLE_AT_MS=9223372036854775807");
}

static void what_is_no_event_is_not_taken_for_one(void **state)
{
	static const char *const wrong[] = { "{}", "[]", "7",
		"{\"id\":0,\"at_ms\":1,\"kind\":\"a\",\"subject\":\"\",\"text\":\"\"}",
		"{\"id\":\"1\",\"at_ms\":1,\"kind\":\"a\",\"subject\":\"\",\"text\":\"\"}",
		long_kind };
	struct hooks_event event;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cJSON *json = cJSON_Parse(wrong[i]);

		assert_non_null(json);
		if (feed_parse_event(json, &event))
			fail_msg("%s", wrong[i]);
		cJSON_Delete(json);
	}
}

/* --- a run --- */

struct outcome {
	struct event_base *base;
	bool well;
	char text[HOOKS_TEXT_SIZE];
	unsigned lines;
	char first[HOOKS_LINE_SIZE], last[HOOKS_LINE_SIZE];
};

static void on_said(void *argument, const char *line)
{
	struct outcome *outcome = argument;

	if (outcome->lines++ == 0)
		snprintf(outcome->first, sizeof(outcome->first), "%s", line);
	snprintf(outcome->last, sizeof(outcome->last), "%s", line);
}

static void on_ended(void *argument, bool well, const char *text)
{
	struct outcome *outcome = argument;

	outcome->well = well;
	snprintf(outcome->text, sizeof(outcome->text), "%s", text);
	event_base_loopbreak(outcome->base);
}

static struct outcome run(const char *script)
{
	struct outcome outcome = { .base = event_base_new() };
	const struct hooks_setup setup = { hooks, work, "bramble-hooks", 500 };
	const struct hooks_event event = { .id = 5, .kind = "node.joined", .subject = "rasp1" };
	struct hooks_file file = { .name = "node.joined/x" };
	char reason[HOOKS_TEXT_SIZE] = "", path[100];

	assert_non_null(outcome.base);
	snprintf(path, sizeof(path), "%s/node.joined", hooks);
	assert_int_equal(file_make_directories(path, 0755), 0);
	put(file.name, script, 0755);
	if (!hooks_run_start(
		    outcome.base, &setup, &file, &event, on_said, on_ended, &outcome, reason))
		fail_msg("%s", reason);
	event_base_dispatch(outcome.base);
	event_base_free(outcome.base);
	return outcome;
}

static void a_run_ends_well_or_says_why_not(void **state)
{
	static const struct {
		const char *script, *first, *text;
		bool well;
	} cases[] = {
		{ "#!/bin/sh\necho $BRAMBLE_EVENT $BRAMBLE_SUBJECT\n", "node.joined rasp1",
			"exit status 0", true },
		{ "#!/bin/sh\nprintf 'no newline' >&2; exit 7\n", "no newline", "exit status 7",
			false },
		{ "#!/bin/sh\nkill -9 $$\n", "", "it was ended by signal 9 (Killed)", false },
		{ "#!/nowhere/sh\n", NULL, "it couldn't be started; the log says why", false },
		{ "#!/bin/sh\nsleep 50\n", "", "it took longer than 0 s and was ended", false },
		{ "#!/bin/sh\nread -r event; echo \"$event\"\n",
			"{\"id\":5,\"at_ms\":0,\"kind\":\"node.joined\",\"subject\":\"rasp1\","
			"\"text\":\"\"}",
			"exit status 0", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome outcome = run(cases[i].script);

		assert_string_equal(outcome.text, cases[i].text);
		assert_int_equal(outcome.well, cases[i].well);
		if (cases[i].first)
			assert_string_equal(outcome.first, cases[i].first);
	}
}

static void what_a_hook_says_is_bounded(void **state)
{
	struct outcome outcome = run("#!/bin/sh\nseq 1000\n");

	(void)state;
	assert_true(outcome.well);
	assert_int_equal(outcome.lines, HOOKS_LINES + 1);
	assert_string_equal(outcome.first, "1");
	assert_string_equal(outcome.last, "(950 more lines were left out)");
	outcome = run("#!/bin/sh\nprintf %0500d 0\n");
	assert_int_equal(outcome.lines, 3);
	assert_int_equal(strlen(outcome.first), HOOKS_LINE_SIZE - 1);
}

static void a_hook_can_do_little(void **state)
{
	struct outcome outcome;

	(void)state;
	outcome = run("#!/bin/sh\n(echo x >/dev/shm/hooks_test) 2>/dev/null && exit 1\n"
		      "echo x >own && [ \"$(cat own)\" = x ] && echo \"$(id -u)\"\n");
	assert_true(outcome.well);
	assert_string_not_equal(outcome.first, "0");
	/* Not even namespaces of a user, which need no right. */
	outcome = run("#!/bin/sh\nunshare -Ur true 2>/dev/null && exit 1; exit 0\n");
	assert_true(outcome.well);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_copies_are_no_hooks),
		cmocka_unit_test(a_hook_hears_of_its_kind_and_what_is_below),
		cmocka_unit_test_setup_teardown(hooks_are_found_by_name_and_why_one_is_not_run,
			make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			there_is_a_limit_to_hooks, make_directory, remove_directory),
		cmocka_unit_test(each_hook_goes_through_the_events_at_its_own_pace),
		cmocka_unit_test(one_that_is_too_slow_misses_the_oldest),
		cmocka_unit_test_setup_teardown(
			positions_are_kept_as_text, make_directory, remove_directory),
		cmocka_unit_test(the_longest_event_fits_into_the_environment),
		cmocka_unit_test(what_is_no_event_is_not_taken_for_one),
		cmocka_unit_test_setup_teardown(
			a_run_ends_well_or_says_why_not, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			what_a_hook_says_is_bounded, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(
			a_hook_can_do_little, make_directory, remove_directory),
	};

	/* A run executes this program as its cage. */
	if (argc > 1 && strcmp(argv[1], HOOKS_CAGE) == 0)
		return hooks_cage_main(argc - 2, argv + 2);
	log_init("test", LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
