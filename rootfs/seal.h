/* SPDX-License-Identifier: ISC */
#ifndef BRAMBLE_ROOTFS_SEAL_H
#define BRAMBLE_ROOTFS_SEAL_H

#include "rootfs/workshop.h"

/* Append to an image's file what lets a node's kernel find each changed byte in it
 * (common/verity.h); the same file gives the same bytes. Returns 0 or -errno with the shop's
 * failure. */
int root_seal(struct workshop *shop, const char *path);

#endif
