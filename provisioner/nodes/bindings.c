/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/bindings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "provisioner/nodes/addresses.h"
#include "provisioner/nodes/policy.h"
#include "provisioner/nodes/rules.h"

#define NODE_NUMBERS 65536
#define FORGOTTEN_AT_ONCE 16

int bindings_make_directory(const struct brambled *brambled, const char *name)
{
	char path[512];
	int result;

	if (brambled->rehearsing)
		return 0;
	snprintf(path, sizeof(path), "%s/nodes/%s/.bramble", brambled->settings.share, name);
	result = file_make_directories(path, 0755);
	if (result == 0 && chmod(path, 0700) != 0)
		result = -errno;
	return result;
}

int bindings_bind(struct brambled *brambled, struct registry_node *node,
	struct registry_board board, const char *why)
{
	struct registry_node former;
	struct in_addr own;
	char mac[MAC_TEXT_SIZE];
	int result = bindings_make_directory(brambled, node->name);

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

int bindings_park(struct brambled *brambled, const struct registry_node *node, const char *why)
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
	if (!brambled->rehearsing && rename(from, to) != 0 && errno != ENOENT) {
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
	} nodes[FORGOTTEN_AT_ONCE];
};

static int collect_forgotten(void *argument, const char *name, int64_t at_ms)
{
	struct forgotten *forgotten = argument;

	if (forgotten->n == FORGOTTEN_AT_ONCE ||
		(forgotten->only && strcmp(name, forgotten->only) != 0))
		return 0;
	str_copy(forgotten->nodes[forgotten->n].name, NODE_NAME_SIZE, name);
	forgotten->nodes[forgotten->n++].at_ms = at_ms;
	return 0;
}

int bindings_finish_forgetting(struct brambled *brambled, const char *only)
{
	struct forgotten forgotten;
	int result;

	do {
		forgotten = (struct forgotten){ .only = only };
		result = registry_each_forgotten(brambled->registry, collect_forgotten, &forgotten);
		for (unsigned i = 0; i < forgotten.n && result == 0; i++)
			result = rename_forgotten(
				brambled, forgotten.nodes[i].name, forgotten.nodes[i].at_ms);
	} while (result == 0 && forgotten.n == FORGOTTEN_AT_ONCE);
	return result;
}

/* --- new nodes --- */

struct taken {
	const char *pattern;
	uint8_t numbers[NODE_NUMBERS / 8]; /* a bit each */
};

/* The number of a name, if the pattern makes it. */
static void take_number(struct taken *taken, const char *name)
{
	const char *place = strstr(taken->pattern, "%d");
	size_t before = place ? (size_t)(place - taken->pattern) : 0;
	char made[NODE_NAME_SIZE];
	unsigned long number;

	if (!place || strncmp(name, taken->pattern, before) != 0 ||
		!isdigit((unsigned char)name[before]))
		return;
	number = strtoul(name + before, NULL, 10);
	if (number < NODE_NUMBERS && policy_name(taken->pattern, (unsigned)number, made) == 0 &&
		strcmp(made, name) == 0)
		taken->numbers[number / 8] |= (uint8_t)(1u << number % 8);
}

static int take_name(void *taken, const char *name)
{
	take_number(taken, name);
	return 0;
}

static int take_promise(void *taken, const struct registry_expected *expected)
{
	take_number(taken, expected->node);
	return 0;
}

int bindings_free_name(struct brambled *brambled, const struct registry_board *board,
	char name[static NODE_NAME_SIZE])
{
	bool undecided;
	const struct settings_rule *rule = rules_match(&brambled->settings, board, &undecided);
	struct taken taken = { .pattern = rule && *rule->name ? rule->name
							      : brambled->settings.node_pattern };
	int result = registry_each_node_name(brambled->registry, take_name, &taken);

	if (result == 0)
		result = registry_each_expected(brambled->registry, take_promise, &taken);
	if (result != 0)
		return result;
	for (unsigned number = 1; number < NODE_NUMBERS; number++) {
		if (!(taken.numbers[number / 8] & 1u << number % 8))
			return policy_name(taken.pattern, number, name);
	}
	return -ENOSPC;
}

/* What the rules make of a new node, and in words which one did. */
static void apply_rule(struct brambled *brambled, const struct registry_board *board,
	struct registry_node *node, char *words, size_t size)
{
	bool undecided;
	const struct settings_rule *rule = rules_match(&brambled->settings, board, &undecided);

	words[0] = '\0';
	if (!node->role[0])
		str_copy(node->role, sizeof(node->role),
			rule && *rule->role ? rule->role : RULES_DEFAULT_ROLE);
	if (!rule)
		return;
	str_copy(node->image, sizeof(node->image), rule->image);
	snprintf(words, size, "; rule %zu, role %.63s",
		(size_t)(rule - brambled->settings.rules) + 1, node->role);
}

int bindings_create(struct brambled *brambled, const struct registry_board *board, const char *name,
	const char *role, struct registry_node *node, const char *why)
{
	struct registry_node other;
	struct in_addr address = { 0 };
	char by[96];
	int result = bindings_finish_forgetting(brambled, name);

	if (result != 0)
		return result;
	result = registry_get_address(brambled->registry, &board->mac, &address);
	/* An address that another node has kept (its board was swapped) stays with that node. */
	if (result == -ENOENT ||
		(result == 0 && registry_node_of_address(brambled->registry, address, &other) == 0))
		result = addresses_pin(brambled, &board->mac, &address);
	if (result != 0)
		return result;
	*node = (struct registry_node){ .address = address, .created_ms = clock_wall_ms() };
	str_copy(node->name, sizeof(node->name), name);
	str_copy(node->role, sizeof(node->role), role);
	apply_rule(brambled, board, node, by, sizeof(by));
	result = registry_put_node(brambled->registry, node);
	if (result != 0)
		return result;
	brambled_event(brambled, "node.created", node->name, "node %s was created (%s%s)",
		node->name, why, by);
	return bindings_bind(brambled, node, *board, why);
}

void bindings_explain(
	const struct brambled *brambled, int result, char reason[static BINDINGS_REASON_SIZE])
{
	if (reason[0])
		return;
	if (brambled->registry_warning[0])
		snprintf(reason, BINDINGS_REASON_SIZE, "%.190s", brambled->registry_warning);
	else if (result == -ENOSPC)
		snprintf(reason, BINDINGS_REASON_SIZE,
			"no address is left (make lan.range_first and range_last wider), or the "
			"disk is full");
	else
		snprintf(reason, BINDINGS_REASON_SIZE, "it can't be done now: %s",
			strerror(-result));
}
