/* SPDX-License-Identifier: ISC */
/* With real processes: `sleep` is what is supervised, brambled's death is a fork that ends by
 * SIGKILL. About three seconds. */
#include "tests/unit/test.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/supervise/private.h"

#define PATH_SIZE 128
#define PATIENCE_NS (5 * NS_PER_S)

struct world {
	char run[64];
	struct event_base *base;
	struct supervisor *supervisor;
	struct supervise_spec spec;
	int prepared, ended;
	int socket; /* handed down by prepare */
};

static int hand_down_socket(void *argument, int fds[static SUPERVISE_FDS], char reason[static 160])
{
	struct world *world = argument;

	world->prepared++;
	if (world->socket < 0) {
		snprintf(reason, 160, "port 69 is in use");
		return -EADDRINUSE;
	}
	fds[0] = dup(world->socket);
	fds[1] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	return 2;
}

static void count_end(void *argument)
{
	((struct world *)argument)->ended++;
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	log_init("test", LOG_LEVEL_ERROR);
	snprintf(world->run, sizeof(world->run), "/tmp/bramble-supervise-XXXXXX");
	assert_non_null(mkdtemp(world->run));
	world->base = event_base_new();
	world->supervisor = supervise_new(world->base, world->run);
	assert_non_null(world->supervisor);
	world->socket = -1;
	world->spec = (struct supervise_spec){
		.name = "sleeper",
		.argv = { "/bin/sleep", "1000" },
		.argument = world,
		.ended = count_end,
	};
	*state = world;
	return 0;
}

static int end_world(void **state)
{
	struct world *world = *state;
	char path[PATH_SIZE];

	supervise_stop_all(world->supervisor);
	supervise_free(world->supervisor);
	event_base_free(world->base);
	if (world->socket >= 0)
		close(world->socket);
	snprintf(path, sizeof(path), "%s/pids", world->run);
	/* Fails if a record was left behind. */
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(world->run), 0);
	free(world);
	return 0;
}

static struct supervise_status status_of(const struct world *world)
{
	struct supervise_status status;

	assert_true(supervise_get(world->supervisor, 0, &status));
	return status;
}

/* Turn the loop until the process runs as another one than `before`. */
static struct supervise_status wait_for_other(struct world *world, pid_t before)
{
	uint64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
	struct supervise_status status;

	do {
		const struct timeval step = { .tv_usec = 5000 };

		event_base_loopexit(world->base, &step);
		event_base_dispatch(world->base);
		status = status_of(world);
	} while ((status.pid == 0 || status.pid == before) && clock_monotonic_ns() < deadline);
	assert_true(status.pid != 0 && status.pid != before);
	return status;
}

static void wait_for_restarts(struct world *world, unsigned restarts)
{
	uint64_t deadline = clock_monotonic_ns() + PATIENCE_NS;

	while (status_of(world).restarts < restarts) {
		const struct timeval step = { .tv_usec = 2000 };

		assert_true(clock_monotonic_ns() < deadline);
		event_base_loopexit(world->base, &step);
		event_base_dispatch(world->base);
	}
}

static void record_of(const struct world *world, char *path)
{
	snprintf(path, PATH_SIZE, "%s/pids/sleeper", world->run);
}

static void a_killed_process_is_started_again_at_once(void **state)
{
	struct world *world = *state;
	struct supervise_status first, second;
	uint64_t killed;

	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	first = status_of(world);
	assert_true(first.pid > 0);
	assert_false(first.adopted);
	killed = clock_monotonic_ns();
	kill(first.pid, SIGKILL);
	second = wait_for_other(world, first.pid);
	assert_true(clock_monotonic_ns() - killed < 100 * NS_PER_MS);
	assert_int_equal(second.restarts, 1);
	assert_int_equal(world->ended, 1);
	assert_non_null(strstr(second.reason, "was ended by signal 9"));
	assert_int_equal(kill(first.pid, 0), -1); /* reaped */
}

static void a_process_that_keeps_failing_is_backed_off(void **state)
{
	struct world *world = *state;
	uint64_t started = clock_monotonic_ns(), took;

	world->spec.argv[0] = "/bin/false";
	world->spec.argv[1] = NULL;
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	/* Starts after 0, 100, 200 and 400 ms. */
	wait_for_restarts(world, 5);
	took = clock_monotonic_ns() - started;
	assert_in_range(took / NS_PER_MS, 690, 2000);
	assert_string_equal(strrchr(status_of(world).reason, ' '), " 1");
}

static void a_missing_program_is_a_reason(void **state)
{
	struct world *world = *state;

	world->spec.argv[0] = "/nonexistent/program";
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_int_equal(status_of(world).pid, 0);
	assert_string_equal(status_of(world).reason,
		"can't start /nonexistent/program: No such file or directory");
}

