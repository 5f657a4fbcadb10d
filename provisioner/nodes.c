/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/addresses.h"
#include "provisioner/policy.h"
#include "provisioner/timeline.h"

/* A board that waits, for `replace --next`, was seen within this time. */
#define WAITS_MS 600000
#define NODE_NUMBERS 65536

static int make_data_directory(const struct brambled *brambled, const char *name)
{
	char path[512];
	int result;

	snprintf(path, sizeof(path), "%s/nodes/%s/.bramble", brambled->settings.share, name);
	result = file_make_directories(path, 0755);
	if (result == 0 && chmod(path, 0700) != 0)
		result = -errno;
	return result;
}

/* Bind a board to a node; a node that it occupied before loses it. */
static int bind_board(struct brambled *brambled, struct registry_node *node,
	struct registry_board board, const char *why)
{
	struct registry_node former;
	struct in_addr own;
	char mac[MAC_TEXT_SIZE];
	int result = make_data_directory(brambled, node->name);

	str_format_mac(&board.mac, mac);
	if (result == 0 && registry_node_of_board(brambled->registry, &board.mac, &former) == 0 &&
		former.id != node->id) {
		former.has_board = false;
		former.joined = false;
		result = registry_put_node(brambled->registry, &former);
		brambled_event(brambled, "node.vacant", former.name, "board %s left %s for %s", mac,
			former.name, node->name);
	}
	node->has_board = true;
	node->board = board.mac;
	node->wants_next = false;
	node->joined = false;
	board.parked = false;
	if (result == 0)
		result = registry_put_node(brambled->registry, node);
	if (result == 0)
		result = registry_put_board(brambled->registry, &board);
	if (result == 0)
		result = registry_add_binding(
			brambled->registry, node->name, &board.mac, why, clock_wall_ms());
	/* A board keeps an address of its own for the time after; it may be the node's if that came
	 * from it. */
	if (result == 0 && registry_get_address(brambled->registry, &board.mac, &own) == -ENOENT)
		result = registry_put_address(
			brambled->registry, &board.mac, node->address, clock_wall_ms());
	if (result != 0)
		return result;
	brambled->publish_due = true;
	brambled_event(brambled, "node.bound", node->name, "board %s occupies %s (%s)", mac,
		node->name, why);
	return 0;
}

/* A board that loses its node is parked, and must not go on with the node's address. */
static int park_board(struct brambled *brambled, const struct registry_node *node, const char *why)
{
	struct registry_board board;
	struct in_addr own;
	char mac[MAC_TEXT_SIZE];
	int result = registry_get_board(brambled->registry, &node->board, &board);

	if (result != 0)
		return result == -ENOENT ? 0 : result;
	board.parked = true;
	result = registry_put_board(brambled->registry, &board);
	if (result == 0 && (registry_get_address(brambled->registry, &board.mac, &own) != 0 ||
				   own.s_addr == node->address.s_addr))
		result = addresses_pin(brambled, &board.mac, &own);
	brambled->publish_due = true;
	str_format_mac(&board.mac, mac);
	brambled_event(brambled, "board.parked", mac, "board %s is parked: %s", mac, why);
	return result;
}

/* --- forgotten nodes --- */

/* The directory of a forgotten node gets out of the way of the next one of that name. */
static int rename_forgotten(struct brambled *brambled, const char *name, int64_t at_ms)
{
	char from[512], to[600];

	snprintf(from, sizeof(from), "%s/nodes/%s", brambled->settings.share, name);
	snprintf(to, sizeof(to), "%s.forgotten-%lld", from, (long long)at_ms);
	if (rename(from, to) != 0 && errno != ENOENT) {
		int result = -errno;

		log_error("can't rename %s to %s: %s; trying again at the next start", from, to,
			strerror(-result));
		return result;
	}
	return registry_delete_forgotten(brambled->registry, name);
}

struct forgotten {
	const char *only; /* NULL = all */
	unsigned n;
	struct {
		char name[NODE_NAME_SIZE];
		int64_t at_ms;
	} nodes[16];
};

static int collect_forgotten(void *argument, const char *name, int64_t at_ms)
{
	struct forgotten *forgotten = argument;

	if (forgotten->n == 16 || (forgotten->only && strcmp(name, forgotten->only) != 0))
		return 0;
	str_copy(forgotten->nodes[forgotten->n].name, NODE_NAME_SIZE, name);
	forgotten->nodes[forgotten->n++].at_ms = at_ms;
	return 0;
}

