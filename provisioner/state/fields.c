/* SPDX-License-Identifier: ISC */
/* What describes things in the text form: a function for each key. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/state/parse.h"
#include "provisioner/state/words.h"

int parser_complain(struct parser *parser, const char *format, ...)
{
	va_list arguments;
	int used = snprintf(parser->error, STATE_ERROR_SIZE, "%u: ", parser->line);

	va_start(arguments, format);
	vsnprintf(parser->error + used, STATE_ERROR_SIZE - (size_t)used, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* There is no room for another thing. */
int parser_complain_room(struct parser *parser)
{
	if (parser->document->n_bindings >= STATE_THINGS_LIMIT ||
		parser->document->n_addresses >= STATE_THINGS_LIMIT ||
		parser->document->n_nodes >= STATE_THINGS_LIMIT ||
		parser->document->n_boards >= STATE_THINGS_LIMIT ||
		parser->document->n_images >= STATE_THINGS_LIMIT ||
		parser->document->n_expected >= STATE_THINGS_LIMIT)
		return parser_complain(parser, "more than %d of a kind", STATE_THINGS_LIMIT);
	return -ENOMEM;
}

/* --- values --- */

int parser_take_name(struct parser *parser, const char *word, char out[static NODE_NAME_SIZE])
{
	if (!str_is_node_name(word))
		return parser_complain(parser,
			"\"%.80s\" is no name; allowed: a-z, 0-9 and '-', at most 63 of them",
			word);
	str_copy(out, NODE_NAME_SIZE, word);
	return 0;
}

static int take_hash(struct parser *parser, const char *word, char out[static HASH_TEXT_SIZE])
{
	if (!str_is_hash(word, strlen(word)))
		return parser_complain(parser,
			"\"%.80s\" is no version of an image; allowed: 64 hex digits", word);
	str_copy(out, HASH_TEXT_SIZE, word);
	return 0;
}

int parser_take_mac(struct parser *parser, const char *word, struct mac *mac)
{
	if (str_parse_mac(word, mac) != 0)
		return parser_complain(
			parser, "\"%.80s\" is no MAC address, such as dc:a6:32:01:36:c2", word);
	return 0;
}

static int take_address(struct parser *parser, const char *word, struct in_addr *address)
{
	if (str_parse_address(word, address) != 0 || address->s_addr == 0)
		return parser_complain(
			parser, "\"%.80s\" is no IPv4 address, such as 10.77.0.50", word);
	return 0;
}

static int take_number(struct parser *parser, const char *word, uint32_t min, uint32_t *number)
{
	uint64_t value;

	if (str_parse_u64(word, min, UINT32_MAX, &value) != 0)
		return parser_complain(
			parser, "\"%.80s\" is no number from %u to %u", word, min, UINT32_MAX);
	*number = (uint32_t)value;
	return 0;
}

static int take_time(struct parser *parser, const char *word, int64_t *ms)
{
	if (!words_parse_time(word, ms))
		return parser_complain(parser,
			"\"%.80s\" is no time (UTC), such as 2026-11-24T16:27:51.123Z", word);
	return 0;
}

/* One line of text. */
static int take_text(struct parser *parser, const char *word, char out[static REGISTRY_TEXT_SIZE])
{
	for (const char *p = word; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return parser_complain(parser, "the text holds a control byte");
	}
	if (!str_copy(out, REGISTRY_TEXT_SIZE, word))
		return parser_complain(
			parser, "the text is longer than %d bytes", REGISTRY_TEXT_SIZE - 1);
	return 0;
}

/* --- keys --- */

static int take_last_node(struct parser *parser, char **words)
{
	return take_number(parser, words[0], 0, &parser->document->last_node);
}

static int take_current(struct parser *parser, char **words)
{
	return take_hash(parser, words[0], parser->image->current);
}

static int take_previous(struct parser *parser, char **words)
{
	return take_hash(parser, words[0], parser->image->previous);
}

static int take_pinned(struct parser *parser, char **words)
{
	struct registry_image *image = parser->image;

	if (image->n_pinned == REGISTRY_PINS)
		return parser_complain(parser, "more than %d pinned versions", REGISTRY_PINS);
	return take_hash(parser, words[0], image->pinned[image->n_pinned++]);
}

static int take_id(struct parser *parser, char **words)
{
	return take_number(parser, words[0], 1, &parser->node->id);
}

static int take_node_address(struct parser *parser, char **words)
{
	return take_address(parser, words[0], &parser->node->address);
}

static int take_node_role(struct parser *parser, char **words)
{
	return parser_take_name(parser, words[0], parser->node->role);
}

static int take_node_image(struct parser *parser, char **words)
{
	return parser_take_name(parser, words[0], parser->node->image);
}

static int take_booted(struct parser *parser, char **words)
{
	return take_hash(parser, words[0], parser->node->image_hash);
}

static int take_good(struct parser *parser, char **words)
{
	return take_hash(parser, words[0], parser->node->good);
}

static int take_avoids(struct parser *parser, char **words)
{
	char why[REGISTRY_TEXT_SIZE];
	int result = take_hash(parser, words[0], parser->node->avoids);

	if (result == 0)
		result = take_text(parser, words[1], why);
	if (result == 0 && !str_copy(parser->node->avoids_why, REGISTRY_REASON_SIZE, why))
		return parser_complain(
			parser, "the text is longer than %d bytes", REGISTRY_REASON_SIZE - 1);
	return result;
}

static int take_node_board(struct parser *parser, char **words)
{
	parser->node->has_board = true;
	return parser_take_mac(parser, words[0], &parser->node->board);
}

