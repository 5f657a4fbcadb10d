/* SPDX-License-Identifier: ISC */
#include "provisioner/state/document.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

void state_free(struct state_document *document)
{
	free(document->images);
	free(document->nodes);
	free(document->bindings);
	free(document->boards);
	free(document->addresses);
	free(document->expected);
	*document = (struct state_document){ 0 };
}

/* The array has room for a power of two of them, FIRST_ROOM at least. Returns whether there is room
 * for one more now; *array may have moved. */
static bool make_room(void **array, size_t n, size_t size)
{
	size_t room = n ? 2 * n : FIRST_ROOM;
	void *grown;

	if (n >= STATE_THINGS_LIMIT)
		return false;
	if (n != 0 && (n < FIRST_ROOM || (n & (n - 1)) != 0))
		return true;
	grown = realloc(*array, room * size);
	if (grown)
		*array = grown;
	return grown != NULL;
}

#define DEFINE_ADD(name, array, count)                                                             \
	struct state_##name *state_add_##name(struct state_document *document)                     \
	{                                                                                          \
		void *items = document->array;                                                     \
		bool fits = make_room(&items, document->count, sizeof(*document->array));          \
                                                                                                   \
		document->array = items;                                                           \
		if (!fits)                                                                         \
			return NULL;                                                               \
		memset(&document->array[document->count], 0, sizeof(*document->array));            \
		return &document->array[document->count++];                                        \
	}

DEFINE_ADD(image, images, n_images)
DEFINE_ADD(node, nodes, n_nodes)
DEFINE_ADD(board, boards, n_boards)
DEFINE_ADD(address, addresses, n_addresses)
DEFINE_ADD(expected, expected, n_expected)

struct state_binding *state_add_binding(struct state_document *document)
{
	void *items = document->bindings;
	bool fits = make_room(&items, document->n_bindings, sizeof(*document->bindings));
	struct state_binding *binding;

	document->bindings = items;
	if (!fits)
		return NULL;
	binding = &document->bindings[document->n_bindings];
	memset(binding, 0, sizeof(*binding));
	binding->sequence = document->n_bindings++;
	return binding;
}

static int compare_images(const void *a, const void *b)
{
	return strcmp(((const struct state_image *)a)->image.name,
		((const struct state_image *)b)->image.name);
}

static int compare_nodes(const void *a, const void *b)
{
	return strcmp(((const struct state_node *)a)->node.name,
		((const struct state_node *)b)->node.name);
}

static int compare_bindings(const void *a, const void *b)
{
	const struct state_binding *one = a, *other = b;
	int order = strcmp(one->node, other->node);

	if (order != 0)
		return order;
	return one->sequence < other->sequence ? -1 : one->sequence > other->sequence;
}

static int compare_boards(const void *a, const void *b)
{
	return memcmp(&((const struct state_board *)a)->board.mac,
		&((const struct state_board *)b)->board.mac, sizeof(struct mac));
}

static int compare_addresses(const void *a, const void *b)
{
	return memcmp(&((const struct state_address *)a)->mac,
		&((const struct state_address *)b)->mac, sizeof(struct mac));
}

static int compare_expected(const void *a, const void *b)
{
	return strcmp(((const struct state_expected *)a)->expected.board,
		((const struct state_expected *)b)->expected.board);
}

static void sort(void *array, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(array, n, size, compare);
}

void state_sort(struct state_document *document)
{
	sort(document->images, document->n_images, sizeof(*document->images), compare_images);
	sort(document->nodes, document->n_nodes, sizeof(*document->nodes), compare_nodes);
	sort(document->bindings, document->n_bindings, sizeof(*document->bindings),
		compare_bindings);
	sort(document->boards, document->n_boards, sizeof(*document->boards), compare_boards);
	sort(document->addresses, document->n_addresses, sizeof(*document->addresses),
		compare_addresses);
	sort(document->expected, document->n_expected, sizeof(*document->expected),
		compare_expected);
}

static void *find(const void *key, void *array, size_t n, size_t size,
	int (*compare)(const void *, const void *))
{
	return n > 0 ? bsearch(key, array, n, size, compare) : NULL;
}

struct state_image *state_find_image(const struct state_document *document, const char *name)
{
	struct state_image key = { 0 };

	str_copy(key.image.name, sizeof(key.image.name), name);
	return find(&key, document->images, document->n_images, sizeof(key), compare_images);
}

struct state_node *state_find_node(const struct state_document *document, const char *name)
{
	struct state_node key = { 0 };

	str_copy(key.node.name, sizeof(key.node.name), name);
	return find(&key, document->nodes, document->n_nodes, sizeof(key), compare_nodes);
}

struct state_board *state_find_board(const struct state_document *document, const struct mac *mac)
{
	struct state_board key = { .board.mac = *mac };

	return find(&key, document->boards, document->n_boards, sizeof(key), compare_boards);
}

struct state_address *state_find_address(
	const struct state_document *document, const struct mac *mac)
{
	struct state_address key = { .mac = *mac };

	return find(
		&key, document->addresses, document->n_addresses, sizeof(key), compare_addresses);
}
