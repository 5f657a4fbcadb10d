/* SPDX-License-Identifier: ISC */
/* What was observed isn't undone by a document that takes the place of another. */
#include <string.h>

#include "provisioner/state/document.h"

static bool has_same_board(const struct registry_node *a, const struct registry_node *b)
{
	return a->has_board == b->has_board &&
	       (!a->has_board || memcmp(&a->board, &b->board, sizeof(a->board)) == 0);
}

/* A node that stays on its board goes on running what it runs; it need not notice anything. */
static void keep_node(const struct registry_node *present, struct registry_node *node)
{
	if (!present || present->id != node->id || !has_same_board(present, node)) {
		node->joined = false;
		node->heartbeat_ms = 0;
		return;
	}
	node->joined = present->joined;
	node->heartbeat_ms = present->heartbeat_ms;
	if (present->image_hash[0])
		str_copy(node->image_hash, sizeof(node->image_hash), present->image_hash);
	if (present->good[0])
		str_copy(node->good, sizeof(node->good), present->good);
	str_copy(node->assigned, sizeof(node->assigned), present->assigned);
	str_copy(node->failing, sizeof(node->failing), present->failing);
	node->failures = present->failures;
	node->failed_boot = present->failed_boot;
}

void state_keep_observed(const struct state_document *present, struct state_document *document)
{
	if (document->last_node < present->last_node)
		document->last_node = present->last_node;
	for (size_t i = 0; i < document->n_nodes; i++) {
		struct registry_node *node = &document->nodes[i].node;
		const struct state_node *found = state_find_node(present, node->name);

		keep_node(found ? &found->node : NULL, node);
	}
	for (size_t i = 0; i < document->n_boards; i++) {
		struct registry_board *board = &document->boards[i].board;
		const struct state_board *found = state_find_board(present, &board->mac);

		if (found && found->board.last_seen_ms > board->last_seen_ms)
			board->last_seen_ms = found->board.last_seen_ms;
	}
}
