/* SPDX-License-Identifier: ISC */
/* The distribution's part of a root: mmdebstrap's result as a tar file, kept in the cache. */
#ifndef BRAMBLE_ROOTFS_BASE_H
#define BRAMBLE_ROOTFS_BASE_H

#include "rootfs/apt.h"

struct base_layer {
	char tar[WORKSHOP_PATH_SIZE];
	char key[HASH_TEXT_SIZE];
	size_t packages;
	bool from_cache;
};

/* Can programs of that architecture run here? Says how to make it so. Returns 0 or -ENOEXEC with
 * `failure`. */
int base_check_emulation(const char *architecture, struct failure *failure);

/* Plan the packages and find the layer in the cache, if it is there; nothing is fetched yet. */
int base_layer_find(struct apt *apt, struct base_layer *layer);

/* Take the layer from the cache or make it: some two minutes under emulation. */
int base_layer_make(struct apt *apt, struct base_layer *layer);

/* Unpack it into the existing, empty directory `root`. */
int base_layer_unpack(struct workshop *shop, const struct base_layer *layer, const char *root);

#endif
