/* SPDX-License-Identifier: ISC */
/* Boards become nodes: admission, swap, forgetting. */
#ifndef BRAMBLE_NODES_H
#define BRAMBLE_NODES_H

#include "provisioner/brambled.h"

#define NODES_REASON_SIZE 200
/* A board that waits for a node, of its own or in place of another, was seen within this time. */
#define NODES_WAITS_MS 600000

/* Apply the policy to a board (placement.c). `node` is filled and 0 returned when it is bound now,
 * durable with the next commit; else -EAGAIN (parked: an administrator may admit it) or -EACCES
 * with `reason` in plain words, or -errno. */
int nodes_place(struct brambled *brambled, const struct registry_board *board,
	struct registry_node *node, char reason[static NODES_REASON_SIZE]);

/* Why nodes_place() came to `result`, as a code of diagnosis.h. */
const char *nodes_cause(const struct brambled *brambled, int result);

/* The command that admits a parked board: "bramble node admit 1a2b3c4d". */
void nodes_format_admit(const struct registry_board *board, char *out, size_t size);

/* Admit a board, as node `name` or (NULL) a new one. Durable when it returns 0. */
int nodes_admit(struct brambled *brambled, const struct registry_board *board, const char *name,
	struct registry_node *node, char reason[static NODES_REASON_SIZE]);

/* Give a node another board. The old one is parked. Durable when it returns 0. */
int nodes_replace(struct brambled *brambled, const char *name, const struct registry_board *board,
	struct registry_node *node, char reason[static NODES_REASON_SIZE]);
/* … the next unknown board that shows up (or a parked one that was never replaced). */
int nodes_replace_by_next(struct brambled *brambled, const char *name, struct registry_node *node,
	char reason[static NODES_REASON_SIZE]);

/* Take back the last change of a node's board, by whomever it was made: the node gets the board
 * that it had before (and waits for none). -ENOENT when it had no other. Durable when it returns 0.
 */
int nodes_undo(struct brambled *brambled, const char *name, struct registry_node *node,
	char reason[static NODES_REASON_SIZE]);

/* Remove a node; its data directory is kept under another name, its board parked. Durable. */
int nodes_forget(
	struct brambled *brambled, const char *name, char reason[static NODES_REASON_SIZE]);
/* Rename the directories of nodes that were forgotten, or that have come back by a restored
 * registry, when brambled was killed before it could. */
void nodes_finish_forgetting(struct brambled *brambled);

#endif
