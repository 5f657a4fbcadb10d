/* SPDX-License-Identifier: ISC */
/* The whole root of a node: the distribution's part, the kernel's modules, and what makes it a
 * node. */
#ifndef BRAMBLE_ROOTFS_ROOT_H
#define BRAMBLE_ROOTFS_ROOT_H

#include "rootfs/base.h"
#include "rootfs/kernel.h"

#define ROOT_UNITS_LIMIT 16
#define ROOT_AGENT_PATH "usr/lib/bramble/bramble-agent"
/* "word value" lines that say what this root is: image, boot (SHA-256 of the boot set's manifest),
 * kernel, firmware, builder, and kubelet where it has one that runs here. So the hash of the image
 * covers the boot set too. */
#define ROOT_ABOUT_PATH "usr/lib/bramble/image"

struct root_parts {
	const struct apt *apt;
	const struct base_layer *base;
	const struct kernel_layer *kernel;
	const char *agent; /* program, NULL for a root without one */
	const char *units[ROOT_UNITS_LIMIT];
	size_t unit_count;
	const char *boot_hash; /* SHA-256 of the boot set's manifest */
};

/* Make it in the existing, empty directory `path`. Returns 0 or -errno with the shop's failure. */
int root_make(struct workshop *shop, const struct root_parts *parts, const char *path);

/* Pack it into one file, with its hash tree behind it; the same tree gives the same bytes. */
int root_pack(struct workshop *shop, const char *path, const char *squashfs);

#endif
