/* SPDX-License-Identifier: ISC */
/* A registry that is damaged or gone: the newest backup that is sound takes its place. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/file.h"
#include "provisioner/registry/backups.h"
#include "provisioner/registry/private.h"

struct search {
	struct registry *registry;
	const char *restored;
	struct backup chosen;
	unsigned refused;
	int newest; /* why the newest one can't be used */
};

int registry_prepare_copy(const struct registry *registry, const char *name, const char *restored)
{
	struct registry copy = { 0 };
	char backup[REGISTRY_AWAY_SIZE];
	char *data;
	size_t size;
	int result;

	registry_backup_path(registry, name, backup);
	result = file_read(backup, REGISTRY_SIZE_LIMIT, &data, &size);
	if (result != 0)
		return result;
	registry_remove_file(restored);
	result = file_replace(restored, data, size, 0600);
	free(data);
	if (result == 0)
		result = registry_open_file(&copy, restored);
	if (result == 0)
		registry_close_file(&copy);
	else
		registry_remove_file(restored);
	return result;
}

static int try_backup(void *argument, const struct backup *backup)
{
	struct search *search = argument;
	int result = registry_prepare_copy(search->registry, backup->name, search->restored);

	if (result == 0) {
		search->chosen = *backup;
		return 1;
	}
	if (search->refused++ == 0)
		search->newest = result;
	return 0;
}

static int refuse(const struct search *search, char note[static REGISTRY_NOTE_SIZE])
{
	const char *path = search->registry->path;
	const char *why = "there is none";

	if (search->refused > 1)
		why = "none of them is sound";
	else if (search->refused == 1)
		why = search->newest == -EUCLEAN ? "it is damaged too" : strerror(-search->newest);
	snprintf(note, REGISTRY_NOTE_SIZE,
		"%s is damaged and no backup (%s.backup, and backups/ beside it) can be used: %s. "
		"Bramble won't begin with an empty registry, since every node would be forgotten: "
		"put a copy of yours in its place, or move all of these away to begin anew",
		path, path, why);
	return -EUCLEAN;
}

static void tell(const struct search *search, bool missing, const char *aside,
	char note[static REGISTRY_NOTE_SIZE])
{
	char backup[REGISTRY_AWAY_SIZE], skipped[80] = "";
	const char *path = search->registry->path;

	registry_backup_path(search->registry, search->chosen.name, backup);
	if (search->refused)
		snprintf(skipped, sizeof(skipped), " (%u newer ones can't be used)",
			search->refused);
	if (missing)
		snprintf(note, REGISTRY_NOTE_SIZE, "%s was missing: its backup %s took its place%s",
			path, backup, skipped);
	else
		snprintf(note, REGISTRY_NOTE_SIZE,
			"%s was damaged: it is kept as %s, and its backup %s took its place%s; "
			"changes made after the backup are lost",
			path, aside, backup, skipped);
}

int registry_repair(struct registry *registry, bool missing, char note[static REGISTRY_NOTE_SIZE])
{
	char aside[REGISTRY_AWAY_SIZE], restored[REGISTRY_AWAY_SIZE];
	struct search search = { .registry = registry, .restored = restored };
	int result;

	snprintf(restored, sizeof(restored), "%s.restored", registry->path);
	if (backup_each(registry, try_backup, &search) != 1)
		return refuse(&search, note);
	snprintf(aside, sizeof(aside), "%s.corrupt-%lld", registry->path, (long long)time(NULL));
	result = registry_move_aside(registry->path, aside);
	if (result == 0 && rename(restored, registry->path) != 0)
		result = -errno;
	if (result == 0)
		result = registry_sync_parent(registry->path);
	if (result != 0)
		snprintf(note, REGISTRY_NOTE_SIZE, "can't restore %s from its backup: %s",
			registry->path, strerror(-result));
	else
		tell(&search, missing, aside, note);
	return result;
}
