/* SPDX-License-Identifier: ISC */
/* What becomes of a board that shows up, by policy: see policy.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/nodes/admission.h"
#include "provisioner/nodes/bindings.h"
#include "provisioner/nodes/nodes.h"
#include "provisioner/nodes/policy.h"
#include "provisioner/nodes/swap.h"
#include "provisioner/second.h"
#include "provisioner/timeline/diagnosis.h"
#include "provisioner/timeline/timeline.h"

void nodes_format_admit(const struct registry_board *board, char *out, size_t size)
{
	char mac[MAC_TEXT_SIZE];

	str_format_mac(&board->mac, mac);
	snprintf(out, size, "bramble node admit %s", board->serial[0] ? board->serial : mac);
}

/* What a board that no administrator is looking at may become. */
struct offer {
	enum policy_verdict verdict;
	struct registry_node waiting;	   /* POLICY_TAKE */
	struct registry_expected expected; /* POLICY_LISTED */
	bool is_contested;		   /* not parked by anybody: see second.h */
	bool is_successor;		   /* of `absent` */
	struct registry_node absent;
};

static void make_offer(struct brambled *brambled, const struct registry_board *board, bool bound,
	struct offer *offer)
{
	struct policy_situation situation = {
		.join = (enum settings_join)brambled->settings.join,
		.is_bound = bound,
		.is_parked = board->parked,
		.is_contested = second_is_there(brambled),
		.is_listed = !bound && registry_find_expected(
					       brambled->registry, board, &offer->expected) == 0,
		.a_node_waits =
			!bound && registry_node_wanting(brambled->registry, &offer->waiting) == 0,
		.window_open = admission_window(brambled).until_ms != 0,
	};

	offer->is_contested = situation.is_contested && !board->parked;
	situation.is_successor = offer->is_successor =
		!bound && !board->parked && !situation.is_listed && !situation.a_node_waits &&
		swap_is_likely(brambled, board, &offer->absent);
	offer->verdict = policy_decide(&situation);
}

/* It becomes what the list says: the node of that name if nobody occupies it, or a new one. */
static int take_listed(struct brambled *brambled, const struct registry_board *board,
	const struct registry_expected *expected, struct registry_node *node,
	char reason[static NODES_REASON_SIZE])
{
	static const char why[] = "it was announced";
	char name[NODE_NAME_SIZE];
	int result = 0;

	if (expected->node[0])
		str_copy(name, sizeof(name), expected->node);
	else
		result = bindings_free_name(brambled, board, name);
	if (result != 0)
		return result;
	result = registry_get_node(brambled->registry, name, node);
	if (result == 0 && node->has_board) {
		snprintf(reason, NODES_REASON_SIZE,
			"parked: it was announced as %.63s, which another board occupies; `bramble "
			"node replace` swaps them",
			name);
		return -EACCES;
	}
	if (result == 0)
		result = bindings_bind(brambled, node, *board, why);
	else if (result == -ENOENT)
		result = bindings_create(brambled, board, name, expected->role, node, why);
	return result == 0 ? registry_delete_expected(brambled->registry, expected->board) : result;
}

static int take_new(struct brambled *brambled, const struct registry_board *board,
	enum policy_verdict verdict, struct registry_node *node)
{
	char name[NODE_NAME_SIZE];
	int result = bindings_free_name(brambled, board, name);

	if (result != 0)
		return result;
	if (verdict == POLICY_WINDOW)
		admission_count(brambled);
	return bindings_create(brambled, board, name, "", node,
		verdict == POLICY_WINDOW ? "by the open window" : "join = auto");
}

/* It takes the place of the only node that is absent. */
static int take_over(struct brambled *brambled, const struct registry_board *board,
	const struct registry_node *absent, struct registry_node *node)
{
	int result = bindings_park(
		brambled, absent, "its node was silent, and another board took its place");

	*node = *absent;
	if (result == 0)
		result = bindings_bind(
			brambled, node, *board, "the only absent node, the only unknown board");
	if (result == 0)
		brambled_event(brambled, "node.swapped", node->name,
			"%s was silent, and one unknown board showed up: it took its place; "
			"`bramble node undo %s` takes that back",
			node->name, node->name);
	return result;
}

