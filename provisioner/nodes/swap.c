/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/swap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/nodes/heartbeats.h"
#include "provisioner/nodes/nodes.h"
#include "provisioner/timeline/timeline.h"

struct search {
	struct brambled *brambled;
	const struct registry_board *board;
	struct registry_node node;
	unsigned absent, unknown;
};

static bool same_model(struct search *search, const struct registry_node *node)
{
	struct registry_board former;

	return registry_get_board(search->brambled->registry, &node->board, &former) == 0 &&
	       former.model == search->board->model && former.model != BOOT_MODEL_UNKNOWN;
}

static int see_node(void *argument, const struct registry_node *node)
{
	struct search *search = argument;
	const int64_t patience_ms = search->brambled->settings.swap_after_s * 1000;

	/* A node that never ran isn't missed, and one that boots isn't absent. */
	if (!node->has_board || heartbeats_last_ms(search->brambled, node) == 0 ||
		heartbeats_silence_ms(search->brambled, node) < patience_ms ||
		timeline_boot(search->brambled, &node->board))
		return 0;
	/* Another absent node, of whatever model, makes it a guess. */
	search->absent++;
	if (same_model(search, node))
		search->node = *node;
	return 0;
}

static int see_board(void *argument, const struct registry_board *board)
{
	(void)board;
	((struct search *)argument)->unknown++;
	return 0;
}

bool swap_is_likely(
	struct brambled *brambled, const struct registry_board *board, struct registry_node *node)
{
	struct search search = { .brambled = brambled, .board = board };

	if (brambled->settings.swap_after_s == 0)
		return false;
	if (registry_each_node(brambled->registry, see_node, &search) != 0 || search.absent != 1 ||
		search.node.id == 0)
		return false;
	if (registry_each_waiting_board(brambled->registry, clock_wall_ms() - NODES_WAITS_MS,
		    see_board, &search) != 0 ||
		search.unknown != 1)
		return false;
	*node = search.node;
	return true;
}

void swap_format_command(const char *node, const struct registry_board *board,
	char command[static SWAP_COMMAND_SIZE])
{
	char mac[MAC_TEXT_SIZE];

	str_format_mac(&board->mac, mac);
	snprintf(command, SWAP_COMMAND_SIZE, "bramble node replace %s --board %s", node,
		board->serial[0] ? board->serial : mac);
}

void swap_propose(struct brambled *brambled, const struct registry_board *board,
	const struct registry_node *node)
{
	struct swap_proposal *proposal = &brambled->proposal;
	char command[SWAP_COMMAND_SIZE], mac[MAC_TEXT_SIZE];

	if (brambled->rehearsing ||
		(strcmp(proposal->node, node->name) == 0 &&
			memcmp(&proposal->board, &board->mac, sizeof(proposal->board)) == 0))
		return;
	str_copy(proposal->node, sizeof(proposal->node), node->name);
	proposal->board = board->mac;
	swap_format_command(node->name, board, command);
	str_format_mac(&board->mac, mac);
	brambled_event(brambled, "node.swap-proposed", node->name,
		"%s is silent, and board %s of its model waits: `%s` gives it the node", node->name,
		mac, command);
}

bool swap_is_proposed(struct brambled *brambled, const struct registry_node *node,
	char command[static SWAP_COMMAND_SIZE])
{
	const struct swap_proposal *proposal = &brambled->proposal;
	struct registry_board board;
	struct registry_node other;

	if (strcmp(proposal->node, node->name) != 0 ||
		registry_get_board(brambled->registry, &proposal->board, &board) != 0 ||
		registry_node_of_board(brambled->registry, &board.mac, &other) == 0 ||
		!swap_is_likely(brambled, &board, &other) || other.id != node->id)
		return false;
	swap_format_command(node->name, &board, command);
	return true;
}

bool swap_find_proposal(struct brambled *brambled, char command[static SWAP_COMMAND_SIZE])
{
	struct registry_node node;

	return brambled->proposal.node[0] &&
	       registry_get_node(brambled->registry, brambled->proposal.node, &node) == 0 &&
	       swap_is_proposed(brambled, &node, command);
}
