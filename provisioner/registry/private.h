/* SPDX-License-Identifier: ISC */
/* What the files of this folder share. */
#ifndef BRAMBLE_REGISTRY_PRIVATE_H
#define BRAMBLE_REGISTRY_PRIVATE_H

#include <sqlite3.h>

#include "provisioner/registry/registry.h"

struct registry {
	sqlite3 *db;
	char path[512];
	bool changed;	   /* a transaction is open */
	uint64_t scrub_at; /* boots and events written since old ones were removed */
};

/* Run statements of the schema. */
int registry_execute(struct registry *registry, const char *sql);

/* Prepare for reading; NULL on failure with *result = -errno. */
sqlite3_stmt *registry_read(struct registry *registry, const char *sql, int *result);
/* Prepare for writing: opens the transaction when none is open. */
sqlite3_stmt *registry_write(struct registry *registry, const char *sql, int *result);
/* Step a writing statement to its end and finalize it. */
int registry_finish(struct registry *registry, sqlite3_stmt *statement);
/* 0 when there is a row, -ENOENT at the end, or -errno. */
int registry_step(struct registry *registry, sqlite3_stmt *statement);

/* What SQLite said, as -errno. */
int registry_error(const struct registry *registry, int code);

int registry_create_schema(struct registry *registry);

void registry_bind_mac(sqlite3_stmt *statement, int index, const struct mac *mac);
void registry_column_mac(sqlite3_stmt *statement, int index, struct mac *mac);
void registry_bind_text(sqlite3_stmt *statement, int index, const char *text);
void registry_column_text(sqlite3_stmt *statement, int index, char *out, size_t size);
/* Addresses are stored in host byte order, so that they sort. */
void registry_bind_address(sqlite3_stmt *statement, int index, struct in_addr address);
struct in_addr registry_column_address(sqlite3_stmt *statement, int index);

#endif
