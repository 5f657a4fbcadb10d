/* SPDX-License-Identifier: ISC */
/* Which address belongs to whom: one per MAC, pinned when it is first seen; a node's goes with it.
 */
#ifndef BRAMBLE_ADDRESSES_H
#define BRAMBLE_ADDRESSES_H

#include "provisioner/brambled.h"

/* The address under which a board is known now: its node's, or its own. 0, -ENOENT or -errno. */
int addresses_of(struct brambled *brambled, const struct mac *mac, struct in_addr *address);
/* The board behind an address. */
int addresses_board_at(
	struct brambled *brambled, struct in_addr address, struct registry_board *board);

/* Give a MAC an address of its own that no node has. Durable with the next commit. Returns 0,
 * -ENOSPC (every one belongs to a node) or -errno. */
int addresses_pin(struct brambled *brambled, const struct mac *mac, struct in_addr *address);

/* After the LAN's network was changed: addresses outside of it are given up, but those of nodes,
 * which are warned of. */
void addresses_check(struct brambled *brambled);

#endif
