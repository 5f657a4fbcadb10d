/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/sightings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/nodes/addresses.h"
#include "provisioner/nodes/nodes.h"
#include "provisioner/nodes/policy.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/second.h"
#include "provisioner/timeline/diagnosis.h"
#include "provisioner/timeline/timeline.h"

#define SEEN_EVERY_MS 10000
/* Anybody can invent MACs: this many that never occupied a node are kept. */
#define STRANGERS 1024
#define TRIM_EVERY 64		    /* new MACs */
#define WARNING_NS (600 * NS_PER_S) /* how long one is shown after its cause was last seen */

static bool another_has_serial(
	struct brambled *brambled, const struct registry_board *board, const char *serial)
{
	struct registry_board other;
	int result = registry_board_with_serial(brambled->registry, serial, &other);

	return result == -EEXIST ||
	       (result == 0 && memcmp(&other.mac, &board->mac, sizeof(other.mac)) != 0);
}

int sightings_tie_serial(
	struct brambled *brambled, struct registry_board *board, const char *serial)
{
	bool taken = another_has_serial(brambled, board, serial);
	char mac[MAC_TEXT_SIZE];

	if (!taken && strcmp(board->serial, serial) == 0)
		return 0;
	if (!taken && board->serial[0] == '\0') {
		str_copy(board->serial, sizeof(board->serial), serial);
		return registry_put_board(brambled->registry, board);
	}
	if (!timeline_has_contradiction(brambled, &board->mac)) {
		str_format_mac(&board->mac, mac);
		brambled_event(brambled, "board.conflict", mac,
			"board %s says its serial is %s, %s: it gets nothing until one of the two "
			"is gone; `bramble board list` shows both",
			mac, serial,
			taken ? "which belongs to another board" : "but it had another one");
	}
	timeline_set_contradiction(brambled, &board->mac);
	timeline_reason(brambled, &board->mac, CAUSE_CONFLICT,
		"its serial contradicts what is known of it: see board.conflict in `bramble "
		"events`");
	return -EPERM;
}

/* For one more that was never seen. */
static int make_room(struct brambled *brambled)
{
	int result;

	if (brambled->strangers++ % TRIM_EVERY != 0)
		return 0;
	result = registry_trim_boards(brambled->registry, STRANGERS - TRIM_EVERY);
	if (result == 0)
		result = registry_trim_addresses(brambled->registry, STRANGERS - TRIM_EVERY);
	return result;
}

/* Does a board with the MAC of `board` say that it is another one? */
static bool is_another(const struct policy_sender *sender, const struct registry_board *board)
{
	char serial[SERIAL_TEXT_SIZE];

	snprintf(serial, sizeof(serial), "%08x", sender->serial);
	return sender->serial && board->serial[0] && strcmp(board->serial, serial) != 0;
}

/* The row of a board that was seen, made when it is new. */
static int make_board(struct brambled *brambled, const struct policy_sender *sender,
	const struct mac *mac, struct registry_board *board)
{
	int64_t now = clock_wall_ms();
	char text[MAC_TEXT_SIZE];
	int result = registry_get_board(brambled->registry, mac, board);
	bool fresh = result == -ENOENT, learned;

	if (result != 0 && !fresh)
		return result;
	if (fresh) {
		*board = (struct registry_board){ .mac = *mac, .first_seen_ms = now };
		result = make_room(brambled);
		if (result != 0)
			return result;
	}
	/* Another board with its MAC tells nothing of it. */
	if (is_another(sender, board))
		return 0;
	learned = (sender->model != BOOT_MODEL_UNKNOWN && sender->model != board->model) ||
		  (sender->revision && sender->revision != board->revision);
	if (sender->model != BOOT_MODEL_UNKNOWN)
		board->model = sender->model;
	if (sender->revision)
		board->revision = sender->revision;
	if (!fresh && !learned && now - board->last_seen_ms >= 0 &&
		now - board->last_seen_ms < SEEN_EVERY_MS)
		return 0;
	board->last_seen_ms = now;
	result = registry_put_board(brambled->registry, board);
	if (fresh && result == 0) {
		str_format_mac(mac, text);
		brambled_event(brambled, "board.seen", text, "a new board: %s, MAC %s%s%08x",
			boot_model_name(board->model), text,
			sender->serial ? ", serial " : ", its serial not told yet, ",
			sender->serial);
	}
	return result;
}

