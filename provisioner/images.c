/* SPDX-License-Identifier: ISC */
#include "provisioner/images.h"

#include <endian.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_SETS 8

/* The superblock of squashfs 4.0 begins with a magic number; its own size is at byte 40. */
#define SQUASHFS_MAGIC UINT32_C(0x73717368)
#define SQUASHFS_SIZE_AT 40
#define SQUASHFS_SUPERBLOCK 96
#define SQUASHFS_PADDING UINT64_C(4096) /* mksquashfs fills its last block up */

struct open_set {
	char hash[HASH_TEXT_SIZE]; /* "" = free */
	struct boot_set *set;
	uint64_t used;
};

struct images {
	struct open_set sets[OPEN_SETS];
	uint64_t clock;
};

int images_start(struct brambled *brambled)
{
	brambled->images = calloc(1, sizeof(*brambled->images));
	return brambled->images ? 0 : -ENOMEM;
}

static void close_set(struct open_set *set)
{
	if (set->set)
		boot_set_close(set->set);
	*set = (struct open_set){ 0 };
}

void images_stop(struct brambled *brambled)
{
	for (size_t i = 0; i < OPEN_SETS; i++)
		close_set(&brambled->images->sets[i]);
	free(brambled->images);
	brambled->images = NULL;
}

/* SHARE/images/NAME/HASH + suffix */
static void make_path(const struct brambled *brambled, const char *name, const char *hash,
	const char *suffix, char *out, size_t size)
{
	snprintf(out, size, "%s/images/%s/%s%s", brambled->settings.share, name, hash, suffix);
}

/* A free place, or that of the set which wasn't used for longest. */
static struct open_set *place_for_set(struct images *images)
{
	struct open_set *place = &images->sets[0];

	for (size_t i = 0; i < OPEN_SETS; i++) {
		if (images->sets[i].used < place->used)
			place = &images->sets[i];
	}
	close_set(place);
	return place;
}

static int get_set(struct brambled *brambled, const char *name, const char *hash,
	struct boot_set **set, char reason[static IMAGES_REASON_SIZE])
{
	struct images *images = brambled->images;
	struct open_set *place;
	char directory[IMAGES_PATH_SIZE], why[160] = "";
	int result;

	for (size_t i = 0; i < OPEN_SETS; i++) {
		if (strcmp(images->sets[i].hash, hash) == 0) {
			images->sets[i].used = ++images->clock;
			*set = images->sets[i].set;
			return 0;
		}
	}
	make_path(brambled, name, hash, ".boot", directory, sizeof(directory));
	place = place_for_set(images);
	result = boot_set_open(directory, &place->set, why);
	if (result != 0) {
		place->set = NULL;
		snprintf(reason, IMAGES_REASON_SIZE,
			"%.150s: run `bramble image verify`, or build it again", why);
		return result;
	}
	str_copy(place->hash, sizeof(place->hash), hash);
	place->used = ++images->clock;
	*set = place->set;
	return 0;
}

/* How many bytes the squashfs in a file says that it has, and how many are there. False: it is no
 * squashfs. */
static bool measure_squashfs(int fd, uint64_t *squashfs, uint64_t *all)
{
	uint8_t superblock[SQUASHFS_SUPERBLOCK];
	uint32_t magic = 0;
	uint64_t size = 0;
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
		pread(fd, superblock, sizeof(superblock), 0) != (ssize_t)sizeof(superblock))
		return false;
	memcpy(&magic, superblock, sizeof(magic));
	memcpy(&size, superblock + SQUASHFS_SIZE_AT, sizeof(size));
	*all = (uint64_t)status.st_size;
	*squashfs = le64toh(size);
	return le32toh(magic) == SQUASHFS_MAGIC;
}

/* A copy that was interrupted is shorter than it says of itself; and what lies behind the squashfs
 * is a hash tree, or was one. */
static bool is_whole(int fd, struct verity *verity)
{
	uint64_t squashfs, all;

	*verity = (struct verity){ 0 };
	if (!measure_squashfs(fd, &squashfs, &all) || all < squashfs)
		return false;
	return all - squashfs < SQUASHFS_PADDING || verity_read(fd, verity) == 0;
}

