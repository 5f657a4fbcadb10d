/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/addresses.h"

#include <errno.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"

int addresses_of(struct brambled *brambled, const struct mac *mac, struct in_addr *address)
{
	struct registry_node node;
	int result = registry_node_of_board(brambled->registry, mac, &node);

	if (result == 0)
		*address = node.address;
	return result == -ENOENT ? registry_get_address(brambled->registry, mac, address) : result;
}

int addresses_board_at(
	struct brambled *brambled, struct in_addr address, struct registry_board *board)
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

int addresses_pin(struct brambled *brambled, const struct mac *mac, struct in_addr *address)
{
	const struct settings *settings = &brambled->settings;
	int result = registry_free_address(
		brambled->registry, settings->range_first, settings->range_last, address);

	if (result == 0)
		result = registry_put_address(brambled->registry, mac, *address, clock_wall_ms());
	brambled->publish_due = true;
	return result;
}

static bool is_inside(const struct brambled *brambled, struct in_addr address)
{
	const struct settings *settings = &brambled->settings;

	return ((address.s_addr ^ settings->router.s_addr) & settings->netmask.s_addr) == 0;
}

static int warn_of_node(void *argument, const struct registry_node *node)
{
	struct brambled *brambled = argument;
	char address[ADDRESS_TEXT_SIZE];

	if (is_inside(brambled, node->address))
		return 0;
	str_format_address(node->address, address);
	snprintf(brambled->node_warning, sizeof(brambled->node_warning),
		"node %s keeps its address %s, which lan.address (%s) doesn't reach: change "
		"lan.address back, or forget the node and admit its board again",
		node->name, address, brambled->settings.lan_address);
	log_warning("%s", brambled->node_warning);
	return 0;
}

struct outsider {
	struct brambled *brambled;
	struct mac mac;
	bool found;
};

static int find_outsider(void *argument, const struct mac *mac, struct in_addr address)
{
	struct outsider *outsider = argument;
	struct registry_node node;

	outsider->found =
		!is_inside(outsider->brambled, address) &&
		registry_node_of_address(outsider->brambled->registry, address, &node) == -ENOENT;
	outsider->mac = *mac;
	return outsider->found ? 1 : 0;
}

void addresses_check(struct brambled *brambled)
{
	struct outsider outsider = { .brambled = brambled };

	brambled->node_warning[0] = '\0';
	(void)registry_each_node(brambled->registry, warn_of_node, brambled);
	do {
		outsider.found = false;
		(void)registry_each_address(brambled->registry, find_outsider, &outsider);
	} while (outsider.found && registry_delete_address(brambled->registry, &outsider.mac) == 0);
}
