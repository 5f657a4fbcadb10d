/* SPDX-License-Identifier: ISC */
/* The router's way to the pods of each node: the API server speaks with webhooks, and with what is
 * aggregated behind it, at their own addresses. */
#ifndef BRAMBLE_CLUSTER_ROUTES_H
#define BRAMBLE_CLUSTER_ROUTES_H

#include <netinet/in.h>
#include <stdbool.h>

#include "provisioner/cluster/joins.h"

/* Is `part` ("10.244.1.0/24") a network within `whole` ("10.244.0.0/16")? Then what it is. Pure. */
bool routes_parse(
	const char *part, const char *whole, struct in_addr *network, unsigned *prefix_length);

/* As the cluster and the registry say now; may be repeated. What fails is logged once. */
void routes_follow(struct brambled *brambled, struct joins_node *node, struct in_addr address);

#endif
