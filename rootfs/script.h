/* SPDX-License-Identifier: ISC */
/* A recipe's script: run in the root that is being made, as root, under emulation where needed. */
#ifndef BRAMBLE_ROOTFS_SCRIPT_H
#define BRAMBLE_ROOTFS_SCRIPT_H

#include "rootfs/workshop.h"

/* Run it in the root at `path`. It has /proc, a few devices, empty /run and /tmp that leave nothing
 * behind, no network (what it makes follows from the recipe alone), and processes of its own that
 * end with it. Returns 0 or -errno with the shop's failure: what the script said last. */
int script_run(struct workshop *shop, const char *path);

#endif