static int check_squashfs(
	const char *path, struct verity *verity, char reason[static IMAGES_REASON_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool whole;

	if (fd < 0)
		return -errno;
	whole = is_whole(fd, verity);
	close(fd);
	if (whole)
		return 0;
	snprintf(reason, IMAGES_REASON_SIZE,
		"%.150s is truncated or no squashfs file: copy it again, or build it again with "
		"`bramble image build`",
		path);
	return -EUCLEAN;
}

/* The root of a version: a squashfs file, or a directory tree (development). */
static int find_root(struct brambled *brambled, const char *name, const char *hash,
	char path[static IMAGES_PATH_SIZE], char reason[static IMAGES_REASON_SIZE])
{
	struct verity verity;
	struct stat status;
	int result;

	make_path(brambled, name, hash, ".squashfs", path, IMAGES_PATH_SIZE);
	result = check_squashfs(path, &verity, reason);
	if (result != -ENOENT)
		return result;
	make_path(brambled, name, hash, ".tree", path, IMAGES_PATH_SIZE);
	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return 0;
	snprintf(reason, IMAGES_REASON_SIZE,
		"there is no version %.12s… of image %s on the share: `bramble-image list` shows "
		"them",
		hash, name);
	return -ENOENT;
}

/* The newest complete version on the share: "HASH.squashfs" appears only when it is whole. */
static int find_newest(
	const struct brambled *brambled, const char *name, char hash[static HASH_TEXT_SIZE])
{
	char directory[400];
	struct timespec newest = { 0 };
	const struct dirent *entry;
	int result = -ENOENT;
	DIR *entries;

	snprintf(directory, sizeof(directory), "%s/images/%s", brambled->settings.share, name);
	entries = opendir(directory);
	while (entries && (entry = readdir(entries))) {
		const char *dot = strchr(entry->d_name, '.');
		char found[HASH_TEXT_SIZE];
		struct stat status;

		if (!dot || dot - entry->d_name != HASH_TEXT_SIZE - 1 ||
			strcmp(dot, ".squashfs") != 0 ||
			fstatat(dirfd(entries), entry->d_name, &status, 0) != 0)
			continue;
		snprintf(found, sizeof(found), "%.*s", HASH_TEXT_SIZE - 1, entry->d_name);
		if (status.st_mtim.tv_sec < newest.tv_sec ||
			(status.st_mtim.tv_sec == newest.tv_sec &&
				status.st_mtim.tv_nsec < newest.tv_nsec))
			continue;
		newest = status.st_mtim;
		memcpy(hash, found, sizeof(found));
		result = 0;
	}
	if (entries)
		closedir(entries);
	return result;
}

/* An image of which no version was ever chosen: the first one that is built becomes current by
 * itself, so that nothing has to be typed between building it and powering on. Later ones are
 * chosen by `bramble image use`. */
static int use_first(
	struct brambled *brambled, const char *name, char reason[static IMAGES_REASON_SIZE])
{
	char hash[HASH_TEXT_SIZE];
	int result = find_newest(brambled, name, hash);

	return result == 0 ? images_use(brambled, name, hash, reason) : result;
}

int images_current(struct brambled *brambled, const char *name, char hash[static HASH_TEXT_SIZE],
	char reason[static IMAGES_REASON_SIZE])
{
	struct registry_image image;
	int result = registry_get_image(brambled->registry, name, &image);

	if (result == -ENOENT && use_first(brambled, name, reason) == 0)
		result = registry_get_image(brambled->registry, name, &image);
	if (result == 0)
		str_copy(hash, HASH_TEXT_SIZE, image.current);
	else if (result == -ENOENT)
		snprintf(reason, IMAGES_REASON_SIZE,
			"no image '%s': run `bramble image build %s` on the router", name, name);
	else
		snprintf(reason, IMAGES_REASON_SIZE, "the registry can't be read: %s",
			strerror(-result));
	return result;
}

int images_open(struct brambled *brambled, const char *name, const char *hash,
	struct boot_set **set, char root[static IMAGES_PATH_SIZE],
	char reason[static IMAGES_REASON_SIZE])
{
	int result = find_root(brambled, name, hash, root, reason);

	return result == 0 ? get_set(brambled, name, hash, set, reason) : result;
}

int images_verity(const char *root, char argument[static VERITY_ARGUMENT_SIZE],
	char reason[static IMAGES_REASON_SIZE])
{
	struct verity verity = { 0 };
	const char *dot = strrchr(root, '.');
	int result = 0;

	argument[0] = '\0';
	if (dot && strcmp(dot, ".squashfs") == 0)
		result = check_squashfs(root, &verity, reason);
	if (result == 0 && verity.blocks > 0)
		verity_format_argument(&verity, argument);
	return result;
}

static int make_current(struct brambled *brambled, const char *name, const char *hash)
{
	struct registry_image image = { 0 };
	int result = registry_get_image(brambled->registry, name, &image);

	if (result != 0 && result != -ENOENT)
		return result;
	if (strcmp(image.current, hash) == 0)
		return 0;
	str_copy(image.name, sizeof(image.name), name);
	str_copy(image.previous, sizeof(image.previous), image.current);
	str_copy(image.current, sizeof(image.current), hash);
	result = registry_put_image(brambled->registry, &image);
	brambled_event(
		brambled, "image.current", name, "image %s is now version %.12s", name, hash);
	return result;
}

void images_forget(struct brambled *brambled, const char *hash)
{
	for (size_t i = 0; i < OPEN_SETS; i++) {
		if (strcmp(brambled->images->sets[i].hash, hash) == 0)
			close_set(&brambled->images->sets[i]);
	}
}

int images_use(struct brambled *brambled, const char *name, const char *hash,
	char reason[static IMAGES_REASON_SIZE])
{
	char root[IMAGES_PATH_SIZE];
	struct boot_set *set;
	int result;

	if (!str_is_node_name(name) || !str_is_hash(hash, strlen(hash))) {
		snprintf(reason, IMAGES_REASON_SIZE,
			"an image is named by one label and a version by 64 hex digits");
		return -EINVAL;
	}
	images_forget(brambled, hash); /* its files may have been put in place anew */
	result = images_open(brambled, name, hash, &set, root, reason);
	if (result != 0)
		return result;
	result = make_current(brambled, name, hash);
	result = brambled_conclude(brambled, result);
	if (result != 0)
		snprintf(reason, IMAGES_REASON_SIZE, "the registry can't be written: %s",
			strerror(-result));
	return result;
}

int images_roll_back(
	struct brambled *brambled, const char *name, char reason[static IMAGES_REASON_SIZE])
{
	struct registry_image image;
	int result = registry_get_image(brambled->registry, name, &image);

	if (result == 0 && image.previous[0])
		return images_use(brambled, name, image.previous, reason);
	if (result == 0 || result == -ENOENT)
		snprintf(reason, IMAGES_REASON_SIZE, "%s %.63s%s; `bramble image list` shows them",
			result == 0 ? "image" : "there is no image", name,
			result == 0 ? " has no previous version" : "");
	else
		snprintf(reason, IMAGES_REASON_SIZE, "the registry can't be read: %s",
			strerror(-result));
	return result == 0 ? -ENOENT : result;
}
