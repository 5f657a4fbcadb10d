/* SPDX-License-Identifier: ISC */
/*
 * Nodes and the boards that occupy them: the mechanics, without policy. Nothing here is durable
 * before the caller commits, and nobody is told before brambled_publish().
 */
#ifndef BRAMBLE_BINDINGS_H
#define BRAMBLE_BINDINGS_H

#include "provisioner/brambled.h"

#define BINDINGS_REASON_SIZE 200

/* The board occupies the node; a node that it occupied before loses it. 0 or -errno. */
int bindings_bind(struct brambled *brambled, struct registry_node *node,
	struct registry_board board, const char *why);

/* The board of `node` loses it: it is parked, and must not go on with the node's address. */
int bindings_park(struct brambled *brambled, const struct registry_node *node, const char *why);

/* A new node, which the board occupies. `role` "" = what the rules say. -ENOSPC: no address is
 * left. */
int bindings_create(struct brambled *brambled, const struct registry_board *board, const char *name,
	const char *role, struct registry_node *node, const char *why);

/* The lowest name of the pattern (that of the board's rule, or nodes.name) that no node has and no
 * announced board will get. */
int bindings_free_name(struct brambled *brambled, const struct registry_board *board,
	char name[static NODE_NAME_SIZE]);

/* The directory of a forgotten node gets out of the way of the next one of that name (NULL: of
 * every one). */
int bindings_finish_forgetting(struct brambled *brambled, const char *only);

/* The data directory of a node, if it isn't there. 0 or -errno. */
int bindings_make_directory(const struct brambled *brambled, const char *name);
/* Every node has a data directory: one that lacks it gets back the one that was put aside when the
 * node was forgotten (and has come back by a restored registry), else an empty one. */
void bindings_recall_directories(struct brambled *brambled);

/* Put a failure into words, unless `reason` has some. */
void bindings_explain(
	const struct brambled *brambled, int result, char reason[static BINDINGS_REASON_SIZE]);

#endif
