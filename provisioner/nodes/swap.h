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

/* Such a board was parked: under a policy that doesn't let it in by itself an event proposes the
 * swap, once. */
void swap_propose(struct brambled *brambled, const struct registry_board *board,
	const struct registry_node *node);

#define SWAP_COMMAND_SIZE 128
/* The command by which the board takes the node's place, the same wherever it is told. */
void swap_format_command(const char *node, const struct registry_board *board,
	char command[static SWAP_COMMAND_SIZE]);
/* Does a proposal for that node stand (the node is still silent, the board still waits)? The
 * command that accepts it. */
bool swap_is_proposed(struct brambled *brambled, const struct registry_node *node,
	char command[static SWAP_COMMAND_SIZE]);
/* Of whatever node; its name is in the command. */
bool swap_find_proposal(struct brambled *brambled, char command[static SWAP_COMMAND_SIZE]);

#endif
