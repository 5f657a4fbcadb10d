/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/network.h"
#include "provisioner/policy.h"
#include "provisioner/timeline.h"

#define SEEN_EVERY_MS 10000

int nodes_address_of(struct brambled *brambled, const struct mac *mac, struct in_addr *address)
{
	struct registry_node node;

	if (registry_node_of_board(brambled->registry, mac, &node) == 0) {
		*address = node.address;
		return 0;
	}
	return registry_get_address(brambled->registry, mac, address);
}

int nodes_board_at(struct brambled *brambled, struct in_addr address, struct registry_board *board)
{
	struct registry_node node;
	struct mac mac;

	if (registry_node_of_address(brambled->registry, address, &node) == 0) {
		if (!node.has_board)
			return -ENOENT;
		mac = node.board;
	} else if (registry_mac_of_address(brambled->registry, address, &mac) != 0) {
		return -ENOENT;
	}
	return registry_get_board(brambled->registry, &mac, board);
}

/* Give a MAC an address of its own that no node has. */
static int pin_address(struct brambled *brambled, const struct mac *mac, struct in_addr *address)
{
	const struct settings *settings = &brambled->settings;
	int result = registry_free_address(
		brambled->registry, settings->range_first, settings->range_last, address);

	if (result == 0)
		result = registry_put_address(brambled->registry, mac, *address, clock_wall_ms());
	brambled->publish_due = true;
	return result;
}

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

/* Bind a board to a node, whose former board loses it. Not yet durable. */
static int bind_board(struct brambled *brambled, struct registry_node *node,
	struct registry_board board, const char *why)
{
	struct registry_node former;
	struct in_addr own;
	char mac[MAC_TEXT_SIZE];
	int result = make_data_directory(brambled, node->name);

