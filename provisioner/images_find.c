/* SPDX-License-Identifier: ISC */
/* Versions by the beginning of their hash. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/images.h"

#define SHORTEST_BEGINNING 8
#define DIRECTORY_SIZE 400

static int find_on_share(const struct brambled *brambled, const char *name, const char *beginning,
	char hash[static HASH_TEXT_SIZE])
{
	char path[DIRECTORY_SIZE];
	const struct dirent *entry;
	int result = -ENOENT;
	DIR *entries;

	snprintf(path, sizeof(path), "%.300s/images/%.64s", brambled->settings.share, name);
	entries = opendir(path);
	while (entries && (entry = readdir(entries))) {
		size_t length = strcspn(entry->d_name, ".");
		const char *end = entry->d_name + length;

		if (!str_is_hash(entry->d_name, length) ||
			strncmp(entry->d_name, beginning, strlen(beginning)) != 0 ||
			(strcmp(end, ".squashfs") != 0 && strcmp(end, ".tree") != 0))
			continue;
		if (result == 0) {
			result = -EEXIST;
			break;
		}
		memcpy(hash, entry->d_name, length);
		hash[length] = '\0';
		result = 0;
	}
	if (entries)
		closedir(entries);
	return result;
}

static int find(struct brambled *brambled, const char *name, const char *beginning,
	char hash[static HASH_TEXT_SIZE])
{
	struct registry_image image = { 0 };
	const char *known = NULL;
	size_t length = strlen(beginning);

	if (!str_is_node_name(name))
		return -ENOENT;
	(void)registry_get_image(brambled->registry, name, &image);
	if (strcmp(beginning, "current") == 0)
		known = image.current;
	else if (strcmp(beginning, "previous") == 0)
		known = image.previous;
	else if (length >= SHORTEST_BEGINNING && length < HASH_TEXT_SIZE)
		return find_on_share(brambled, name, beginning, hash);
	if (!known || known[0] == '\0')
		return -ENOENT;
	str_copy(hash, HASH_TEXT_SIZE, known);
	return 0;
}

int images_find(struct brambled *brambled, const char *name, const char *beginning,
	char hash[static HASH_TEXT_SIZE], char reason[static IMAGES_REASON_SIZE])
{
	int result = find(brambled, name, beginning, hash);

	if (result == -EEXIST)
		snprintf(reason, IMAGES_REASON_SIZE,
			"several versions of image %.63s begin with %.64s", name, beginning);
	else if (result != 0)
		snprintf(reason, IMAGES_REASON_SIZE,
			"image %.63s has no version \"%.64s\"; `bramble-image list` shows them (8 "
			"digits will do)",
			name, beginning);
	return result;
}
