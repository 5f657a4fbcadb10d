/* SPDX-License-Identifier: ISC */
/* Knowing a process again that an earlier brambled started. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/str.h"
#include "provisioner/supervise/private.h"

#define PROC_PATH_SIZE 64
#define STAT_LIMIT 4096
#define RECORD_LIMIT (SUPERVISE_FINGERPRINT_SIZE + 64)
#define ENVIRONMENT_LIMIT (256u * 1024u)
#define ARGUMENTS_LIMIT (64u * 1024u)

static int read_proc(pid_t pid, const char *name, size_t limit, char **text, size_t *size)
{
	char path[PROC_PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return file_read(path, limit, text, size);
}

/* proc(5): field 2 is the name in parentheses, which may hold blanks and parentheses itself; field
 * 3 is the state, field 22 the start time. */
static int parse_stat(char *text, uint64_t *start_time)
{
	char *field = strrchr(text, ')'), *end;

	if (!field || field[1] != ' ' || field[2] == 'Z' || field[2] == 'X')
		return -ESRCH;
	for (int number = 2; field && number < 22; number++)
		field = strchr(field + 1, ' ');
	end = field ? strchr(field + 1, ' ') : NULL;
	if (!end)
		return -ESRCH;
	*end = '\0';
	return str_parse_u64(field + 1, 0, UINT64_MAX, start_time) == 0 ? 0 : -ESRCH;
}

int supervise_identify(pid_t pid, struct supervise_identity *identity)
{
	char *text;
	size_t size;
	int result;

	if (read_proc(pid, "stat", STAT_LIMIT, &text, &size) != 0)
		return -ESRCH;
	identity->pid = pid;
	result = parse_stat(text, &identity->start_time);
	free(text);
	return result;
}

/* Cut the text at its first `end`. Returns what follows, or NULL when there is none. */
static char *cut(char *text, char end)
{
	char *place = strchr(text, end);

	if (!place)
		return NULL;
	*place = '\0';
	return place + 1;
}

static int parse_record(char *pid, struct supervise_record *record)
{
	char *start_time = cut(pid, ' ');
	char *fingerprint = start_time ? cut(start_time, ' ') : NULL;
	char *rest = fingerprint ? cut(fingerprint, '\n') : NULL;
	uint64_t number;

	if (!rest || *rest != '\0' || str_parse_u64(pid, 2, INT_MAX, &number) != 0 ||
		str_parse_u64(start_time, 0, UINT64_MAX, &record->identity.start_time) != 0 ||
		!str_copy(record->fingerprint, sizeof(record->fingerprint),
			strcmp(fingerprint, "-") == 0 ? "" : fingerprint))
		return -EBADMSG;
	record->identity.pid = (pid_t)number;
	return 0;
}

int supervise_read_record(const char *path, struct supervise_record *record)
{
	char *text;
	size_t size;
	int result = file_read(path, RECORD_LIMIT, &text, &size);

	if (result != 0)
		return result;
	result = parse_record(text, record);
	free(text);
	return result;
}

int supervise_write_record(const char *path, const struct supervise_record *record)
{
	char text[RECORD_LIMIT];
	int length = snprintf(text, sizeof(text), "%d %" PRIu64 " %s\n", (int)record->identity.pid,
		record->identity.start_time, record->fingerprint[0] ? record->fingerprint : "-");

	return file_replace(path, text, (size_t)length, 0644);
}

bool supervise_carries_mark(pid_t pid, const char *mark)
{
	char *text;
	size_t size;
	bool found = false;

	if (read_proc(pid, "environ", ENVIRONMENT_LIMIT, &text, &size) != 0)
		return false;
	for (char *p = text; !found && p < text + size; p += strlen(p) + 1)
		found = strcmp(p, mark) == 0;
	free(text);
	return found;
}

int supervise_find_marked(const char *mark, struct supervise_identity *identity)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	int result = -ESRCH;

	if (!directory)
		return -ESRCH;
	while ((entry = readdir(directory))) {
		struct supervise_identity found;
		uint64_t pid;

		if (str_parse_u64(entry->d_name, 2, INT_MAX, &pid) != 0 ||
			!supervise_carries_mark((pid_t)pid, mark) ||
			supervise_identify((pid_t)pid, &found) != 0)
			continue;
		/* Its own children carry the mark, too, and are younger. */
		if (result != 0 || found.start_time < identity->start_time)
			*identity = found;
		result = 0;
	}
	closedir(directory);
	return result;
}

bool supervise_runs_program(pid_t pid, const char *program)
{
	static const char deleted[] = " (deleted)";
	char path[PROC_PATH_SIZE], running[PATH_MAX], wanted[PATH_MAX];
	struct stat running_status, wanted_status;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &running_status) != 0)
		return errno == EACCES || errno == EPERM;
	if (stat(program, &wanted_status) == 0 && running_status.st_dev == wanted_status.st_dev &&
		running_status.st_ino == wanted_status.st_ino)
		return true;
	/* Upgraded on disk: the same name, another file. */
	length = readlink(path, running, sizeof(running) - 1);
	if (length < 0 || !realpath(program, wanted))
		return false;
	running[length] = '\0';
	if (length > (ssize_t)strlen(deleted) &&
		strcmp(running + length - strlen(deleted), deleted) == 0)
		running[(size_t)length - strlen(deleted)] = '\0';
	return strcmp(running, wanted) == 0;
}

bool supervise_has_arguments(pid_t pid, const char *const argv[])
{
	char *text, *p;
	size_t size;
	bool same = true;

	if (read_proc(pid, "cmdline", ARGUMENTS_LIMIT, &text, &size) != 0)
		return false;
	p = text;
	for (size_t i = 0; same && argv[i]; i++) {
		same = p < text + size && strcmp(p, argv[i]) == 0;
		p += strlen(p) + 1;
	}
	same = same && p == text + size;
	free(text);
	return same;
}
