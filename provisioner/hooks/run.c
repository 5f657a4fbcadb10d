/* SPDX-License-Identifier: ISC */
#include "provisioner/hooks/run.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"

#define GRACE_MS 3000 /* between SIGTERM and SIGKILL */
#define PATH_SIZE 512

struct hooks_run {
	pid_t pid;
	int pidfd, output;
	struct event *end, *readable, *timer;
	unsigned timeout_ms;
	bool told_to_end; /* SIGTERM was sent */
	struct hooks_lines lines;
	hooks_ended ended;
	void *argument;
};

void hooks_run_free(struct hooks_run *run)
{
	if (!run)
		return;
	if (run->pid > 0) {
		kill(-run->pid, SIGKILL);
		while (waitpid(run->pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	if (run->end)
		event_free(run->end);
	if (run->readable)
		event_free(run->readable);
	if (run->timer)
		event_free(run->timer);
	if (run->pidfd >= 0)
		close(run->pidfd);
	if (run->output >= 0)
		close(run->output);
	free(run);
}

static void arm(struct hooks_run *run, unsigned ms)
{
	const struct timeval delay = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000) * 1000 };

	evtimer_add(run->timer, &delay);
}

static void on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct hooks_run *run = argument;

	(void)fd;
	(void)what;
	kill(-run->pid, run->told_to_end ? SIGKILL : SIGTERM);
	run->told_to_end = true;
	arm(run, GRACE_MS);
}

/* Returns false when there is nothing (more). */
static bool read_some(struct hooks_run *run)
{
	char bytes[4096];
	ssize_t n = read(run->output, bytes, sizeof(bytes));

	if (n > 0)
		hooks_lines_take(&run->lines, bytes, (size_t)n);
	return n > 0;
}

static void on_readable(evutil_socket_t fd, short what, void *argument)
{
	struct hooks_run *run = argument;

	(void)fd;
	(void)what;
	if (!read_some(run))
		event_del(run->readable);
}

static bool describe_end(const struct hooks_run *run, int status, char *text, size_t size)
{
	if (run->told_to_end)
		snprintf(text, size, "it took longer than %u s and was ended",
			run->timeout_ms / 1000);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == HOOKS_CAGE_FAILED)
		snprintf(text, size, "it couldn't be started; the log says why");
	else if (WIFEXITED(status) && WEXITSTATUS(status) > 128)
		snprintf(text, size, "it was ended by signal %d (%s)", WEXITSTATUS(status) - 128,
			strsignal(WEXITSTATUS(status) - 128));
	else if (WIFEXITED(status))
		snprintf(text, size, "exit status %d", WEXITSTATUS(status));
	else
		snprintf(text, size, "it was ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 && !run->told_to_end;
}

static void on_end(evutil_socket_t fd, short what, void *argument)
{
	struct hooks_run *run = argument;
	hooks_ended ended = run->ended;
	void *whom = run->argument;
	char text[HOOKS_TEXT_SIZE];
	int status = 0;
	bool well;

	(void)fd;
	(void)what;
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR) {
	}
	run->pid = 0;
	/* What it said last; nobody can write any more. */
	while (read_some(run)) {
	}
	hooks_lines_end(&run->lines);
	well = describe_end(run, status, text, sizeof(text));
	hooks_run_free(run);
	ended(whom, well, text);
}

/* A directory of the hook's own, which lasts until the machine's next start. */
static int make_directory(
	const struct hooks_setup *setup, const struct hooks_file *file, char path[static PATH_SIZE])
{
	const struct passwd *owner = getpwnam(setup->user);
	int result = file_make_directories(setup->work, 0755);
	size_t base = strlen(setup->work) + 1;

	if (snprintf(path, PATH_SIZE, "%s/%s", setup->work, file->name) >= PATH_SIZE)
		return -ENAMETOOLONG;
	/* ':' is in no hook's name. */
	for (char *p = path + base; *p; p++)
		*p = *p == '/' ? ':' : *p;
	if (!owner)
		owner = getpwnam("nobody");
	if (result == 0)
		result = file_make_directories(path, 0700);
	if (result == 0 && (!owner || chown(path, owner->pw_uid, owner->pw_gid) != 0))
		result = owner ? -errno : -ENOENT;
	return result;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	/* A session, and so a process group, of its own: it is ended as a whole. */
	return posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
}

