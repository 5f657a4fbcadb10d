/* SPDX-License-Identifier: ISC */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/str.h"

#define PATH_LIMIT 4096

int file_write_all(int fd, const void *data, size_t size)
{
	const char *rest = data;

	while (size > 0) {
		ssize_t n = write(fd, rest, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		rest += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The directory part of `path`, "." or "/" included. */
static int parent_of(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t length = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);

	if (length >= size)
		return -ENAMETOOLONG;
	memcpy(out, slash ? path : ".", length);
	out[length] = '\0';
	return 0;
}

int file_sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) != 0)
		result = -errno;
	close(fd);
	return result;
}

static int fill_and_sync(int fd, const void *data, size_t size, mode_t mode)
{
	int result = file_write_all(fd, data, size);

	if (result == 0 && fchmod(fd, mode) != 0)
		result = -errno;
	if (result == 0 && fsync(fd) != 0)
		result = -errno;
	if (close(fd) != 0 && result == 0)
		result = -errno;
	return result;
}

int file_replace(const char *path, const void *data, size_t size, mode_t mode)
{
	char temporary[PATH_LIMIT], directory[PATH_LIMIT];
	int fd, result;

	result = parent_of(path, directory, sizeof(directory));
	if (result != 0)
		return result;
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = fill_and_sync(fd, data, size, mode);
	if (result == 0 && rename(temporary, path) != 0)
		result = -errno;
	if (result != 0) {
		unlink(temporary);
		return result;
	}
	return file_sync_directory(directory);
}

int file_replace_if_different(
	const char *path, const void *data, size_t size, mode_t mode, bool *changed)
{
	char *old = NULL;
	size_t old_size = 0;
	bool same;

	same = file_read(path, size, &old, &old_size) == 0 && old && old_size == size &&
	       memcmp(old, data, size) == 0;
	free(old);
	if (changed)
		*changed = !same;
	return same ? 0 : file_replace(path, data, size, mode);
}

static int read_all(int fd, char *out, size_t limit, size_t *size)
{
	size_t used = 0;

	/* One byte past the limit is asked for, to tell a full file from one that is too big. */
	while (used <= limit) {
		ssize_t n = read(fd, out + used, limit + 1 - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	*size = used;
	return used > limit ? -EFBIG : 0;
}

int file_read(const char *path, size_t limit, char **data, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *buffer;
	int result;

	if (fd < 0)
		return -errno;
	/* Room for what is there, not for what is allowed; /proc files say 0 and get a page. */
	if (fstat(fd, &status) == 0 && status.st_size > 0 && (uint64_t)status.st_size < limit)
		limit = (size_t)status.st_size + 1;
	buffer = malloc(limit + 2);
	result = buffer ? read_all(fd, buffer, limit, size) : -ENOMEM;
	close(fd);
	if (result != 0) {
		free(buffer);
		return result;
	}
	buffer[*size] = '\0';
	*data = buffer;
	return 0;
}

int file_make_directories(const char *path, mode_t mode)
{
	char partial[PATH_LIMIT];

	if (!str_copy(partial, sizeof(partial), path) || partial[0] == '\0')
		return -ENAMETOOLONG;
	/* Mostly all of it is there, or all but its end. */
	if (mkdir(path, mode) == 0 || errno == EEXIST)
		return 0;
	for (char *p = partial + 1;; p++) {
		char kept = *p;

		if (kept != '/' && kept != '\0')
			continue;
		*p = '\0';
		if (mkdir(partial, mode) != 0 && errno != EEXIST)
			return -errno;
		*p = kept;
		if (kept == '\0')
			return 0;
	}
}

int file_sealed(const char *name, const void *data, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int result;

	if (fd < 0)
		return -errno;
	result = file_write_all(fd, data, size);
	if (result == 0 && fcntl(fd, F_ADD_SEALS,
				   F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
		result = -errno;
	if (result != 0) {
		close(fd);
		return result;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

int file_status(int fd, struct stat *status)
{
#if __SIZEOF_LONG__ == 8 /* the kernel's struct stat is the C library's */
	return syscall(SYS_fstat, fd, status) == 0 ? 0 : -errno;
#else
	return fstat(fd, status) == 0 ? 0 : -errno;
#endif
}

int file_open_beneath(int dirfd, const char *path, uint64_t *size)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	struct stat status;
	int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

	if (fd < 0)
		return -errno;
	if (file_status(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		close(fd);
		return -EACCES;
	}
	*size = (uint64_t)status.st_size;
	return fd;
}
