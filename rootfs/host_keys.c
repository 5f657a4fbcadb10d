/* SPDX-License-Identifier: ISC */
#include "rootfs/host_keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

bool host_keys_are_in(const char *directory)
{
	DIR *entries = opendir(directory);
	const char *name;
	bool found = false;

	while (entries && !found && (name = next_key(entries)))
		found = ends_with(name, "_key");
	if (entries)
		closedir(entries);
	return found;
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
	result = file_replace_if_different(
		to, key, size, ends_with(name, ".pub") ? 0644 : 0600, NULL);
	explicit_bzero(key, size);
	free(key);
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