/* Do what was offered: whole or not at all. */
static int take_offer(struct brambled *brambled, const struct registry_board *board,
	const struct offer *offer, struct registry_node *node,
	char reason[static NODES_REASON_SIZE])
{
	size_t events = brambled->n_unlogged;
	int64_t left = brambled->admit_left;
	int result = registry_begin_change(brambled->registry);

	if (result != 0)
		return result;
	if (offer->verdict == POLICY_TAKE) {
		*node = offer->waiting;
		result = bindings_bind(brambled, node, *board, "the next board that showed up");
	} else if (offer->verdict == POLICY_LISTED) {
		result = take_listed(brambled, board, &offer->expected, node, reason);
	} else if (offer->verdict == POLICY_SWAP) {
		result = take_over(brambled, board, &offer->absent, node);
	} else {
		result = take_new(brambled, board, offer->verdict, node);
	}
	if (result == 0) {
		registry_keep_change(brambled->registry);
		return 0;
	}
	registry_undo_change(brambled->registry);
	brambled->n_unlogged = events;
	brambled->admit_left = left;
	return result;
}

static void explain_parked(const struct registry_board *board, const struct offer *offer,
	char reason[static NODES_REASON_SIZE])
{
	char admit[64], command[SWAP_COMMAND_SIZE];

	nodes_format_admit(board, admit, sizeof(admit));
	if (offer->is_contested) {
		snprintf(reason, NODES_REASON_SIZE,
			"another Bramble is on this LAN (see `bramble status`): waits until it is "
			"gone, or for `%s`",
			admit);
		return;
	}
	if (!offer->is_successor) {
		snprintf(reason, NODES_REASON_SIZE, "parked: waits for `%s`", admit);
		return;
	}
	swap_format_command(offer->absent.name, board, command);
	snprintf(reason, NODES_REASON_SIZE,
		"parked: perhaps in place of %.40s, which is silent: `%.110s`", offer->absent.name,
		command);
}

const char *nodes_cause(const struct brambled *brambled, int result)
{
	if (result == -EAGAIN)
		return CAUSE_PARKED;
	if (result == -EBUSY)
		return CAUSE_SECOND;
	if (result == -EACCES)
		return brambled->settings.join == JOIN_DENY ? CAUSE_DENIED : CAUSE_PARKED;
	return result == -ENOSPC && !brambled->registry_warning[0] ? CAUSE_NO_ADDRESS
								   : CAUSE_DISK_FULL;
}

int nodes_place(struct brambled *brambled, const struct registry_board *board,
	struct registry_node *node, char reason[static NODES_REASON_SIZE])
{
	bool bound = registry_node_of_board(brambled->registry, &board->mac, node) == 0;
	struct offer offer = { 0 };
	int result;

	reason[0] = '\0';
	make_offer(brambled, board, bound, &offer);
	switch (offer.verdict) {
	case POLICY_BOUND:
		return 0;
	case POLICY_TAKE:
	case POLICY_LISTED:
	case POLICY_SWAP:
	case POLICY_WINDOW:
	case POLICY_CREATE:
		result = take_offer(brambled, board, &offer, node, reason);
		if (result != 0)
			bindings_explain(brambled, result, reason);
		return result;
	case POLICY_PARK:
		explain_parked(board, &offer, reason);
		if (offer.is_successor && !offer.is_contested)
			swap_propose(brambled, board, &offer.absent);
		return offer.is_contested ? -EBUSY : -EAGAIN;
	case POLICY_REFUSE:
	default:
		snprintf(reason, NODES_REASON_SIZE, "join = deny: it gets nothing");
		return -EACCES;
	}
}
