/* SPDX-License-Identifier: ISC */
/* Small trees of files that matter: keys, credentials, configuration. */
#ifndef BRAMBLE_CLUSTER_COPY_H
#define BRAMBLE_CLUSTER_COPY_H

#include <stdbool.h>
#include <stddef.h>

struct failure;

#define COPY_FILES 512u		   /* of a tree */
#define COPY_FILE_LIMIT (4u << 20) /* bytes of each */

/* Copy regular files and directories below `from` into the directory `to`, with owner and mode,
 * each of them durable when this returns. `skip` says which are left out, by their path below
 * `from`. Anything else than files and directories is refused. Returns 0 or -errno with `failure`.
 */
int copy_tree(
	const char *from, const char *to, bool (*skip)(const char *path), struct failure *failure);

/* Each regular file below `base`, its path relative to it. A non-zero answer ends it and is
 * returned. Returns 0 or -errno. */
int copy_each_file(const char *base, int (*each)(void *argument, const char *path), void *argument);

/* rm -rf, not following links. 0 when there is nothing. */
int copy_remove_tree(const char *path);

#endif
