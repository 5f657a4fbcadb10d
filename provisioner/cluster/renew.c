/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/renew.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "provisioner/cluster/credentials.h"
#include "provisioner/cluster/own.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/running.h"
#include "provisioner/cluster/snapshot.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"
#include "rootfs/run.h"

/* The API server takes no new connection and waits a minute for the watches of the others to end,
 * which they don't: what it was asked shortly before is answered long since. */
#define DRAIN_MS 10000
#define END_WAIT_MS 20000
#define KEPT_BEFORE_RENEWALS 3u
#define PATH_SIZE 64

static int snapshot(
	const struct settings *settings, struct progress *progress, struct failure *failure)
{
	struct snapshot made;
	int result;

	progress_begin(progress, "snapshot");
	result = snapshot_make(settings, "before-renewal", progress, &made, failure);
	if (result == 0)
		result = snapshot_prune(settings, "before-renewal", KEPT_BEFORE_RENEWALS, failure);
	if (result == 0)
		progress_end(progress, "%s", made.name);
	return result;
}

static int renew(
	const struct settings *settings, struct progress *progress, struct failure *failure)
{
	struct cluster_paths paths;
	const char *const arguments[] = { "kubeadm", "certs", "renew", "all", "--config",
		paths.config, NULL };
	const struct run run = { .arguments = arguments, .log = paths.log, .progress = progress };
	char version[CLUSTER_VERSION_SIZE];
	int result;

	cluster_find_paths(settings, &paths);
	progress_begin(progress, "renewal");
	result = cluster_enter(&paths, failure);
	if (result == 0)
		result = cluster_ask_version(
			"kubeadm", "version", "--output=short", version, failure);
	if (result == 0)
		result = run_tool(&run, failure);
	if (result == 0)
		result = credentials_make_own(&paths, version, progress, failure);
	/* kubeadm has written them as root. */
	if (result == 0)
		result = cluster_own(&paths, failure);
	if (result == 0)
		progress_end(progress, "%s", paths.pki);
	return result;
}

/* The process that brambled keeps under this name; -ESRCH when there is none. */
static int find_process(
	const struct settings *settings, const char *name, const char *executable, pid_t *pid)
{
	char path[PATH_SIZE], program[PATH_MAX] = "";
	int result = running_read(settings, name, pid);

	if (result != 0)
		return result;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)*pid);
	return readlink(path, program, sizeof(program) - 1) > 0 &&
			       strcmp(basename(program), executable) == 0
		       ? 0
		       : -ESRCH;
}

/* Send the signal and wait for the end. -ETIMEDOUT: it goes on. */
static int end_by(int pidfd, int signal, int wait_ms)
{
	struct pollfd polled = { .fd = pidfd, .events = POLLIN };

	if (pidfd_send_signal(pidfd, signal, NULL, 0) != 0)
		return errno == ESRCH ? 0 : -errno;
	return poll(&polled, 1, wait_ms) > 0 ? 0 : -ETIMEDOUT;
}

static int end_process(pid_t pid)
{
	int fd = pidfd_open(pid, 0), result;

	if (fd < 0)
		return errno == ESRCH ? 0 : -errno;
	result = end_by(fd, SIGTERM, DRAIN_MS);
	if (result == -ETIMEDOUT)
		result = end_by(fd, SIGKILL, END_WAIT_MS);
	close(fd);
	return result;
}

/* brambled starts what ends anew. */
static int restart(const struct settings *settings, const char *name, const char *executable,
	struct progress *progress, struct failure *failure)
{
	pid_t pid;
	int result = find_process(settings, name, executable, &pid);

	progress_begin(progress, name);
	if (result == 0)
		result = end_process(pid);
	if (result != 0 && result != -ESRCH)
		return failure_set(failure, result, "%s can't be ended, to start it anew: %s", name,
			strerror(-result));
	return cluster_wait_until_ready(settings, progress, failure);
}

/* A node's programs have theirs from its boot. */
static void tell_node(const struct settings *settings, struct progress *progress)
{
	struct cluster_paths paths;
	struct place place;

	cluster_find_paths(settings, &paths);
	if (place_read(&paths, &place) != 0 || !place.node[0])
		return;
	progress_begin(progress, "node");
	progress_end(progress, "etcd and API server have them after `bramble node reboot %s`",
		place.node);
}

int cluster_renew(
	const struct settings *settings, struct progress *progress, struct failure *failure)
{
	/* etcd reads its own at each connection. */
	static const char *const readers[][2] = { { "kube-apiserver", "kube-apiserver" },
		{ "kube-controller-manager", "kube-controller-manager" },
		{ "kube-scheduler", "kube-scheduler" }, { "clusterd", "bramble-clusterd" } };
	int result;

	cluster_use_programs(settings);
	umask(022);
	result = snapshot(settings, progress, failure);
	if (result == 0)
		result = renew(settings, progress, failure);
	for (size_t i = 0; result == 0 && i < sizeof(readers) / sizeof(readers[0]); i++)
		result = restart(settings, readers[i][0], readers[i][1], progress, failure);
	if (result != 0)
		progress_break(progress);
	else
		tell_node(settings, progress);
	return result;
}