static void descriptors_are_handed_down_as_3_and_4(void **state)
{
	struct world *world = *state;
	struct supervise_status status;
	char path[PATH_SIZE];
	struct stat ours, theirs;

	world->spec.prepare = hand_down_socket;
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_string_equal(status_of(world).reason, "port 69 is in use");
	world->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	status = wait_for_other(world, 0);
	assert_true(world->prepared >= 2);
	assert_int_equal(fstat(world->socket, &ours), 0);
	snprintf(path, sizeof(path), "/proc/%d/fd/3", (int)status.pid);
	assert_int_equal(stat(path, &theirs), 0);
	assert_int_equal(ours.st_ino, theirs.st_ino);
	snprintf(path, sizeof(path), "/proc/%d/fd/4", (int)status.pid);
	assert_int_equal(stat(path, &theirs), 0);
	assert_true(S_ISCHR(theirs.st_mode));
	snprintf(path, sizeof(path), "/proc/%d/fd/5", (int)status.pid);
	assert_int_equal(stat(path, &theirs), -1);
}

/* A supervisor in a process of its own, which is killed when the process that it supervises runs.
 */
static pid_t supervise_and_die(struct world *world)
{
	int ends[2];
	pid_t brambled, child;

	assert_int_equal(pipe(ends), 0);
	brambled = fork();
	if (brambled == 0) {
		event_reinit(world->base);
		supervise_add(world->supervisor, &world->spec);
		child = status_of(world).pid;
		if (write(ends[1], &child, sizeof(child)) != sizeof(child))
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ends[0], &child, sizeof(child)), sizeof(child));
	close(ends[0]);
	close(ends[1]);
	kill(brambled, SIGKILL);
	waitpid(brambled, NULL, 0);
	assert_int_equal(kill(child, 0), 0);
	return child;
}

static void a_process_outlives_brambled_and_is_adopted(void **state)
{
	struct world *world = *state;
	struct supervise_status status;
	pid_t child;

	world->spec.fingerprint = "one";
	child = supervise_and_die(world);

	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	status = status_of(world);
	assert_int_equal(status.pid, child);
	assert_true(status.adopted);
	assert_int_equal(status.restarts, 0);
	/* And its end is noticed though it is nobody's child here. */
	kill(child, SIGKILL);
	status = wait_for_other(world, child);
	assert_false(status.adopted);
	waitpid(child, NULL, 0);
}

/* SIGUSR1 ends `sleep`; a signal that nobody sent doesn't. */
static void an_adopted_process_is_told_to_read_again(void **state)
{
	struct world *world = *state;
	pid_t child = supervise_and_die(world);
	int status;

	world->spec.adoption_signal = SIGUSR1;
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_true(status_of(world).adopted);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
}

static void an_unrecorded_process_is_found_by_its_mark(void **state)
{
	struct world *world = *state;
	pid_t child = supervise_and_die(world);
	char path[PATH_SIZE], *text;
	size_t size;

	record_of(world, path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_int_equal(status_of(world).pid, child);
	assert_int_equal(file_read(path, 64, &text, &size), 0);
	free(text);
}

static void other_settings_mean_a_new_process(void **state)
{
	struct world *world = *state;
	pid_t child = supervise_and_die(world);

	world->spec.argv[1] = "1001";
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_false(status_of(world).adopted);
	waitpid(child, NULL, 0);
	assert_int_equal(kill(child, 0), -1);
}

static void another_fingerprint_means_a_new_process(void **state)
{
	struct world *world = *state;
	pid_t child;

	world->spec.fingerprint = "one";
	child = supervise_and_die(world);
	world->spec.fingerprint = "two";
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_false(status_of(world).adopted);
	waitpid(child, NULL, 0);
}

static void malformed_records_are_refused(void **state)
{
	static const char *const contents[] = { "", "12\n", "12 1\n", "-12 1 -\n", "1 1 -\n",
		"12 x -\n", "12 1 -", "12 1 -\nx", "99999999999 1 -\n" };
	struct world *world = *state;
	struct supervise_record record;
	char path[PATH_SIZE];

	record_of(world, path);
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		assert_int_equal(file_replace(path, contents[i], strlen(contents[i]), 0644), 0);
		if (supervise_read_record(path, &record) != -EBADMSG)
			fail_msg("accepted: '%s'", contents[i]);
	}
	assert_int_equal(file_replace(path, "12 345 key\n", 11, 0644), 0);
	assert_int_equal(supervise_read_record(path, &record), 0);
	assert_int_equal(record.identity.pid, 12);
	assert_int_equal(record.identity.start_time, 345);
	assert_string_equal(record.fingerprint, "key");
	assert_int_equal(unlink(path), 0);
}

