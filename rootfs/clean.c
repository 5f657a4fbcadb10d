/* SPDX-License-Identifier: ISC */
#include "rootfs/clean.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Files and links by their path in the root; '*' also stands for '/'. */
static const char *const patterns[] = {
	/* Of this machine, or of the hour. */
	"/etc/hostname", "/etc/resolv.conf", "/tmp/*", "/var/tmp/*", "/var/log/*", "/root/.cache/*",
	"/root/.*_history", "/root/.wget-hsts",
	/* One for all nodes would be worse than none: nodes make their own. */
	"/etc/ssh/ssh_host_*", "/var/lib/systemd/random-seed", "/var/lib/systemd/credential.secret",
	/* Depend on the order in which packages came, and serve nobody on a read-only root. */
	"/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-",
	"/etc/subgid-", "/var/cache/debconf/*-old", "/var/lib/dpkg/*-old",
	"/var/lib/dpkg/available", "/var/cache/apt/*", "/var/lib/apt/lists/*",
	"/var/cache/ldconfig/*", "/var/cache/fontconfig/*", "/var/cache/man/*",
	/* Python's byte code holds the times of its sources. */
	"*/__pycache__/*", "*.pyc"
};

static bool goes(const char *path)
{
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (fnmatch(patterns[i], path, 0) == 0)
			return true;
	return false;
}

int clean_root(const char *path)
{
	char copy[4096];
	char *const roots[] = { copy, NULL };
	size_t skip = strlen(path);
	const FTSENT *entry;
	FTS *walk;
	int result = 0;

	if (skip >= sizeof(copy))
		return -ENAMETOOLONG;
	memcpy(copy, path, skip + 1);
	walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
	if (!walk)
		return -errno;
	while (result == 0 && (errno = 0, entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR)
			result = -entry->fts_errno;
		else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP &&
			 goes(entry->fts_path + skip) && unlink(entry->fts_accpath) != 0)
			result = -errno;
	}
	if (result == 0 && errno != 0)
		result = -errno;
	fts_close(walk);
	return result;
}
