/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/run.h"

static void output_is_captured_and_errors_are_lines(void **state)
{
	const char *const arguments[] = { "sh", "-c", "echo out; echo err >&2", NULL };
	char output[64];
	struct failure failure = { 0 };
	const struct run run = {
		.arguments = arguments, .output = output, .output_size = sizeof(output)
	};

	(void)state;
	assert_int_equal(run_tool(&run, &failure), 0);
	assert_string_equal(output, "out\n");
}

static void a_tool_that_fails_shows_its_last_lines_and_the_log(void **state)
{
	const char *const arguments[] = { "sh", "-c",
		"for i in $(seq 1 40); do echo line $i; done; echo E: broken >&2; exit 7", NULL };
	char log[] = "/tmp/run_test.XXXXXX", *text;
	size_t size;
	struct failure failure = { 0 };
	const struct run run = { .arguments = arguments, .log = log };

	(void)state;
	close(mkstemp(log));
	assert_int_equal(run_tool(&run, &failure), -ECHILD);
	assert_non_null(strstr(failure.text, "sh failed with status 7"));
	assert_non_null(strstr(failure.text, "E: broken"));
	assert_non_null(strstr(failure.text, "line 40\n"));
	assert_null(strstr(failure.text, "line 20\n"));
	assert_non_null(strstr(failure.text, log));
	assert_int_equal(file_read(log, 4096, &text, &size), 0);
	assert_non_null(strstr(text, "line 1\n"));
	free(text);
	unlink(log);
}

static void a_killed_tool_is_said(void **state)
{
	const char *const arguments[] = { "sh", "-c", "kill -9 $$", NULL };
	struct failure failure = { 0 };
	const struct run run = { .arguments = arguments };

	(void)state;
	assert_int_equal(run_tool(&run, &failure), -ECHILD);
	assert_non_null(strstr(failure.text, "was killed by signal 9"));
}

static void a_missing_tool_names_its_package(void **state)
{
	const char *const arguments[] = { "mksquashfs", NULL };
	struct failure failure = { 0 };
	const struct run run = { .arguments = arguments };

	(void)state;
	setenv("PATH", "/nonexistent", 1);
	assert_int_equal(run_tool(&run, &failure), -ENOENT);
	setenv("PATH", RUN_SAFE_PATH, 1);
	assert_string_equal(
		failure.text, "mksquashfs is not installed: apt-get install squashfs-tools");
}

static void output_that_does_not_fit_is_an_error(void **state)
{
	const char *const arguments[] = { "sh", "-c", "seq 1 100000", NULL };
	char output[64];
	struct failure failure = { 0 };
	const struct run run = {
		.arguments = arguments, .output = output, .output_size = sizeof(output)
	};

	(void)state;
	assert_int_equal(run_tool(&run, &failure), -E2BIG);
	assert_true(strlen(output) < sizeof(output));
}

static void the_environment_is_what_was_said(void **state)
{
	const char *const arguments[] = { "env", NULL };
	char output[4096];
	struct failure failure = { 0 };
	const struct run run = {
		.arguments = arguments,
		.output = output,
		.output_size = sizeof(output),
		.epoch = 1700000000,
		.temporary = "/var/tmp",
		.directory = "/",
	};

	(void)state;
	setenv("RUN_TEST_SECRET", "1", 1);
	assert_int_equal(run_tool(&run, &failure), 0);
	assert_non_null(strstr(output, "SOURCE_DATE_EPOCH=1700000000\n"));
	assert_non_null(strstr(output, "TMPDIR=/var/tmp\n"));
	assert_non_null(strstr(output, "LC_ALL=C.UTF-8\n"));
	assert_null(strstr(output, "RUN_TEST_SECRET"));
}

static void take_line(void *context, const char *line)
{
	char *seen = context;

	strncat(seen, line, 255 - strlen(seen));
	strncat(seen, "|", 255 - strlen(seen));
}

static void lines_come_one_by_one_however_they_end(void **state)
{
	const char *const arguments[] = { "printf", "one\\n\\ntwo\\rthree", NULL };
	char seen[256] = "";
	struct failure failure = { 0 };
	const struct run run = { .arguments = arguments, .line = take_line, .context = seen };

	(void)state;
	assert_int_equal(run_tool(&run, &failure), 0);
	assert_string_equal(seen, "one|two|three|");
}

static void a_missing_directory_is_not_a_missing_tool(void **state)
{
	const char *const arguments[] = { "true", NULL };
	struct failure failure = { 0 };
	const struct run run = { .arguments = arguments, .directory = "/nonexistent" };

	(void)state;
	assert_int_equal(run_tool(&run, &failure), -EINVAL);
	assert_non_null(strstr(failure.text, "/nonexistent"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_captured_and_errors_are_lines),
		cmocka_unit_test(a_tool_that_fails_shows_its_last_lines_and_the_log),
		cmocka_unit_test(a_killed_tool_is_said),
		cmocka_unit_test(a_missing_tool_names_its_package),
		cmocka_unit_test(output_that_does_not_fit_is_an_error),
		cmocka_unit_test(the_environment_is_what_was_said),
		cmocka_unit_test(lines_come_one_by_one_however_they_end),
		cmocka_unit_test(a_missing_directory_is_not_a_missing_tool),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
