/* SPDX-License-Identifier: ISC */
/* Statements and transactions, for the other files of this folder. */
#include "provisioner/registry/registry.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "provisioner/registry/private.h"

int registry_error(int code)
{
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

/* SQLite reports a full disk in some places (the WAL, its index) as an input/output error. */
static int error_of(const struct registry *registry, int code)
{
	int result = registry_error(code);

	if (result == -EIO && sqlite3_system_errno(registry->db) == ENOSPC)
		return -ENOSPC;
	return result;
}

int registry_execute(struct registry *registry, const char *sql)
{
	return error_of(registry, sqlite3_exec(registry->db, sql, NULL, NULL, NULL));
}

sqlite3_stmt *registry_read(struct registry *registry, const char *sql, int *result)
{
	sqlite3_stmt *statement = NULL;

	*result = error_of(registry, sqlite3_prepare_v2(registry->db, sql, -1, &statement, NULL));
	return *result == 0 ? statement : NULL;
}

sqlite3_stmt *registry_lookup(struct registry *registry, const char *sql, int *result)
{
	size_t i = 0;

	while (i < REGISTRY_LOOKUPS && registry->lookups[i].sql && registry->lookups[i].sql != sql)
		i++;
	assert(i < REGISTRY_LOOKUPS);
	*result = 0;
	if (!registry->lookups[i].sql) {
		registry->lookups[i].statement = registry_read(registry, sql, result);
		if (registry->lookups[i].statement)
			registry->lookups[i].sql = sql;
	}
	return registry->lookups[i].statement;
}

void registry_release(sqlite3_stmt *statement)
{
	(void)sqlite3_reset(statement);
	(void)sqlite3_clear_bindings(statement);
}

sqlite3_stmt *registry_write(struct registry *registry, const char *sql, int *result)
{
	sqlite3_stmt *statement = NULL;

	*result = registry->failed;
	if (*result == 0 && !registry->changed)
		*result = registry_execute(registry, "BEGIN IMMEDIATE");
	registry->changed = true;
	if (*result == 0)
		statement = registry_read(registry, sql, result);
	registry->failed = *result;
	return statement;
}

sqlite3_stmt *registry_write_state(struct registry *registry, const char *sql, int *result)
{
	registry->touches_state = true;
	return registry_write(registry, sql, result);
}

int registry_finish(struct registry *registry, sqlite3_stmt *statement)
{
	int result = error_of(registry, sqlite3_step(statement));

	sqlite3_finalize(statement);
	registry->failed = result;
	return result;
}

int registry_step(struct registry *registry, sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 0;
	return code == SQLITE_DONE ? -ENOENT : error_of(registry, code);
}

void registry_rollback(struct registry *registry)
{
	/* After some errors SQLite has done it by itself. */
	if (!sqlite3_get_autocommit(registry->db))
		(void)registry_execute(registry, "ROLLBACK");
	registry->changed = false;
	registry->touches_state = false;
	registry->failed = 0;
}

int registry_commit(struct registry *registry)
{
	int result = registry->failed;

	if (!registry->changed)
		return 0;
	if (result == 0)
		result = registry_execute(registry, "COMMIT");
	if (result != 0) {
		registry_rollback(registry);
		return result;
	}
	registry->lacks_backup |= registry->touches_state;
	registry->commits++;
	registry->changed = false;
	registry->touches_state = false;
	return 0;
}

uint64_t registry_count_commits(const struct registry *registry)
{
	return registry->commits;
}

/* As a statement of its own: it opens the transaction, and when it fails the transaction is spoilt
 * as by any other write. */
static int execute_in_transaction(struct registry *registry, const char *sql)
{
	int result;
	sqlite3_stmt *statement = registry_write(registry, sql, &result);

	return statement ? registry_finish(registry, statement) : result;
}

int registry_begin_change(struct registry *registry)
{
	return execute_in_transaction(registry, "SAVEPOINT change");
}

void registry_keep_change(struct registry *registry)
{
	(void)execute_in_transaction(registry, "RELEASE change");
}

void registry_undo_change(struct registry *registry)
{
	/* If a write failed, everything goes with the next commit. */
	if (execute_in_transaction(registry, "ROLLBACK TO change") == 0)
		registry_keep_change(registry);
}

bool registry_has_changes(const struct registry *registry)
{
	return registry->changed;
}

bool registry_has_failed(const struct registry *registry)
{
	return registry->failed != 0;
}

bool registry_lacks_backup(const struct registry *registry)
{
	return registry->lacks_backup;
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
