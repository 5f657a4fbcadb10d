/* SPDX-License-Identifier: ISC */
/* What tells of the machine or the hour in which a root was made: it goes, so that the same input
 * gives the same bytes, and no secret is every node's. */
#ifndef BRAMBLE_ROOTFS_CLEAN_H
#define BRAMBLE_ROOTFS_CLEAN_H

/* Remove it from the root at `path`. Directories stay. Returns 0 or -errno. */
int clean_root(const char *path);

#endif