static int finish_forgetting(struct brambled *brambled, const char *only)
{
	struct forgotten forgotten = { .only = only };
	int result = registry_each_forgotten(brambled->registry, collect_forgotten, &forgotten);

	for (unsigned i = 0; i < forgotten.n && result == 0; i++)
		result = rename_forgotten(
			brambled, forgotten.nodes[i].name, forgotten.nodes[i].at_ms);
	return result;
}

void nodes_finish_forgetting(struct brambled *brambled)
{
	(void)finish_forgetting(brambled, NULL);
}

/* --- new nodes --- */

static int lowest_free_name(struct brambled *brambled, char name[static NODE_NAME_SIZE])
{
	struct registry_node taken;

	for (unsigned number = 1; number < NODE_NUMBERS; number++) {
		int result = policy_name(brambled->settings.node_pattern, number, name);

		if (result != 0)
			return result;
		result = registry_get_node(brambled->registry, name, &taken);
		if (result != 0)
			return result == -ENOENT ? 0 : result;
	}
	return -ENOSPC;
}

static int create_node(struct brambled *brambled, const struct registry_board *board,
	const char *name, struct registry_node *node, const char *why)
{
	struct registry_node other;
	struct in_addr address = { 0 };
	int result = finish_forgetting(brambled, name);

	if (result != 0)
		return result;
	result = registry_get_address(brambled->registry, &board->mac, &address);
	/* An address that another node has kept (its board was swapped) stays with that node. */
	if (result == -ENOENT ||
		(result == 0 && registry_node_of_address(brambled->registry, address, &other) == 0))
		result = addresses_pin(brambled, &board->mac, &address);
	if (result != 0)
		return result;
	*node = (struct registry_node){
		.address = address, .role = "node", .created_ms = clock_wall_ms()
	};
	str_copy(node->image, sizeof(node->image), brambled->settings.node_image);
	str_copy(node->name, sizeof(node->name), name);
	result = registry_put_node(brambled->registry, node);
	if (result != 0)
		return result;
	brambled_event(
		brambled, "node.created", node->name, "node %s was created (%s)", node->name, why);
	return bind_board(brambled, node, *board, why);
}

static void explain_failure(
	const struct brambled *brambled, int result, char reason[static NODES_REASON_SIZE])
{
	if (reason[0])
		return;
	if (brambled->registry_warning[0])
		snprintf(reason, NODES_REASON_SIZE, "%.190s", brambled->registry_warning);
	else if (result == -ENOSPC)
		snprintf(reason, NODES_REASON_SIZE,
			"no address is left (make lan.range_first and range_last wider), or the "
			"disk is full");
	else
		snprintf(reason, NODES_REASON_SIZE, "it can't be done now: %s", strerror(-result));
}

static void format_admit(const struct registry_board *board, char *out, size_t size)
{
	char mac[MAC_TEXT_SIZE];

	str_format_mac(&board->mac, mac);
	snprintf(out, size, "bramble node admit %s", board->serial[0] ? board->serial : mac);
}

/* The board becomes the node that waits, or (NULL) a new one. */
static int take_node(struct brambled *brambled, const struct registry_board *board,
	const struct registry_node *waiting, struct registry_node *node)
{
	size_t events = brambled->n_unlogged;
	char name[NODE_NAME_SIZE];
	int result = registry_begin_change(brambled->registry);

	if (result != 0)
		return result;
	if (waiting) {
		*node = *waiting;
		result = bind_board(brambled, node, *board, "the next board that showed up");
	} else {
		result = lowest_free_name(brambled, name);
		if (result == 0)
			result = create_node(brambled, board, name, node, "join = auto");
	}
	if (result == 0) {
		registry_keep_change(brambled->registry);
		return 0;
	}
	registry_undo_change(brambled->registry);
	brambled->n_unlogged = events;
	return result;
}

int nodes_place(struct brambled *brambled, const struct registry_board *board,
	struct registry_node *node, char reason[static NODES_REASON_SIZE])
{
	bool bound = registry_node_of_board(brambled->registry, &board->mac, node) == 0;
	struct registry_node waiting;
	bool waits = !bound && registry_node_wanting(brambled->registry, &waiting) == 0;
	char admit[64];
	int result;

