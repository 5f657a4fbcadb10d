/* SPDX-License-Identifier: ISC */
/* Which snapshots there are, and which go. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/str.h"
#include "provisioner/cluster/copy.h"
#include "provisioner/cluster/snapshot.h"
#include "rootfs/failure.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

int snapshot_names(const struct settings *settings,
	char names[static SNAPSHOTS_LISTED][SNAPSHOT_NAME_SIZE], size_t *n, struct failure *failure)
{
	char base[CLUSTER_PATH_SIZE];
	const struct dirent *entry;
	DIR *directory;

	*n = 0;
	snapshot_base(settings, base);
	directory = opendir(base);
	if (!directory)
		return errno == ENOENT ? 0
				       : failure_set(failure, -errno, "can't read %s: %s", base,
						 strerror(errno));
	while (*n < SNAPSHOTS_LISTED && (entry = readdir(directory))) {
		if (isdigit((unsigned char)entry->d_name[0]) &&
			str_copy(names[*n], SNAPSHOT_NAME_SIZE, entry->d_name))
			(*n)++;
	}
	closedir(directory);
	qsort(names, *n, SNAPSHOT_NAME_SIZE, by_name);
	return 0;
}

static int remove_one(const struct settings *settings, const char *name, struct failure *failure)
{
	char base[CLUSTER_PATH_SIZE], path[CLUSTER_PATH_SIZE + SNAPSHOT_NAME_SIZE];
	char gone[CLUSTER_PATH_SIZE + 16];
	int result;

	snapshot_base(settings, base);
	snprintf(path, sizeof(path), "%s/%s", base, name);
	/* Half of one must not look like a damaged one. */
	snprintf(gone, sizeof(gone), "%s/removed", base);
	result = copy_remove_tree(gone);
	if (result == 0 && rename(path, gone) != 0)
		result = -errno;
	if (result == 0)
		result = copy_remove_tree(gone);
	return result == 0 ? 0
			   : failure_set(failure, result, "can't remove %s: %s", path,
				     strerror(-result));
}

int snapshot_prune(
	const struct settings *settings, const char *reason, unsigned keep, struct failure *failure)
{
	char(*names)[SNAPSHOT_NAME_SIZE] = calloc(SNAPSHOTS_LISTED, sizeof(*names));
	char id[STORE_ID_SIZE];
	struct cluster_paths paths;
	size_t n = 0;
	unsigned seen = 0;
	int result = names ? snapshot_names(settings, names, &n, failure)
			   : failure_set(failure, -ENOMEM, "out of memory");

	cluster_find_paths(settings, &paths);
	(void)store_read_id(&paths, id);
	while (result == 0 && n-- > 0) {
		struct snapshot snapshot;

		result = snapshot_check(settings, names[n], &snapshot, failure);
		/* A damaged one doesn't count, but may hold what helps: it stays. */
		if (result != 0 || snapshot.wrong[0] || strcmp(snapshot.reason, reason) != 0 ||
			strcmp(snapshot.cluster, id) != 0)
			continue;
		if (seen++ >= keep)
			result = remove_one(settings, names[n], failure);
	}
	free(names);
	return result;
}

static int find_newest_of(const struct settings *settings, const char *cluster,
	char name[static SNAPSHOT_NAME_SIZE], struct failure *failure)
{
	char(*names)[SNAPSHOT_NAME_SIZE] = calloc(SNAPSHOTS_LISTED, sizeof(*names));
	size_t n = 0;
	int result = names ? snapshot_names(settings, names, &n, failure)
			   : failure_set(failure, -ENOMEM, "out of memory");
	bool found = false;

	while (result == 0 && !found && n-- > 0) {
		struct snapshot snapshot;

		result = snapshot_check(settings, names[n], &snapshot, failure);
		/* Pruned meanwhile. */
		if (result == -ENOENT) {
			failure->text[0] = '\0';
			result = 0;
			continue;
		}
		found = result == 0 && !snapshot.wrong[0] &&
			(!cluster || strcmp(snapshot.cluster, cluster) == 0) &&
			str_copy(name, SNAPSHOT_NAME_SIZE, names[n]);
	}
	free(names);
	return result != 0 ? result : found ? 0 : -ENOENT;
}

int snapshot_find_newest(const struct settings *settings, char name[static SNAPSHOT_NAME_SIZE],
	struct failure *failure)
{
	struct cluster_paths paths;
	char id[STORE_ID_SIZE];
	int result;

	cluster_find_paths(settings, &paths);
	if (!store_read_id(&paths, id))
		return find_newest_of(settings, NULL, name, failure);
	result = find_newest_of(settings, id, name, failure);
	return result == -ENOENT ? find_newest_of(settings, "", name, failure) : result;
}

int64_t snapshot_newest_ms(const struct settings *settings)
{
	char(*names)[SNAPSHOT_NAME_SIZE] = calloc(SNAPSHOTS_LISTED, sizeof(*names));
	struct failure failure = { .text = "" };
	struct tm utc = { 0 };
	int64_t newest_ms = 0;
	size_t n = 0;

	if (names && snapshot_names(settings, names, &n, &failure) == 0 && n > 0 &&
		strptime(names[n - 1], "%Y%m%dT%H%M%SZ", &utc))
		newest_ms = (int64_t)timegm(&utc) * 1000;
	free(names);
	return newest_ms;
}