/* Same program, same arguments, the recorded number, but another start time: the number was reused.
 */
static void a_reused_process_number_is_not_adopted(void **state)
{
	struct world *world = *state;
	char path[PATH_SIZE], text[64];
	pid_t stranger = fork();

	if (stranger == 0) {
		execl("/bin/sleep", "/bin/sleep", "1000", NULL);
		_exit(1);
	}
	record_of(world, path);
	snprintf(text, sizeof(text), "%d 1 -\n", (int)stranger);
	assert_int_equal(file_replace(path, text, strlen(text), 0644), 0);
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_false(status_of(world).adopted);
	assert_int_equal(kill(stranger, SIGKILL), 0);
	waitpid(stranger, NULL, 0);
}

static void a_restart_is_no_failure(void **state)
{
	struct world *world = *state;
	pid_t first;

	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	first = status_of(world).pid;
	assert_int_equal(supervise_restart(world->supervisor, "sleeper"), 0);
	assert_int_equal(wait_for_other(world, first).restarts, 0);
	assert_int_equal(supervise_restart(world->supervisor, "nobody"), -ESRCH);
	assert_int_equal(supervise_signal(world->supervisor, "nobody", SIGHUP), -ESRCH);
}

/* It isn't started again, and one that no longer runs isn't adopted. */
static void a_job_ends_once(void **state)
{
	struct world *world = *state;
	uint64_t deadline = clock_monotonic_ns() + PATIENCE_NS;

	world->spec.once = true;
	world->spec.argv[1] = "0.05";
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_true(supervise_has(world->supervisor, "sleeper"));
	while (supervise_has(world->supervisor, "sleeper") && clock_monotonic_ns() < deadline) {
		const struct timeval step = { .tv_usec = 5000 };

		event_base_loopexit(world->base, &step);
		event_base_dispatch(world->base);
	}
	assert_false(supervise_has(world->supervisor, "sleeper"));
	assert_int_equal(world->ended, 1);
	assert_int_equal(supervise_adopt(world->supervisor, &world->spec), -ESRCH);
	world->spec.argv[0] = "/nosuch";
	assert_int_not_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_false(supervise_has(world->supervisor, "sleeper"));
}

static void a_removed_process_is_ended_and_forgotten(void **state)
{
	struct world *world = *state;
	uint64_t deadline = clock_monotonic_ns() + PATIENCE_NS;
	struct supervise_status status;
	pid_t first;

	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	first = status_of(world).pid;
	assert_int_equal(supervise_remove(world->supervisor, "sleeper"), 0);
	assert_int_equal(supervise_remove(world->supervisor, "sleeper"), 0);
	assert_int_equal(supervise_add(world->supervisor, &world->spec), -EEXIST);
	while (supervise_get(world->supervisor, 0, &status)) {
		const struct timeval step = { .tv_usec = 5000 };

		assert_true(clock_monotonic_ns() < deadline);
		event_base_loopexit(world->base, &step);
		event_base_dispatch(world->base);
	}
	assert_int_equal(kill(first, 0), -1);
	assert_int_equal(supervise_remove(world->supervisor, "sleeper"), -ESRCH);
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_true(status_of(world).pid != first);
}

/* env(1) becomes sleep(1): that is what is known again. */
/* Until a launcher has become what it launches. */
static void wait_until_runs(pid_t pid, const char *program)
{
	char path[64], *text = NULL;
	size_t size;
	bool runs = false;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	for (unsigned i = 0; i < 1000 && !runs; i++) {
		runs = file_read(path, 4096, &text, &size) == 0 && strcmp(text, program) == 0;
		free(text);
		text = NULL;
		if (!runs)
			usleep(10000);
	}
	assert_true(runs);
}

static void a_launcher_is_not_the_process(void **state)
{
	struct world *world = *state;
	struct supervise_status status;
	pid_t child;

	world->spec.argv[0] = "/usr/bin/env";
	world->spec.argv[1] = "/bin/sleep";
	world->spec.argv[2] = "1000";
	world->spec.launcher = 3;
	assert_int_equal(supervise_add(world->supervisor, &world->spec), -EINVAL);
	world->spec.launcher = 1;
	child = supervise_and_die(world);
	wait_until_runs(child, "/bin/sleep");
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	status = status_of(world);
	assert_int_equal(status.pid, child);
	assert_true(status.adopted);
}

static void impossible_specs_are_refused(void **state)
{
	struct world *world = *state;
	struct supervise_spec bad = world->spec;

	bad.name = "../x";
	assert_int_equal(supervise_add(world->supervisor, &bad), -EINVAL);
	bad = world->spec;
	bad.argv[0] = NULL;
	assert_int_equal(supervise_add(world->supervisor, &bad), -EINVAL);
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	assert_int_equal(supervise_add(world->supervisor, &world->spec), -EEXIST);
}