	if (result == 0 && registry_node_of_board(brambled->registry, &board.mac, &former) == 0 &&
		former.id != node->id) {
		former.has_board = false;
		result = registry_put_node(brambled->registry, &former);
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
		result = pin_address(brambled, &board.mac, &own);
	if (result != 0)
		return result;
	str_format_mac(&board.mac, mac);
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
		result = pin_address(brambled, &board.mac, &own);
	timeline_end(brambled, &board.mac, why);
	str_format_mac(&board.mac, mac);
	brambled_event(brambled, "board.parked", mac, "board %s is parked: %s", mac, why);
	return result;
}

static int lowest_free_name(struct brambled *brambled, char name[static NODE_NAME_SIZE])
{
	struct registry_node taken;

	for (unsigned number = 1; number < 65536; number++) {
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
	int result = registry_get_address(brambled->registry, &board->mac, &node->address);

	*node = (struct registry_node){
		.address = node->address, .role = "node", .created_ms = clock_wall_ms()
	};
	str_copy(node->image, sizeof(node->image), brambled->settings.node_image);
	str_copy(node->name, sizeof(node->name), name);
	/* An address that another node has kept (its board was swapped) stays with that node. */
	if (result == -ENOENT || (result == 0 && registry_node_of_address(brambled->registry,
							 node->address, &other) == 0))
		result = pin_address(brambled, &board->mac, &node->address);
	if (result == 0)
		result = registry_put_node(brambled->registry, node);
	if (result != 0)
		return result;
	brambled_event(
		brambled, "node.created", node->name, "node %s was created (%s)", node->name, why);
	return bind_board(brambled, node, *board, why);
}

static void format_admit(const struct registry_board *board, char *out, size_t size)
{
	char mac[MAC_TEXT_SIZE];

	str_format_mac(&board->mac, mac);
	snprintf(out, size, "bramble node admit %s", board->serial[0] ? board->serial : mac);
}

int nodes_place(struct brambled *brambled, const struct registry_board *board,
	struct registry_node *node, char reason[static NODES_REASON_SIZE])
{
	bool bound = registry_node_of_board(brambled->registry, &board->mac, node) == 0;
	struct registry_node waiting;
	bool waits = !bound && registry_node_wanting(brambled->registry, &waiting) == 0;
	char name[NODE_NAME_SIZE], admit[64];
	int result;

	switch (policy_decide((enum settings_join)brambled->settings.join, bound, board, waits)) {
	case POLICY_BOUND:
		return 0;
	case POLICY_TAKE:
		*node = waiting;
		result = bind_board(brambled, node, *board, "the next board that showed up");
		break;
	case POLICY_CREATE:
		result = lowest_free_name(brambled, name);
		if (result == 0)
			result = create_node(brambled, board, name, node, "join = auto");
		break;
	case POLICY_PARK:
		format_admit(board, admit, sizeof(admit));
		snprintf(reason, NODES_REASON_SIZE, "parked: waits for `%s`", admit);
		return -EACCES;
	case POLICY_REFUSE:
	default:
		snprintf(reason, NODES_REASON_SIZE, "join = deny: it gets nothing");
		return -EACCES;
	}
	if (result == 0)
		result = brambled_commit(brambled);
	if (result != 0)
		snprintf(reason, NODES_REASON_SIZE, "the registry can't be written: %s",
			strerror(-result));
	return result;
}

static int make_board(struct brambled *brambled, const struct policy_sender *sender,
	const struct mac *mac, struct registry_board *board)
{
	char text[MAC_TEXT_SIZE];
	int result = registry_get_board(brambled->registry, mac, board);
	bool fresh = result == -ENOENT;
	struct registry_board before;

	if (result != 0 && !fresh)
		return result;
	if (fresh)
		*board = (struct registry_board){ .mac = *mac, .first_seen_ms = clock_wall_ms() };
	before = *board;
	if (sender->model != BOOT_MODEL_UNKNOWN)
		board->model = sender->model;
	if (sender->revision)
		board->revision = sender->revision;
	if (sender->serial && board->serial[0] == '\0')
		snprintf(board->serial, sizeof(board->serial), "%08x", sender->serial);
	if (fresh || memcmp(&before, board, sizeof(before)) != 0 ||
		clock_wall_ms() - board->last_seen_ms > SEEN_EVERY_MS) {
		board->last_seen_ms = clock_wall_ms();
		result = registry_put_board(brambled->registry, board);
	} else {
		result = 0;
	}
	str_format_mac(mac, text);
	if (fresh && result == 0)
		brambled_event(brambled, "board.seen", text, "a new board: %s, MAC %s, serial %s",
			boot_model_name(board->model), text,
			board->serial[0] ? board->serial : "not told yet");
	return result;
}

static void see_firmware(
	struct brambled *brambled, const struct policy_sender *sender, const struct mac *mac)
{
	struct registry_board board;
	struct registry_node node = { 0 };
	char reason[NODES_REASON_SIZE] = "", text[MAC_TEXT_SIZE];
	bool placed;

	if (make_board(brambled, sender, mac, &board) != 0)
		return;
	placed = nodes_place(brambled, &board, &node, reason) == 0;
	if (placed && node.joined) {
		node.joined = false;
		(void)registry_put_node(brambled->registry, &node);
	}
	timeline_discover(brambled, mac, placed ? node.name : "");
	if (!placed) {
		str_format_mac(mac, text);
		timeline_reason(brambled, mac, reason);
	}
}

/* An OFFER that isn't ours: the board may take it, and then nothing works. */
static void see_foreign_server(struct brambled *brambled, const struct ipc_dhcp *packet)
{
	char server[ADDRESS_TEXT_SIZE];

	if (packet->server.s_addr == 0 || packet->server.s_addr == brambled->settings.router.s_addr)
		return;
	str_format_address(packet->server, server);
	snprintf(brambled->network_warning, sizeof(brambled->network_warning),
		"another DHCP server answers on the LAN: %s; boards may take its offers: remove it",
		server);
	log_warning("%s", brambled->network_warning);
}

void nodes_see_dhcp(struct brambled *brambled, const struct ipc_dhcp *packet)
{
	struct policy_sender sender;
	struct in_addr address;
	bool refused;

	if (packet->message == DHCP_OFFER || packet->message == DHCP_ACK) {
		see_foreign_server(brambled, packet);
		return;
	}
	if (packet->message != DHCP_DISCOVER && packet->message != DHCP_REQUEST)
		return;
	policy_identify(packet, &sender);
	refused = sender.is_board && brambled->settings.join == JOIN_DENY &&
		  nodes_address_of(brambled, &packet->mac, &address) != 0;
	if (!refused && nodes_address_of(brambled, &packet->mac, &address) == -ENOENT) {
		int result = pin_address(brambled, &packet->mac, &address);

		if (result == 0)
			result = brambled_commit(brambled);
		if (result != 0)
			log_error("no address for a new board: %s", strerror(-result));
	}
	if (sender.is_firmware && packet->message == DHCP_DISCOVER)
		see_firmware(brambled, &sender, &packet->mac);
	brambled_publish(brambled);
}

static int conclude(struct brambled *brambled, int result, char reason[static NODES_REASON_SIZE])
{
	if (result == 0)
		result = brambled_commit(brambled);
	else
		(void)brambled_commit(brambled);
	if (result != 0 && reason[0] == '\0')
		snprintf(reason, NODES_REASON_SIZE, "the registry can't be written: %s",
			strerror(-result));
	brambled_publish(brambled);
	return result;
}

int nodes_admit(struct brambled *brambled, const struct registry_board *board, const char *name,
	struct registry_node *node, char reason[static NODES_REASON_SIZE])
{
	char fresh[NODE_NAME_SIZE];
	int result;

	reason[0] = '\0';
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
		if (result != 0)
			return conclude(brambled, result, reason);
		name = fresh;
	}
	result = registry_get_node(brambled->registry, name, node);
	if (result == 0 && node->has_board) {
		snprintf(reason, NODES_REASON_SIZE,
			"%s is occupied; `bramble node replace %s --board …` swaps its board", name,
			name);
		return -EEXIST;
	}
	if (result == 0)
		result = bind_board(brambled, node, *board, "admitted by the administrator");
	else if (result == -ENOENT)
		result = create_node(brambled, board, name, node, "admitted by the administrator");
	return conclude(brambled, result, reason);
}

int nodes_replace(struct brambled *brambled, const char *name, const struct registry_board *board,
	struct registry_node *node, char reason[static NODES_REASON_SIZE])
{
	int result = registry_get_node(brambled->registry, name, node);
	char why[NODES_REASON_SIZE];

