/* SPDX-License-Identifier: ISC */
/* The archives that a recipe adds to the distribution's: while a root is made, and in it. */
#ifndef BRAMBLE_ROOTFS_REPOSITORIES_H
#define BRAMBLE_ROOTFS_REPOSITORIES_H

#include "rootfs/apt.h"
#include "rootfs/cache.h"

/* Copy the keys into the shop's work directory (apt verifies as a user that may not see an
 * administrator's files) and fill apt->repositories. Returns 0 or -errno with the shop's failure.
 */
int repositories_prepare(struct apt *apt);

/* What identifies them: place and key. The packages that come from them are in apt's plan. */
int repositories_add_to_key(struct workshop *shop, struct cache_key *key);

/* Give the node those that it can reach, with their keys (/etc/apt/keyrings). */
int repositories_install(struct workshop *shop, int root);

#endif
