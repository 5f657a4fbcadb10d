/* SPDX-License-Identifier: ISC */
/* An OCI image in one file ("oci-archive"; what `skopeo copy … oci-archive:FILE`, `buildah push`
 * and `docker buildx build --output type=oci` write) as the root of a system. Its command,
 * environment and user are a container's and aren't used. */
#ifndef BRAMBLE_ROOTFS_OCI_H
#define BRAMBLE_ROOTFS_OCI_H

#include <stdbool.h>

#include "rootfs/workshop.h"

/* Is this file a tar with an OCI layout in it? */
bool oci_is_archive(const char *path);

/* Unpack the recipe's `from` into the empty directory `root`: every blob that is used is verified
 * by its SHA-256 first. Returns 0 or -errno with the shop's failure. */
int oci_unpack(struct workshop *shop, const char *root);

#endif
