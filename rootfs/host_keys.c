/* SPDX-License-Identifier: ISC */
#include "rootfs/host_keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

#define KEY_LIMIT 65536
#define PATH_SIZE 512
#define NAME_LIMIT 60

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* The next "ssh_host_*_key" or "ssh_host_*_key.pub", or NULL. */
static const char *next_key(DIR *directory)
{
	const struct dirent *entry;

	while ((entry = readdir(directory))) {
		const char *name = entry->d_name;

		if (strncmp(name, "ssh_host_", 9) == 0 && strlen(name) <= NAME_LIMIT &&
			(ends_with(name, "_key") || ends_with(name, "_key.pub")))
			return name;
	}
	return NULL;
}

/* From its first line to its last (OpenSSH's PROTOCOL.key; PEM of older keys; public keys, sshd(8),
 * are one line): a file that was cut short isn't. */
static bool is_whole(const char *name, const char *key, size_t size)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ";

	if (size == 0 || key[size - 1] != '\n' || memchr(key, '\0', size))
		return false;
	if (ends_with(name, ".pub"))
		return true;
	return size > sizeof(begin) && memcmp(key, begin, sizeof(begin) - 1) == 0 &&
	       memmem(key, size, end, sizeof(end) - 1) != NULL;
}

/* 0, -EBADMSG when it isn't whole, or another -errno. The caller frees *key. */
static int read_key(const char *directory, const char *name, char **key, size_t *size)
{
	char path[PATH_SIZE];
	int result;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	*key = NULL;
	result = file_read(path, KEY_LIMIT, key, size);
	if (result == -EFBIG || (result == 0 && !is_whole(name, *key, *size)))
		result = -EBADMSG;
	return result;
}

static void free_key(char *key, size_t size)
{
	if (key)
		explicit_bzero(key, size);
	free(key);
}

int host_keys_are_in(const char *directory)
{
	DIR *entries = opendir(directory);
	const char *name;
	int found = 0;

	if (!entries)
		return errno == ENOENT ? 0 : -errno;
	while (found == 0 && (name = next_key(entries))) {
		size_t size = 0;
		char *key = NULL;
		int result;

		if (!ends_with(name, "_key"))
			continue;
		result = read_key(directory, name, &key, &size);
		if (result == 0)
			found = 1;
		else if (result != -EBADMSG)
			found = result;
		free_key(key, size);
	}
	closedir(entries);
	return found;
}

static int copy_key(const char *from_directory, const char *to_directory, const char *name)
{
	const mode_t mode = ends_with(name, ".pub") ? 0644 : 0600;
	char to[PATH_SIZE], *key;
	size_t size = 0;
	int result = read_key(from_directory, name, &key, &size);

	snprintf(to, sizeof(to), "%s/%s", to_directory, name);
	if (result == 0)
		result = file_replace_if_different(to, key, size, mode, NULL);
	/* One that was the same already may have other rights. */
	if (result == 0 && chmod(to, mode) != 0)
		result = -errno;
	free_key(key, size);
	return result;
}

int host_keys_copy(const char *from, const char *to)
{
	DIR *entries = opendir(from);
	const char *name;
	int result = 0;

	if (!entries)
		return errno == ENOENT ? 0 : -errno;
	while ((name = next_key(entries))) {
		int copied = copy_key(from, to, name);

		if (result == 0)
			result = copied;
	}
	closedir(entries);
	return result;
}

int host_keys_remove(const char *directory)
{
	DIR *entries = opendir(directory);
	const char *name;
	int result = 0;

	if (!entries)
		return errno == ENOENT ? 0 : -errno;
	while (result == 0 && (name = next_key(entries))) {
		if (unlinkat(dirfd(entries), name, 0) != 0)
			result = -errno;
	}
	closedir(entries);
	return result;
}