static void processes_start_with_clean_signals_and_environment(void **state)
{
	struct world *world = *state;
	struct supervise_status status;
	char path[PATH_SIZE], *text;
	size_t size;

	setenv("SECRET", "1", 1);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(supervise_add(world->supervisor, &world->spec), 0);
	signal(SIGPIPE, SIG_DFL);
	status = status_of(world);
	assert_int_equal(getsid(status.pid), status.pid);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)status.pid);
	assert_int_equal(file_read(path, 8192, &text, &size), 0);
	/* glibc leaves its own two, 32 and 33, ignored. */
	assert_non_null(strstr(text, "SigIgn:\t"));
	assert_int_equal(
		strtoull(strstr(text, "SigIgn:\t") + 8, NULL, 16) & ~UINT64_C(0x180000000), 0);
	free(text);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)status.pid);
	assert_int_equal(file_read(path, 8192, &text, &size), 0);
	assert_null(memmem(text, size, "SECRET", 6));
	free(text);
}

static void tools_return_status_and_output(void **state)
{
	static const char *const tool[] = { "/bin/sh", "-c", "echo out; echo err >&2; exit 3",
		NULL };
	static const char *const missing[] = { "/nonexistent/tool", NULL };
	static const char *const chatty[] = { "/usr/bin/head", "-c", "1000000", "/dev/zero", NULL };
	char out[16];

	(void)state;
	assert_int_equal(supervise_run_tool(tool, 5000, out, sizeof(out)), 3);
	assert_string_equal(out, "out\nerr\n");
	assert_int_equal(supervise_run_tool(tool, 5000, out, 4), 3);
	assert_string_equal(out, "out");
	assert_int_equal(supervise_run_tool(missing, 5000, out, sizeof(out)), -ENOENT);
	assert_int_equal(supervise_run_tool(chatty, 5000, out, sizeof(out)), 0);
	assert_int_equal(supervise_run_tool(chatty, 5000, NULL, 0), 0);
}

static void a_tool_that_hangs_is_killed_with_its_children(void **state)
{
	static const char *const tool[] = { "/bin/sh", "-c", "sleep 1000 & echo $!; wait", NULL };
	static const char *const leaving[] = { "/bin/sh", "-c", "sleep 1 & exit 0", NULL };
	uint64_t started = clock_monotonic_ns();
	char out[32];
	pid_t child;

	(void)state;
	assert_int_equal(supervise_run_tool(tool, 200, out, sizeof(out)), -ETIMEDOUT);
	assert_true(clock_monotonic_ns() - started < 2 * NS_PER_S);
	child = (pid_t)strtol(out, NULL, 10);
	assert_true(child > 0);
	waitpid(child, NULL, 0); /* ours by PR_SET_CHILD_SUBREAPER */
	assert_int_equal(kill(child, 0), -1);
	/* One that leaves a child with the pipe behind doesn't hold us up. */
	started = clock_monotonic_ns();
	assert_int_equal(supervise_run_tool(leaving, 5000, out, sizeof(out)), 0);
	assert_true(clock_monotonic_ns() - started < 900 * NS_PER_MS);
	waitpid(-1, NULL, 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_killed_process_is_started_again_at_once),
		IN_WORLD(a_process_that_keeps_failing_is_backed_off),
		IN_WORLD(a_missing_program_is_a_reason),
		IN_WORLD(descriptors_are_handed_down_as_3_and_4),
		IN_WORLD(a_process_outlives_brambled_and_is_adopted),
		IN_WORLD(an_adopted_process_is_told_to_read_again),
		IN_WORLD(an_unrecorded_process_is_found_by_its_mark),
		IN_WORLD(other_settings_mean_a_new_process),
		IN_WORLD(another_fingerprint_means_a_new_process),
		IN_WORLD(malformed_records_are_refused),
		IN_WORLD(a_reused_process_number_is_not_adopted),
		IN_WORLD(a_restart_is_no_failure),
		IN_WORLD(impossible_specs_are_refused),
		IN_WORLD(a_job_ends_once),
		IN_WORLD(a_removed_process_is_ended_and_forgotten),
		IN_WORLD(a_launcher_is_not_the_process),
		IN_WORLD(processes_start_with_clean_signals_and_environment),
		cmocka_unit_test(tools_return_status_and_output),
		cmocka_unit_test(a_tool_that_hangs_is_killed_with_its_children),
	};

	/* Orphans come to us, so that each test sees their end. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	alarm(60); /* a test that waits for ever has failed */
	return cmocka_run_group_tests_name("supervise", tests, NULL, NULL);
}
