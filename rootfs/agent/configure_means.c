/* SPDX-License-Identifier: ISC */
/* What the kinds of items share: files, what was there before, tools, mounts. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/str.h"
#include "rootfs/agent/configure.h"

#define FILE_LIMIT (1u << 20)
#define MOUNT_MS 20000
#define TICK_MS 20

void config_path(const struct config_world *world, char out[static CONFIG_PATH_SIZE],
	const char *format, ...)
{
	size_t used = (size_t)snprintf(out, CONFIG_PATH_SIZE, "%s", world->root);
	va_list arguments;

	va_start(arguments, format);
	if (used < CONFIG_PATH_SIZE)
		vsnprintf(out + used, CONFIG_PATH_SIZE - used, format, arguments);
	va_end(arguments);
}

int config_fail(char reason[static CONFIG_REASON_SIZE], const char *what, int error)
{
	snprintf(reason, CONFIG_REASON_SIZE, "%.120s: %.60s", what, strerror(-error));
	return error;
}

bool config_file_is(const char *path, const char *text, mode_t mode, uid_t uid, gid_t gid)
{
	struct stat status;
	char *content;
	size_t size;
	bool same;

	if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
		(status.st_mode & 07777) != mode || (uid != (uid_t)-1 && status.st_uid != uid) ||
		(gid != (gid_t)-1 && status.st_gid != gid) ||
		file_read(path, FILE_LIMIT, &content, &size) != 0)
		return false;
	same = strlen(text) == size && memcmp(content, text, size) == 0;
	free(content);
	return same;
}

int config_write(struct config_world *world, const char *path, const char *text, mode_t mode,
	uid_t uid, gid_t gid, char reason[static CONFIG_REASON_SIZE])
{
	char directory[CONFIG_PATH_SIZE];
	int result = 0;

	if (config_file_is(path, text, mode, uid, gid))
		return 0;
	str_copy(directory, sizeof(directory), path);
	*strrchr(directory, '/') = '\0';
	if (*directory)
		result = file_make_directories(directory, 0755);
	if (result == 0)
		result = file_replace(path, text, strlen(text), mode);
	if (result == 0 && (uid != (uid_t)-1 || gid != (gid_t)-1) && chown(path, uid, gid) != 0)
		result = -errno;
	/* chown(2) takes set-user-ID bits away. */
	if (result == 0 && (mode & 06000) && chmod(path, mode) != 0)
		result = -errno;
	world->changes++;
	return result == 0 ? 0 : config_fail(reason, path, result);
}

/* A key as the name of a file. */
static void name_memory(
	const struct config_world *world, const char *key, char out[static CONFIG_PATH_SIZE])
{
	size_t used = (size_t)snprintf(out, CONFIG_PATH_SIZE, "%s/before/", world->state);

	for (; *key && used + 4 < CONFIG_PATH_SIZE; key++) {
		if (isalnum((unsigned char)*key) || *key == '.' || *key == '-' || *key == '_')
			out[used++] = *key;
		else
			used += (size_t)snprintf(
				out + used, 4, "%%%02x", (unsigned)(unsigned char)*key);
	}
	out[used] = '\0';
}

int config_remember(const struct config_world *world, const char *key, const char *value)
{
	char path[CONFIG_PATH_SIZE];
	int result;

	snprintf(path, sizeof(path), "%s/before", world->state);
	result = file_make_directories(path, 0700);
	name_memory(world, key, path);
	if (result != 0 || access(path, F_OK) == 0)
		return result;
	return file_replace(path, value, strlen(value), 0600);
}

char *config_recall(const struct config_world *world, const char *key)
{
	char path[CONFIG_PATH_SIZE], *value;
	size_t size;

	name_memory(world, key, path);
	return file_read(path, FILE_LIMIT, &value, &size) == 0 ? value : NULL;
}

void config_forget(const struct config_world *world, const char *key)
{
	char path[CONFIG_PATH_SIZE];

	name_memory(world, key, path);
	unlink(path);
}

/* The last line that a tool printed. */
static const char *last_line(char *text)
{
	size_t length = strlen(text);
	char *newline;

	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

int config_run(struct config_world *world, const char *const *arguments,
	char reason[static CONFIG_REASON_SIZE])
{
	char out[2048] = "", visible[100];
	int status = world->run(arguments, out, sizeof(out));
	const char *line = last_line(out);

	if (status == 0)
		return 0;
	if (status == -ENOENT)
		snprintf(reason, CONFIG_REASON_SIZE, "%s isn't in this image", arguments[0]);
	else if (status < 0)
		return config_fail(reason, arguments[0], status);
	else {
		str_copy_visible(visible, sizeof(visible), line, strlen(line));
		snprintf(reason, CONFIG_REASON_SIZE, "%.60s failed with status %d%s%s",
			arguments[0], status, *visible ? ": " : "", visible);
	}
	return status < 0 ? status : -EIO;
}

static void read_output(int fd, pid_t pid, char *out, size_t size, uint64_t deadline_ns)
{
	char bytes[512];
	size_t used = 0;

	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_monotonic_ns();
		ssize_t n;

		if (now >= deadline_ns) {
			kill(pid, SIGKILL);
			return;
		}
		if (poll(&ready, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1) <= 0)
			continue;
		n = read(fd, bytes, sizeof(bytes));
		if (n <= 0)
			return;
		for (ssize_t i = 0; i < n && used + 1 < size; i++)
			out[used++] = bytes[i];
		if (size > 0)
			out[used] = '\0';
	}
}

