/* SPDX-License-Identifier: ISC */
/* The text form, line by line: a line that begins a thing, then indented lines that describe it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/state/parse.h"
#include "provisioner/state/words.h"

static int begin_state(struct parser *parser, const char *word)
{
	uint64_t format;

	if (parser->has_state)
		return parser_complain(parser, "\"state\" stands only once, at the beginning");
	parser->has_state = true;
	if (str_parse_u64(word, 0, UINT64_MAX, &format) != 0)
		return parser_complain(parser, "\"%.80s\" is no number of a format", word);
	if (format != STATE_FORMAT)
		return parser_complain(parser,
			"format %.20s isn't known to this Bramble (it knows %d): export it again, "
			"or import it with the version that wrote it",
			word, STATE_FORMAT);
	return 0;
}

static int begin_image(struct parser *parser, const char *word)
{
	struct state_image *image = state_add_image(parser->document);

	if (!image)
		return parser_complain_room(parser);
	image->line = parser->line;
	parser->image = &image->image;
	return parser_take_name(parser, word, image->image.name);
}

static int begin_node(struct parser *parser, const char *word)
{
	struct state_node *node = state_add_node(parser->document);

	if (!node)
		return parser_complain_room(parser);
	node->line = parser->line;
	parser->node = &node->node;
	str_copy(parser->name, sizeof(parser->name), word);
	return parser_take_name(parser, word, node->node.name);
}

static int begin_former(struct parser *parser, const char *word)
{
	return parser_take_name(parser, word, parser->name);
}

static int begin_board(struct parser *parser, const char *word)
{
	struct state_board *board = state_add_board(parser->document);
	int result;

	if (!board)
		return parser_complain_room(parser);
	board->line = parser->line;
	parser->board = &board->board;
	result = parser_take_mac(parser, word, &board->board.mac);
	parser->mac = board->board.mac;
	return result;
}

static int begin_device(struct parser *parser, const char *word)
{
	return parser_take_mac(parser, word, &parser->mac);
}

/* A MAC, or a serial of 8 hex digits. */
static int begin_expected(struct parser *parser, const char *word)
{
	struct state_expected *expected = state_add_expected(parser->document);
	struct mac mac;

	if (!expected)
		return parser_complain_room(parser);
	expected->line = parser->line;
	parser->expected = &expected->expected;
	if (str_parse_mac(word, &mac) == 0) {
		str_format_mac(&mac, expected->expected.board);
		return 0;
	}
	if (strlen(word) != SERIAL_TEXT_SIZE - 1 || word[strspn(word, "0123456789abcdef")] != '\0')
		return parser_complain(parser,
			"\"%.80s\" is no board; allowed: a MAC address, or a serial number of 8 of "
			"0-9 and a-f",
			word);
	str_copy(expected->expected.board, sizeof(expected->expected.board), word);
	return 0;
}

static const struct thing {
	const char *name;
	int (*begin)(struct parser *parser, const char *word);
} things[] = {
	[KIND_STATE] = { "state", begin_state },
	[KIND_IMAGE] = { "image", begin_image },
	[KIND_NODE] = { "node", begin_node },
	[KIND_FORMER] = { "former-node", begin_former },
	[KIND_BOARD] = { "board", begin_board },
	[KIND_DEVICE] = { "device", begin_device },
	[KIND_EXPECTED] = { "expected", begin_expected },
};
#define THINGS (sizeof(things) / sizeof(things[0]))

/* Has the thing that ends here all that it needs? The line that is told is its end. */
static int end_thing(struct parser *parser)
{
	for (size_t i = 0; parser_keys[i].name; i++) {
		if (parser_keys[i].kind == parser->kind && parser_keys[i].needed &&
			!(parser->seen >> i & 1))
			return parser_complain(parser, "before this, \"%s\" lacks its \"%s\"",
				things[parser->kind].name, parser_keys[i].name);
	}
	parser->kind = KIND_NONE;
	parser->seen = 0;
	return 0;
}

