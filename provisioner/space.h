/* SPDX-License-Identifier: ISC */
/* Is there room on the share's disk? */
#ifndef BRAMBLE_SPACE_H
#define BRAMBLE_SPACE_H

#include <stdint.h>

#define SPACE_TEXT_SIZE 200
#define SPACE_NEXT                                                                                 \
	"`bramble image gc` and old directories NODE.forgotten-TIME, cluster.TIME make room"

enum space { SPACE_ENOUGH, SPACE_SCARCE, SPACE_NONE, SPACE_UNKNOWN };

/* By what is free of how much, in bytes: scarce is less than a twentieth and 2 GB, none less than a
 * hundredth and 256 MB, what is more of each counting not. Pure. */
enum space space_of(uint64_t free_bytes, uint64_t bytes);

/* The file system that `path` is on, blocks and inodes, in words. */
enum space space_judge(const char *path, char text[static SPACE_TEXT_SIZE]);

#endif
