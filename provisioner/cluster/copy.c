/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/failure.h"

#define PATH_SIZE 1024

static FTS *open_tree(const char *path)
{
	char *const paths[] = { (char *)(uintptr_t)path, NULL };

	return fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
}

static int take_rights(const char *path, const struct stat *status)
{
	return chown(path, status->st_uid, status->st_gid) == 0 &&
			       chmod(path, status->st_mode & 07777) == 0
		       ? 0
		       : -errno;
}

static int copy_file(const char *from, const char *to, const struct stat *status)
{
	char *data;
	size_t size;
	int result = file_read(from, COPY_FILE_LIMIT, &data, &size);

	if (result != 0)
		return result;
	result = file_replace(to, data, size, status->st_mode & 0777);
	free(data);
	return result == 0 ? take_rights(to, status) : result;
}

static int copy_entry(const FTSENT *entry, const char *to)
{
	int result;

	switch (entry->fts_info) {
	case FTS_D:
		result = mkdir(to, 0700) == 0 || errno == EEXIST ? 0 : -errno;
		return result == 0 ? take_rights(to, entry->fts_statp) : result;
	case FTS_DP:
		return file_sync_directory(to);
	case FTS_F:
		return copy_file(entry->fts_path, to, entry->fts_statp);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return -entry->fts_errno;
	default:
		return -EINVAL;
	}
}

int copy_tree(
	const char *from, const char *to, bool (*skip)(const char *path), struct failure *failure)
{
	FTS *tree = open_tree(from);
	FTSENT *entry;
	unsigned n = 0;
	int result = tree ? 0 : -errno;

	while (result == 0 && (entry = fts_read(tree))) {
		const char *path = entry->fts_path + strlen(from);
		char target[PATH_SIZE];

		if (*path && skip && skip(path + 1)) {
			fts_set(tree, entry, FTS_SKIP);
			continue;
		}
		if (n++ == 2 * COPY_FILES)
			result = -E2BIG;
		else if (snprintf(target, sizeof(target), "%s%s", to, path) >= PATH_SIZE)
			result = -ENAMETOOLONG;
		else
			result = copy_entry(entry, target);
		if (result != 0)
			(void)failure_set(failure, result, "can't copy %s into %s: %s",
				entry->fts_path, to, strerror(-result));
	}
	if (tree)
		fts_close(tree);
	return result == 0
		       ? 0
		       : failure_set(failure, result, "can't read %s: %s", from, strerror(-result));
}

int copy_each_file(const char *base, int (*each)(void *argument, const char *path), void *argument)
{
	FTS *tree = open_tree(base);
	FTSENT *entry;
	int result = tree ? 0 : -errno;

	while (result == 0 && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR ||
			entry->fts_info == FTS_NS)
			result = -entry->fts_errno;
		else if (entry->fts_info == FTS_F)
			result = each(argument, entry->fts_path + strlen(base) + 1);
	}
	if (tree)
		fts_close(tree);
	return result;
}

int copy_remove_tree(const char *path)
{
	FTS *tree;
	FTSENT *entry;
	int result = 0;

	if (access(path, F_OK) != 0)
		return errno == ENOENT ? 0 : -errno;
	tree = open_tree(path);
	if (!tree)
		return -errno;
	while (result == 0 && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_D)
			continue;
		if (remove(entry->fts_path) != 0 && errno != ENOENT)
			result = -errno;
	}
	fts_close(tree);
	return result;
}
