/* SPDX-License-Identifier: ISC */
/* Starting processes: the ones that stay, and tools that run to their end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "provisioner/supervise/private.h"

#define SEARCH_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ENVIRONMENT_SIZE 8
#define VARIABLE_SIZE 512

/* Descriptors are first moved above every number that a child expects, so that putting one in place
 * never overwrites another. */
#define MOVED_FROM (3 + SUPERVISE_FDS)

/* What a child gets of our environment: where its log goes, and how a sanitizer reports. */
static const char *const inherited[] = { "JOURNAL_STREAM", "ASAN_OPTIONS", "UBSAN_OPTIONS" };
#define INHERITED (sizeof(inherited) / sizeof(inherited[0]))

struct environment {
	char text[INHERITED][VARIABLE_SIZE];
	char *variables[ENVIRONMENT_SIZE];
};

static void make_environment(struct environment *environment, const char *mark)
{
	size_t n = 0;

	environment->variables[n++] = (char *)(uintptr_t)SEARCH_PATH;
	if (mark)
		environment->variables[n++] = (char *)(uintptr_t)mark;
	for (size_t i = 0; i < INHERITED; i++) {
		const char *value = getenv(inherited[i]);
		char *text = environment->text[i];

		if (value &&
			snprintf(text, VARIABLE_SIZE, "%s=%s", inherited[i], value) < VARIABLE_SIZE)
			environment->variables[n++] = text;
	}
	environment->variables[n] = NULL;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int error;

	sigfillset(&all);
	sigemptyset(&none);
	error = posix_spawnattr_setsigdefault(attributes, &all);
	if (error == 0)
		error = posix_spawnattr_setsigmask(attributes, &none);
	/* Its own session: a signal to our process group isn't meant for it. */
	if (error == 0)
		error = posix_spawnattr_setflags(attributes,
			POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
	return error;
}

static int set_files(posix_spawn_file_actions_t *actions, const int *moved, int n, int output)
{
	int error = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, output, 1);
	if (error == 0 && output != 2)
		error = posix_spawn_file_actions_adddup2(actions, output, 2);
	for (int i = 0; error == 0 && i < n; i++)
		error = posix_spawn_file_actions_adddup2(actions, moved[i], 3 + i);
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(actions, 3 + n);
	return error;
}

static int spawn_with(
	const char *const argv[], const int *moved, int n, int output, const char *mark, pid_t *pid)
{
	struct environment environment;
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	int error;

	make_environment(&environment, mark);
	error = posix_spawnattr_init(&attributes);
	if (error != 0)
		return -error;
	error = posix_spawn_file_actions_init(&actions);
	if (error != 0) {
		posix_spawnattr_destroy(&attributes);
		return -error;
	}
	error = set_attributes(&attributes);
	if (error == 0)
		error = set_files(&actions, moved, n, output);
	if (error == 0)
		error = posix_spawn(pid, argv[0], &actions, &attributes,
			(char *const *)(uintptr_t)argv, environment.variables);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -error;
}

int supervise_spawn(
	const char *const argv[], const int *fds, int n_fds, const char *mark, pid_t *pid)
{
	int moved[SUPERVISE_FDS] = { -1, -1, -1, -1 };
	int n = 0, result = 0;

	for (; n < n_fds; n++) {
		moved[n] = fcntl(fds[n], F_DUPFD_CLOEXEC, MOVED_FROM);
		if (moved[n] < 0) {
			result = -errno;
			break;
		}
	}
	if (result == 0)
		result = spawn_with(argv, moved, n, STDERR_FILENO, mark, pid);
	while (n > 0)
		close(moved[--n]);
	return result;
}

struct capture {
	int fd;
	char *out;
	size_t size, used;
};

/* Take what is there; what doesn't fit is read and dropped, so that the tool never blocks on us.
 * Returns false at the end. */
static bool read_output(struct capture *capture)
{
	char rest[4096];
	size_t room = capture->size > 0 ? capture->size - 1 - capture->used : 0;
	ssize_t n = room > 0 ? read(capture->fd, capture->out + capture->used, room)
			     : read(capture->fd, rest, sizeof(rest));

	if (n > 0 && room > 0)
		capture->used += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Wait until the tool ended or time is up, reading what it says. A descendant that keeps the pipe
 * open isn't waited for. */
static int watch_tool(int pidfd, struct capture *capture, uint64_t deadline_ns)
{
	bool open = true;

	for (;;) {
		struct pollfd watched[2] = { { .fd = pidfd, .events = POLLIN },
			{ .fd = open ? capture->fd : -1, .events = POLLIN } };
		uint64_t now = clock_monotonic_ns();
		int left_ms = now < deadline_ns ? (int)((deadline_ns - now) / NS_PER_MS) + 1 : 0;
		int n = poll(watched, 2, left_ms);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 && left_ms == 0)
			return -ETIMEDOUT;
		if (n <= 0)
			continue;
		if (watched[1].revents)
			open = read_output(capture);
		else if (watched[0].revents)
			return 0;
	}
}

static int reap_tool(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	/* As a shell would say it. */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int supervise_run_tool(const char *const argv[], unsigned timeout_ms, char *out, size_t out_size)
{
	uint64_t deadline_ns = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
	struct capture capture = { .out = out, .size = out_size };
	int ends[2], pidfd, result, status;
	pid_t pid = 0;

	if (out_size > 0)
		out[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	result = spawn_with(argv, NULL, 0, ends[1], NULL, &pid);
	close(ends[1]);
	capture.fd = ends[0];
	if (result != 0 || pid == 0) {
		close(ends[0]);
		return result;
	}
	pidfd = pidfd_open(pid, 0);
	result = pidfd < 0 ? -errno : watch_tool(pidfd, &capture, deadline_ns);
	if (result != 0)
		kill(-pid, SIGKILL);
	status = reap_tool(pid);
	if (pidfd >= 0)
		close(pidfd);
	close(ends[0]);
	if (out_size > 0)
		out[capture.used] = '\0';
	return result != 0 ? result : status;
}
