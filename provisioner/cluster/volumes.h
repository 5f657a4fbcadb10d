/* SPDX-License-Identifier: ISC */
/*
 * Directories for volumes of the cluster: SHARE/shared/volumes/NAMESPACE/CLAIM, which nodes have at
 * /shared/volumes. A directory belongs to a claim's namespace and name, so that the claim of that
 * name in a rebuilt cluster has what it had.
 */
#ifndef BRAMBLE_CLUSTER_VOLUMES_H
#define BRAMBLE_CLUSTER_VOLUMES_H

#include <stddef.h>

struct settings;

#define VOLUMES_PATH_SIZE 384 /* "/shared/volumes/NAMESPACE/CLAIM" */

/* Make it, durable when this returns, or find it; *path: as nodes see it. Nodes can write below
 * SHARE/shared: no link there is followed. Returns 0, -EINVAL (no such names) or -errno. */
int volumes_make_directory(const struct settings *settings, const char *space, const char *claim,
	char path[static VOLUMES_PATH_SIZE]);

#endif
