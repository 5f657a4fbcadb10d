/* SPDX-License-Identifier: ISC */
/* bramble-init for images that hold erofs, to compare formats alone. */
#define INIT_IMAGE_TYPE "erofs"
#include "rootfs/init/mounts.c" /* NOLINT(bugprone-suspicious-include) */