static int spawn(char *const argv[], char *const environment[], int input, int output, pid_t *pid)
{
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	int error = posix_spawnattr_init(&attributes);

	if (error != 0)
		return -error;
	error = posix_spawn_file_actions_init(&actions);
	if (error == 0) {
		error = set_attributes(&attributes);
		if (error == 0)
			error = posix_spawn_file_actions_adddup2(&actions, input, 0);
		if (error == 0)
			error = posix_spawn_file_actions_adddup2(&actions, output, 1);
		if (error == 0)
			error = posix_spawn_file_actions_adddup2(&actions, output, 2);
		if (error == 0)
			error = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
		if (error == 0)
			error = posix_spawn(
				pid, "/proc/self/exe", &actions, &attributes, argv, environment);
		posix_spawn_file_actions_destroy(&actions);
	}
	posix_spawnattr_destroy(&attributes);
	return -error;
}

/* The same program anew, as the cage (cage.c). */
static int start_cage(struct hooks_run *run, const struct hooks_setup *setup,
	const struct hooks_file *file, const struct hooks_event *event, const char *directory)
{
	struct hooks_environment environment;
	char program[PATH_SIZE], parent[16], *line = hooks_format_event(event);
	const char *const argv[] = { "bramble-hooks", HOOKS_CAGE, parent, setup->user, directory,
		program, NULL };
	int ends[2] = { -1, -1 }, result = 0, input = -ENOMEM;

	hooks_make_environment(event, directory, &environment);
	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	if (snprintf(program, sizeof(program), "%s/%s", setup->directory, file->name) >=
		(int)sizeof(program))
		result = -ENAMETOOLONG;
	if (result == 0 && line)
		input = file_sealed("event", line, strlen(line));
	free(line);
	if (result == 0 && input < 0)
		result = input;
	if (result == 0 && pipe2(ends, O_CLOEXEC) != 0)
		result = -errno;
	if (result == 0)
		result = spawn((char *const *)(uintptr_t)argv, environment.variables, input,
			ends[1], &run->pid);
	if (input >= 0)
		close(input);
	if (ends[1] >= 0)
		close(ends[1]);
	run->output = ends[0];
	return result;
}

static int watch(struct hooks_run *run, struct event_base *base)
{
	run->pidfd = pidfd_open(run->pid, 0);
	if (run->pidfd < 0)
		return -errno;
	fcntl(run->output, F_SETFL, O_NONBLOCK);
	run->end = event_new(base, run->pidfd, EV_READ, on_end, run);
	run->readable = event_new(base, run->output, EV_READ | EV_PERSIST, on_readable, run);
	run->timer = evtimer_new(base, on_timer, run);
	if (!run->end || !run->readable || !run->timer || event_add(run->end, NULL) != 0 ||
		event_add(run->readable, NULL) != 0)
		return -ENOMEM;
	arm(run, run->timeout_ms);
	return 0;
}

struct hooks_run *hooks_run_start(struct event_base *base, const struct hooks_setup *setup,
	const struct hooks_file *file, const struct hooks_event *event, hooks_said said,
	hooks_ended ended, void *argument, char reason[static HOOKS_TEXT_SIZE])
{
	struct hooks_run *run = calloc(1, sizeof(*run));
	char directory[PATH_SIZE];
	int result = run ? make_directory(setup, file, directory) : -ENOMEM;

	if (run) {
		*run = (struct hooks_run){ .pidfd = -1,
			.output = -1,
			.timeout_ms = setup->timeout_ms,
			.lines = { .line = said, .argument = argument },
			.ended = ended,
			.argument = argument };
	}
	if (result == 0)
		result = start_cage(run, setup, file, event, directory);
	if (result == 0)
		result = watch(run, base);
	if (result == 0)
		return run;
	snprintf(reason, HOOKS_TEXT_SIZE, "it can't be started: %s", strerror(-result));
	hooks_run_free(run);
	return NULL;
}
