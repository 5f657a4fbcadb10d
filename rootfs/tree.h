/* SPDX-License-Identifier: ISC */
/*
 * Changing a root file system from outside: every path is taken as the node will see it. A symbolic
 * link in it, absolute or with "..", stays inside (openat2(2), RESOLVE_IN_ROOT). Paths have no
 * leading '/'; missing directories are made (0755); what is there under the name is replaced. All
 * return 0 or -errno.
 */
#ifndef BRAMBLE_ROOTFS_TREE_H
#define BRAMBLE_ROOTFS_TREE_H

#include <stddef.h>
#include <sys/types.h>

#include "common/str.h"

/* Open what is there under the name (openat2(2) flags, O_CLOEXEC is added). Returns a descriptor or
 * -errno. */
int tree_open_inside(int root, const char *path, unsigned flags);

/* Open the directory of `path`, made where it is missing; *name is its last segment. Returns a
 * descriptor (O_PATH) or -errno. */
int tree_open_parent(int root, const char *path, const char **name);

int tree_write(int root, const char *path, const void *data, size_t size, mode_t mode);
int tree_copy(int root, const char *path, const char *source, mode_t mode, uid_t user, gid_t group);
int tree_link(int root, const char *path, const char *target);
int tree_make_directory(int root, const char *path);

/* Give `path` itself, not what it may link to, to an owner. */
int tree_own(int root, const char *path, uid_t user, gid_t group);

/* Is there something under that name? 0 or -ENOENT … */
int tree_find(int root, const char *path);

/* Remove a file; 0 when it isn't there. */
int tree_remove(int root, const char *path);

/* Read a small file into fresh memory (NUL appended); the caller frees it. */
int tree_read(int root, const char *path, char **text);

/* Can the node execute that file? 0, or -ENOENT, -EACCES … */
int tree_check_program(int root, const char *path);

/* Hash of names, modes, owners and contents of everything below `path`: what identifies a tree. */
int tree_hash(const char *path, char out[static HASH_TEXT_SIZE]);

#endif