	reason[0] = '\0';
	if (result != 0) {
		snprintf(reason, NODES_REASON_SIZE,
			"there is no node %s; `bramble node list` shows them", name);
		return result;
	}
	if (node->has_board && memcmp(&node->board, &board->mac, sizeof(board->mac)) == 0)
		return 0;
	if (node->has_board) {
		snprintf(why, sizeof(why), "another board took its place as %s", name);
		result = park_board(brambled, node, why);
	}
	if (result == 0)
		result = bind_board(brambled, node, *board, "replaced by the administrator");
	return conclude(brambled, result, reason);
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

	if (!board->parked && registry_node_of_board(
				      unbound->brambled->registry, &board->mac, &node) == -ENOENT) {
		unbound->board = *board;
		unbound->found++;
	}
	return 0;
}

int nodes_replace_by_next(struct brambled *brambled, const char *name, struct registry_node *node,
	char reason[static NODES_REASON_SIZE])
{
	struct unbound unbound = { .brambled = brambled };
	int result = registry_get_node(brambled->registry, name, node);

	reason[0] = '\0';
	if (result != 0) {
		snprintf(reason, NODES_REASON_SIZE,
			"there is no node %s; `bramble node list` shows them", name);
		return result;
	}
	result = registry_each_board(brambled->registry, find_unbound, &unbound);
	if (result == 0 && unbound.found == 1)
		return nodes_replace(brambled, name, &unbound.board, node, reason);
	if (result == 0 && unbound.found > 1) {
		snprintf(reason, NODES_REASON_SIZE,
			"%u boards wait; say which: `bramble node replace %s --board …`",
			unbound.found, name);
		return -EEXIST;
	}
	if (result == 0 && node->has_board)
		result = park_board(brambled, node, "its node waits for another board");
	node->has_board = false;
	node->joined = false;
	node->wants_next = true;
	if (result == 0)
		result = registry_put_node(brambled->registry, node);
	if (result == 0)
		brambled_event(brambled, "node.vacant", name,
			"%s waits for the next board that shows up", name);
	return conclude(brambled, result, reason);
}

int nodes_forget(struct brambled *brambled, const char *name, char reason[static NODES_REASON_SIZE])
{
	struct registry_node node;
	char from[512], to[600];
	int result = registry_get_node(brambled->registry, name, &node);

	reason[0] = '\0';
	if (result != 0) {
		snprintf(reason, NODES_REASON_SIZE,
			"there is no node %s; `bramble node list` shows them", name);
		return result;
	}
	if (node.has_board)
		result = park_board(brambled, &node, "its node was forgotten");
	if (result == 0)
		result = registry_delete_node(brambled->registry, name);
	if (result == 0)
		brambled_event(brambled, "node.forgotten", name,
			"node %s was forgotten; its data is kept", name);
	result = conclude(brambled, result, reason);
	if (result != 0)
		return result;
	snprintf(from, sizeof(from), "%s/nodes/%s", brambled->settings.share, name);
	snprintf(to, sizeof(to), "%s.forgotten-%lld", from, (long long)time(NULL));
	/* A crash in between leaves the directory under its old name: a new node of that name would
	 * get it, so lowest names are taken again only by hand or after this. */
	if (rename(from, to) != 0 && errno != ENOENT)
		log_warning("can't rename %s: %s", from, strerror(errno));
	return 0;
}
