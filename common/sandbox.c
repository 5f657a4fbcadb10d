/* SPDX-License-Identifier: ISC */
#include "common/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int sandbox_become(const char *user)
{
	struct passwd *entry;

	if (geteuid() == 0) {
		errno = 0;
		entry = getpwnam(user);
		if (!entry)
			return errno ? -errno : -ENOENT;
		capng_clear(CAPNG_SELECT_BOTH);
		if (capng_change_id((int)entry->pw_uid, (int)entry->pw_gid,
			    CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) != 0)
			return -EPERM;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -errno;
	return 0;
}

/* Every right of ABI 1 (Linux 5.13): with no rule added, all of them are denied everywhere. Later
 * ABIs add rights that need one of these first, or that concern descriptors which this process
 * doesn't have. */
#define FILE_RIGHTS                                                                                \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
		LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |                       \
		LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                   \
		LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |                       \
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                       \
		LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                     \
		LANDLOCK_ACCESS_FS_MAKE_SYM)

int sandbox_deny_files(void)
{
	struct landlock_ruleset_attr rules = { .handled_access_fs = FILE_RIGHTS };
	int result = 0;
	long fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);

	if (fd < 0)
		return errno == ENOSYS ? -EOPNOTSUPP : -errno;
	if (syscall(SYS_landlock_restrict_self, (int)fd, 0) != 0)
		result = -errno;
	close((int)fd);
	return result;
}
