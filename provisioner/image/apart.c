/* SPDX-License-Identifier: ISC */
/*
 * mmdebstrap mounts proc, sys and dev into the root that it makes, and starts dozens of programs in
 * it. The child that works is the first process of a PID namespace (pid_namespaces(7)): when it
 * ends, even by SIGKILL, the kernel ends all others in it; and it is killed when its parent ends.
 */
#include "provisioner/image/apart.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int apart_enter(struct failure *failure)
{
	if (geteuid() != 0)
		return failure_set(failure, -EPERM,
			"building an image needs root: files in it belong to many users");
	if (unshare(CLONE_NEWPID) != 0)
		return failure_set(
			failure, -errno, "a PID namespace can't be made: %s", strerror(errno));
	return 0;
}

/* In the child alone: its parent must be able to clean up behind it. Slave, not private: what is
 * unmounted on the host isn't kept busy. */
static void leave_mounts(void)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0)
		return;
	fprintf(stderr, "a mount namespace can't be made: %s\n", strerror(errno));
	exit(1);
}

static int wait_for(pid_t child, const sigset_t *signals)
{
	int status, signal_number;

	for (;;) {
		signal_number = sigwaitinfo(signals, NULL);
		if (signal_number > 0 && signal_number != SIGCHLD)
			(void)kill(child, SIGKILL);
		if (waitpid(child, &status, signal_number == SIGCHLD ? WNOHANG : 0) == child)
			break;
	}
	if (signal_number != SIGCHLD)
		return 128 + signal_number;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int apart_run(int (*work)(void *context), void *context)
{
	sigset_t signals, before;
	pid_t child;
	int result;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, &before) != 0)
		return -errno;
	child = fork();
	if (child < 0)
		return -errno;
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		leave_mounts();
		exit(work(context));
	}
	result = wait_for(child, &signals);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return result;
}
