/* SPDX-License-Identifier: ISC */
/* The registry as a file: made whole or not at all, checked when it is opened, backed up, and
 * restored. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/registry/private.h"

#define BUSY_MS 2000
#define AWAY_PATH_SIZE (REGISTRY_PATH_SIZE + 64)
#define SUFFIX_ROOM 32

/* What belongs to a database file; its journal must never meet another database. */
static const char *const companions[] = { "", "-wal", "-shm", "-journal" };
#define COMPANIONS (sizeof(companions) / sizeof(companions[0]))

static void remove_file(const char *path)
{
	char name[AWAY_PATH_SIZE];

	for (size_t i = 0; i < COMPANIONS; i++) {
		snprintf(name, sizeof(name), "%s%s", path, companions[i]);
		unlink(name);
	}
}

static int sync_parent(const char *path)
{
	char parent[AWAY_PATH_SIZE];
	char *slash;

	str_copy(parent, sizeof(parent), path);
	slash = strrchr(parent, '/');
	if (!slash)
		return file_sync_directory(".");
	*slash = '\0';
	return file_sync_directory(parent);
}

/* Is every page and index of the file sound? */
static int check_integrity(struct registry *registry)
{
	const unsigned char *said;
	int result;
	sqlite3_stmt *statement = registry_read(registry, "PRAGMA integrity_check(1)", &result);

	if (!statement)
		return result;
	result = registry_step(registry, statement);
	said = result == 0 ? sqlite3_column_text(statement, 0) : NULL;
	if (result == -ENOENT || (said && strcmp((const char *)said, "ok") != 0))
		result = -EUCLEAN;
	sqlite3_finalize(statement);
	return result;
}

static void close_file(struct registry *registry)
{
	sqlite3_close(registry->db);
	registry->db = NULL;
}

/* Open an existing file and bring its schema up to date. -EUCLEAN: it is damaged. A registry is
 * never empty: it comes into being with its tables (make_fresh), so an empty one has lost them. */
