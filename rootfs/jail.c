/* SPDX-License-Identifier: ISC */
#include "rootfs/jail.h"

#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/denied.h"
#include "rootfs/run.h"

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* Owned by root, who needs no capability to write them, and they are the whole machine's. */
static const char *const only_read[] = { "/proc/sys", "/proc/fs", "/proc/irq", "/proc/bus",
	"/proc/acpi", "/proc/scsi" };
static const char *const hidden[] = { "/proc/sysrq-trigger", "/proc/kcore", "/proc/kmsg",
	"/proc/kallsyms", "/proc/timer_list", "/proc/sched_debug", "/proc/mtrr" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int complain(const char *what, int error)
{
	fprintf(stderr, "bramble-image: %s: %s\n", what, strerror(error));
	return JAIL_FAILED;
}

/* From here on "/" is ROOT, and nothing leads out of it. */
static int change_root(const char *root)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount(root, root, NULL, MS_BIND | MS_REC, NULL) != 0 || chdir(root) != 0 ||
		syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
		chdir("/") != 0)
		return -errno;
	/* What is mounted in it keeps its own devices. */
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_NODEV, NULL) == 0 ? 0 : -errno;
}

static int mount_over(const char *from, const char *path, unsigned long flags)
{
	if (mount(from, path, NULL, MS_BIND, NULL) != 0)
		return errno == ENOENT ? 0 : -errno;
	return flags == 0 || mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | flags, NULL) == 0
		       ? 0
		       : -errno;
}

static int mount_proc(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	struct stat status;
	int result = 0;

	if (lstat("/proc", &status) != 0 || !S_ISDIR(status.st_mode))
		return -ENOTDIR;
	if (mount("proc", "/proc", "proc", flags, NULL) != 0)
		return -errno;
	for (size_t i = 0; result == 0 && i < COUNT(only_read); i++)
		result = mount_over(only_read[i], only_read[i], flags | MS_RDONLY);
	for (size_t i = 0; result == 0 && i < COUNT(hidden); i++)
		result = mount_over("/dev/null", hidden[i], 0);
	return result;
}

/* No device can be made, nothing mounted, no other root entered, nothing of the machine set. */
static int drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
		    CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETUID, CAP_SETGID,
		    CAP_SETFCAP, CAP_KILL, -1) != 0)
		return -EINVAL;
	return capng_apply(CAPNG_SELECT_BOTH) == 0 ? 0 : -EPERM;
}

/* In the child. Returns only when something fails. */
static int become(const char *root, char *const argv[])
{
	int result;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	umask(022);
	result = change_root(root);
	if (result == 0)
		result = mount_proc();
	if (result != 0)
		return complain("the root can't be laid out", -result);
	result = drop_capabilities();
	if (result == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		result = -errno;
	if (result == 0)
		result = denied_take_away();
	if (result != 0)
		return complain("rights can't be given up", -result);
	execve(argv[0], argv, environ);
	return complain(argv[0], errno);
}

int jail_main(int argc, char **argv)
{
	int result;
	pid_t child;

	if (argc < 2)
		return JAIL_FAILED;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (unshare(NAMESPACES) != 0)
		return complain("namespaces can't be made", errno);
	child = fork();
	if (child < 0)
		return complain("fork", errno);
	if (child == 0)
		_exit(become(argv[0], argv + 1));
	result = run_await(child);
	return result < 0 ? complain("waitpid", -result) : result;
}
