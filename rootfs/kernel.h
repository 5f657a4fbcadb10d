/* SPDX-License-Identifier: ISC */
/* Kernel and firmware packages, unpacked natively: nothing of them is installed or run. */
#ifndef BRAMBLE_ROOTFS_KERNEL_H
#define BRAMBLE_ROOTFS_KERNEL_H

#include "rootfs/apt.h"
#include "rootfs/workshop.h"

/* What lies below `directory`: vmlinuz, lib/modules/RELEASE/ (pruned by the recipe, after depmod),
 * trees/ (device trees), firmware/. */
struct kernel_layer {
	char directory[WORKSHOP_PATH_SIZE];
	char release[APT_NAME_SIZE]; /* "6.1.0-50-arm64" */
	struct apt_package kernel, firmware;
	char key[HASH_TEXT_SIZE];
	bool from_cache;
};

/* Find the packages and the layer in the cache, if it is there; nothing is fetched yet. */
int kernel_layer_find(struct apt *apt, struct kernel_layer *layer);

/* Take the layer from the cache or make it. Returns 0 or -errno with the shop's failure. */
int kernel_layer_make(struct apt *apt, struct kernel_layer *layer);

#endif
