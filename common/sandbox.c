/* SPDX-License-Identifier: ISC */
#include "common/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What Debian 12's headers don't know yet, from the kernel's
 * Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h; the ABI that brings
 * each is in the table below. */
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define NET_BIND_TCP (UINT64_C(1) << 0)
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0)
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

/* struct landlock_ruleset_attr as of ABI 6. An older kernel takes it as long as what it doesn't
 * know is 0. */
struct ruleset {
	uint64_t files, network, scopes;
};

static const struct {
	int abi; /* the first one that knows them */
	struct sandbox_rights rights;
} known_rights[] = {
	{ 1, { .files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 } }, /* the first 13 */
	{ 2, { .files = LANDLOCK_ACCESS_FS_REFER } },
	{ 3, { .files = FS_TRUNCATE } },
	{ 4, { .network = NET_BIND_TCP | NET_CONNECT_TCP } },
	{ 5, { .files = FS_IOCTL_DEV } },
	{ 6, { .scopes = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL } },
};

/* Input and output lead nowhere: something else that took their numbers could be mistaken for them.
 */
static int redirect_standard(void)
{
	int result = 0, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	if (dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		result = -errno;
	if (null > STDERR_FILENO)
		close(null);
	return result;
}

int sandbox_close_others(int keep)
{
	const unsigned first = STDERR_FILENO + 1;
	int result = 0;

	if (keep < (int)first)
		result = close_range(first, UINT_MAX, 0);
	else if ((keep > (int)first && close_range(first, (unsigned)keep - 1, 0) != 0) ||
		 close_range((unsigned)keep + 1, UINT_MAX, 0) != 0)
		result = -1;
	return result != 0 ? -errno : redirect_standard();
}

static int become(const char *user)
{
	struct passwd *entry;

	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return errno ? -errno : -ENOENT;
	if (entry->pw_uid == 0)
		return -EINVAL; /* without capabilities root still owns most files */
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_change_id((int)entry->pw_uid, (int)entry->pw_gid,
		    CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING) != 0)
		return -EPERM;
	return 0;
}

/* A user who isn't root may still have been given capabilities, systemd's AmbientCapabilities= for
 * a port below 1024. */
static int drop_capabilities(void)
{
	capng_select_t what = CAPNG_SELECT_CAPS;

	if (capng_get_caps_process() != 0)
		return -EPERM;
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		what = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	return capng_apply(what) == 0 ? 0 : -EPERM;
}

int sandbox_become(const char *user)
{
	return geteuid() == 0 ? become(user) : drop_capabilities();
}

int sandbox_forbid_new_rights(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -errno;
	return 0;
}

struct sandbox_rights sandbox_rights(int abi)
{
	struct sandbox_rights all = { 0, 0, 0 };

	for (size_t i = 0; i < sizeof(known_rights) / sizeof(known_rights[0]); i++) {
		if (known_rights[i].abi > abi)
			break;
		all.files |= known_rights[i].rights.files;
		all.network |= known_rights[i].rights.network;
		all.scopes |= known_rights[i].rights.scopes;
	}
	return all;
}

int sandbox_landlock_abi(void)
{
	/* ENOSYS: not built in, EOPNOTSUPP: not among lsm= */
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static int allow_reading(int ruleset, int root)
{
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
		.parent_fd = root,
	};

	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0
		       ? 0
		       : -errno;
}

int sandbox_deny_files(int root)
{
	const struct sandbox_rights rights = sandbox_rights(sandbox_landlock_abi());
	const struct ruleset rules = { rights.files, rights.network, rights.scopes };
	int ruleset, result = 0;

	if (rules.files == 0)
		return -EOPNOTSUPP;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (ruleset < 0)
		return -errno;
	if (root >= 0)
		result = allow_reading(ruleset, root);
	if (result == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		result = -errno;
	close(ruleset);
	return result;
}

static int allow_beneath(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	struct stat status;
	int result = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : -errno;
	/* What only a directory can grant is refused for a file. */
	if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode))
		rule.allowed_access &= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				       LANDLOCK_ACCESS_FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
		result = -errno;
	close(rule.parent_fd);
	return result;
}

int sandbox_deny_writing(const char *const writable[])
{
	const struct sandbox_rights rights = sandbox_rights(sandbox_landlock_abi());
	const struct ruleset rules = { rights.files, 0, rights.scopes };
	int ruleset, result;

	if (rules.files == 0)
		return -EOPNOTSUPP;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (ruleset < 0)
		return -errno;
	result = allow_beneath(ruleset, "/",
		LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
			LANDLOCK_ACCESS_FS_EXECUTE);
	for (size_t i = 0; result == 0 && writable[i]; i++)
		result = allow_beneath(ruleset, writable[i], rights.files);
	if (result == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		result = -errno;
	close(ruleset);
	return result;
}
