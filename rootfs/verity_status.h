/* SPDX-License-Identifier: ISC */
/* Has the kernel found a changed byte in the image? */
#ifndef BRAMBLE_ROOTFS_VERITY_STATUS_H
#define BRAMBLE_ROOTFS_VERITY_STATUS_H

#include <stdbool.h>

/* The name that bramble-init gives device-mapper's device below the root. */
#define VERITY_STATUS_NAME "bramble-root"

/* `control`: a descriptor of /dev/mapper/control. False also when nothing is verified. */
bool verity_found_corruption(int control);

#endif
