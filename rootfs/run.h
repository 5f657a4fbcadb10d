/* SPDX-License-Identifier: ISC */
/* Run one of the distribution's tools to its end. */
#ifndef BRAMBLE_ROOTFS_RUN_H
#define BRAMBLE_ROOTFS_RUN_H

#include <stddef.h>
#include <sys/types.h>

#include "rootfs/failure.h"
#include "rootfs/progress.h"

/* Some tools are in sbin, which an administrator's PATH may lack; a program that runs tools sets
 * its own PATH to this (posix_spawnp searches the caller's). */
#define RUN_SAFE_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct run {
	const char *const *arguments; /* [0] is searched in PATH; NULL-terminated */
	const char *called;	      /* in messages, NULL = arguments[0] */
	const char *home;	      /* HOME; NULL = ours, and our proxies */
	const char *directory;	      /* working directory, NULL = ours */
	const char *temporary;	      /* TMPDIR, NULL = ours */
	const char *log;	      /* file that gets all output appended, NULL none */
	long long epoch;	      /* SOURCE_DATE_EPOCH, 0 = not set */
	char *output; /* gets standard output, NUL-terminated; NULL: it counts as lines */
	size_t output_size;
	/* Called for each line of output that isn't captured. */
	void (*line)(void *context, const char *line);
	void *context;
	struct progress *progress; /* ticked while waiting, NULL none */
};

/* The environment of the tool is PATH, HOME, LC_ALL=C.UTF-8, the proxies, and what `run` says.
 * Returns 0; -ENOENT when the tool isn't installed, -ECHILD when it failed (`failure` has its last
 * lines and where the log is), -E2BIG when its output doesn't fit, or -errno. */
int run_tool(const struct run *run, struct failure *failure);

/* The end of a child: its exit status, 128 and the signal that ended it, or -errno. */
int run_await(pid_t child);

#endif
