/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/routes.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/log.h"
#include "provisioner/network/network.h"

bool routes_parse(
	const char *part, const char *whole, struct in_addr *network, unsigned *prefix_length)
{
	struct in_addr around;
	unsigned around_length;

	return str_parse_network(part, network, prefix_length) == 0 &&
	       str_parse_network(whole, &around, &around_length) == 0 && around_length > 0 &&
	       *prefix_length >= around_length && *prefix_length < 32 &&
	       (ntohl(network->s_addr) & (UINT32_MAX >> *prefix_length)) == 0 &&
	       ((ntohl(network->s_addr) ^ ntohl(around.s_addr)) >> (32 - around_length)) == 0;
}

void routes_follow(struct brambled *brambled, struct joins_node *node, struct in_addr address)
{
	struct in_addr network;
	unsigned length;
	int result;

	if (!routes_parse(node->pod_cidr, brambled->settings.pod_cidr, &network, &length))
		return;
	result = network_set_route(brambled->settings.lan_interface, network, length, address);
	if (result != 0 && result != node->route_result)
		log_warning("no way to the pods of %s (%s): %s", node->name, node->pod_cidr,
			strerror(-result));
	node->route_result = result;
}
