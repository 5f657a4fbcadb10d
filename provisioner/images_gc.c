/* SPDX-License-Identifier: ISC */
/* Removing image versions that nothing needs any more. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/images.h"
#include "provisioner/rollout/rollout.h"
#include "provisioner/timeline/stages.h"

#define BOOTS_LOOKED_AT 2000
#define DIRECTORY_SIZE 400

struct sweep {
	struct brambled *brambled;
	const char *name;
	struct registry_image image;
	struct images_kept *kept;
	int directory; /* SHARE/images/NAME */
};

static int fail(char reason[static IMAGES_REASON_SIZE], int error, const char *what, const char *on)
{
	snprintf(reason, IMAGES_REASON_SIZE, "%.60s %.100s: %.60s", what, on, strerror(-error));
	return error;
}

static struct images_version *find(struct images_kept *kept, const char *hash)
{
	for (size_t i = 0; i < kept->count; i++) {
		if (strcmp(kept->versions[i].hash, hash) == 0)
			return &kept->versions[i];
	}
	return NULL;
}

/* The first reason stays. */
static void keep(struct images_kept *kept, const char *hash, const char *why)
{
	struct images_version *version = find(kept, hash);

	if (version && version->why[0] == '\0')
		str_copy(version->why, sizeof(version->why), why);
}

static int keep_of_node(void *argument, const struct registry_node *node)
{
	struct sweep *sweep = argument;
	char why[sizeof(sweep->kept->versions[0].why)];

	snprintf(why, sizeof(why), "node %.60s booted it", node->name);
	if (node->image_hash[0])
		keep(sweep->kept, node->image_hash, why);
	snprintf(why, sizeof(why), "last good version of %.50s", node->name);
	if (node->good[0])
		keep(sweep->kept, node->good, why);
	snprintf(why, sizeof(why), "a roll-out gives it to %.50s", node->name);
	if (node->assigned[0])
		keep(sweep->kept, node->assigned, why);
	return 0;
}

static int keep_of_boot(void *argument, const struct registry_boot *boot)
{
	struct sweep *sweep = argument;

	/* One that has joined is its node's. */
	if (boot->ended_ms == 0 && boot->image_hash[0] && !stages_have_joined(boot->stage))
		keep(sweep->kept, boot->image_hash, "a boot is going on with it");
	return 0;
}

static int keep_of_rollout(void *argument, const struct registry_rollout *rollout)
{
	struct sweep *sweep = argument;
	char why[sizeof(sweep->kept->versions[0].why)];

	if (!rollout_is_live(rollout->state))
		return 0;
	snprintf(why, sizeof(why), "roll-out %lld brings it", (long long)rollout->id);
	keep(sweep->kept, rollout->version, why);
	return 0;
}

static void look_at_root(int directory, const char *name, struct images_version *version)
{
	struct stat status;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	version->built_ms =
		status.st_mtim.tv_sec * INT64_C(1000) + status.st_mtim.tv_nsec / 1000000;
	if (S_ISREG(status.st_mode))
		version->bytes = (uint64_t)status.st_size;
}

/* Every version of which something lies there, also what an interrupted sweep left. */
static int list_versions(struct sweep *sweep)
{
	int copy = dup(sweep->directory);
	DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	while (entries && (entry = readdir(entries))) {
		size_t length = strcspn(entry->d_name, ".");
		const char *end = entry->d_name + length;
		struct images_version *version;
		char hash[HASH_TEXT_SIZE];

		if (!str_is_hash(entry->d_name, length) ||
			(strcmp(end, ".squashfs") != 0 && strcmp(end, ".boot") != 0 &&
				strcmp(end, ".tree") != 0))
			continue;
		memcpy(hash, entry->d_name, length);
		hash[length] = '\0';
		version = find(sweep->kept, hash);
		if (!version) {
			if (sweep->kept->count == IMAGES_VERSIONS)
				continue;
			version = &sweep->kept->versions[sweep->kept->count++];
			*version = (struct images_version){ 0 };
			memcpy(version->hash, hash, sizeof(hash));
		}
		if (strcmp(end, ".boot") != 0)
			look_at_root(sweep->directory, entry->d_name, version);
		if (strcmp(end, ".tree") == 0)
			str_copy(version->why, sizeof(version->why),
				"a directory tree: remove it by hand");
	}
	if (!entries && copy >= 0)
		close(copy);
	if (entries)
		closedir(entries);
	return entries ? 0 : -errno;
}

