/* SPDX-License-Identifier: ISC */
/* Is a version what it was when it was made? */
#include "provisioner/image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/boot.h"
#include "boot/manifest.h"
#include "common/file.h"
#include "rootfs/run.h"
#include "rootfs/tree.h"

#define SHORT_HASH 12
#define ABOUT_SIZE 4096

struct boot_manifest *image_read_manifest(
	const struct image_version *version, char reason[static BOOT_REASON_SIZE])
{
	struct boot_manifest *manifest = calloc(1, sizeof(*manifest));
	char path[WORKSHOP_PATH_SIZE + 16];
	char *text = NULL;
	size_t size;
	int result;

	snprintf(path, sizeof(path), "%s/" BOOT_MANIFEST_NAME, version->boot);
	result = manifest ? file_read(path, BOOT_MANIFEST_LIMIT, &text, &size) : -ENOMEM;
	if (result != 0)
		snprintf(reason, BOOT_REASON_SIZE, "the boot set's manifest can't be read: %s",
			strerror(-result));
	if (result == 0)
		result = boot_manifest_parse(text, manifest, reason);
	free(text);
	if (result == 0)
		return manifest;
	free(manifest);
	return NULL;
}

/* What the root says of itself (ROOT_ABOUT_PATH). */
static int read_about(
	const struct image_version *version, char out[static ABOUT_SIZE], struct failure *failure)
{
	const char *const arguments[] = { "unsquashfs", "-cat", version->root, ROOT_ABOUT_PATH,
		NULL };
	const struct run run = { .arguments = arguments, .output = out, .output_size = ABOUT_SIZE };
	char path[WORKSHOP_PATH_SIZE + 64];
	char *text;
	size_t size;
	int result;

	if (version->mode == IMAGE_SQUASHFS)
		return run_tool(&run, failure);
	snprintf(path, sizeof(path), "%s/" ROOT_ABOUT_PATH, version->root);
	result = file_read(path, ABOUT_SIZE - 1, &text, &size);
	if (result != 0)
		return failure_set(failure, result, "/" ROOT_ABOUT_PATH " can't be read: %s",
			strerror(-result));
	str_copy(out, ABOUT_SIZE, text);
	free(text);
	return 0;
}

int image_check_root(const struct image_version *version, struct failure *failure)
{
	char hash[HASH_TEXT_SIZE];
	int result = version->mode == IMAGE_TREE ? tree_hash(version->root, hash)
						 : image_hash_file(version->root, hash);

	if (result != 0)
		return failure_set(
			failure, result, "the root can't be read: %s", strerror(-result));
	return strcmp(hash, version->hash) == 0
		       ? 0
		       : failure_set(failure, -EIO,
				 "the root is damaged: its content has the hash %.*s", SHORT_HASH,
				 hash);
}

/* The set must be the one that this root was made with. */
static int check_set_belongs(const struct image_version *version, struct failure *failure)
{
	char about[ABOUT_SIZE], path[WORKSHOP_PATH_SIZE + 16], hash[HASH_TEXT_SIZE];
	char expected[HASH_TEXT_SIZE];
	const char *line;
	int result = read_about(version, about, failure);

	if (result != 0)
		return result;
	line = strstr(about, "\nboot ");
	if (!line || sscanf(line, "\nboot %64s", expected) != 1)
		return failure_set(
			failure, -EINVAL, "the root doesn't say which boot set it needs");
	snprintf(path, sizeof(path), "%s/" BOOT_MANIFEST_NAME, version->boot);
	result = image_hash_file(path, hash);
	if (result != 0)
		return failure_set(failure, result, "the boot set's manifest can't be read: %s",
			strerror(-result));
	return strcmp(hash, expected) == 0 ? 0
					   : failure_set(failure, -EIO,
						     "the boot set's manifest is not the one that "
						     "the root was made with");
}

static int check_set_files(const struct image_version *version, struct failure *failure)
{
	char reason[BOOT_REASON_SIZE];
	struct boot_manifest *manifest = image_read_manifest(version, reason);
	int result = 0;

	if (!manifest)
		return failure_set(failure, -EIO, "%s", reason);
	for (size_t i = 0; result == 0 && i < manifest->count; i++) {
		const struct boot_entry *entry = &manifest->entries[i];
		char path[WORKSHOP_PATH_SIZE + BOOT_ENTRY_NAME_SIZE], hash[HASH_TEXT_SIZE];

		snprintf(path, sizeof(path), "%s/%s", version->boot, entry->file);
		result = image_hash_file(path, hash);
		if (result != 0)
			failure_set(failure, result, "%s of the boot set can't be read: %s",
				entry->file, strerror(-result));
		else if (strcmp(hash, entry->hash) != 0)
			result = failure_set(
				failure, -EIO, "%s of the boot set is damaged", entry->file);
	}
	free(manifest);
	return result;
}

int image_check(const struct image_version *version, struct failure *failure)
{
	char reason[BOOT_REASON_SIZE];
	struct boot_set *set;
	int result = image_check_root(version, failure);

	if (result == 0)
		result = check_set_belongs(version, failure);
	if (result == 0)
		result = check_set_files(version, failure);
	if (result == 0) {
		result = boot_set_open(version->boot, &set, reason);
		if (result != 0)
			failure_set(failure, result, "the boot set is not usable: %s", reason);
		boot_set_close(set);
	}
	return result;
}