static int take_wants_next(struct parser *parser, char **words)
{
	(void)words;
	parser->node->wants_next = true;
	return 0;
}

static int take_cordoned(struct parser *parser, char **words)
{
	(void)words;
	parser->node->cordoned = true;
	return 0;
}

static int take_node_note(struct parser *parser, char **words)
{
	return take_text(parser, words[0], parser->node->note);
}

static int take_created(struct parser *parser, char **words)
{
	return take_time(parser, words[0], &parser->node->created_ms);
}

static int take_history(struct parser *parser, char **words)
{
	struct state_binding *binding = state_add_binding(parser->document);
	int result;

	if (!binding)
		return parser_complain_room(parser);
	str_copy(binding->node, sizeof(binding->node), parser->name);
	result = take_time(parser, words[0], &binding->at_ms);
	if (result == 0)
		result = parser_take_mac(parser, words[1], &binding->mac);
	return result == 0 ? take_text(parser, words[2], binding->text) : result;
}

static int take_serial(struct parser *parser, char **words)
{
	if (!str_is_serial(words[0], strlen(words[0])))
		return parser_complain(
			parser, "\"%.80s\" is no serial number; allowed: 8 hex digits", words[0]);
	for (size_t i = 0; i < SERIAL_TEXT_SIZE - 1; i++)
		parser->board->serial[i] = words[0][i] >= 'A' && words[0][i] <= 'F'
						   ? (char)(words[0][i] - 'A' + 'a')
						   : words[0][i];
	return 0;
}

static int take_model(struct parser *parser, char **words)
{
	if (!words_parse_model(words[0], &parser->board->model))
		return parser_complain(
			parser, "\"%.80s\" is no model; allowed: pi3, pi4, pi5, pc", words[0]);
	return 0;
}

static int take_revision(struct parser *parser, char **words)
{
	size_t length = strlen(words[0]);
	uint32_t revision = 0;

	if (length < 1 || length > 8 || words[0][strspn(words[0], "0123456789abcdef")] != '\0')
		return parser_complain(parser,
			"\"%.80s\" is no revision; allowed: 1 to 8 of 0-9 and a-f", words[0]);
	for (size_t i = 0; i < length; i++)
		revision = revision << 4 | (uint32_t)(words[0][i] <= '9' ? words[0][i] - '0'
									 : words[0][i] - 'a' + 10);
	parser->board->revision = revision;
	return 0;
}

static int take_own_address(struct parser *parser, char **words)
{
	struct state_address *address = state_add_address(parser->document);

	if (!address)
		return parser_complain_room(parser);
	address->mac = parser->mac;
	address->line = parser->line;
	return take_address(parser, words[0], &address->address);
}

static int take_parked(struct parser *parser, char **words)
{
	(void)words;
	parser->board->parked = true;
	return 0;
}

static int take_board_note(struct parser *parser, char **words)
{
	return take_text(parser, words[0], parser->board->note);
}

static int take_first_seen(struct parser *parser, char **words)
{
	int result = take_time(parser, words[0], &parser->board->first_seen_ms);

	parser->board->last_seen_ms = parser->board->first_seen_ms;
	return result;
}

static int take_expected_node(struct parser *parser, char **words)
{
	return parser_take_name(parser, words[0], parser->expected->node);
}

static int take_expected_role(struct parser *parser, char **words)
{
	return parser_take_name(parser, words[0], parser->expected->role);
}

const struct parser_key parser_keys[] = {
	{ KIND_STATE, "last-node", 1, take_last_node, true, false },
	{ KIND_IMAGE, "current", 1, take_current, true, false },
	{ KIND_IMAGE, "previous", 1, take_previous, false, false },
	{ KIND_IMAGE, "pinned", 1, take_pinned, false, true },
	{ KIND_NODE, "id", 1, take_id, true, false },
	{ KIND_NODE, "address", 1, take_node_address, true, false },
	{ KIND_NODE, "role", 1, take_node_role, false, false },
	{ KIND_NODE, "image", 1, take_node_image, false, false },
	{ KIND_NODE, "booted", 1, take_booted, false, false },
	{ KIND_NODE, "good", 1, take_good, false, false },
	{ KIND_NODE, "avoids", 2, take_avoids, false, false },
	{ KIND_NODE, "board", 1, take_node_board, false, false },
	{ KIND_NODE, "wants-next-board", 0, take_wants_next, false, false },
	{ KIND_NODE, "cordoned", 0, take_cordoned, false, false },
	{ KIND_NODE, "note", 1, take_node_note, false, false },
	{ KIND_NODE, "created", 1, take_created, true, false },
	{ KIND_NODE, "history", 3, take_history, false, true },
	{ KIND_FORMER, "history", 3, take_history, true, true },
	{ KIND_BOARD, "serial", 1, take_serial, false, false },
	{ KIND_BOARD, "model", 1, take_model, false, false },
	{ KIND_BOARD, "revision", 1, take_revision, false, false },
	{ KIND_BOARD, "address", 1, take_own_address, false, false },
	{ KIND_BOARD, "parked", 0, take_parked, false, false },
	{ KIND_BOARD, "note", 1, take_board_note, false, false },
	{ KIND_BOARD, "first-seen", 1, take_first_seen, true, false },
	{ KIND_DEVICE, "address", 1, take_own_address, true, false },
	{ KIND_EXPECTED, "node", 1, take_expected_node, false, false },
	{ KIND_EXPECTED, "role", 1, take_expected_role, false, false },
	{ .name = NULL },
};
_Static_assert(
	sizeof(parser_keys) / sizeof(parser_keys[0]) <= 33, "parser.seen has a bit for each");
