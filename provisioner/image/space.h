/* SPDX-License-Identifier: ISC */
/* Is there room for a build, and if not, where was none? */
#ifndef BRAMBLE_IMAGE_SPACE_H
#define BRAMBLE_IMAGE_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "rootfs/workshop.h"

/* Before anything big is made: is there room where the shop works and in its cache? `warm`: kernel
 * and root needn't be made anew; `apart`: the cache is used at all, else all lies where it works.
 * Returns 0 or -ENOSPC with the shop's failure. */
int space_check(struct workshop *shop, bool warm, bool apart);

/* Is there room for so many bytes where the shop works? Returns 0 or -ENOSPC with the failure. */
int space_check_bytes(struct workshop *shop, uint64_t bytes);

/* Say on standard error which disk is full, if one is: a tool that ran out of space rarely says
 * where. */
void space_explain(const struct workshop *shop);

#endif
