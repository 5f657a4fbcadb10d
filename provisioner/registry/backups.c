/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/backups.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/registry/private.h"

#define SUFFIX ".db"
#define TIME_LENGTH 18 /* 2026-11-24T162751Z */
#define DAILY "daily"
#define DAY_S (24 * 3600)
#define LISTED 200
#define ATTEMPTS 60 /* names taken within the same seconds */

struct list {
	size_t n;
	char names[LISTED][BACKUP_NAME_SIZE];
};

/* Seconds since 1970 of "2026-11-24T162751Z-why", or -1. */
static int64_t time_of(const char *name)
{
	static const char form[] = "dddd-dd-ddTddddddZ-";
	struct tm tm = { 0 };
	const char *end;

	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == 'd' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
			return -1;
	}
	end = strptime(name, "%Y-%m-%dT%H%M%SZ", &tm);
	return end == name + TIME_LENGTH ? (int64_t)timegm(&tm) : -1;
}

bool backup_is_name(const char *name)
{
	if (strcmp(name, BACKUP_LATEST) == 0)
		return true;
	return strlen(name) < BACKUP_NAME_SIZE && time_of(name) >= 0 &&
	       str_is_node_name(name + TIME_LENGTH + 1);
}

static void make_directory(const struct registry *registry, char out[static REGISTRY_AWAY_SIZE])
{
	const char *slash = strrchr(registry->path, '/');
	int length = slash ? (int)(slash - registry->path) : 1;

	snprintf(out, REGISTRY_AWAY_SIZE, "%.*s/backups", length, slash ? registry->path : ".");
}

void registry_backup_path(
	const struct registry *registry, const char *name, char path[static REGISTRY_AWAY_SIZE])
{
	char directory[REGISTRY_AWAY_SIZE];

	if (strcmp(name, BACKUP_LATEST) == 0) {
		snprintf(path, REGISTRY_AWAY_SIZE, "%s.backup", registry->path);
		return;
	}
	make_directory(registry, directory);
	snprintf(path, REGISTRY_AWAY_SIZE, "%.560s/%.47s" SUFFIX, directory, name);
}

static int newest_first(const void *a, const void *b)
{
	return strcmp(b, a);
}

static int list_generations(const struct registry *registry, struct list *list)
{
	char directory[REGISTRY_AWAY_SIZE];
	const struct dirent *entry;
	DIR *entries;

	list->n = 0;
	make_directory(registry, directory);
	entries = opendir(directory);
	if (!entries)
		return errno == ENOENT ? 0 : -errno;
	while (list->n < LISTED && (entry = readdir(entries))) {
		size_t length = strlen(entry->d_name), end = sizeof(SUFFIX) - 1;
		char *name = list->names[list->n];

		if (length <= end || length - end >= BACKUP_NAME_SIZE ||
			strcmp(entry->d_name + length - end, SUFFIX) != 0)
			continue;
		memcpy(name, entry->d_name, length - end);
		name[length - end] = '\0';
		list->n += backup_is_name(name);
	}
	closedir(entries);
	qsort(list->names, list->n, sizeof(list->names[0]), newest_first);
	return 0;
}

int backup_get(struct registry *registry, const char *name, struct backup *backup)
{
	char path[REGISTRY_AWAY_SIZE];
	struct stat status;
	int64_t seconds;

	*backup = (struct backup){ 0 };
	if (!backup_is_name(name))
		return -ENOENT;
	registry_backup_path(registry, name, path);
	if (stat(path, &status) != 0)
		return -errno;
	str_copy(backup->name, sizeof(backup->name), name);
	seconds = time_of(name);
	backup->made_ms = seconds >= 0 ? seconds * 1000
				       : (int64_t)status.st_mtim.tv_sec * 1000 +
						 status.st_mtim.tv_nsec / 1000000;
	backup->bytes = (uint64_t)status.st_size;
	return 0;
}

int backup_each(struct registry *registry, int (*each)(void *argument, const struct backup *backup),
	void *argument)
{
	struct list *list = malloc(sizeof(*list));
	struct backup backup;
	int result = list ? list_generations(registry, list) : -ENOMEM;

	if (result == 0 && backup_get(registry, BACKUP_LATEST, &backup) == 0)
		result = each(argument, &backup);
	for (size_t i = 0; result == 0 && i < list->n; i++) {
		if (backup_get(registry, list->names[i], &backup) == 0)
			result = each(argument, &backup);
	}
	free(list);
	return result;
}

static int stop_at_first(void *argument, const struct backup *backup)
{
	(void)argument;
	(void)backup;
	return 1;
}

bool registry_has_backup(struct registry *registry)
{
	return backup_each(registry, stop_at_first, NULL) != 0;
}

static unsigned count_rows(struct registry *file, const char *sql)
{
	int result;
	sqlite3_stmt *statement = registry_read(file, sql, &result);
	unsigned n = 0;

	if (!statement)
		return 0;
	if (registry_step(file, statement) == 0)
		n = (unsigned)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return n;
}

