/* SPDX-License-Identifier: ISC */
#include "rootfs/layer.h"

#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/tree.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"
#define NOTES ".wh..wh." /* what aufs kept there */
#define BLOCK (256u * 1024u)
#define ENTRIES_LIMIT 4000000u
#define DEPTH_LIMIT 64 /* of directories that are removed: each takes a descriptor */
#define XATTR_LIMIT 65536

/* A directory's time is set when nothing is put into it any more. */
struct dated {
	struct dated *next;
	time_t at;
	char path[];
};

struct layer {
	int root;
	struct dated *directories; /* the last one first */
	struct progress *progress;
	struct failure *failure;
	char block[BLOCK];
};

/* The last part of a clean path tells what it is. */
static int find_kind(char path[static LAYER_PATH_SIZE])
{
	char *slash = strrchr(path, '/'), *leaf = slash ? slash + 1 : path;
	const char *name = leaf + strlen(WHITEOUT);

	if (strncmp(leaf, WHITEOUT, strlen(WHITEOUT)) != 0)
		return LAYER_FILE;
	if (strcmp(leaf, OPAQUE) == 0) {
		*(slash ? slash : path) = '\0';
		return LAYER_OPAQUE;
	}
	if (strncmp(leaf, NOTES, strlen(NOTES)) == 0)
		return LAYER_IGNORE;
	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EINVAL;
	memmove(leaf, name, strlen(name) + 1);
	return LAYER_REMOVE;
}

int layer_read_path(const char *path, char out[static LAYER_PATH_SIZE])
{
	size_t used = 0;

	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && strncmp(path, "..", 2) == 0)
			return -EINVAL;
		if (length > 0 && !(length == 1 && *path == '.')) {
			if (used + length + 2 > LAYER_PATH_SIZE)
				return -EINVAL;
			if (used > 0)
				out[used++] = '/';
			memcpy(out + used, path, length);
			used += length;
		}
		path += length + (path[length] == '/');
	}
	out[used] = '\0';
	return used == 0 ? LAYER_IGNORE : find_kind(out);
}

static int explain(struct layer *layer, const char *path, int result)
{
	return result >= 0 ? result
			   : failure_set(layer->failure, result, "/%s can't be unpacked: %s", path,
				     strerror(-result));
}

/* --- removing --- */

static int remove_below(int parent, const char *name, unsigned depth);

