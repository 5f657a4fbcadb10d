/* SPDX-License-Identifier: ISC */
/*
 * What a hook gives up before it begins. Three processes: the cage, which bramble-hooks started;
 * the first one of a process namespace of its own, which waits for the hook; the hook. Whatever a
 * hook leaves running ends with that namespace, and the namespace with bramble-hooks, however that
 * ends (PR_SET_PDEATHSIG).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/denied.h"
#include "common/sandbox.h"
#include "common/str.h"
#include "provisioner/hooks/hooks.h"

#define NICE 10
#define OTHER_USER "nobody"

static const struct {
	int resource;
	rlim_t limit;
} limits[] = {
	{ RLIMIT_CORE, 0 },
	{ RLIMIT_NPROC, 128 }, /* of the user, so of all hooks together */
	{ RLIMIT_NOFILE, 256 },
	{ RLIMIT_FSIZE, 16u << 20 },
	{ RLIMIT_DATA, 512u << 20 },
	{ RLIMIT_MEMLOCK, 64u << 10 },
};

static int complain(const char *what, const char *name, int error)
{
	fprintf(stderr, "can't run %s: %s: %s\n", name, what, strerror(error));
	return HOOKS_CAGE_FAILED;
}

static int limit_resources(void)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit limit = { limits[i].limit, limits[i].limit };

		if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) != 0)
			return -errno;
	}
	errno = 0;
	return nice(NICE) == -1 && errno != 0 ? -errno : 0;
}

/* Becomes the hook. Returns only when that fails. */
static int enter(const char *user, const char *directory, const char *program)
{
	const char *const writable[] = { directory, "/dev/null", "/dev/full", NULL };
	char *const argv[] = { (char *)(uintptr_t)program, NULL };
	int result;

	umask(077);
	signal(SIGTERM, SIG_DFL);
	result = sandbox_become(getpwnam(user) ? user : OTHER_USER);
	if (result == 0)
		result = sandbox_forbid_new_rights();
	if (result != 0)
		return complain("giving up rights", program, -result);
	result = sandbox_deny_writing(writable);
	if (result != 0 && result != -EOPNOTSUPP)
		return complain("giving up files", program, -result);
	result = denied_take_away();
	if (result != 0)
		return complain("limiting system calls", program, -result);
	/* Last: a sanitizer has more memory than a hook may. */
	result = limit_resources();
	if (result != 0)
		return complain("resource limits", program, -result);
	execve(program, argv, environ);
	return complain("execve", program, errno);
}

/* Wait for `child`; also for what was orphaned, as the first process of a namespace must. Returns
 * an exit status as a shell says it. */
static int await(pid_t child)
{
	int status;
	pid_t ended;

	for (;;) {
		ended = waitpid(-1, &status, 0);
		if (ended == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (ended < 0 && errno != EINTR)
			return HOOKS_CAGE_FAILED;
	}
}

static void end_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

/* The first process of the namespace. `alive` is a pipe that the cage holds open: had it died
 * before it could be watched, that would never be told. */
static int begin(const char *user, const char *directory, const char *program, int alive)
{
	struct pollfd cage = { .fd = alive, .events = POLLIN };
	pid_t hook;

	end_with_parent();
	if (poll(&cage, 1, 0) != 0)
		return HOOKS_CAGE_FAILED;
	hook = fork();
	if (hook < 0)
		return complain("fork", program, errno);
	if (hook == 0)
		_exit(enter(user, directory, program));
	return await(hook);
}

int hooks_cage_main(int argc, char **argv)
{
	uint64_t parent;
	pid_t first;
	int alive[2];

	if (argc != 4 || str_parse_u64(argv[0], 1, INT32_MAX, &parent) != 0)
		return HOOKS_CAGE_FAILED;
	/* Meant for the hook, which is in our process group. */
	signal(SIGTERM, SIG_IGN);
	end_with_parent();
	if (getppid() != (pid_t)parent)
		return HOOKS_CAGE_FAILED;
	if (chdir(argv[2]) != 0)
		return complain("its directory", argv[3], errno);
	if (unshare(CLONE_NEWPID) != 0)
		return complain("a process namespace", argv[3], errno);
	if (pipe2(alive, O_CLOEXEC) != 0)
		return complain("pipe", argv[3], errno);
	first = fork();
	if (first < 0)
		return complain("fork", argv[3], errno);
	if (first == 0) {
		close(alive[1]);
		_exit(begin(argv[1], argv[2], argv[3], alive[0]));
	}
	close(alive[0]);
	/* At once: what runs at an exit (of a sanitizer, too) may start threads, and none can be
	 * started any more where the namespace has ended. */
	_exit(await(first));
}
