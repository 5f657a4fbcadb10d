/* SPDX-License-Identifier: ISC */
/* Image versions on a share: finding, publishing, sweeping. */
#include "provisioner/image/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"
#include "rootfs/cache.h"
#include "rootfs/tree.h"

#define IMAGE_NAMES_LIMIT 1024

/* "HASH.squashfs" or "HASH.tree". */
static bool parse_root_name(const char *file, struct image_version *version)
{
	const char *dot = strchr(file, '.');

	if (!dot || !str_is_hash(file, (size_t)(dot - file)))
		return false;
	if (strcmp(dot, ".squashfs") == 0)
		version->mode = IMAGE_SQUASHFS;
	else if (strcmp(dot, ".tree") == 0)
		version->mode = IMAGE_TREE;
	else
		return false;
	snprintf(version->hash, sizeof(version->hash), "%.*s", (int)(dot - file), file);
	return true;
}

static const char *extension_of(enum image_mode mode)
{
	return mode == IMAGE_TREE ? "tree" : "squashfs";
}

static int set_paths(const char *share, struct image_version *version)
{
	int root = snprintf(version->root, sizeof(version->root), "%s/images/%s/%s.%s", share,
		version->name, version->hash, extension_of(version->mode));
	int boot = snprintf(version->boot, sizeof(version->boot), "%s/images/%s/%s.boot", share,
		version->name, version->hash);

	return root < 0 || boot < 0 || (size_t)root >= sizeof(version->root) ||
			       (size_t)boot >= sizeof(version->boot)
		       ? -ENAMETOOLONG
		       : 0;
}

static int each_of_name(const char *share, const char *name,
	int (*each)(void *context, const struct image_version *version), void *context)
{
	struct image_version *version = calloc(1, sizeof(*version));
	char path[WORKSHOP_PATH_SIZE];
	const struct dirent *entry;
	DIR *directory;
	int result = 0;

	snprintf(path, sizeof(path), "%s/images/%s", share, name);
	directory = version ? opendir(path) : NULL;
	if (!directory) {
		result = -errno;
		free(version);
		return result;
	}
	str_copy(version->name, sizeof(version->name), name);
	while (result == 0 && (entry = readdir(directory)) != NULL) {
		if (!parse_root_name(entry->d_name, version))
			continue;
		result = set_paths(share, version);
		if (result == 0)
			result = each(context, version);
	}
	closedir(directory);
	free(version);
	return result;
}

int image_each(const char *share, const char *name,
	int (*each)(void *context, const struct image_version *version), void *context)
{
	char path[WORKSHOP_PATH_SIZE];
	struct dirent **names;
	int count, result = 0;

	if (name)
		return each_of_name(share, name, each, context);
	snprintf(path, sizeof(path), "%s/images", share);
	count = scandir(path, &names, NULL, alphasort);
	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		if (result == 0 && str_is_node_name(names[i]->d_name))
			result = each_of_name(share, names[i]->d_name, each, context);
		free(names[i]);
	}
	free(names);
	return result;
}

struct finding {
	const char *beginning;
	struct image_version *version;
	unsigned count;
};

static int compare_beginning(void *context, const struct image_version *version)
{
	struct finding *finding = context;

	if (strncmp(version->hash, finding->beginning, strlen(finding->beginning)) == 0) {
		finding->count++;
		*finding->version = *version;
	}
	return 0;
}

int image_find(
	const char *share, const char *word, struct image_version *version, struct failure *failure)
{
	size_t length = strcspn(word, "/");
	struct finding finding = { word[length] ? word + length + 1 : "", version, 0 };
	char name[NODE_NAME_SIZE];
	int result;

	snprintf(name, sizeof(name), "%.*s", (int)length, word);
	if (length >= sizeof(name) || !str_is_node_name(name))
		return failure_set(failure, -EINVAL, "\"%.200s\" is not NAME or NAME/HASH", word);
	result = image_each(share, name, compare_beginning, &finding);
	if (result != 0 && result != -ENOENT)
		return failure_set(failure, result, "%s/images/%s can't be read: %s", share, name,
			strerror(-result));
	if (finding.count == 0)
		return failure_set(failure, -ENOENT,
			"%s has no version %.200s: `bramble-image list` shows them", share, word);
	return finding.count == 1
		       ? 0
		       : failure_set(failure, -EEXIST,
				 "%u versions are meant by %.200s: write more of the hash",
				 finding.count, word);
}

