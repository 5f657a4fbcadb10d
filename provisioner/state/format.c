/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/state/document.h"
#include "provisioner/state/words.h"

#define QUOTED_SIZE (4 * REGISTRY_TEXT_SIZE + 3)

/* Of 10,000 nodes these are a hundred thousand lines: fprintf() would take most of the time. */
static void put_line(FILE *out, const char *key, const char *value)
{
	putc('\t', out);
	fputs(key, out);
	putc(' ', out);
	fputs(value, out);
	putc('\n', out);
}

/* What begins a thing. */
static void put_head(FILE *out, const char *kind, const char *name)
{
	putc('\n', out);
	fputs(kind, out);
	putc(' ', out);
	fputs(name, out);
	putc('\n', out);
}

static void put_text(FILE *out, const char *key, const char *text)
{
	char quoted[QUOTED_SIZE];

	if (text[0] == '\0')
		return;
	words_quote(quoted, text);
	put_line(out, key, quoted);
}

static bool is_plain(const char *text)
{
	while ((*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') || *text == '-' ||
		*text == ':' || *text == '.')
		text++;
	return *text == '\0';
}

/* Names, hashes and serials stand as they are; anything else that got into a registry is quoted. */
static void put_word(FILE *out, const char *key, const char *text)
{
	if (is_plain(text) && text[0])
		put_line(out, key, text);
	else
		put_text(out, key, text);
}

static void put_time(FILE *out, const char *key, int64_t ms)
{
	char time[WORDS_TIME_SIZE];

	words_format_time(ms, time);
	put_line(out, key, time);
}

static void put_address(FILE *out, struct in_addr address)
{
	char text[ADDRESS_TEXT_SIZE];

	str_format_address(address, text);
	put_line(out, "address", text);
}

static void put_flag(FILE *out, const char *key, bool set)
{
	if (set)
		fprintf(out, "\t%s\n", key);
}

static void put_images(FILE *out, const struct state_document *document)
{
	for (size_t i = 0; i < document->n_images; i++) {
		const struct registry_image *image = &document->images[i].image;

		put_head(out, "image", image->name);
		put_word(out, "current", image->current);
		put_word(out, "previous", image->previous);
		for (size_t pin = 0; pin < image->n_pinned; pin++)
			put_word(out, "pinned", image->pinned[pin]);
	}
}

static void put_binding(FILE *out, const struct state_binding *binding)
{
	char time[WORDS_TIME_SIZE], mac[MAC_TEXT_SIZE], quoted[QUOTED_SIZE];

	words_format_time(binding->at_ms, time);
	str_format_mac(&binding->mac, mac);
	words_quote(quoted, binding->text);
	fputs("\thistory ", out);
	fputs(time, out);
	putc(' ', out);
	fputs(mac, out);
	putc(' ', out);
	fputs(quoted, out);
	putc('\n', out);
}

static void put_avoids(FILE *out, const struct registry_node *node)
{
	char quoted[QUOTED_SIZE];

	if (node->avoids[0] == '\0')
		return;
	words_quote(quoted, node->avoids_why);
	fprintf(out, "\tavoids %s %s\n", node->avoids, quoted);
}

static void put_node(FILE *out, const struct registry_node *node)
{
	char mac[MAC_TEXT_SIZE];

	put_head(out, "node", node->name);
	fprintf(out, "\tid %" PRIu32 "\n", node->id);
	put_address(out, node->address);
	put_word(out, "role", node->role);
	put_word(out, "image", node->image);
	put_word(out, "booted", node->image_hash);
	put_word(out, "good", node->good);
	put_avoids(out, node);
	if (node->has_board) {
		str_format_mac(&node->board, mac);
		put_word(out, "board", mac);
	}
	put_flag(out, "wants-next-board", node->wants_next);
	put_flag(out, "cordoned", node->cordoned);
	put_text(out, "note", node->note);
	put_time(out, "created", node->created_ms);
}

/* The nodes that are there and those that were, each with its history: two sorted lists as one. */
static void put_nodes(FILE *out, const struct state_document *document)
{
	size_t node = 0, binding = 0;

	while (node < document->n_nodes || binding < document->n_bindings) {
		const char *name =
			node < document->n_nodes ? document->nodes[node].node.name : NULL;
		const char *former =
			binding < document->n_bindings ? document->bindings[binding].node : NULL;

		if (name && (!former || strcmp(name, former) <= 0)) {
			put_node(out, &document->nodes[node++].node);
		} else {
			put_head(out, "former-node", former);
			name = former;
		}
		while (binding < document->n_bindings &&
			strcmp(document->bindings[binding].node, name) == 0)
			put_binding(out, &document->bindings[binding++]);
	}
}

static void put_board(
	FILE *out, const struct registry_board *board, const struct state_address *address)
{
	char mac[MAC_TEXT_SIZE];

	str_format_mac(&board->mac, mac);
	put_head(out, "board", mac);
	put_word(out, "serial", board->serial);
	if (words_model(board->model))
		put_word(out, "model", words_model(board->model));
	if (board->revision)
		fprintf(out, "\trevision %06" PRIx32 "\n", board->revision);
	if (address)
		put_address(out, address->address);
	put_flag(out, "parked", board->parked);
	put_text(out, "note", board->note);
	put_time(out, "first-seen", board->first_seen_ms);
}

static void put_devices(FILE *out, const struct state_document *document)
{
	for (size_t i = 0; i < document->n_addresses; i++) {
		const struct state_address *address = &document->addresses[i];
		char mac[MAC_TEXT_SIZE];

		if (state_find_board(document, &address->mac))
			continue;
		str_format_mac(&address->mac, mac);
		put_head(out, "device", mac);
		put_address(out, address->address);
	}
}

static void put_expected(FILE *out, const struct state_document *document)
{
	for (size_t i = 0; i < document->n_expected; i++) {
		const struct registry_expected *expected = &document->expected[i].expected;

		put_head(out, "expected", expected->board);
		put_word(out, "node", expected->node);
		put_word(out, "role", expected->role);
	}
}

char *state_format(const struct state_document *document)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	(void)__fsetlocking(out, FSETLOCKING_BYCALLER);
	fprintf(out,
		"# What Bramble knows of boards and nodes: `bramble state import` reads it.\n"
		"state %d\n\tlast-node %" PRIu32 "\n",
		STATE_FORMAT, document->last_node);
	put_images(out, document);
	put_nodes(out, document);
	for (size_t i = 0; i < document->n_boards; i++) {
		const struct registry_board *board = &document->boards[i].board;

		put_board(out, board, state_find_address(document, &board->mac));
	}
	put_devices(out, document);
	put_expected(out, document);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
