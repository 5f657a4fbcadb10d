/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/str.h"
#include "provisioner/cluster/place.h"

#define PATH_SIZE (CLUSTER_PATH_SIZE + 32)
#define ID_LIMIT 64u
#define LOG_SUFFIX ".wal"

bool store_read_id(const struct cluster_paths *paths, char id[static STORE_ID_SIZE])
{
	char path[PATH_SIZE], *text;
	size_t size;
	bool good;

	id[0] = '\0';
	snprintf(path, sizeof(path), "%s/identity", paths->base);
	if (file_read(path, ID_LIMIT, &text, &size) != 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	good = store_is_id(text) && str_copy(id, STORE_ID_SIZE, text);
	free(text);
	return good;
}

/* As etcd decides it itself (server/storage/wal, Exist). */
static bool has_log(const struct cluster_paths *paths)
{
	char path[PATH_SIZE];
	const struct dirent *entry;
	bool found = false;
	DIR *directory;

	snprintf(path, sizeof(path), "%s/member/wal", paths->etcd);
	directory = opendir(path);
	while (directory && !found && (entry = readdir(directory))) {
		size_t length = strlen(entry->d_name);

		found = length > strlen(LOG_SUFFIX) &&
			strcmp(entry->d_name + length - strlen(LOG_SUFFIX), LOG_SUFFIX) == 0;
	}
	if (directory)
		closedir(directory);
	return found;
}

bool store_is_lost(const struct cluster_paths *paths)
{
	char id[STORE_ID_SIZE];

	/* A node looks after its own: rootfs/cluster/plane.c. */
	return !place_is_node(paths) && store_read_id(paths, id) && !has_log(paths);
}
