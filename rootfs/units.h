/* SPDX-License-Identifier: ISC */
/* systemd units in a root that isn't running: what `systemctl --root` would do, for systems without
 * it. */
#ifndef BRAMBLE_ROOTFS_UNITS_H
#define BRAMBLE_ROOTFS_UNITS_H

#include "rootfs/workshop.h"

/* Copy a unit file from the host, check that the root has the program it starts, and enable it. All
 * return 0 or -errno with the shop's failure; `root` is a descriptor as in tree.h. */
int units_install(struct workshop *shop, int root, const char *file);

/* Enable a unit that a package or the recipe's files brought, by its WantedBy= and RequiredBy=
 * lines. */
int units_enable(struct workshop *shop, int root, const char *name);
int units_mask(struct workshop *shop, int root, const char *name);

#endif
