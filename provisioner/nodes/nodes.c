/* SPDX-License-Identifier: ISC */
/* What an administrator does to nodes. */
#include "provisioner/nodes/nodes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/cluster/engine.h"
#include "provisioner/nodes/bindings.h"
#include "provisioner/timeline/timeline.h"

void nodes_finish_forgetting(struct brambled *brambled)
{
	(void)bindings_finish_forgetting(brambled, NULL);
	bindings_recall_directories(brambled);
}

/* What is pending is made durable first, so that undoing the change undoes nothing else. If that
 * fails, it is the change's turn to find out whether the disk is still full. */
static void begin(struct brambled *brambled, char reason[static NODES_REASON_SIZE])
{
	reason[0] = '\0';
	(void)brambled_commit(brambled);
}

static int conclude(struct brambled *brambled, int result, char reason[static NODES_REASON_SIZE])
{
	result = brambled_conclude(brambled, result);
	if (result != 0)
		bindings_explain(brambled, result, reason);
	brambled_publish(brambled);
	return result;
}

static int find_node(struct brambled *brambled, const char *name, struct registry_node *node,
	char reason[static NODES_REASON_SIZE])
{
	int result;

	begin(brambled, reason);
	result = registry_get_node(brambled->registry, name, node);
	if (result == -ENOENT)
		snprintf(reason, NODES_REASON_SIZE,
			"there is no node %s; `bramble node list` shows them", name);
	else if (result != 0)
		bindings_explain(brambled, result, reason);
	return result;
}

/* Which node of that name the board becomes: an existing vacant one, or a new one. */
static int admit_as(struct brambled *brambled, const struct registry_board *board, const char *name,
	struct registry_node *node, char reason[static NODES_REASON_SIZE])
{
	static const char why[] = "admitted by the administrator";
	int result = registry_get_node(brambled->registry, name, node);

	if (result == 0 && node->has_board) {
		snprintf(reason, NODES_REASON_SIZE,
			"%s is occupied; `bramble node replace %s --board …` swaps its board", name,
			name);
		return -EEXIST;
	}
	if (result == 0)
		return bindings_bind(brambled, node, *board, why);
	return result == -ENOENT ? bindings_create(brambled, board, name, "", node, why) : result;
}

int nodes_admit(struct brambled *brambled, const struct registry_board *board, const char *name,
	struct registry_node *node, char reason[static NODES_REASON_SIZE])
{
	char fresh[NODE_NAME_SIZE];
	int result = 0;

	begin(brambled, reason);
	if (registry_node_of_board(brambled->registry, &board->mac, node) == 0) {
		if (!name || strcmp(name, node->name) == 0)
			return 0;
		snprintf(reason, NODES_REASON_SIZE,
			"the board already occupies %s; `bramble node replace %s --board …` moves "
			"it",
			node->name, name);
		return -EEXIST;
	}
	if (name && !str_is_node_name(name)) {
		snprintf(reason, NODES_REASON_SIZE,
			"a node name is one label of a-z, 0-9 and -, at most 63 long (RFC 1123)");
		return -EINVAL;
	}
	if (!name) {
		result = bindings_free_name(brambled, board, fresh);
		name = fresh;
	}
	if (result == 0)
		result = admit_as(brambled, board, name, node, reason);
	return conclude(brambled, result, reason);
}

static const char by_hand[] = "replaced by the administrator";

/* `node` gets `board` instead of the one it has. */
static int swap(struct brambled *brambled, struct registry_node *node,
	const struct registry_board *board, const char *how, char reason[static NODES_REASON_SIZE])
{
	struct registry_node former;
	struct mac old = node->board;
	char why[NODES_REASON_SIZE], moved[NODES_REASON_SIZE];
	bool had_board = node->has_board;
	bool was_elsewhere = registry_node_of_board(brambled->registry, &board->mac, &former) == 0;
	int result = 0;

	snprintf(why, sizeof(why), "another board took its place as %s", node->name);
	if (had_board)
		result = bindings_park(brambled, node, why);
	if (result == 0)
		result = bindings_bind(brambled, node, *board, how);
	result = conclude(brambled, result, reason);
	if (result != 0)
		return result;
	if (had_board)
		timeline_end(brambled, &old, why);
	if (was_elsewhere) {
		snprintf(moved, sizeof(moved), "the board became %s", node->name);
		timeline_end(brambled, &board->mac, moved);
	}
	(void)brambled_commit(brambled);
	return 0;
}

int nodes_replace(struct brambled *brambled, const char *name, const struct registry_board *board,
	struct registry_node *node, char reason[static NODES_REASON_SIZE])
{
	int result = find_node(brambled, name, node, reason);

