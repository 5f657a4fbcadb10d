/* SPDX-License-Identifier: ISC */
#include "rootfs/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/log.h"

#define KEPT_PER_KIND 3
#define OPEN_DIRECTORIES 32

void cache_key_begin(struct cache_key *key, const char *kind)
{
	crypto_hash_sha256_init(&key->state);
	cache_key_add(key, CACHE_VERSION);
	cache_key_add(key, kind);
}

/* The NUL goes in as well, so that "ab" + "c" differs from "a" + "bc". */
void cache_key_add(struct cache_key *key, const char *text)
{
	crypto_hash_sha256_update(&key->state, (const unsigned char *)text, strlen(text) + 1);
}

int cache_key_add_file(struct cache_key *key, const char *path)
{
	char hash[HASH_TEXT_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -errno;
	result = file_hash(fd, hash);
	close(fd);
	if (result == 0)
		cache_key_add(key, hash);
	return result;
}

void cache_key_end(struct cache_key *key, char out[static HASH_TEXT_SIZE])
{
	uint8_t digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_final(&key->state, digest);
	str_format_hex(digest, sizeof(digest), out);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path) == 0 ? 0 : -1;
}

int cache_remove_tree(const char *path)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? 0 : -errno;
	errno = EIO;
	return nftw(path, remove_one, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0
		       ? 0
		       : -errno;
}

static int lock(struct workshop *shop)
{
	char path[WORKSHOP_PATH_SIZE + 8];
	int fd;

	snprintf(path, sizeof(path), "%s/.lock", shop->cache);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0; /* Held by the descriptor until the process ends. */
	log_notice("another build is running; waiting for it (%s)", path);
	return flock(fd, LOCK_EX) == 0 ? 0 : -errno;
}

static void sweep(const struct workshop *shop)
{
	char pattern[WORKSHOP_PATH_SIZE + 8];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/*.tmp", shop->cache);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			(void)cache_remove_tree(found.gl_pathv[i]);
	globfree(&found);
}

int cache_open(struct workshop *shop)
{
	int result = file_make_directories(shop->cache, 0755);

	if (result == 0)
		result = lock(shop);
	if (result != 0)
		return failure_set(&shop->failure, result, "the cache %s can't be used: %s",
			shop->cache, strerror(-result));
	sweep(shop);
	return 0;
}

int cache_entry(struct workshop *shop, const char *kind, const char *key, const char *extension,
	char *out, unsigned size, bool *there)
{
	int result = failure_path(
		&shop->failure, out, size, "%s/%s-%.24s%s", shop->cache, kind, key, extension);

	*there = result == 0 && utimensat(AT_FDCWD, out, NULL, AT_SYMLINK_NOFOLLOW) == 0;
	return result;
}

static struct timespec age_of(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 ? status.st_mtim : (struct timespec){ 0 };
}

static int newest_first(const void *a, const void *b)
{
	struct timespec left = age_of(*(char *const *)a), right = age_of(*(char *const *)b);

	if (left.tv_sec != right.tv_sec)
		return left.tv_sec < right.tv_sec ? 1 : -1;
	return left.tv_nsec == right.tv_nsec ? 0 : left.tv_nsec < right.tv_nsec ? 1 : -1;
}

static void keep_newest(const struct workshop *shop, const char *kind)
{
	char pattern[WORKSHOP_PATH_SIZE + 64];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/%s-*", shop->cache, kind);
	if (glob(pattern, 0, NULL, &found) == 0) {
		qsort(found.gl_pathv, found.gl_pathc, sizeof(*found.gl_pathv), newest_first);
		for (size_t i = KEPT_PER_KIND; i < found.gl_pathc; i++)
			(void)cache_remove_tree(found.gl_pathv[i]);
	}
	globfree(&found);
}

int cache_commit(struct workshop *shop, const char *kind, const char *path)
{
	char temporary[WORKSHOP_PATH_SIZE + 8];
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.tmp", path);
	/* One syncfs for a whole directory of files; without it a crash could leave a name on
	 * nothing. */
	fd = open(temporary, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syncfs(fd) != 0 || rename(temporary, path) != 0) {
		int error = errno;

		if (fd >= 0)
			close(fd);
		return failure_set(&shop->failure, -error, "%s can't be kept in the cache: %s",
			path, strerror(error));
	}
	close(fd);
	(void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
	keep_newest(shop, kind);
	return file_sync_directory(shop->cache);
}