	reason[0] = '\0';
	switch (policy_decide((enum settings_join)brambled->settings.join, bound, board, waits)) {
	case POLICY_BOUND:
		return 0;
	case POLICY_TAKE:
	case POLICY_CREATE:
		result = take_node(brambled, board, waits ? &waiting : NULL, node);
		if (result != 0)
			explain_failure(brambled, result, reason);
		return result;
	case POLICY_PARK:
		format_admit(board, admit, sizeof(admit));
		snprintf(reason, NODES_REASON_SIZE, "parked: waits for `%s`", admit);
		return -EACCES;
	case POLICY_REFUSE:
	default:
		snprintf(reason, NODES_REASON_SIZE, "join = deny: it gets nothing");
		return -EACCES;
	}
}

/* --- the administrator's changes --- */

/* What is pending is made durable first, so that undoing the change undoes nothing else. If that
 * fails, it is the change's turn to find out whether the disk is still full. */
static void begin(struct brambled *brambled, char reason[static NODES_REASON_SIZE])
{
	reason[0] = '\0';
	(void)brambled_commit(brambled);
}

static int conclude(struct brambled *brambled, int result, char reason[static NODES_REASON_SIZE])
{
	if (result == 0)
		result = brambled_commit(brambled);
	else
		brambled_rollback(brambled);
	if (result != 0)
		explain_failure(brambled, result, reason);
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
		explain_failure(brambled, result, reason);
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
		return bind_board(brambled, node, *board, why);
	return result == -ENOENT ? create_node(brambled, board, name, node, why) : result;
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
		result = lowest_free_name(brambled, fresh);
		name = fresh;
	}
	if (result == 0)
		result = admit_as(brambled, board, name, node, reason);
	return conclude(brambled, result, reason);
}

/* `node` gets `board` instead of the one it has. */
static int swap(struct brambled *brambled, struct registry_node *node,
	const struct registry_board *board, char reason[static NODES_REASON_SIZE])
{
	struct registry_node former;
	struct mac old = node->board;
	char why[NODES_REASON_SIZE], moved[NODES_REASON_SIZE];
	bool had_board = node->has_board;
	bool was_elsewhere = registry_node_of_board(brambled->registry, &board->mac, &former) == 0;
	int result = 0;

	snprintf(why, sizeof(why), "another board took its place as %s", node->name);
	if (had_board)
		result = park_board(brambled, node, why);
	if (result == 0)
		result = bind_board(brambled, node, *board, "replaced by the administrator");
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
	return swap(brambled, node, board, reason);
}

struct unbound {
	struct brambled *brambled;
	struct registry_board board;
	unsigned found;
};

/* A board that waits and has never been replaced. */
static int find_unbound(void *argument, const struct registry_board *board)
{
	struct unbound *unbound = argument;
	struct registry_node node;

	if (!board->parked && clock_wall_ms() - board->last_seen_ms < WAITS_MS &&
		registry_node_of_board(unbound->brambled->registry, &board->mac, &node) ==
			-ENOENT) {
		unbound->board = *board;
		unbound->found++;
	}
	return 0;
}

int nodes_replace_by_next(struct brambled *brambled, const char *name, struct registry_node *node,
	char reason[static NODES_REASON_SIZE])
{
	static const char why[] = "its node waits for another board";
	struct unbound unbound = { .brambled = brambled };
	int result = find_node(brambled, name, node, reason);
	struct mac old;
	bool had_board;

	if (result == 0)
		result = registry_each_board(brambled->registry, find_unbound, &unbound);
	if (result != 0)
		return result;
	if (unbound.found == 1)
		return swap(brambled, node, &unbound.board, reason);
	if (unbound.found > 1) {
		snprintf(reason, NODES_REASON_SIZE,
			"%u boards wait; say which: `bramble node replace %s --board …`",
			unbound.found, name);
		return -EEXIST;
	}
	old = node->board;
	had_board = node->has_board;
	if (had_board)
		result = park_board(brambled, node, why);
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
		result = park_board(brambled, &node, why);
	if (result == 0)
		result = registry_delete_node(brambled->registry, name);
	if (result == 0)
		result = registry_put_forgotten(brambled->registry, name, clock_wall_ms());
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
	(void)finish_forgetting(brambled, name);
	(void)brambled_commit(brambled);
	return 0;
}