/* Closes `fd`. */
static int empty(int fd, unsigned depth)
{
	DIR *entries = fdopendir(fd);
	const struct dirent *entry;
	int result = 0;

	if (!entries) {
		result = -errno;
		close(fd);
		return result;
	}
	while (result == 0 && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = remove_below(dirfd(entries), entry->d_name, depth);
	closedir(entries);
	return result;
}

/* A link goes, not what it leads to. */
static int remove_below(int parent, const char *name, unsigned depth)
{
	int fd, result;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (depth == 0)
		return -ELOOP;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = empty(fd, depth - 1);
	if (result == 0 && unlinkat(parent, name, AT_REMOVEDIR) != 0)
		result = -errno;
	return result;
}

static int remove_path(struct layer *layer, char *path)
{
	char *slash = strrchr(path, '/');
	int parent, result;

	if (slash)
		*slash = '\0';
	parent = tree_open_inside(layer->root, slash ? path : ".", O_PATH | O_DIRECTORY);
	if (slash)
		*slash = '/';
	if (parent < 0) /* where nothing is, nothing has to go */
		return parent == -ENOENT || parent == -ENOTDIR ? 0 : parent;
	result = remove_below(parent, slash ? slash + 1 : path, DEPTH_LIMIT);
	close(parent);
	return result;
}

static int empty_path(struct layer *layer, const char *path)
{
	int fd = tree_open_inside(layer->root, *path ? path : ".", O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	return empty(fd, DEPTH_LIMIT);
}

static int remove_entry(
	struct layer *layer, struct archive *in, struct archive_entry *entry, char *path, int kind)
{
	int result = kind == LAYER_REMOVE   ? remove_path(layer, path)
		     : kind == LAYER_OPAQUE ? empty_path(layer, path)
					    : 0;

	(void)in;
	(void)entry;
	return explain(layer, path, result);
}

/* --- putting --- */

static int write_data(struct layer *layer, struct archive *in, int fd)
{
	la_ssize_t n;

	while ((n = archive_read_data(in, layer->block, sizeof(layer->block))) > 0) {
		int result = file_write_all(fd, layer->block, (size_t)n);

		if (result != 0)
			return result;
		progress_tick(layer->progress);
	}
	return n == 0 ? 0
		      : failure_set(layer->failure, -EBADMSG, "a layer can't be read: %s",
				archive_error_string(in));
}

/* What a root may need: capabilities of programs, and what users keep. */
static int set_attributes(int fd, struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if (strcmp(name, "security.capability") != 0 && strncmp(name, "user.", 5) != 0)
			continue;
		if (size > XATTR_LIMIT)
			return -E2BIG;
		if (fsetxattr(fd, name, value, size, 0) != 0)
			return -errno;
	}
	return 0;
}

/* The owner first: giving a file away takes its set-user-ID and its capabilities. */
static int finish_file(int fd, struct archive_entry *entry)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = archive_entry_mtime(entry) } };

	if (fchown(fd, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry)) != 0 ||
		fchmod(fd, archive_entry_mode(entry) & 07777) != 0)
		return -errno;
	if (futimens(fd, times) != 0)
		return -errno;
	return set_attributes(fd, entry);
}

static int put_file(struct layer *layer, struct archive *in, struct archive_entry *entry,
	int parent, const char *name)
{
	int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int result = fd < 0 ? -errno : write_data(layer, in, fd);

	if (result == 0)
		result = finish_file(fd, entry);
	if (fd >= 0 && close(fd) != 0 && result == 0)
		result = -errno;
	return result;
}

static int put_directory(struct archive_entry *entry, int parent, const char *name)
{
	int fd, result;

	if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = finish_file(fd, entry);
	close(fd);
	return result;
}

static int note_time(struct layer *layer, struct archive_entry *entry, const char *path)
{
	struct dated *dated = malloc(sizeof(*dated) + strlen(path) + 1);

	if (!dated)
		return -ENOMEM;
	dated->at = archive_entry_mtime(entry);
	memcpy(dated->path, path, strlen(path) + 1);
	dated->next = layer->directories;
	layer->directories = dated;
	return 0;
}

/* What took a directory's place since, in the same layer, keeps its own. */
static void set_times(struct layer *layer)
{
	while (layer->directories) {
		struct dated *dated = layer->directories;
		const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
			{ .tv_sec = dated->at } };
		int fd = tree_open_inside(
			layer->root, dated->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

		if (fd >= 0) {
			(void)futimens(fd, times);
			close(fd);
		}
		layer->directories = dated->next;
		free(dated);
	}
}

static int put_link(struct archive_entry *entry, int parent, const char *name)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = archive_entry_mtime(entry) } };
	const char *target = archive_entry_symlink(entry);

	if (!target || symlinkat(target, parent, name) != 0)
		return target ? -errno : -EINVAL;
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) != 0)
		return -errno;
	return fchownat(parent, name, (uid_t)archive_entry_uid(entry),
		       (gid_t)archive_entry_gid(entry), AT_SYMLINK_NOFOLLOW) == 0
		       ? 0
		       : -errno;
}