static int judge(struct sweep *sweep)
{
	struct brambled *brambled = sweep->brambled;
	int result = brambled_settle(brambled); /* also boots that were just begun */

	if (result == 0)
		result = list_versions(sweep);

	keep(sweep->kept, sweep->image.current, "current");
	keep(sweep->kept, sweep->image.previous, "previous");
	for (size_t i = 0; i < sweep->image.n_pinned; i++)
		keep(sweep->kept, sweep->image.pinned[i], "pinned");
	if (result == 0)
		result = registry_each_node(brambled->registry, keep_of_node, sweep);
	if (result == 0)
		result = registry_each_rollout(brambled->registry, keep_of_rollout, sweep);
	if (result == 0)
		result = registry_each_boot(
			brambled->registry, NULL, NULL, BOOTS_LOOKED_AT, keep_of_boot, sweep);
	return result;
}

static int remove_directory(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!entries) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? 0 : -errno;
	}
	while ((entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(fd, entry->d_name, 0);
	}
	closedir(entries);
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

/* The root first: without it there is no such version, whatever else is left of it. */
static int remove_version(const struct sweep *sweep, const char *hash)
{
	char name[HASH_TEXT_SIZE + sizeof(".squashfs")];

	snprintf(name, sizeof(name), "%s.squashfs", hash);
	if (unlinkat(sweep->directory, name, 0) != 0 && errno != ENOENT)
		return -errno;
	if (fsync(sweep->directory) != 0)
		return -errno;
	snprintf(name, sizeof(name), "%s.boot", hash);
	return remove_directory(sweep->directory, name);
}

static int remove_rest(struct sweep *sweep, char reason[static IMAGES_REASON_SIZE])
{
	for (size_t i = 0; i < sweep->kept->count; i++) {
		const struct images_version *version = &sweep->kept->versions[i];
		int result;

		if (version->why[0])
			continue;
		images_forget(sweep->brambled, version->hash);
		result = remove_version(sweep, version->hash);
		if (result != 0)
			return fail(reason, result, "can't remove version", version->hash);
		brambled_event(sweep->brambled, "image.removed", sweep->name,
			"version %.12s of image %s was removed", version->hash, sweep->name);
	}
	return brambled_commit(sweep->brambled);
}

/* Who publishes a version holds the lock: its parts must not be taken for leftovers. */
static int lock(struct sweep *sweep, int *fd, char reason[static IMAGES_REASON_SIZE])
{
	*fd = openat(sweep->directory, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (*fd < 0)
		return fail(reason, -errno, "can't open the lock of image", sweep->name);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	close(*fd);
	snprintf(reason, IMAGES_REASON_SIZE,
		"a version of image %s is being built just now; try again when it is done",
		sweep->name);
	return -EEXIST;
}

/* -ENOENT of the registry is the caller's to judge. */
static int begin(struct sweep *sweep, char reason[static IMAGES_REASON_SIZE])
{
	struct brambled *brambled = sweep->brambled;
	char path[DIRECTORY_SIZE];
	int result = registry_get_image(brambled->registry, sweep->name, &sweep->image);

	sweep->kept->count = 0;
	snprintf(path, sizeof(path), "%.300s/images/%.64s", brambled->settings.share, sweep->name);
	sweep->directory =
		str_is_node_name(sweep->name) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (sweep->directory < 0)
		return fail(reason, -ENOENT, "there is no image", sweep->name);
	if (result != 0 && result != -ENOENT)
		(void)fail(reason, result, "can't read the registry for", sweep->name);
	return result;
}

int images_examine(struct brambled *brambled, const char *name, struct images_kept *kept,
	char reason[static IMAGES_REASON_SIZE])
{
	struct sweep sweep = { .brambled = brambled, .name = name, .kept = kept };
	int result = begin(&sweep, reason);

	if (sweep.directory < 0)
		return result;
	if (result == 0 || result == -ENOENT)
		result = judge(&sweep);
	if (result != 0)
		(void)fail(reason, result, "can't see what is needed of image", name);
	close(sweep.directory);
	return result;
}

int images_gc(struct brambled *brambled, const char *name, bool dry_run, struct images_kept *kept,
	char reason[static IMAGES_REASON_SIZE])
{
	struct sweep sweep = { .brambled = brambled, .name = name, .kept = kept };
	int held, result = begin(&sweep, reason);

	if (result == -ENOENT)
		(void)fail(reason, result, "there is no image", name);
	if (result != 0) {
		if (sweep.directory >= 0)
			close(sweep.directory);
		return result;
	}
	result = lock(&sweep, &held, reason);
	if (result == 0) {
		result = judge(&sweep);
		if (result != 0)
			(void)fail(reason, result, "can't see what is needed of image", name);
		else if (!dry_run)
			result = remove_rest(&sweep, reason);
		close(held);
	}
	close(sweep.directory);
	return result;
}
