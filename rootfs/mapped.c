/* SPDX-License-Identifier: ISC */
#include "rootfs/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "rootfs/run.h"

static int complain(const char *what, int error)
{
	fprintf(stderr, "bramble-image: %s: %s%s\n", what, strerror(error),
		error == EPERM || error == ENOSPC || error == EINVAL
			? " (does this kernel allow user namespaces? sysctl "
			  "user.max_user_namespaces)"
			: "");
	return MAPPED_FAILED;
}

static int await(pid_t child)
{
	const int result = run_await(child);

	return result < 0 ? complain("waitpid", -result) : result;
}

/* In the namespaces, root there. Returns only when something fails. */
static int become(char **argv, int output)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (dup2(output, STDOUT_FILENO) < 0)
		return complain("standard output", errno);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return complain("rights can't be given up", errno);
	execvp(argv[0], argv);
	return complain(argv[0], errno);
}

/* Between the two: in the user namespace, whose first process it starts once users are mapped. */
static int enter(char **argv, int output, int ready, int go)
{
	const pid_t parent = getppid();
	char byte = 0;
	pid_t child;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS) != 0)
		return complain("namespaces can't be made", errno);
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
		return MAPPED_FAILED;
	if (setgroups(0, NULL) != 0 || setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)
		return complain("root of the namespace", errno);
	/* Not before: who becomes another user loses it (prctl(2)). */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		return MAPPED_FAILED;
	child = fork();
	if (child < 0)
		return complain("fork", errno);
	if (child == 0)
		_exit(become(argv, output));
	return await(child);
}

static int write_map(pid_t pid, const char *kind)
{
	char path[64], text[64];
	int length = snprintf(text, sizeof(text), "0 %u %u\n", MAPPED_FIRST, MAPPED_COUNT), fd;
	int result = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, kind);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, (size_t)length) != length)
		result = -errno;
	if (fd >= 0)
		close(fd);
	return result;
}

/* Nobody else sees these mounts. A build has a PID namespace of its own, whose processes the /proc
 * of outside knows by other numbers. */
static int show_work(const char *work)
{
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		mount(work, MAPPED_WORK, NULL, MS_BIND, NULL) != 0 ||
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		return -errno;
	return 0;
}

static int run(char **argv, int output)
{
	int ready[2], go[2], result;
	char byte = 0;
	pid_t child;

	if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(go, O_CLOEXEC) != 0)
		return complain("pipe", errno);
	child = fork();
	if (child < 0)
		return complain("fork", errno);
	if (child == 0) {
		close(go[1]);
		_exit(enter(argv, output, ready[1], go[0]));
	}
	close(ready[1]);
	close(go[0]);
	if (read(ready[0], &byte, 1) == 1) {
		result = write_map(child, "gid_map");
		if (result == 0)
			result = write_map(child, "uid_map");
		if (result != 0)
			(void)complain("users can't be mapped", -result);
		else if (write(go[1], &byte, 1) != 1)
			(void)complain("pipe", errno);
	}
	close(go[1]);
	close(ready[0]);
	return await(child);
}

int mapped_main(int argc, char **argv)
{
	int output, result;

	if (argc < 3)
		return MAPPED_FAILED;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	result = show_work(argv[0]);
	if (result != 0)
		return complain(argv[0], -result);
	output = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (output < 0)
		return complain(argv[1], errno);
	result = run(&argv[2], output);
	if (close(output) != 0 && result == 0)
		result = complain(argv[1], errno);
	return result;
}
