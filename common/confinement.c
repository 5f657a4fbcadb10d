/* SPDX-License-Identifier: ISC */
#include "common/confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"

#define OTHER_USER "nobody"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
/* At the end a sanitizer looks at its own process: it reads /proc, and attaches a tracer. */
static int lock_in(const struct confinement *confinement)
{
	(void)confinement;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? 0 : -errno;
}
#else
static int give_up_files(int root)
{
	int result = sandbox_deny_files(root);

	if (result == -EOPNOTSUPP) {
		log_notice("this kernel has no Landlock: files are protected by the user's rights "
			   "and the list of system calls only");
		return 0;
	}
	if (result != 0)
		log_error("can't give up files: %s", strerror(-result));
	return result;
}

static int lock_in(const struct confinement *confinement)
{
	int result = give_up_files(confinement->root);

	if (result != 0)
		return result;
	result = calls_allow_only(confinement->tables, confinement->n_tables);
	if (result != 0)
		log_error("can't limit system calls: %s", strerror(-result));
	return result;
}
#endif

static int become(const struct confinement *confinement, const char *user)
{
	int result = sandbox_become(user);

	if (result == 0)
		result = sandbox_forbid_new_rights();
	if (result == -ENOENT)
		log_error("can't become user %s: there is no such user; `make install` creates %s",
			user, confinement->own_user);
	else if (result == -EINVAL)
		log_error("can't become user %s: a server doesn't run as root", user);
	else if (result != 0)
		log_error("can't become user %s: %s", user, strerror(-result));
	return result;
}

int confinement_enter(const struct confinement *confinement)
{
	const char *user = confinement->user;
	int result;

	if (!user)
		user = getpwnam(confinement->own_user) ? confinement->own_user : OTHER_USER;
	tzset(); /* the log's clock reads a file once */
	result = become(confinement, user);
	if (result != 0)
		return result;
	if (confinement->root >= 0 && faccessat(confinement->root, ".", X_OK, AT_EACCESS) != 0) {
		result = -errno;
		log_error("can't serve the directory: user %s may not enter it (%s)", user,
			strerror(-result));
		return result;
	}
	return lock_in(confinement);
}
