/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "rootfs/failure.h"

#define TRIES 600u
#define TRY_AGAIN_US 100000

int cluster_lock(const struct settings *settings, bool patient, struct failure *failure)
{
	unsigned tries = patient ? TRIES : 1;
	char path[160];
	int fd, error = 0;

	snprintf(path, sizeof(path), "%.107s/cluster.lock", settings->run);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return failure_set(
			failure, -errno, "can't open %s: %s; be root", path, strerror(errno));
	while (tries-- > 0) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		error = errno;
		if (error != EWOULDBLOCK)
			break;
		if (tries > 0)
			usleep(TRY_AGAIN_US);
	}
	close(fd);
	if (error == EWOULDBLOCK)
		return failure_set(failure, -EBUSY,
			"something else is changing the cluster (%s is locked); wait until it is "
			"done",
			path);
	return failure_set(failure, -error, "can't lock %s: %s", path, strerror(error));
}
