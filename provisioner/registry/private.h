/* SPDX-License-Identifier: ISC */
/* What the files of this folder share. */
#ifndef BRAMBLE_REGISTRY_PRIVATE_H
#define BRAMBLE_REGISTRY_PRIVATE_H

#include <sqlite3.h>

#include "provisioner/registry/registry.h"

#define REGISTRY_PATH_SIZE 512
#define REGISTRY_AWAY_SIZE (REGISTRY_PATH_SIZE + 128) /* of files beside it */

/* Statements that are asked again and again, by the address of their text. */
#define REGISTRY_LOOKUPS 16

struct registry {
	sqlite3 *db;
	struct {
		const char *sql;
		sqlite3_stmt *statement;
	} lookups[REGISTRY_LOOKUPS];
	char path[REGISTRY_PATH_SIZE];
	uint64_t commits;
	bool changed; /* a transaction is open */
	int failed;   /* -errno of its first write that failed: it can only be rolled back */
	bool touches_state, lacks_backup; /* more than history changed: now, since the backup */
};

/* Run statements of the schema, PRAGMAs and the like. */
int registry_execute(struct registry *registry, const char *sql);

/* Prepare for reading; NULL on failure with *result = -errno. */
sqlite3_stmt *registry_read(struct registry *registry, const char *sql, int *result);
/* The same for a single row, prepared once for as long as the file is open: `sql` is a literal in
 * one place, and the statement is given back by registry_release() before anything else is asked.
 */
sqlite3_stmt *registry_lookup(struct registry *registry, const char *sql, int *result);
void registry_release(sqlite3_stmt *statement);
/* Prepare for writing: opens the transaction when none is open. A write that fails spoils the whole
 * transaction: later ones fail with the same error, and registry_commit() rolls it back. */
sqlite3_stmt *registry_write(struct registry *registry, const char *sql, int *result);
/* The same, for what must be in the backup soon: boards, nodes, addresses, images. */
sqlite3_stmt *registry_write_state(struct registry *registry, const char *sql, int *result);
/* Step a writing statement to its end and finalize it. */
int registry_finish(struct registry *registry, sqlite3_stmt *statement);
/* 0 when there is a row, -ENOENT at the end, or -errno. */
int registry_step(struct registry *registry, sqlite3_stmt *statement);

/* What SQLite said, as -errno. -EUCLEAN: the file is damaged. */
int registry_error(int code);

int registry_create_schema(struct registry *registry);
/* Take the steps up to version `target`, at most registry_newest_schema(): for tests of older ones.
 */
int registry_migrate(struct registry *registry, int target);
/* The schema's version of an open file; 0 = it holds nothing. */
int registry_schema_version(struct registry *registry, int *version);

/* --- files --- */

/* Open an existing file and bring its schema up to date. -EUCLEAN: it is damaged. Of the registry
 * itself (path is registry->path) a backup is kept before its schema is changed. */
int registry_open_file(struct registry *registry, const char *path);
void registry_close_file(struct registry *registry);
/* Is every page and index of the file sound? 0, -EUCLEAN or -errno. */
int registry_check_integrity(struct registry *registry);
/* A file of its own, without a journal beside it, and sound. */
int registry_copy_into(struct registry *registry, const char *path);
/* With its journal. */
void registry_remove_file(const char *path);
int registry_sync_parent(const char *path);
/* Move a file with its journal to another name. */
int registry_move_aside(const char *path, const char *aside);
/* Is there PATH + suffix? */
bool registry_is_there(const char *path, const char *suffix);

/* Put the newest sound backup in the place of a registry that is damaged or (`missing`) gone. 0 or
 * -EUCLEAN, with `note`. */
int registry_repair(struct registry *registry, bool missing, char note[static REGISTRY_NOTE_SIZE]);
/* The file of a backup (backups.h). */
void registry_backup_path(
	const struct registry *registry, const char *name, char path[static REGISTRY_AWAY_SIZE]);
/* Copy a backup to `path`, checked and with the present schema. */
int registry_prepare_copy(const struct registry *registry, const char *name, const char *path);
/* Is there any backup? */
bool registry_has_backup(struct registry *registry);
/* The version that registry_create_schema() leads to. */
int registry_newest_schema(void);

void registry_bind_mac(sqlite3_stmt *statement, int index, const struct mac *mac);
void registry_column_mac(sqlite3_stmt *statement, int index, struct mac *mac);
void registry_bind_text(sqlite3_stmt *statement, int index, const char *text);
void registry_column_text(sqlite3_stmt *statement, int index, char *out, size_t size);
/* Addresses are stored in host byte order, so that they sort. */
void registry_bind_address(sqlite3_stmt *statement, int index, struct in_addr address);
struct in_addr registry_column_address(sqlite3_stmt *statement, int index);

#endif
