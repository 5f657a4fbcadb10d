/* SPDX-License-Identifier: ISC */
/* Between a document and a registry. */
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/state/document.h"

static int take_image(void *argument, const struct registry_image *image)
{
	struct state_image *next = state_add_image(argument);

	if (!next)
		return -ENOMEM;
	next->image = *image;
	return 0;
}

static int take_node(void *argument, const struct registry_node *node)
{
	struct state_node *next = state_add_node(argument);

	if (!next)
		return -ENOMEM;
	next->node = *node;
	return 0;
}

static int take_binding(
	void *argument, const char *node, int64_t at_ms, const struct mac *mac, const char *text)
{
	struct state_binding *next = state_add_binding(argument);

	if (!next)
		return -ENOMEM;
	str_copy(next->node, sizeof(next->node), node);
	next->at_ms = at_ms;
	next->mac = *mac;
	str_copy(next->text, sizeof(next->text), text);
	return 0;
}

static int take_board(void *argument, const struct registry_board *board)
{
	struct state_board *next = state_add_board(argument);

	if (!next)
		return -ENOMEM;
	next->board = *board;
	return 0;
}

static int take_address(void *argument, const struct mac *mac, struct in_addr address)
{
	struct state_address *next = state_add_address(argument);

	if (!next)
		return -ENOMEM;
	next->mac = *mac;
	next->address = address;
	return 0;
}

static int take_expected(void *argument, const struct registry_expected *expected)
{
	struct state_expected *next = state_add_expected(argument);

	if (!next)
		return -ENOMEM;
	next->expected = *expected;
	return 0;
}

int state_load(struct registry *registry, struct state_document *document)
{
	int result;

	*document = (struct state_document){ 0 };
	result = registry_last_node(registry, &document->last_node);
	if (result == 0)
		result = registry_each_image(registry, take_image, document);
	if (result == 0)
		result = registry_each_node(registry, take_node, document);
	if (result == 0)
		result = registry_every_binding(registry, take_binding, document);
	if (result == 0)
		result = registry_each_board(registry, take_board, document);
	if (result == 0)
		result = registry_each_address(registry, take_address, document);
	if (result == 0)
		result = registry_each_expected(registry, take_expected, document);
	if (result == 0)
		state_sort(document);
	else
		state_free(document);
	return result;
}

static int store_nodes(struct registry *registry, const struct state_document *document)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < document->n_nodes; i++) {
		struct registry_node node = document->nodes[i].node;

		result = registry_put_node(registry, &node);
	}
	for (size_t i = 0; result == 0 && i < document->n_bindings; i++) {
		const struct state_binding *binding = &document->bindings[i];

		result = registry_add_binding(
			registry, binding->node, &binding->mac, binding->text, binding->at_ms);
	}
	return result == 0 ? registry_raise_last_node(registry, document->last_node) : result;
}

static int store_boards(struct registry *registry, const struct state_document *document)
{
	int64_t now_ms = clock_wall_ms();
	int result = 0;

	for (size_t i = 0; result == 0 && i < document->n_boards; i++)
		result = registry_put_board(registry, &document->boards[i].board);
	for (size_t i = 0; result == 0 && i < document->n_addresses; i++)
		result = registry_put_address(registry, &document->addresses[i].mac,
			document->addresses[i].address, now_ms);
	for (size_t i = 0; result == 0 && i < document->n_expected; i++)
		result = registry_put_expected(registry, &document->expected[i].expected);
	return result;
}

int state_store(struct registry *registry, const struct state_document *document)
{
	int result = registry_clear_state(registry);

	for (size_t i = 0; result == 0 && i < document->n_images; i++)
		result = registry_put_image(registry, &document->images[i].image);
	if (result == 0)
		result = store_nodes(registry, document);
	return result == 0 ? store_boards(registry, document) : result;
}
