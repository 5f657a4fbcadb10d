/* SPDX-License-Identifier: ISC */
/* What a recipe takes from this machine into a root (`files`). */
#ifndef BRAMBLE_ROOTFS_FILES_H
#define BRAMBLE_ROOTFS_FILES_H

#include "rootfs/cache.h"

/* Content, names and modes of the sources. All return 0 or -errno with the shop's failure. */
int files_add_to_key(struct workshop *shop, struct cache_key *key);

/* Put them into a root; owners are looked up in its own passwd(5) and group(5). */
int files_install(struct workshop *shop, int root);

#endif
