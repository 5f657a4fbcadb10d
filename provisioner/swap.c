/* SPDX-License-Identifier: ISC */
#include "provisioner/swap.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/heartbeats.h"
#include "provisioner/timeline.h"

/* A board that waits was seen within this time. */
#define WAITS_MS 600000

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
	struct search *search = argument;
	struct registry_node node;

	search->unknown +=
		!board->parked && clock_wall_ms() - board->last_seen_ms < WAITS_MS &&
		registry_node_of_board(search->brambled->registry, &board->mac, &node) == -ENOENT;
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
	if (registry_each_board(brambled->registry, see_board, &search) != 0 || search.unknown != 1)
		return false;
	*node = search.node;
	return true;
}
