/* SPDX-License-Identifier: ISC */
/*
 * Backups of the registry. PATH.backup ("latest") follows every change within a minute; generations
 * lie beside it in backups/, named by time and reason: one a day, one before anything that replaces
 * the registry's content, and those that somebody asked for. Each is a whole registry in a file of
 * its own, found sound before it got its name.
 */
#ifndef BRAMBLE_REGISTRY_BACKUPS_H
#define BRAMBLE_REGISTRY_BACKUPS_H

#include "provisioner/registry/registry.h"

#define BACKUP_NAME_SIZE 48
#define BACKUP_LATEST "latest"
/* How many generations of a kind stay. */
#define BACKUP_KEPT_DAILY 14
#define BACKUP_KEPT_OTHERS 20

struct backup {
	char name[BACKUP_NAME_SIZE]; /* "latest" or "2026-11-24T162751Z-daily" */
	int64_t made_ms;	     /* when */
	uint64_t bytes;
};

/* What is inside. */
struct backup_content {
	int schema; /* its version; 0 = unknown */
	bool sound; /* every page and index was checked just now */
	unsigned nodes, boards;
};

/* Is this what a backup is called? */
bool backup_is_name(const char *name);

/* "latest" first, then the generations, newest first. Ends early when `each` returns other than 0,
 * and returns that. */
int backup_each(struct registry *registry, int (*each)(void *argument, const struct backup *backup),
	void *argument);
int backup_get(struct registry *registry, const char *name, struct backup *backup);

/* Check one from its first to its last page. 0 also when it is damaged; -ENOENT, -errno when it
 * can't be read. */
int backup_inspect(struct registry *registry, const char *name, struct backup_content *content);

/* Read one: a copy, brought up to the present schema, as a registry of its own that is to be closed
 * by backup_close(). 0, -ENOENT, -EUCLEAN (damaged), -EPROTONOSUPPORT (newer), -errno. */
int backup_open(struct registry *registry, const char *name, struct registry **copy);
void backup_close(struct registry *copy);

/* Bring "latest" up to date and keep it as a generation; `why` is a word: "manual". Generations
 * beyond those that stay are removed, the oldest first. -EBUSY before registry_commit(). */
int backup_keep(struct registry *registry, const char *why, char name[static BACKUP_NAME_SIZE]);
/* The same once a day at most, of a "latest" that is up to date. */
int backup_keep_daily(struct registry *registry);

#endif
