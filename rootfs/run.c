/* SPDX-License-Identifier: ISC */
#include "rootfs/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/str.h"

#define LINE_SIZE 512
#define KEPT_LINES 12 /* shown when the tool fails */
#define TICK_MS 200
#define ENVIRONMENT_LIMIT 24

/* One of the tool's two output streams. */
struct stream {
	int fd;
	bool captured;
	char line[LINE_SIZE];
	size_t length;
};

struct job {
	const struct run *run;
	struct stream streams[2];
	int log;
	size_t captured; /* bytes in run->output */
	bool overflow;
	char kept[KEPT_LINES][LINE_SIZE];
	size_t lines; /* seen so far; the last KEPT_LINES are kept */
};

/* Where to get a tool that is missing. */
static const char *package_of(const char *tool)
{
	static const struct {
		const char *tool, *package;
	} packages[] = {
		{ "mmdebstrap", "mmdebstrap" },
		{ "mksquashfs", "squashfs-tools" },
		{ "unsquashfs", "squashfs-tools" },
		{ "dpkg-deb", "dpkg" },
		{ "depmod", "kmod" },
		{ "apt-get", "apt" },
		{ "apt-cache", "apt" },
		{ "zstd", "zstd" },
		{ "xz", "xz-utils" },
		{ "etcdctl", "etcd-client" },
	};

	for (size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++)
		if (strcmp(packages[i].tool, tool) == 0)
			return packages[i].package;
	return tool;
}

static void take_line(struct job *job, struct stream *stream)
{
	char *kept = job->kept[job->lines++ % KEPT_LINES];

	stream->line[stream->length] = '\0';
	stream->length = 0;
	str_copy_visible(kept, LINE_SIZE, stream->line, strlen(stream->line));
	if (job->run->line)
		job->run->line(job->run->context, stream->line);
}

/* Progress bars end a line with CR. */
static void take_text(struct job *job, struct stream *stream, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n' || bytes[i] == '\r') {
			if (stream->length > 0)
				take_line(job, stream);
		} else if (stream->length + 1 < LINE_SIZE) {
			stream->line[stream->length++] = bytes[i];
		}
	}
}

static void take_captured(struct job *job, const char *bytes, size_t n)
{
	if (n >= job->run->output_size - job->captured) {
		job->overflow = true;
		return;
	}
	memcpy(job->run->output + job->captured, bytes, n);
	job->captured += n;
}

static void write_log(const struct job *job, const char *bytes, size_t n)
{
	/* A full disk must not stop the tool because of its log. */
	if (job->log >= 0 && write(job->log, bytes, n) < 0)
		return;
}

static void read_stream(struct job *job, struct stream *stream)
{
	char bytes[16384];
	ssize_t n = read(stream->fd, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		if (stream->length > 0)
			take_line(job, stream);
		close(stream->fd);
		stream->fd = -1;
		return;
	}
	if (stream->captured) {
		take_captured(job, bytes, (size_t)n);
		return;
	}
	write_log(job, bytes, (size_t)n);
	take_text(job, stream, bytes, (size_t)n);
}

static void read_until_end(struct job *job)
{
	while (job->streams[0].fd >= 0 || job->streams[1].fd >= 0) {
		struct pollfd polled[2];

		for (size_t i = 0; i < 2; i++)
			polled[i] = (struct pollfd){ .fd = job->streams[i].fd, .events = POLLIN };
		if (poll(polled, 2, TICK_MS) > 0)
			for (size_t i = 0; i < 2; i++)
				if (polled[i].revents != 0)
					read_stream(job, &job->streams[i]);
		if (job->run->progress)
			progress_tick(job->run->progress);
	}
}

struct environment {
	char *items[ENVIRONMENT_LIMIT + 1];
	size_t count;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void put_environment(
	struct environment *environment, const char *format, ...)
{
	va_list arguments;
	char *item = NULL;

