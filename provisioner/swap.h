/* SPDX-License-Identifier: ISC */
/*
 * Guessing a swap: when exactly one node has been silent for nodes.swap_after_s and exactly one
 * unknown board of the same model shows up, that board probably took the place of the silent one.
 */
#ifndef BRAMBLE_SWAP_H
#define BRAMBLE_SWAP_H

#include "provisioner/brambled.h"

/* Does `board`, which occupies no node, look like the successor of a node's board? Fills `node`. */
bool swap_is_likely(
	struct brambled *brambled, const struct registry_board *board, struct registry_node *node);

#endif