static int open_file(struct registry *registry, const char *path)
{
	struct stat status;
	int version = 0, result;

	if (stat(path, &status) != 0)
		return -errno;
	if (status.st_size == 0)
		return -EUCLEAN;
	result = registry_error(sqlite3_open_v2(path, &registry->db, SQLITE_OPEN_READWRITE, NULL));
	if (result == 0)
		sqlite3_busy_timeout(registry->db, BUSY_MS);
	if (result == 0)
		result = registry_execute(
			registry, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
	if (result == 0)
		result = check_integrity(registry);
	if (result == 0)
		result = registry_schema_version(registry, &version);
	if (result == 0 && version == 0)
		result = -EUCLEAN;
	if (result == 0)
		result = registry_create_schema(registry);
	if (result != 0)
		close_file(registry);
	return result;
}

/* A new registry, complete before it has its name. */
static int make_fresh(struct registry *registry)
{
	char fresh[AWAY_PATH_SIZE];
	int result;

	snprintf(fresh, sizeof(fresh), "%s.new", registry->path);
	remove_file(fresh);
	remove_file(registry->path); /* the journal of one that was taken away */
	result = registry_error(sqlite3_open_v2(
		fresh, &registry->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));
	if (result == 0)
		result = registry_create_schema(registry);
	close_file(registry);
	if (result == 0 && chmod(fresh, 0600) != 0)
		result = -errno;
	if (result == 0 && rename(fresh, registry->path) != 0)
		result = -errno;
	if (result != 0)
		remove_file(fresh);
	return result == 0 ? sync_parent(registry->path) : result;
}

/* A copy of the backup that has been opened and found sound, ready to take its place. */
static int prepare_restored(struct registry *registry, const char *restored)
{
	char backup[AWAY_PATH_SIZE];
	char *data;
	size_t size;
	int result;

	snprintf(backup, sizeof(backup), "%s.backup", registry->path);
	result = file_read(backup, REGISTRY_SIZE_LIMIT, &data, &size);
	if (result != 0)
		return result;
	remove_file(restored);
	result = file_replace(restored, data, size, 0600);
	free(data);
	if (result == 0)
		result = open_file(registry, restored);
	if (result == 0)
		close_file(registry);
	else
		remove_file(restored);
	return result;
}

static int move_aside(const struct registry *registry, const char *aside)
{
	char from[AWAY_PATH_SIZE], to[AWAY_PATH_SIZE + SUFFIX_ROOM];

	for (size_t i = 0; i < COMPANIONS; i++) {
		snprintf(from, sizeof(from), "%s%s", registry->path, companions[i]);
		snprintf(to, sizeof(to), "%s%s", aside, companions[i]);
		if (rename(from, to) != 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* `missing`: there is nothing to keep aside. */
static int restore(struct registry *registry, bool missing, char note[static REGISTRY_NOTE_SIZE])
{
	char aside[AWAY_PATH_SIZE], restored[AWAY_PATH_SIZE];
	int result;

	snprintf(restored, sizeof(restored), "%s.restored", registry->path);
	result = prepare_restored(registry, restored);
	if (result != 0) {
		snprintf(note, REGISTRY_NOTE_SIZE,
			"%s is damaged and its backup %s.backup can't be used: %s. Bramble won't "
			"begin with an empty registry, since every node would be forgotten: put a "
			"copy of yours in its place, or move both files away to begin anew",
			registry->path, registry->path,
			result == -EUCLEAN ? "it is damaged too" : strerror(-result));
		return -EUCLEAN;
	}
	snprintf(aside, sizeof(aside), "%s.corrupt-%lld", registry->path, (long long)time(NULL));
	result = move_aside(registry, aside);
	if (result == 0 && rename(restored, registry->path) != 0)
		result = -errno;
	if (result == 0)
		result = sync_parent(registry->path);
	if (result != 0)
		snprintf(note, REGISTRY_NOTE_SIZE, "can't restore %s from its backup: %s",
			registry->path, strerror(-result));
	else if (missing)
		snprintf(note, REGISTRY_NOTE_SIZE, "%s was missing: its backup took its place",
			registry->path);
	else
		snprintf(note, REGISTRY_NOTE_SIZE,
			"%s was damaged: it is kept as %s, and its backup took its place; changes "
			"made after the backup are lost",
			registry->path, aside);
	return result;
}

static bool is_there(const char *path, const char *suffix)
{
	char name[AWAY_PATH_SIZE];
	struct stat status;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &status) == 0 || errno != ENOENT;
}

static int open_made_or_restored(struct registry *registry, char note[static REGISTRY_NOTE_SIZE])
{
	bool missing = !is_there(registry->path, "");
	int result = -EUCLEAN;

	if (!missing)
		result = open_file(registry, registry->path);
	else if (!is_there(registry->path, ".backup"))
		result = make_fresh(registry) == 0 ? open_file(registry, registry->path) : -EIO;
	if (result == -EUCLEAN) {
		result = restore(registry, missing, note);
		if (result == 0)
			result = open_file(registry, registry->path);
	}
	return result;
}

int registry_open(const char *path, struct registry **out, char note[static REGISTRY_NOTE_SIZE])
{
	struct registry *registry = calloc(1, sizeof(*registry));
	int result = -ENAMETOOLONG;

	note[0] = '\0';
	if (!registry)
		return -ENOMEM;
	if (str_copy(registry->path, sizeof(registry->path), path))
		result = open_made_or_restored(registry, note);
	if (result == 0) {
		registry->lacks_backup = !is_there(registry->path, ".backup");
		*out = registry;
		return 0;
	}
	if (note[0] == '\0')
		snprintf(note, REGISTRY_NOTE_SIZE, "can't open %s: %s", path,
			result == -EPROTONOSUPPORT ? "it was written by a newer Bramble: install "
						     "that version again"
						   : strerror(-result));
	free(registry);
	return result;
}

void registry_close(struct registry *registry)
{
	(void)registry_commit(registry);
	close_file(registry);
	free(registry);
}

/* A file of its own, without a journal beside it, and sound. */
static int copy_into(struct registry *registry, const char *path)
{
	struct registry copy = { 0 };
	sqlite3_backup *backup;
	int result = registry_error(sqlite3_open(path, &copy.db));

	if (result == 0) {
		backup = sqlite3_backup_init(copy.db, "main", registry->db, "main");
		if (backup)
			sqlite3_backup_step(backup, -1);
		result = registry_error(
			backup ? sqlite3_backup_finish(backup) : sqlite3_errcode(copy.db));
	}
	if (result == 0)
		result = registry_execute(&copy, "PRAGMA journal_mode = DELETE");
	if (result == 0)
		result = check_integrity(&copy);
	close_file(&copy);
	return result;
}

int registry_backup(struct registry *registry)
{
	char fresh[AWAY_PATH_SIZE], backup[AWAY_PATH_SIZE];
	int result;

	if (registry->changed)
		return -EBUSY;
	snprintf(fresh, sizeof(fresh), "%s.backup.new", registry->path);
	snprintf(backup, sizeof(backup), "%s.backup", registry->path);
	remove_file(fresh);
	result = copy_into(registry, fresh);
	if (result == 0 && chmod(fresh, 0600) != 0)
		result = -errno;
	if (result == 0 && rename(fresh, backup) != 0)
		result = -errno;
	if (result == 0)
		result = sync_parent(backup);
	if (result == 0)
		registry->lacks_backup = false;
	remove_file(fresh);
	return result;
}
