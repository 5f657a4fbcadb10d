/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/registry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/registry/private.h"

#define BUSY_MS 2000

int registry_error(const struct registry *registry, int code)
{
	(void)registry;
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	default:
		return -EIO;
	}
}

int registry_execute(struct registry *registry, const char *sql)
{
	return registry_error(registry, sqlite3_exec(registry->db, sql, NULL, NULL, NULL));
}

sqlite3_stmt *registry_read(struct registry *registry, const char *sql, int *result)
{
	sqlite3_stmt *statement = NULL;

	*result = registry_error(
		registry, sqlite3_prepare_v2(registry->db, sql, -1, &statement, NULL));
	return *result == 0 ? statement : NULL;
}

sqlite3_stmt *registry_write(struct registry *registry, const char *sql, int *result)
{
	if (!registry->changed) {
		*result = registry_execute(registry, "BEGIN IMMEDIATE");
		if (*result != 0)
			return NULL;
		registry->changed = true;
	}
	return registry_read(registry, sql, result);
}

int registry_finish(struct registry *registry, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	sqlite3_finalize(statement);
	return registry_error(registry, code);
}

int registry_step(struct registry *registry, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 0;
	return code == SQLITE_DONE ? -ENOENT : registry_error(registry, code);
}

int registry_commit(struct registry *registry)
{
	int result;

	if (!registry->changed)
		return 0;
	result = registry_execute(registry, "COMMIT");
	if (result != 0 && !sqlite3_get_autocommit(registry->db))
		(void)registry_execute(registry, "ROLLBACK");
	registry->changed = false;
	return result;
}

bool registry_has_changes(const struct registry *registry)
{
	return registry->changed;
}

/* Is every page and index of the file sound? */
static int check_integrity(struct registry *registry)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry, "PRAGMA integrity_check(1)", &result);

	if (!statement)
		return result;
	result = registry_step(registry, statement);
	if (result == 0 && strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0)
		result = -EUCLEAN;
	sqlite3_finalize(statement);
	return result;
}

static int open_file(struct registry *registry)
{
	int result =
		registry_error(registry, sqlite3_open_v2(registry->path, &registry->db,
						 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));

	if (result == 0)
		sqlite3_busy_timeout(registry->db, BUSY_MS);
	if (result == 0)
		result = registry_execute(
			registry, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
	if (result == 0)
		result = check_integrity(registry);
	if (result == 0)
		result = registry_create_schema(registry);
	return result;
}

static void close_file(struct registry *registry)
{
	sqlite3_close(registry->db);
	registry->db = NULL;
}

/* Move the broken file and its journal aside, put the backup in its place. */
static int restore_backup(struct registry *registry, char note[static REGISTRY_NOTE_SIZE])
{
	char aside[600], backup[600], journal[600];
	char *data;
	size_t size;
	int result;

	snprintf(backup, sizeof(backup), "%s.backup", registry->path);
	result = file_read(backup, 256u << 20, &data, &size);
	if (result != 0) {
		snprintf(note, REGISTRY_NOTE_SIZE,
			"%.150s is damaged and there is no backup (%.150s: %.50s). Bramble won't begin with "
			"an empty registry, since "
			"every node would be forgotten: put a copy in place, or move the file away "
			"to begin anew",
			registry->path, backup, strerror(-result));
		return -EUCLEAN;
	}
	snprintf(aside, sizeof(aside), "%s.corrupt-%lld", registry->path, (long long)time(NULL));
	if (rename(registry->path, aside) != 0)
		result = -errno;
	snprintf(journal, sizeof(journal), "%s-wal", registry->path);
	unlink(journal);
	snprintf(journal, sizeof(journal), "%s-shm", registry->path);
	unlink(journal);
	if (result == 0)
		result = file_replace(registry->path, data, size, 0600);
	free(data);
	snprintf(note, REGISTRY_NOTE_SIZE, "%.200s was damaged: it is kept as %.220s, and the backup took its place",
		registry->path, aside);
	return result;
}

int registry_open(const char *path, struct registry **out, char note[static REGISTRY_NOTE_SIZE])
{
	struct registry *registry = calloc(1, sizeof(*registry));
	int result;

	note[0] = '\0';
	if (!registry)
		return -ENOMEM;
	str_copy(registry->path, sizeof(registry->path), path);
	result = open_file(registry);
	if (result == -EUCLEAN) {
		close_file(registry);
		result = restore_backup(registry, note);
		if (result == 0)
			result = open_file(registry);
	}
	if (result != 0) {
		if (note[0] == '\0')
			snprintf(note, REGISTRY_NOTE_SIZE, "can't open %.300s: %.100s", path,
				result == -EPROTONOSUPPORT ? "it was written by a newer Bramble"
							   : strerror(-result));
		close_file(registry);
		free(registry);
		return result;
	}
	*out = registry;
	return 0;
}

void registry_close(struct registry *registry)
{
	(void)registry_commit(registry);
	close_file(registry);
	free(registry);
}

static int copy_into(struct registry *registry, const char *path)
{
	sqlite3 *copy = NULL;
	sqlite3_backup *backup;
	int code = sqlite3_open(path, &copy);

	backup = code == SQLITE_OK ? sqlite3_backup_init(copy, "main", registry->db, "main") : NULL;
	if (backup) {
		sqlite3_backup_step(backup, -1);
		code = sqlite3_backup_finish(backup);
	} else if (code == SQLITE_OK) {
		code = sqlite3_errcode(copy);
	}
	sqlite3_close(copy);
	return registry_error(registry, code);
}

int registry_backup(struct registry *registry)
{
	char fresh[600], backup[600];
	char *data;
	size_t size;
	int result;

	snprintf(fresh, sizeof(fresh), "%s.backup.new", registry->path);
	snprintf(backup, sizeof(backup), "%s.backup", registry->path);
	unlink(fresh);
	result = copy_into(registry, fresh);
	if (result == 0)
		result = file_read(fresh, 256u << 20, &data, &size);
	if (result == 0) {
		result = file_replace(backup, data, size, 0600);
		free(data);
	}
	unlink(fresh);
	return result;
}

void registry_bind_mac(sqlite3_stmt *statement, int index, const struct mac *mac)
{
	sqlite3_bind_blob(statement, index, mac->octet, sizeof(mac->octet), SQLITE_TRANSIENT);
}

void registry_column_mac(sqlite3_stmt *statement, int index, struct mac *mac)
{
	const void *bytes = sqlite3_column_blob(statement, index);

	memset(mac, 0, sizeof(*mac));
	if (bytes && sqlite3_column_bytes(statement, index) == (int)sizeof(mac->octet))
		memcpy(mac->octet, bytes, sizeof(mac->octet));
}

void registry_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

void registry_column_text(sqlite3_stmt *statement, int index, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, index);

	str_copy(out, size, text ? (const char *)text : "");
}

void registry_bind_address(sqlite3_stmt *statement, int index, struct in_addr address)
{
	sqlite3_bind_int64(statement, index, ntohl(address.s_addr));
}

struct in_addr registry_column_address(sqlite3_stmt *statement, int index)
{
	return (struct in_addr){ .s_addr =
					 htonl((uint32_t)sqlite3_column_int64(statement, index)) };
}
