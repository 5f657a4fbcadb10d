/* SPDX-License-Identifier: ISC */
/* SSH host keys belong to the node: made once, kept in its data directory, the same on whatever
 * board. */
#include <dirent.h>
#include <errno.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/agent/agent.h"

#define KEY_LIMIT 65536
#define PATH_SIZE 512

static bool has_host_key(const char *directory)
{
	DIR *entries = opendir(directory);
	const struct dirent *entry;
	bool found = false;

	while (entries && !found && (entry = readdir(entries)))
		found = strncmp(entry->d_name, "ssh_host_", 9) == 0 &&
			strstr(entry->d_name, "_key") != NULL;
	if (entries)
		closedir(entries);
	return found;
}

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

static int copy_key(const char *from_directory, const char *to_directory, const char *name)
{
	char from[PATH_SIZE], to[PATH_SIZE], *key;
	size_t size;
	int result;

	snprintf(from, sizeof(from), "%s/%s", from_directory, name);
	snprintf(to, sizeof(to), "%s/%s", to_directory, name);
	result = file_read(from, KEY_LIMIT, &key, &size);
	if (result != 0)
		return result;
	result = file_replace(to, key, size, strstr(name, ".pub") ? 0644 : 0600);
	free(key);
	return result;
}

int agent_keep_host_keys(const char *kept, const char *etc_ssh)
{
	const struct dirent *entry;
	DIR *entries;
	int result = 0;

	if (has_host_key(kept))
		return 0;
	if (!has_host_key(etc_ssh)) {
		result = make_key(etc_ssh);
		if (result != 0)
			return result;
	}
	result = file_make_directories(kept, 0700);
	entries = result == 0 ? opendir(etc_ssh) : NULL;
	if (result == 0 && !entries)
		return -errno;
	while (result == 0 && (entry = readdir(entries))) {
		if (strncmp(entry->d_name, "ssh_host_", 9) == 0)
			result = copy_key(etc_ssh, kept, entry->d_name);
	}
	if (entries)
		closedir(entries);
	return result;
}