int config_tool(const char *const *arguments, char *out, size_t size)
{
	char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LC_ALL=C.UTF-8";
	char *const environment[] = { path, language, NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], status, result;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	result = posix_spawn(&pid, arguments[0], &actions, NULL,
		(char *const *)(uintptr_t)arguments, environment);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (result == 0)
		read_output(ends[0], pid, out, out ? size : 0,
			clock_monotonic_ns() + CONFIG_TOOL_MS * NS_PER_MS);
	close(ends[0]);
	if (result != 0)
		return -result;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ETIMEDOUT;
}

/* A server that doesn't answer holds mount(2) for minutes: a child waits in our place. */
int config_mount_here(const char *source, const char *target, const char *type, unsigned long flags,
	const char *options)
{
	uint64_t deadline_ns = clock_monotonic_ns() + MOUNT_MS * NS_PER_MS;
	pid_t pid = fork(), ended = 0;
	int status = 0;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(mount(source, target, type, flags, options) == 0 ? 0 : errno);
	while (ended == 0 && clock_monotonic_ns() < deadline_ns) {
		ended = waitpid(pid, &status, WNOHANG);
		if (ended == 0)
			poll(NULL, 0, TICK_MS);
	}
	if (ended == 0) {
		kill(pid, SIGKILL);
		(void)waitpid(pid, &status, 0);
		return -ETIMEDOUT;
	}
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

bool config_find_id(
	const struct config_world *world, const char *file, const char *name, uint32_t *id)
{
	size_t size, length = strlen(name);
	char path[CONFIG_PATH_SIZE], *text;
	bool found = false;

	config_path(world, path, "/etc/%s", file);
	if (file_read(path, FILE_LIMIT, &text, &size) != 0)
		return false;
	for (char *line = text; !found && *line; line += strcspn(line, "\n") + 1) {
		const char *second = line + length + 1;
		uint64_t number;
		char digits[12];

		if (strncmp(line, name, length) == 0 && line[length] == ':') {
			second += strcspn(second, ":\n") + 1;
			snprintf(digits, sizeof(digits), "%.*s", (int)strcspn(second, ":\n"),
				second);
			found = str_parse_u64(digits, 0, UINT32_MAX - 1, &number) == 0;
			*id = found ? (uint32_t)number : 0;
		}
		if (!strchr(line, '\n'))
			break;
	}
	free(text);
	return found;
}

/* A field of mountinfo has \040 for a blank and the like. */
static void copy_field(const char *field, char *out, size_t size)
{
	size_t used = 0;

	for (; *field && *field != ' ' && *field != '\n' && used + 1 < size; field++) {
		if (field[0] == '\\' && isdigit((unsigned char)field[1]) &&
			isdigit((unsigned char)field[2]) && isdigit((unsigned char)field[3])) {
			out[used++] = (char)((field[1] - '0') * 64 + (field[2] - '0') * 8 +
					     (field[3] - '0'));
			field += 3;
		} else {
			out[used++] = *field;
		}
	}
	out[used] = '\0';
}

static const char *next_field(const char *field)
{
	field += strcspn(field, " \n");
	return *field == ' ' ? field + 1 : field;
}

/* One line (proc_pid_mountinfo(5)): number, parent, device, root, mount point, options … - type
 * source */
static bool is_mount_on(const char *line, const char *target, struct config_mounted *mounted)
{
	char point[CONFIG_PATH_SIZE];
	const char *root = next_field(next_field(next_field(line))), *rest;

	copy_field(next_field(root), point, sizeof(point));
	if (strcmp(point, target) != 0)
		return false;
	copy_field(root, mounted->root, sizeof(mounted->root));
	rest = strstr(line, " - ");
	if (!rest)
		return false;
	copy_field(rest + 3, mounted->type, sizeof(mounted->type));
	copy_field(next_field(rest + 3), mounted->source, sizeof(mounted->source));
	return true;
}

bool config_find_mount(
	const struct config_world *world, const char *target, struct config_mounted *mounted)
{
	char path[CONFIG_PATH_SIZE], *text;
	bool found = false;
	size_t size;

	config_path(world, path, "/proc/self/mountinfo");
	if (file_read(path, 4u << 20, &text, &size) != 0)
		return false;
	/* The last one covers those before. */
	for (char *line = text; *line;) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		found = is_mount_on(line, target, mounted) || found;
		if (!end)
			break;
		line = end + 1;
	}
	free(text);
	return found;
}
