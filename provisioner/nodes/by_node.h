/* SPDX-License-Identifier: ISC */
/* What is known of each node, in memory: records in the order of the nodes' numbers, found by
 * binary search. Nodes are never more than addresses, and numbers aren't used twice, so that none
 * is ever taken out. */
#ifndef BRAMBLE_BY_NODE_H
#define BRAMBLE_BY_NODE_H

#include <stddef.h>
#include <stdint.h>

/* All zero but for `size` at first. */
struct by_node {
	void *records;
	size_t n, room;
	size_t size; /* of a record, whose first member is the node's number (uint32_t) */
};

/* The node's record, or NULL. Good until one is added. */
void *by_node_get(const struct by_node *table, uint32_t node);
/* The same, added as zeros when there is none. NULL: out of memory. */
void *by_node_get_or_add(struct by_node *table, uint32_t node);

void by_node_free(struct by_node *table);

#endif