	va_start(arguments, format);
	if (environment->count == ENVIRONMENT_LIMIT || vasprintf(&item, format, arguments) < 0)
		environment->failed = true;
	else
		environment->items[environment->count++] = item;
	va_end(arguments);
}

static void make_environment(const struct run *run, struct environment *environment)
{
	static const char *const inherited[] = { "HOME", "TMPDIR", "http_proxy", "https_proxy",
		"no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY" };

	memset(environment, 0, sizeof(*environment));
	put_environment(environment, "PATH=" RUN_SAFE_PATH);
	put_environment(environment, "LC_ALL=C.UTF-8");
	put_environment(environment, "DEBIAN_FRONTEND=noninteractive");
	if (run->home)
		put_environment(environment, "HOME=%s", run->home);
	for (size_t i = 0; !run->home && i < sizeof(inherited) / sizeof(inherited[0]); i++) {
		const char *value = getenv(inherited[i]);

		if (value && !(run->temporary && strcmp(inherited[i], "TMPDIR") == 0))
			put_environment(environment, "%s=%s", inherited[i], value);
	}
	if (run->temporary)
		put_environment(environment, "TMPDIR=%s", run->temporary);
	if (run->epoch > 0)
		put_environment(environment, "SOURCE_DATE_EPOCH=%lld", run->epoch);
}

static void free_environment(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		free(environment->items[i]);
}

/* Returns 0 or an error number, as posix_spawn does. */
static int spawn(const struct run *run, int out, int err, char *const *environment, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int error;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	if (run->directory)
		posix_spawn_file_actions_addchdir_np(&actions, run->directory);
	error = posix_spawnp(pid, run->arguments[0], &actions, &attributes,
		(char *const *)(uintptr_t)run->arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

/* Start the tool with a pipe for each of its streams. Returns 0 or -errno. */
static int start(struct job *job, pid_t *pid)
{
	struct environment environment;
	int out[2], err[2], error;

	if (pipe2(out, O_CLOEXEC) != 0)
		return -errno;
	if (pipe2(err, O_CLOEXEC) != 0) {
		error = errno;
		close(out[0]);
		close(out[1]);
		return -error;
	}
	make_environment(job->run, &environment);
	error = environment.failed ? ENOMEM
				   : spawn(job->run, out[1], err[1], environment.items, pid);
	free_environment(&environment);
	close(out[1]);
	close(err[1]);
	if (error != 0) {
		close(out[0]);
		close(err[0]);
		return -error;
	}
	job->streams[0] = (struct stream){ .fd = out[0], .captured = job->run->output != NULL };
	job->streams[1] = (struct stream){ .fd = err[0] };
	return 0;
}

static void describe_end(int status, char *out, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(out, size, "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(out, size, "failed with status %d", WEXITSTATUS(status));
}

static int explain_failure(const struct job *job, int status, struct failure *failure)
{
	char text[KEPT_LINES * 256] = "";
	char end[64];
	size_t used = 0;
	size_t first = job->lines > KEPT_LINES ? job->lines - KEPT_LINES : 0;

	for (size_t i = first; i < job->lines; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "\n    %.240s",
			job->kept[i % KEPT_LINES]);
	describe_end(status, end, sizeof(end));
	return failure_set(failure, -ECHILD, "%s %s; its last lines:%s%s%s",
		job->run->called ? job->run->called : job->run->arguments[0], end,
		used > 0 ? text : "\n    (none)", job->run->log ? "\n  the whole log: " : "",
		job->run->log ? job->run->log : "");
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

int run_await(pid_t child)
{
	const int status = wait_for(child);

	if (status < 0)
		return status;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int finish(struct job *job, int status, struct failure *failure)
{
	const struct run *run = job->run;

	if (run->output)
		run->output[job->captured] = '\0';
	if (status != 0)
		return explain_failure(job, status, failure);
	if (job->overflow)
		return failure_set(failure, -E2BIG, "%s wrote more than %zu bytes",
			run->arguments[0], run->output_size);
	return 0;
}

int run_tool(const struct run *run, struct failure *failure)
{
	struct job *job = calloc(1, sizeof(*job));
	int result;
	pid_t pid = 0;

	if (!job)
		return failure_set(failure, -ENOMEM, "out of memory");
	job->run = run;
	job->log = run->log ? open(run->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
	result = run->directory && access(run->directory, X_OK) != 0 ? -EINVAL : start(job, &pid);
	if (result == -EINVAL)
		failure_set(failure, result, "%s can't be started in %s", run->arguments[0],
			run->directory ? run->directory : ".");
	else if (result == -ENOENT)
		failure_set(failure, result, "%s is not installed: apt-get install %s",
			run->arguments[0], package_of(run->arguments[0]));
	else if (result != 0)
		failure_set(failure, result, "%s can't be started: %s", run->arguments[0],
			strerror(-result));
	if (result == 0) {
		read_until_end(job);
		result = finish(job, wait_for(pid), failure);
	}
	if (job->log >= 0)
		close(job->log);
	free(job);
	return result;
}