	if (result != 0)
		return result;
	if (node->has_board && memcmp(&node->board, &board->mac, sizeof(board->mac)) == 0)
		return 0;
	return swap(brambled, node, board, by_hand, reason);
}

struct former_board {
	const struct registry_node *node;
	struct mac mac;
	bool found;
};

/* Bindings come oldest first: the last board that isn't the present one. */
static int see_binding(void *argument, int64_t at_ms, const struct mac *mac, const char *text)
{
	struct former_board *former = argument;

	(void)at_ms;
	(void)text;
	if (former->node->has_board && memcmp(&former->node->board, mac, sizeof(*mac)) == 0)
		return 0;
	former->mac = *mac;
	former->found = true;
	return 0;
}

int nodes_undo(struct brambled *brambled, const char *name, struct registry_node *node,
	char reason[static NODES_REASON_SIZE])
{
	struct former_board former = { .node = node };
	struct registry_board board;
	struct registry_node other;
	int result = find_node(brambled, name, node, reason);

	if (result == 0)
		result = registry_each_binding(brambled->registry, name, see_binding, &former);
	if (result != 0)
		return result;
	if (!former.found || registry_get_board(brambled->registry, &former.mac, &board) != 0) {
		snprintf(reason, NODES_REASON_SIZE,
			"%s never had another board: there is nothing to undo", name);
		return -ENOENT;
	}
	if (registry_node_of_board(brambled->registry, &board.mac, &other) == 0 &&
		other.id != node->id) {
		snprintf(reason, NODES_REASON_SIZE,
			"its former board is %.63s now; `bramble node replace` moves it",
			other.name);
		return -EEXIST;
	}
	return swap(brambled, node, &board, "a change was undone by the administrator", reason);
}

struct unbound {
	struct registry_board board;
	unsigned found;
};

static int find_unbound(void *argument, const struct registry_board *board)
{
	struct unbound *unbound = argument;

	unbound->board = *board;
	unbound->found++;
	return 0;
}

int nodes_replace_by_next(struct brambled *brambled, const char *name, struct registry_node *node,
	char reason[static NODES_REASON_SIZE])
{
	static const char why[] = "its node waits for another board";
	struct unbound unbound = { .found = 0 };
	int result = find_node(brambled, name, node, reason);
	struct mac old;
	bool had_board;

	if (result == 0)
		result = registry_each_waiting_board(brambled->registry,
			clock_wall_ms() - NODES_WAITS_MS, find_unbound, &unbound);
	if (result != 0)
		return result;
	if (unbound.found == 1)
		return swap(brambled, node, &unbound.board, by_hand, reason);
	if (unbound.found > 1) {
		snprintf(reason, NODES_REASON_SIZE,
			"%u boards wait; say which: `bramble node replace %s --board …`",
			unbound.found, name);
		return -EEXIST;
	}
	old = node->board;
	had_board = node->has_board;
	if (had_board)
		result = bindings_park(brambled, node, why);
	node->has_board = false;
	node->joined = false;
	node->wants_next = true;
	if (result == 0)
		result = registry_put_node(brambled->registry, node);
	if (result == 0)
		brambled_event(brambled, "node.vacant", name,
			"%s waits for the next board that shows up", name);
	result = conclude(brambled, result, reason);
	if (result == 0 && had_board) {
		timeline_end(brambled, &old, why);
		(void)brambled_commit(brambled);
	}
	return result;
}

int nodes_forget(struct brambled *brambled, const char *name, char reason[static NODES_REASON_SIZE])
{
	static const char why[] = "its node was forgotten";
	struct registry_node node;
	int result = find_node(brambled, name, &node, reason);

	if (result != 0)
		return result;
	if (node.has_board)
		result = bindings_park(brambled, &node, why);
	if (result == 0)
		result = registry_delete_node(brambled->registry, name);
	if (result == 0)
		result = registry_put_forgotten(brambled->registry, name, clock_wall_ms());
	if (result == 0)
		result = engine_forget(brambled, name);
	if (result == 0)
		brambled_event(brambled, "node.forgotten", name,
			"node %s was forgotten; its data is kept", name);
	brambled->publish_due = true;
	/* Its export is withdrawn before its directory is renamed. */
	result = conclude(brambled, result, reason);
	if (result != 0)
		return result;
	if (node.has_board)
		timeline_end(brambled, &node.board, why);
	(void)bindings_finish_forgetting(brambled, name);
	(void)brambled_commit(brambled);
	return 0;
}
