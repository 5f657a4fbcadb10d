/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/joins.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define NODES_LIMIT 1024
/* A little less than a token lives: who gets one can still use it. */
#define TOKEN_GOOD_NS (840 * NS_PER_S)
#define SPENT_GOOD_NS (30 * NS_PER_S)
#define ASKS_LATELY_NS (60 * NS_PER_S)

struct joins {
	bool listed;
	size_t n;
	struct joins_node nodes[NODES_LIMIT];
};

void joins_stop(struct brambled *brambled)
{
	if (brambled->joins)
		sodium_memzero(brambled->joins, sizeof(*brambled->joins));
	free(brambled->joins);
	brambled->joins = NULL;
}

struct joins_node *joins_find(struct brambled *brambled, const char *name)
{
	struct joins *joins = brambled->joins;

	for (size_t i = 0; joins && i < joins->n; i++) {
		if (strcmp(joins->nodes[i].name, name) == 0)
			return &joins->nodes[i];
	}
	return NULL;
}

static bool make_room(struct brambled *brambled)
{
	if (!brambled->joins)
		brambled->joins = calloc(1, sizeof(*brambled->joins));
	return brambled->joins != NULL;
}

struct joins_node *joins_of(struct brambled *brambled, const char *name)
{
	struct joins_node *node = joins_find(brambled, name);

	if (node)
		return node;
	if (!make_room(brambled) || brambled->joins->n == NODES_LIMIT)
		return NULL;
	node = &brambled->joins->nodes[brambled->joins->n++];
	str_copy(node->name, sizeof(node->name), name);
	node->left = -1;
	return node;
}

void joins_each(struct brambled *brambled,
	void (*each)(void *argument, const struct joins_node *node), void *argument)
{
	for (size_t i = 0; brambled->joins && i < brambled->joins->n; i++)
		each(argument, &brambled->joins->nodes[i]);
}

void joins_listed(struct brambled *brambled, uint64_t began_ns)
{
	if (!make_room(brambled))
		return;
	brambled->joins->listed = true;
	for (size_t i = 0; i < brambled->joins->n; i++) {
		struct joins_node *node = &brambled->joins->nodes[i];

		if (node->told_ns >= began_ns)
			continue;
		node->uid[0] = node->kernel[0] = node->pod_cidr[0] = node->version[0] = '\0';
		node->ready = node->cordoned = node->ours = false;
	}
}

bool joins_are_listed(const struct brambled *brambled)
{
	return brambled->joins && brambled->joins->listed;
}

void joins_booted(struct brambled *brambled, const char *name)
{
	struct joins_node *node = joins_find(brambled, name);

	if (node)
		node->boot_id[0] = '\0';
}

const char *joins_token(struct joins_node *node, int64_t boot)
{
	uint64_t now = clock_monotonic_ns();
	bool good = node->state == JOINS_MINTED && node->boot == boot &&
		    now - node->minted_ns < TOKEN_GOOD_NS;

	if (good && (node->spent_ns == 0 || now - node->spent_ns < SPENT_GOOD_NS))
		return node->token;
	node->state = JOINS_WANTED;
	node->boot = boot;
	sodium_memzero(node->token, sizeof(node->token));
	return NULL;
}

void joins_minted(struct joins_node *node, const char *token)
{
	if (*token && node->state == JOINS_WANTED) {
		str_copy(node->token, sizeof(node->token), token);
		node->minted_ns = clock_monotonic_ns();
		node->spent_ns = 0;
		node->state = JOINS_MINTED;
	} else if (!*token && node->state == JOINS_DONE) {
		node->state = JOINS_NONE;
	}
}

void joins_spent(struct joins_node *node)
{
	if (node->state == JOINS_MINTED && node->spent_ns == 0)
		node->spent_ns = clock_monotonic_ns();
}

void joins_close(struct joins_node *node)
{
	sodium_memzero(node->token, sizeof(node->token));
	node->state = JOINS_DONE;
}

bool joins_is_ready(const struct joins_node *node)
{
	return node->ready && node->boot_id[0] && strcmp(node->boot_id, node->kernel) == 0;
}

static void count_busy(void *argument, const struct joins_node *node)
{
	bool lately = node->asked_ns && clock_monotonic_ns() - node->asked_ns < ASKS_LATELY_NS;

	if (node->state != JOINS_NONE || (lately && !joins_is_ready(node)))
		*(bool *)argument = true;
}

bool joins_is_busy(struct brambled *brambled)
{
	bool busy = false;

	joins_each(brambled, count_busy, &busy);
	return busy;
}
