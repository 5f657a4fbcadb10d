/* SPDX-License-Identifier: ISC */
/* A root made elsewhere (`from` of a recipe): a tar file, the image of a disk such as Raspberry Pi
 * OS comes as, both perhaps compressed, or an OCI archive. What it holds for its own boot isn't
 * used.
 */
#ifndef BRAMBLE_ROOTFS_IMPORT_H
#define BRAMBLE_ROOTFS_IMPORT_H

#include "rootfs/workshop.h"

/* Unpack it into the existing, empty directory `root`, and see that it has an init. A disk image is
 * mounted for that, in a mount namespace that the caller has left the others' for. Returns 0 or
 * -errno with the shop's failure. */
int import_unpack(struct workshop *shop, const char *root);

/* About how many bytes it takes to unpack and compress it: by its size and its name, for nobody
 * knows what a compressed file holds before it is unpacked. 0: it can't be told. */
unsigned long long import_estimate_bytes(const char *from);

/* Where the root is in a disk image: its first partition of type Linux, by the partition table
 * (MBR) in its first sector. Pure. Returns 0 and the offset and size in bytes, or -EINVAL. */
int import_find_partition(const unsigned char sector[static 512], unsigned long long *offset,
	unsigned long long *size);

#endif
