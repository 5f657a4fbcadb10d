/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/by_node.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

static unsigned char *record_at(const struct by_node *table, size_t i)
{
	return (unsigned char *)table->records + i * table->size;
}

static uint32_t node_at(const struct by_node *table, size_t i)
{
	uint32_t node;

	memcpy(&node, record_at(table, i), sizeof(node));
	return node;
}

/* Where the node's record is, or would be. */
static size_t place_of(const struct by_node *table, uint32_t node)
{
	size_t low = 0, high = table->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (node_at(table, middle) < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void *by_node_get(const struct by_node *table, uint32_t node)
{
	const size_t i = place_of(table, node);

	return i < table->n && node_at(table, i) == node ? record_at(table, i) : NULL;
}

void *by_node_get_or_add(struct by_node *table, uint32_t node)
{
	const size_t i = place_of(table, node);

	if (i < table->n && node_at(table, i) == node)
		return record_at(table, i);
	if (table->n == table->room) {
		const size_t room = table->room ? 2 * table->room : FIRST_ROOM;
		void *grown = realloc(table->records, room * table->size);

		if (!grown)
			return NULL;
		table->records = grown;
		table->room = room;
	}
	memmove(record_at(table, i + 1), record_at(table, i), (table->n - i) * table->size);
	table->n++;
	memset(record_at(table, i), 0, table->size);
	memcpy(record_at(table, i), &node, sizeof(node));
	return record_at(table, i);
}

void by_node_free(struct by_node *table)
{
	free(table->records);
	table->records = NULL;
	table->n = table->room = 0;
}