static int begin_thing(struct parser *parser, char **words, int n)
{
	int result = end_thing(parser);

	if (result != 0)
		return result;
	for (size_t i = KIND_STATE; i < THINGS; i++) {
		if (strcmp(things[i].name, words[0]) != 0)
			continue;
		if (!parser->has_state && i != KIND_STATE)
			return parser_complain(parser,
				"the first line isn't \"state %d\": this is no "
				"export of Bramble's",
				STATE_FORMAT);
		if (n != 2)
			return parser_complain(
				parser, "behind \"%s\" stands one word", things[i].name);
		parser->kind = (enum kind)i;
		return things[i].begin(parser, words[1]);
	}
	if (!parser->has_state)
		return parser_complain(parser,
			"the first line isn't \"state %d\": this is no export of "
			"Bramble's",
			STATE_FORMAT);
	return parser_complain(parser,
		"\"%.40s\" is unknown; allowed: image, node, former-node, board, device, expected, "
		"and indented lines that describe one of these",
		words[0]);
}

static int describe_thing(struct parser *parser, char **words, int n)
{
	if (parser->kind == KIND_NONE)
		return parser_complain(parser, "an indented line describes nothing here");
	for (size_t i = 0; parser_keys[i].name; i++) {
		const struct parser_key *key = &parser_keys[i];

		if (key->kind != parser->kind || strcmp(key->name, words[0]) != 0)
			continue;
		if (n - 1 != key->values)
			return parser_complain(parser, "behind \"%s\" stand %d words, not %d",
				key->name, key->values, n - 1);
		if ((parser->seen >> i & 1) && !key->many)
			return parser_complain(parser, "\"%s\" is there twice", key->name);
		parser->seen |= UINT32_C(1) << i;
		return key->take(parser, words + 1);
	}
	return parser_complain(
		parser, "\"%s\" has no \"%.40s\"", things[parser->kind].name, words[0]);
}

static int take_line(struct parser *parser, const char *from, size_t length)
{
	char line[STATE_LINE_LIMIT + 1], *words[WORDS_LIMIT];
	const char *what = "";
	bool indented = length > 0 && (from[0] == ' ' || from[0] == '\t');
	int n;

	if (length > 0 && from[length - 1] == '\r')
		length--;
	if (length > STATE_LINE_LIMIT)
		return parser_complain(
			parser, "the line is longer than %d bytes", STATE_LINE_LIMIT);
	if (memchr(from, '\0', length))
		return parser_complain(parser, "there is a NUL byte: this is no text");
	memcpy(line, from, length);
	line[length] = '\0';
	if (line[strspn(line, " \t")] == '#')
		return 0;
	n = words_split(line, words, &what);
	if (n < 0)
		return parser_complain(parser, "%s", what);
	if (n == 0)
		return 0;
	return indented ? describe_thing(parser, words, n) : begin_thing(parser, words, n);
}

static int take_lines(struct parser *parser, const char *text, size_t size)
{
	const char *end = text + size;
	int result = 0;

	while (result == 0 && text < end) {
		const char *next = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((next ? next : end) - text);

		parser->line++;
		result = take_line(parser, text, length);
		text = next ? next + 1 : end;
	}
	if (result == 0)
		result = end_thing(parser);
	if (result == 0 && !parser->has_state)
		result = parser_complain(parser, "there is nothing in it");
	return result;
}

int state_parse(const char *text, size_t size, struct state_document *document,
	char error[static STATE_ERROR_SIZE])
{
	struct parser parser = { .document = document, .error = error };
	int result;

	*document = (struct state_document){ 0 };
	error[0] = '\0';
	result = size > STATE_TEXT_LIMIT
			 ? parser_complain(&parser, "it is longer than %u bytes", STATE_TEXT_LIMIT)
			 : take_lines(&parser, text, size);
	if (result == 0) {
		state_sort(document);
		result = state_check(document, error);
	}
	if (result != 0)
		state_free(document);
	return result;
}
