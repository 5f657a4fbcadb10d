/* SPDX-License-Identifier: ISC */
/*
 * Properties of a board in the root of another machine's device tree: what Linux on a Raspberry Pi
 * finds in /proc/device-tree/serial-number and model, which the firmware fills in (raspberrypi
 * documentation, device-tree). Devicetree specification, chapter 5.
 */
#ifndef VPI_TREE_H
#define VPI_TREE_H

#include <stddef.h>
#include <stdint.h>

#define TREE_SIZE_LIMIT (4u * 1024u * 1024u)

struct tree_property {
	const char *name, *value; /* a text */
};

/* Copy the tree `in` with `count` properties put before all others of the root, in place of any of
 * the same name. The caller frees *out. Returns 0, -EBADMSG (not a tree) or -ENOMEM. Pure. */
int tree_add_properties(const uint8_t *in, size_t size, const struct tree_property *properties,
	size_t count, uint8_t **out, size_t *out_size);

#endif
