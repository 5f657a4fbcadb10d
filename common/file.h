/* SPDX-License-Identifier: ISC */
/*
 * Files that matter: written aside, synced, renamed, and the directory synced, so that a reader or
 * a power cut sees the old content or the new, never a mixture. And files made only in memory,
 * sealed.
 */
#ifndef BRAMBLE_FILE_H
#define BRAMBLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* All `size` bytes, whatever a single write() takes. Returns 0 or -errno. */
int file_write_all(int fd, const void *data, size_t size);

/* Replace `path` by `size` bytes with permission `mode`. Returns 0 or -errno; on failure `path` is
 * untouched. */
int file_replace(const char *path, const void *data, size_t size, mode_t mode);

/* As file_replace, but leaves the file alone (no write, no sync) when it already holds exactly
 * this. *changed (may be NULL) says which. */
int file_replace_if_different(
	const char *path, const void *data, size_t size, mode_t mode, bool *changed);

/* Read a whole file of at most `limit` bytes into fresh memory (NUL appended, not counted). The
 * caller frees *data. Returns 0, -EFBIG, or -errno. */
int file_read(const char *path, size_t limit, char **data, size_t *size);

/* mkdir -p. Returns 0 or -errno. */
int file_make_directories(const char *path, mode_t mode);

/* fsync a directory, so that names created in it last. Returns 0 or -errno. */
int file_sync_directory(const char *path);

/* A read-only descriptor of memory that holds exactly these bytes and can't change any more (memfd,
 * all seals). Returns the descriptor or -errno. */
int file_sealed(const char *name, const void *data, size_t size);

/* fstat(2) by that call itself. The C library's function asks by newfstatat(2) in some versions,
 * which takes a path, too: a confined server may not make that. Returns 0 or -errno. */
int file_status(int fd, struct stat *status);

/* Open a regular file below directory `dirfd`, by a relative path that may not leave it: no "..",
 * no symbolic or magic link, no other mount (openat2(2), RESOLVE_BENEATH | NO_SYMLINKS | NO_XDEV).
 * Read-only, close-on-exec, never blocks on a FIFO. Returns the descriptor (and its size) or
 * -errno. */
int file_open_beneath(int dirfd, const char *path, uint64_t *size);

/* SHA-256 of a whole descriptor (by pread, its offset stays) as hex. In hash.c (libsodium), apart
 * from the rest. Returns 0 or -errno. */
int file_hash(int fd, char out[static 65]);

#endif
