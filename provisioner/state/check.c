/* SPDX-License-Identifier: ISC */
/* Does a document fit together? */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/state/document.h"

#define CLAIM_SIZE 80

/* What only one thing may have. */
struct claim {
	char what[CLAIM_SIZE]; /* "the address 10.77.0.50" */
	unsigned line;
};

struct claims {
	struct claim *all;
	size_t n, room;
};

/* There is room for all of them: see state_check(). */
static void claim(struct claims *claims, unsigned line, const char *kind, const char *value)
{
	struct claim *next = &claims->all[claims->n++];

	snprintf(next->what, sizeof(next->what), "%s %.63s", kind, value);
	next->line = line;
}

static void claim_mac(struct claims *claims, unsigned line, const char *kind, const struct mac *mac)
{
	char text[MAC_TEXT_SIZE];

	str_format_mac(mac, text);
	claim(claims, line, kind, text);
}

static void claim_address(
	struct claims *claims, unsigned line, const char *kind, struct in_addr address)
{
	char text[ADDRESS_TEXT_SIZE];

	str_format_address(address, text);
	claim(claims, line, kind, text);
}

static void claim_node(struct claims *claims, const struct state_node *node)
{
	char id[16];

	snprintf(id, sizeof(id), "%" PRIu32, node->node.id);
	claim(claims, node->line, "node", node->node.name);
	claim(claims, node->line, "node id", id);
	claim_address(claims, node->line, "node address", node->node.address);
	if (node->node.has_board)
		claim_mac(claims, node->line, "a node on board", &node->node.board);
}

static int compare_claims(const void *a, const void *b)
{
	const struct claim *one = a, *other = b;
	int order = strcmp(one->what, other->what);

	return order != 0 ? order : (one->line > other->line) - (one->line < other->line);
}

static void collect(struct claims *claims, const struct state_document *document)
{
	for (size_t i = 0; i < document->n_images; i++)
		claim(claims, document->images[i].line, "image", document->images[i].image.name);
	for (size_t i = 0; i < document->n_nodes; i++)
		claim_node(claims, &document->nodes[i]);
	for (size_t i = 0; i < document->n_boards; i++)
		claim_mac(
			claims, document->boards[i].line, "board", &document->boards[i].board.mac);
	for (size_t i = 0; i < document->n_addresses; i++) {
		const struct state_address *address = &document->addresses[i];

		claim_mac(claims, address->line, "an address of", &address->mac);
		claim_address(claims, address->line, "address", address->address);
	}
	for (size_t i = 0; i < document->n_expected; i++)
		claim(claims, document->expected[i].line, "expected",
			document->expected[i].expected.board);
}

static int check_claims(struct claims *claims, char error[static STATE_ERROR_SIZE])
{
	if (claims->n > 1)
		qsort(claims->all, claims->n, sizeof(*claims->all), compare_claims);
	for (size_t i = 1; i < claims->n; i++) {
		const struct claim *first = &claims->all[i - 1], *second = &claims->all[i];

		if (strcmp(first->what, second->what) != 0)
			continue;
		snprintf(error, STATE_ERROR_SIZE, "%u: %s is there twice: already on line %u",
			second->line, second->what, first->line);
		return -EINVAL;
	}
	return 0;
}

static int check_nodes(const struct state_document *document, char error[static STATE_ERROR_SIZE])
{
	char mac[MAC_TEXT_SIZE];

	for (size_t i = 0; i < document->n_nodes; i++) {
		const struct state_node *node = &document->nodes[i];

		if (node->node.id > document->last_node) {
			snprintf(error, STATE_ERROR_SIZE,
				"%u: node %s has id %" PRIu32 ", but last-node is %" PRIu32
				": it is the highest id that a node ever had",
				node->line, node->node.name, node->node.id, document->last_node);
			return -EINVAL;
		}
		if (!node->node.has_board || state_find_board(document, &node->node.board))
			continue;
		str_format_mac(&node->node.board, mac);
		snprintf(error, STATE_ERROR_SIZE,
			"%u: node %s is on board %s, which isn't described: add \"board %s\"",
			node->line, node->node.name, mac, mac);
		return -EINVAL;
	}
	return 0;
}

int state_check(const struct state_document *document, char error[static STATE_ERROR_SIZE])
{
	struct claims claims = { .room = 1 + document->n_images + 4 * document->n_nodes +
					 document->n_boards + 2 * document->n_addresses +
					 document->n_expected };
	int result;

	error[0] = '\0';
	claims.all = calloc(claims.room, sizeof(*claims.all));
	if (!claims.all)
		return -ENOMEM;
	collect(&claims, document);
	result = check_claims(&claims, error);
	free(claims.all);
	return result == 0 ? check_nodes(document, error) : result;
}