int backup_inspect(struct registry *registry, const char *name, struct backup_content *content)
{
	char path[REGISTRY_AWAY_SIZE];
	struct registry file = { 0 };
	struct stat status;
	int result;

	*content = (struct backup_content){ 0 };
	if (!backup_is_name(name))
		return -ENOENT;
	registry_backup_path(registry, name, path);
	if (stat(path, &status) != 0)
		return -errno;
	result = registry_error(sqlite3_open_v2(path, &file.db, SQLITE_OPEN_READONLY, NULL));
	if (result == 0)
		result = registry_check_integrity(&file);
	if (result == 0)
		result = registry_schema_version(&file, &content->schema);
	content->sound = result == 0 && content->schema > 0;
	if (content->sound) {
		content->nodes = count_rows(&file, "SELECT count(*) FROM nodes");
		content->boards = count_rows(&file, "SELECT count(*) FROM boards");
	}
	registry_close_file(&file);
	return result == -EUCLEAN ? 0 : result;
}

int backup_open(struct registry *registry, const char *name, struct registry **out)
{
	struct registry *copy = calloc(1, sizeof(*copy));
	char path[REGISTRY_AWAY_SIZE];
	int result = backup_is_name(name) ? 0 : -ENOENT;

	if (!copy)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s.reading", registry->path);
	if (result == 0 && !str_copy(copy->path, sizeof(copy->path), path))
		result = -ENAMETOOLONG;
	if (result == 0)
		result = registry_prepare_copy(registry, name, copy->path);
	if (result == 0)
		result = registry_open_file(copy, copy->path);
	if (result == 0)
		*out = copy;
	else
		free(copy);
	return result;
}

void backup_close(struct registry *copy)
{
	registry_close_file(copy);
	registry_remove_file(copy->path);
	free(copy);
}

static bool is_of_kind(const char *name, bool daily)
{
	return (strcmp(name + TIME_LENGTH + 1, DAILY) == 0) == daily;
}

static void remove_oldest(const struct registry *registry, struct list *list)
{
	for (int daily = 0; daily <= 1; daily++) {
		size_t kept = 0, most = daily ? BACKUP_KEPT_DAILY : BACKUP_KEPT_OTHERS;

		for (size_t i = 0; i < list->n; i++) {
			char path[REGISTRY_AWAY_SIZE];

			if (!is_of_kind(list->names[i], daily != 0) || kept++ < most)
				continue;
			registry_backup_path(registry, list->names[i], path);
			registry_remove_file(path);
		}
	}
}

/* "latest" is replaced by a rename, never written to: a second name keeps what it is now. */
static int link_latest(
	struct registry *registry, const char *why, char name[static BACKUP_NAME_SIZE])
{
	char latest[REGISTRY_AWAY_SIZE], path[REGISTRY_AWAY_SIZE], when[TIME_LENGTH + 1];
	time_t now = time(NULL);

	registry_backup_path(registry, BACKUP_LATEST, latest);
	for (int i = 0; i < ATTEMPTS; i++, now++) {
		struct tm tm;

		if (!gmtime_r(&now, &tm) ||
			strftime(when, sizeof(when), "%Y-%m-%dT%H%M%SZ", &tm) != TIME_LENGTH)
			return -EOVERFLOW;
		snprintf(name, BACKUP_NAME_SIZE, "%s-%.24s", when, why);
		registry_backup_path(registry, name, path);
		if (link(latest, path) == 0)
			return registry_sync_parent(path);
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static int keep_latest(
	struct registry *registry, const char *why, char name[static BACKUP_NAME_SIZE])
{
	char directory[REGISTRY_AWAY_SIZE];
	struct list *list;
	int result;

	make_directory(registry, directory);
	result = file_make_directories(directory, 0700);
	if (result == 0)
		result = link_latest(registry, why, name);
	if (result != 0)
		return result;
	list = malloc(sizeof(*list));
	if (list && list_generations(registry, list) == 0)
		remove_oldest(registry, list);
	free(list);
	return 0;
}

int backup_keep(struct registry *registry, const char *why, char name[static BACKUP_NAME_SIZE])
{
	int result = registry_backup(registry);

	return result == 0 ? keep_latest(registry, why, name) : result;
}

/* Is there one that is younger than a day? A clock that was wrong may have left some from the
 * future: those don't count. */
static bool has_todays(const struct list *list)
{
	int64_t now = (int64_t)time(NULL);

	for (size_t i = 0; i < list->n; i++) {
		int64_t age = now - time_of(list->names[i]);

		if (is_of_kind(list->names[i], true) && age >= 0 && age < DAY_S)
			return true;
	}
	return false;
}

int backup_keep_daily(struct registry *registry)
{
	struct list *list = malloc(sizeof(*list));
	char name[BACKUP_NAME_SIZE];
	int result = list ? list_generations(registry, list) : -ENOMEM;
	bool due = result == 0 && !has_todays(list);

	free(list);
	return due ? keep_latest(registry, DAILY, name) : result;
}