static int lock_image(struct workshop *shop, const char *directory)
{
	char path[WORKSHOP_PATH_SIZE + 8];
	int fd;

	snprintf(path, sizeof(path), "%s/.lock", directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0; /* Held by the descriptor until the process ends. */
	if (fd >= 0 && errno == EWOULDBLOCK)
		return failure_set(&shop->failure, -EBUSY,
			"another build of image %s is running (%s is locked)", shop->recipe->name,
			path);
	return failure_set(
		&shop->failure, -errno, "%s can't be written: %s", directory, strerror(errno));
}

static void sweep(const char *directory)
{
	char pattern[WORKSHOP_PATH_SIZE + 16];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/.build-*", directory);
	if (glob(pattern, GLOB_PERIOD, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			log_notice("removing the remains of an interrupted build: %s",
				found.gl_pathv[i]);
			(void)cache_remove_tree(found.gl_pathv[i]);
		}
	globfree(&found);
}

int image_begin(struct workshop *shop, const char *share)
{
	char directory[WORKSHOP_PATH_SIZE];
	int result = failure_path(&shop->failure, directory, sizeof(directory), "%s/images/%s",
		share, shop->recipe->name);

	if (result != 0)
		return result;
	result = file_make_directories(directory, 0755);
	if (result != 0)
		return failure_set(&shop->failure, result, "%s can't be made: %s", directory,
			strerror(-result));
	result = lock_image(shop, directory);
	if (result != 0)
		return result;
	sweep(directory);
	result = failure_path(
		&shop->failure, shop->work, sizeof(shop->work), "%s/.build-XXXXXX", directory);
	if (result == 0 && (!mkdtemp(shop->work) || chmod(shop->work, 0755) != 0))
		result = failure_set(&shop->failure, -errno,
			"a directory to work in can't be made in %s: %s", directory,
			strerror(errno));
	return result;
}

int image_hash_file(const char *path, char out[static HASH_TEXT_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	result = file_hash(fd, out);
	close(fd);
	return result;
}

/* Everything below the work directory onto the disk, before any final name exists. */
static int sync_work(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	result = syncfs(fd) == 0 ? 0 : -errno;
	close(fd);
	return result;
}

/* A version that is there but damaged is replaced; nodes keep the old file open. */
static bool is_intact(const struct image_version *version)
{
	struct failure failure = { 0 };
	struct stat status;

	if (lstat(version->root, &status) != 0)
		return false;
	if (image_check(version, &failure) == 0)
		return true;
	log_warning("%s is replaced: %s", version->root, failure.text);
	return false;
}

static int identify(struct workshop *shop, const char *root, struct image_version *version)
{
	int result = version->mode == IMAGE_TREE ? tree_hash(root, version->hash)
						 : image_hash_file(root, version->hash);

	if (result == 0 && version->mode == IMAGE_SQUASHFS && chmod(root, 0444) != 0)
		result = -errno;
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "%s can't be hashed: %s", root,
				     strerror(-result));
}

/* The set first, the root last. A set without a root is what a crash left between the two. */
static int rename_both(struct workshop *shop, const char *boot, const char *root,
	const struct image_version *version)
{
	char directory[WORKSHOP_PATH_SIZE];
	int result = cache_remove_tree(version->boot);

	if (result == 0 && version->mode == IMAGE_TREE)
		result = cache_remove_tree(version->root);
	if (result == 0 && rename(boot, version->boot) != 0)
		result = -errno;
	if (result == 0 && rename(root, version->root) != 0)
		result = -errno;
	str_copy(directory, sizeof(directory), version->root);
	*strrchr(directory, '/') = '\0';
	if (result == 0)
		result = file_sync_directory(directory);
	return result == 0 ? 0
			   : failure_set(&shop->failure, result, "%s can't be published: %s",
				     version->root, strerror(-result));
}

int image_publish(struct workshop *shop, const char *share, enum image_mode mode,
	struct image_version *version, bool *existed)
{
	char root[WORKSHOP_PATH_SIZE], boot[WORKSHOP_PATH_SIZE];
	int result = failure_path(&shop->failure, root, sizeof(root), "%s/%s", shop->work,
		mode == IMAGE_TREE ? "root" : "image.squashfs");

	memset(version, 0, sizeof(*version));
	version->mode = mode;
	str_copy(version->name, sizeof(version->name), shop->recipe->name);
	if (result == 0)
		result = failure_path(&shop->failure, boot, sizeof(boot), "%s/boot", shop->work);
	if (result == 0)
		result = identify(shop, root, version);
	if (result == 0)
		result = set_paths(share, version);
	if (result != 0)
		return result;
	*existed = is_intact(version);
	if (*existed)
		return 0;
	result = sync_work(shop->work);
	if (result != 0)
		return failure_set(&shop->failure, result, "%s can't be written to the disk: %s",
			shop->work, strerror(-result));
	return rename_both(shop, boot, root, version);
}
