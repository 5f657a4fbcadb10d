/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/own.h"

#include <errno.h>
#include <fts.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/failure.h"

static int own_tree(const char *path, const struct passwd *user, struct failure *failure)
{
	char *const paths[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;
	int result = tree ? 0 : -errno;

	while (result == 0 && (entry = fts_read(tree))) {
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR)
			result = -entry->fts_errno;
		else if (entry->fts_info != FTS_DP &&
			 (entry->fts_statp->st_uid != user->pw_uid ||
				 entry->fts_statp->st_gid != user->pw_gid) &&
			 lchown(entry->fts_path, user->pw_uid, user->pw_gid) != 0)
			result = -errno;
	}
	if (tree)
		fts_close(tree);
	return result == 0 ? 0
			   : failure_set(failure, result, "can't give %s to the user %s: %s", path,
				     user->pw_name, strerror(-result));
}

int cluster_own(const struct cluster_paths *paths, struct failure *failure)
{
	static const char *const credentials[] = { "controller-manager.conf", "scheduler.conf",
		"bramble.conf" };
	const struct passwd *user = getpwnam(CLUSTER_USER);
	int result;

	if (!user)
		return failure_set(failure, -ENOENT,
			"there is no user " CLUSTER_USER "; `systemd-sysusers` or tests/setup "
			"makes it");
	result = file_make_directories(paths->etcd, 0700);
	if (result != 0)
		return failure_set(
			failure, result, "can't make %s: %s", paths->etcd, strerror(-result));
	result = own_tree(paths->pki, user, failure);
	if (result == 0)
		result = own_tree(paths->etcd, user, failure);
	for (size_t i = 0; result == 0 && i < sizeof(credentials) / sizeof(credentials[0]); i++) {
		char path[CLUSTER_PATH_SIZE + 32];

		snprintf(path, sizeof(path), "%s/%s", paths->kubernetes, credentials[i]);
		result = own_tree(path, user, failure);
	}
	return result;
}