/* Another name of a file that is there, in this layer or one below. */
static int put_name(struct layer *layer, const char *target, int parent, const char *name)
{
	char path[LAYER_PATH_SIZE];
	int fd, result = layer_read_path(target, path);

	if (result != LAYER_FILE)
		return -EINVAL;
	fd = tree_open_inside(layer->root, path, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	result = linkat(fd, "", parent, name, AT_EMPTY_PATH) == 0 ? 0 : -errno;
	close(fd);
	return result;
}

static int put(struct layer *layer, struct archive *in, struct archive_entry *entry, int parent,
	const char *name)
{
	const char *target = archive_entry_hardlink(entry);

	if (target)
		return put_name(layer, target, parent, name);
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return put_file(layer, in, entry, parent, name);
	case AE_IFDIR:
		return put_directory(entry, parent, name);
	case AE_IFLNK:
		return put_link(entry, parent, name);
	case AE_IFIFO:
		return mkfifoat(parent, name, archive_entry_mode(entry) & 0777) == 0 ? 0 : -errno;
	default: /* devices are the kernel's, sockets their servers' */
		return 0;
	}
}

/* A directory stays when one comes; all else makes room, unless it is its own target. */
static int make_room(struct archive_entry *entry, int parent, const char *name, const char *path)
{
	const char *target = archive_entry_hardlink(entry);
	char own[LAYER_PATH_SIZE];
	struct stat status;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(status.st_mode) && archive_entry_filetype(entry) == AE_IFDIR && !target)
		return 0;
	if (target && layer_read_path(target, own) == LAYER_FILE && strcmp(own, path) == 0)
		return -EINVAL;
	return remove_below(parent, name, DEPTH_LIMIT);
}

static int unpack_entry(
	struct layer *layer, struct archive *in, struct archive_entry *entry, char *path, int kind)
{
	const char *name;
	int parent, result;

	if (kind != LAYER_FILE || strncmp(path, "dev/", 4) == 0)
		return 0;
	progress_note(layer->progress, "/%.100s", path);
	parent = tree_open_parent(layer->root, path, &name);
	if (parent < 0)
		return explain(layer, path, parent);
	result = make_room(entry, parent, name, path);
	if (result == 0)
		result = put(layer, in, entry, parent, name);
	if (result == 0 && archive_entry_filetype(entry) == AE_IFDIR)
		result = note_time(layer, entry, path);
	close(parent);
	return explain(layer, path, result);
}

/* --- both --- */

static int walk(struct archive *in, struct layer *layer,
	int (*each)(struct layer *layer, struct archive *in, struct archive_entry *entry,
		char *path, int kind))
{
	struct archive_entry *entry;
	char path[LAYER_PATH_SIZE];

	for (unsigned count = 0;; count++) {
		int status = archive_read_next_header(in, &entry), kind;
		const char *name;

		if (status == ARCHIVE_EOF)
			return 0;
		if (status != ARCHIVE_OK || count == ENTRIES_LIMIT)
			return failure_set(layer->failure, -EBADMSG, "a layer can't be read: %s",
				status != ARCHIVE_OK ? archive_error_string(in)
						     : "it has too many files");
		name = archive_entry_pathname(entry);
		kind = name ? layer_read_path(name, path) : -EINVAL;
		if (kind < 0)
			return failure_set(layer->failure, kind,
				"a layer has a path that can't be: %.200s", name ? name : "(none)");
		status = each(layer, in, entry, path, kind);
		if (status != 0)
			return status;
	}
}

static int run(struct archive *in, int root, struct progress *progress, struct failure *failure,
	int (*each)(struct layer *layer, struct archive *in, struct archive_entry *entry,
		char *path, int kind))
{
	struct layer *layer = calloc(1, sizeof(*layer));
	int result;

	if (!layer)
		return failure_set(failure, -ENOMEM, "out of memory");
	layer->root = root;
	layer->progress = progress;
	layer->failure = failure;
	result = walk(in, layer, each);
	set_times(layer);
	free(layer);
	return result;
}

int layer_remove(struct archive *in, int root, struct progress *progress, struct failure *failure)
{
	return run(in, root, progress, failure, remove_entry);
}

int layer_unpack(struct archive *in, int root, struct progress *progress, struct failure *failure)
{
	return run(in, root, progress, failure, unpack_entry);
}
