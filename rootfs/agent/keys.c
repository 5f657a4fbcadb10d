/* SPDX-License-Identifier: ISC */
/* The node's SSH host key: made once, kept in its data directory whole or not at all. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/agent/agent.h"
#include "rootfs/host_keys.h"

#define PATH_SIZE 512

/* Ed25519 alone: every SSH of the last ten years has it, and an RSA key costs a Pi 3 many seconds.
 */
static int make_key(const char *etc_ssh)
{
	char path[PATH_SIZE];
	char *const argv[] = { "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "",
		"-f", path, NULL };
	char *const environment[] = { "PATH=/usr/bin:/bin", NULL };
	pid_t pid;
	int status, result;

	snprintf(path, sizeof(path), "%s/ssh_host_ed25519_key", etc_ssh);
	result = posix_spawn(&pid, argv[0], NULL, NULL, argv, environment);
	if (result != 0)
		return -result;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* There is something else of somebody's beside them, which stays. */
static int move_into(const char *aside, const char *kept)
{
	int result = host_keys_copy(aside, kept);

	if (result == 0)
		result = host_keys_remove(aside);
	if (result == 0 && rmdir(aside) != 0)
		result = -errno;
	return result;
}

/* Written aside first: a power cut leaves all of them or none. */
static int keep(const char *etc_ssh, const char *kept)
{
	char aside[PATH_SIZE], parent[PATH_SIZE];
	int result;

	snprintf(aside, sizeof(aside), "%s.new", kept);
	snprintf(parent, sizeof(parent), "%s", kept);
	*strrchr(parent, '/') = '\0';
	result = file_make_directories(aside, 0700);
	if (result == 0)
		result = host_keys_remove(aside); /* what an interrupted try left */
	if (result == 0)
		result = host_keys_copy(etc_ssh, aside);
	if (result == 0)
		result = host_keys_remove(kept); /* public halves, what is damaged */
	if (result == 0 && rename(aside, kept) != 0)
		result = errno == ENOTEMPTY || errno == EEXIST ? move_into(aside, kept) : -errno;
	return result == 0 ? file_sync_directory(parent) : result;
}

int agent_keep_host_keys(const char *kept, const char *etc_ssh)
{
	int result = host_keys_are_in(kept);

	if (result < 0)
		return result;
	if (result > 0)
		return host_keys_copy(kept, etc_ssh);
	/* Not what the image brings: every node would have that. */
	result = host_keys_remove(etc_ssh);
	if (result == 0)
		result = make_key(etc_ssh);
	return result == 0 ? keep(etc_ssh, kept) : result;
}
