/* SPDX-License-Identifier: ISC */
#include "rootfs/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/openat2.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/file.h"

#define PATH_LIMIT 1024
#define COPY_CHUNK (256u * 1024u)
#define TEXT_LIMIT (1u << 20)

int tree_open_inside(int root, const char *path, unsigned flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/* Open directory `path`, making what is missing. */
static int open_directory(int root, const char *path)
{
	char partial[PATH_LIMIT];
	int parent = tree_open_inside(root, ".", O_PATH | O_DIRECTORY);
	const char *rest = path;

	while (parent >= 0 && *rest) {
		size_t length = strcspn(rest, "/");
		size_t total = (size_t)(rest - path) + length;
		char name[PATH_LIMIT];
		int next;

		if (total >= sizeof(partial) || length == 0) {
			close(parent);
			return -EINVAL;
		}
		memcpy(partial, path, total);
		partial[total] = '\0';
		memcpy(name, rest, length);
		name[length] = '\0';
		next = tree_open_inside(root, partial, O_PATH | O_DIRECTORY);
		if (next == -ENOENT) {
			next = mkdirat(parent, name, 0755) == 0
				       ? tree_open_inside(root, partial, O_PATH | O_DIRECTORY)
				       : -errno;
		}
		close(parent);
		parent = next;
		rest += length + (rest[length] == '/');
	}
	return parent;
}

int tree_open_parent(int root, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	char directory[PATH_LIMIT] = "";

	*name = slash ? slash + 1 : path;
	if (slash) {
		size_t length = (size_t)(slash - path);

		if (length >= sizeof(directory))
			return -ENAMETOOLONG;
		memcpy(directory, path, length);
		directory[length] = '\0';
	}
	return open_directory(root, directory);
}

/* What is there under the name goes. Returns a descriptor for writing or -errno. */
static int create(int root, const char *path)
{
	const char *name;
	int parent = tree_open_parent(root, path, &name);
	int fd;

	if (parent < 0)
		return parent;
	(void)unlinkat(parent, name, 0);
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		fd = -errno;
	close(parent);
	return fd;
}

static int conclude(int fd, mode_t mode, int result)
{
	if (result == 0 && fchmod(fd, mode) != 0)
		result = -errno;
	if (close(fd) != 0 && result == 0)
		result = -errno;
	return result;
}

int tree_write(int root, const char *path, const void *data, size_t size, mode_t mode)
{
	int fd = create(root, path);

	return fd < 0 ? fd : conclude(fd, mode, file_write_all(fd, data, size));
}

static int copy_bytes(int from, int to)
{
	char *chunk = malloc(COPY_CHUNK);
	int result = chunk ? 0 : -ENOMEM;
	ssize_t n;

	while (result == 0 && (n = read(from, chunk, COPY_CHUNK)) != 0)
		result = n < 0 ? -errno : file_write_all(to, chunk, (size_t)n);
	free(chunk);
	return result;
}

int tree_copy(int root, const char *path, const char *source, mode_t mode, uid_t user, gid_t group)
{
	int from = open(source, O_RDONLY | O_CLOEXEC);
	int to, result;

	if (from < 0)
		return -errno;
	to = create(root, path);
	if (to < 0) {
		close(from);
		return to;
	}
	result = copy_bytes(from, to);
	if (result == 0 && fchown(to, user, group) != 0)
		result = -errno;
	close(from);
	return conclude(to, mode, result); /* the mode last: fchown takes set-user-ID away */
}

int tree_own(int root, const char *path, uid_t user, gid_t group)
{
	const char *name;
	int parent = tree_open_parent(root, path, &name);
	int result;

	if (parent < 0)
		return parent;
	result = fchownat(parent, name, user, group, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
	close(parent);
	return result;
}

int tree_find(int root, const char *path)
{
	int fd = tree_open_inside(root, path, O_PATH);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int tree_link(int root, const char *path, const char *target)
{
	const char *name;
	int parent = tree_open_parent(root, path, &name);
	int result;

	if (parent < 0)
		return parent;
	(void)unlinkat(parent, name, 0);
	result = symlinkat(target, parent, name) == 0 ? 0 : -errno;
	close(parent);
	return result;
}

int tree_make_directory(int root, const char *path)
{
	int fd = open_directory(root, path);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int tree_remove(int root, const char *path)
{
	const char *name;
	int parent = tree_open_parent(root, path, &name);
	int result;

	if (parent < 0)
		return parent;
	result = unlinkat(parent, name, 0) == 0 || errno == ENOENT ? 0 : -errno;
	close(parent);
	return result;
}

int tree_read(int root, const char *path, char **text)
{
	char proc[64];
	size_t size;
	int fd = tree_open_inside(root, path, O_RDONLY);
	int result;

	if (fd < 0)
		return fd;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	result = file_read(proc, TEXT_LIMIT, text, &size);
	close(fd);
	return result;
}

int tree_check_program(int root, const char *path)
{
	int fd = tree_open_inside(root, path, O_PATH);
	struct stat status;
	int result = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &status) != 0)
		result = -errno;
	else if (!S_ISREG(status.st_mode) || !(status.st_mode & 0111))
		result = -EACCES;
	close(fd);
	return result;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int hash_content(const FTSENT *entry, char out[static HASH_TEXT_SIZE])
{
	int fd = open(entry->fts_accpath, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	result = file_hash(fd, out);
	close(fd);
	return result;
}

static int hash_entry(crypto_hash_sha256_state *state, const FTSENT *entry, size_t skip)
{
	char content[4096] = "", line[8192];
	int result = 0, n;

	if (entry->fts_info == FTS_F)
		result = hash_content(entry, content);
	else if (entry->fts_info == FTS_SL &&
		 readlink(entry->fts_accpath, content, sizeof(content) - 1) < 0)
		result = -errno;
	if (result != 0)
		return result;
	n = snprintf(line, sizeof(line), "%s %o %u:%u %llu %s\n", entry->fts_path + skip,
		entry->fts_statp->st_mode, entry->fts_statp->st_uid, entry->fts_statp->st_gid,
		(unsigned long long)entry->fts_statp->st_rdev, content);
	if (n < 0 || (size_t)n >= sizeof(line))
		return -ENAMETOOLONG;
	crypto_hash_sha256_update(state, (const unsigned char *)line, strlen(line));
	return 0;
}

int tree_hash(const char *path, char out[static HASH_TEXT_SIZE])
{
	char *roots[] = { (char *)(uintptr_t)path, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, by_name);
	uint8_t digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	const FTSENT *entry;
	int result = 0;

	if (!walk)
		return -errno;
	crypto_hash_sha256_init(&state);
	while (result == 0 && (errno = 0, entry = fts_read(walk)) != NULL) {
		if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR ||
			entry->fts_info == FTS_NS)
			result = -entry->fts_errno;
		else if (entry->fts_info != FTS_DP)
			result = hash_entry(&state, entry, strlen(path));
	}
	if (result == 0 && errno != 0)
		result = -errno;
	fts_close(walk);
	crypto_hash_sha256_final(&state, digest);
	str_format_hex(digest, sizeof(digest), out);
	return result;
}
