/* SPDX-License-Identifier: ISC */
/* The registry as a file: made whole or not at all, checked when it is opened, backed up. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/registry/backups.h"
#include "provisioner/registry/private.h"

#define BUSY_MS 2000
/* Nobody has a second thread, and a lock around each column of 10,000 rows would cost a tenth. */
#define OPEN_FLAGS (SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX)
#define SUFFIX_ROOM 32

/* What belongs to a database file; its journal must never meet another database. */
static const char *const companions[] = { "", "-wal", "-shm", "-journal" };
#define COMPANIONS (sizeof(companions) / sizeof(companions[0]))

void registry_remove_file(const char *path)
{
	char name[REGISTRY_AWAY_SIZE];

	for (size_t i = 0; i < COMPANIONS; i++) {
		snprintf(name, sizeof(name), "%s%s", path, companions[i]);
		unlink(name);
	}
}

int registry_sync_parent(const char *path)
{
	char parent[REGISTRY_AWAY_SIZE];
	char *slash;

	str_copy(parent, sizeof(parent), path);
	slash = strrchr(parent, '/');
	if (!slash)
		return file_sync_directory(".");
	*slash = '\0';
	return file_sync_directory(parent);
}

int registry_check_integrity(struct registry *registry)
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

void registry_close_file(struct registry *registry)
{
	for (size_t i = 0; i < REGISTRY_LOOKUPS; i++)
		sqlite3_finalize(registry->lookups[i].statement);
	memset(registry->lookups, 0, sizeof(registry->lookups));
	sqlite3_close(registry->db);
	registry->db = NULL;
}

/* A registry is never empty: it comes into being with its tables (make_fresh), so an empty one has
 * lost them. */
int registry_open_file(struct registry *registry, const char *path)
{
	char name[BACKUP_NAME_SIZE];
	struct stat status;
	int version = 0, result;

	if (stat(path, &status) != 0)
		return -errno;
	if (status.st_size == 0)
		return -EUCLEAN;
	result = registry_error(sqlite3_open_v2(path, &registry->db, OPEN_FLAGS, NULL));
	if (result == 0)
		sqlite3_busy_timeout(registry->db, BUSY_MS);
	if (result == 0)
		result = registry_execute(
			registry, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
	if (result == 0)
		result = registry_check_integrity(registry);
	if (result == 0)
		result = registry_schema_version(registry, &version);
	if (result == 0 && version == 0)
		result = -EUCLEAN;
	/* Best effort: it isn't the backup that decides whether the appliance starts. */
	if (result == 0 && version < registry_newest_schema() && path == registry->path)
		(void)backup_keep(registry, "before-upgrade", name);
	if (result == 0)
		result = registry_create_schema(registry);
	if (result != 0)
		registry_close_file(registry);
	return result;
}

/* A new registry, complete before it has its name. */
static int make_fresh(struct registry *registry)
{
	char fresh[REGISTRY_AWAY_SIZE];
	int result;

	snprintf(fresh, sizeof(fresh), "%s.new", registry->path);
	registry_remove_file(fresh);
	registry_remove_file(registry->path); /* the journal of one that was taken away */
	result = registry_error(
		sqlite3_open_v2(fresh, &registry->db, OPEN_FLAGS | SQLITE_OPEN_CREATE, NULL));
	if (result == 0)
		result = registry_create_schema(registry);
	registry_close_file(registry);
	if (result == 0 && chmod(fresh, 0600) != 0)
		result = -errno;
	if (result == 0 && rename(fresh, registry->path) != 0)
		result = -errno;
	if (result != 0)
		registry_remove_file(fresh);
	return result == 0 ? registry_sync_parent(registry->path) : result;
}

int registry_move_aside(const char *path, const char *aside)
{
	char from[REGISTRY_AWAY_SIZE], to[REGISTRY_AWAY_SIZE + SUFFIX_ROOM];

	for (size_t i = 0; i < COMPANIONS; i++) {
		snprintf(from, sizeof(from), "%s%s", path, companions[i]);
		snprintf(to, sizeof(to), "%s%s", aside, companions[i]);
		if (rename(from, to) != 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

bool registry_is_there(const char *path, const char *suffix)
{
	char name[REGISTRY_AWAY_SIZE];
	struct stat status;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &status) == 0 || errno != ENOENT;
}

static int open_made_or_restored(struct registry *registry, char note[static REGISTRY_NOTE_SIZE])
{
	bool missing = !registry_is_there(registry->path, "");
	int result = -EUCLEAN;

	if (!missing)
		result = registry_open_file(registry, registry->path);
	else if (!registry_has_backup(registry))
		result = make_fresh(registry) == 0 ? registry_open_file(registry, registry->path)
						   : -EIO;
	if (result == -EUCLEAN) {
		result = registry_repair(registry, missing, note);
		if (result == 0)
			result = registry_open_file(registry, registry->path);
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
		registry->lacks_backup = !registry_is_there(registry->path, ".backup");
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
	registry_close_file(registry);
	free(registry);
}

int registry_copy_into(struct registry *registry, const char *path)
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
		result = registry_check_integrity(&copy);
	registry_close_file(&copy);
	return result;
}

int registry_backup(struct registry *registry)
{
	char fresh[REGISTRY_AWAY_SIZE], backup[REGISTRY_AWAY_SIZE];
	int result;

	if (registry->changed)
		return -EBUSY;
	snprintf(fresh, sizeof(fresh), "%s.backup.new", registry->path);
	snprintf(backup, sizeof(backup), "%s.backup", registry->path);
	registry_remove_file(fresh);
	result = registry_copy_into(registry, fresh);
	if (result == 0 && chmod(fresh, 0600) != 0)
		result = -errno;
	if (result == 0 && rename(fresh, backup) != 0)
		result = -errno;
	if (result == 0)
		result = registry_sync_parent(backup);
	if (result == 0)
		registry->lacks_backup = false;
	registry_remove_file(fresh);
	return result;
}