static void see_firmware(struct brambled *brambled, const struct policy_sender *sender,
	const struct mac *mac, unsigned secs)
{
	struct registry_board board;
	struct registry_node node = { 0 };
	char reason[NODES_REASON_SIZE] = "", serial[SERIAL_TEXT_SIZE];
	bool placed, undecided;
	int result;

	if (make_board(brambled, sender, mac, &board) != 0)
		return;
	snprintf(serial, sizeof(serial), "%08x", sender->serial);
	/* What the one has begun goes on. */
	if (is_another(sender, &board) && timeline_has_begun(brambled, mac)) {
		(void)sightings_tie_serial(brambled, &board, serial);
		return;
	}
	/* The boot exists before anything is said against it. */
	placed = registry_node_of_board(brambled->registry, mac, &node) == 0;
	timeline_discover(brambled, mac, placed ? node.name : "", secs);
	if (sender->serial && sightings_tie_serial(brambled, &board, serial) != 0)
		return;
	/* Its first file tells more of it. */
	(void)rules_match(&brambled->settings, &board, &undecided);
	if (undecided && !placed)
		return;
	result = nodes_place(brambled, &board, &node, reason);
	if (result != 0) {
		timeline_reason(brambled, mac, nodes_cause(brambled, result), reason);
		return;
	}
	(void)timeline_boot_or_begin(brambled, mac, node.name);
	if (node.joined) {
		node.joined = false;
		(void)registry_put_node(brambled->registry, &node);
	}
}

/* An OFFER that isn't ours: the board may take it, and then nothing works. */
static void see_foreign_server(struct brambled *brambled, const struct ipc_dhcp *packet)
{
	char server[ADDRESS_TEXT_SIZE];

	if (packet->server.s_addr == 0 || packet->server.s_addr == brambled->settings.router.s_addr)
		return;
	timeline_note_foreign(brambled, &packet->mac, packet->server);
	brambled->foreign_server_ns = clock_monotonic_ns();
	str_format_address(packet->server, server);
	if (strstr(brambled->dhcp_warning, server))
		return;
	snprintf(brambled->dhcp_warning, sizeof(brambled->dhcp_warning),
		"another DHCP server answers on the LAN, %s: boards may take its offers and then "
		"find no files; switch it off",
		server);
	brambled_event(brambled, "lan.conflict", server, "%s", brambled->dhcp_warning);
}

static void warn_no_address(struct brambled *brambled)
{
	if (brambled->address_warning[0] == '\0')
		log_error("no address is left for new boards");
	brambled->no_address_ns = clock_monotonic_ns();
	snprintf(brambled->address_warning, sizeof(brambled->address_warning),
		"no address is left for new boards: every one from lan.range_first to range_last "
		"belongs to a node; make the range wider in %.100s",
		brambled->config_path);
}

static void forget_old(char *warning, uint64_t heard_ns)
{
	if (warning[0] && clock_monotonic_ns() - heard_ns > WARNING_NS)
		warning[0] = '\0';
}

void sightings_tick(struct brambled *brambled)
{
	forget_old(brambled->dhcp_warning, brambled->foreign_server_ns);
	forget_old(brambled->address_warning, brambled->no_address_ns);
}

/* Every MAC gets an address of its own; under join = "deny" not boards that occupy no node. */
static void pin(
	struct brambled *brambled, const struct policy_sender *sender, const struct mac *mac)
{
	struct in_addr address;
	int result = addresses_of(brambled, mac, &address);

	if (result == 0) {
		(void)registry_touch_address(brambled->registry, mac, clock_wall_ms());
		return;
	}
	/* Its own Bramble is to be the one that answers it. */
	if (sender->is_board && (brambled->settings.join == JOIN_DENY || second_is_there(brambled)))
		return;
	if (result == -ENOENT)
		result = make_room(brambled);
	if (result == 0)
		result = addresses_pin(brambled, mac, &address);
	if (result == -ENOSPC && !registry_has_failed(brambled->registry))
		warn_no_address(brambled);
}

void sightings_see_dhcp(struct brambled *brambled, const struct ipc_dhcp *packet)
{
	struct policy_sender sender;

	if (second_see(brambled, packet))
		return;
	/* A switch doesn't show us another server's OFFER to a board, but a REQUEST goes to all and
	 * names the server that the board has chosen (RFC 2131 section 4.3.2). */
	if (packet->message == DHCP_OFFER || packet->message == DHCP_ACK ||
		packet->message == DHCP_REQUEST)
		see_foreign_server(brambled, packet);
	if (packet->message == DHCP_OFFER || packet->message == DHCP_ACK)
		return;
	if (packet->message != DHCP_DISCOVER && packet->message != DHCP_REQUEST)
		return;
	policy_identify(packet, rules_take_pcs(&brambled->settings), &sender);
	pin(brambled, &sender, &packet->mac);
	if (sender.is_firmware && packet->message == DHCP_DISCOVER)
		see_firmware(brambled, &sender, &packet->mac, packet->seconds);
}
