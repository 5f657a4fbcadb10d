/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/inventory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_SIZE 1024
#define FIELDS 16

enum column { COLUMN_OTHER, COLUMN_SERIAL, COLUMN_MAC, COLUMN_NODE, COLUMN_ROLE };

struct reader {
	struct inventory *inventory;
	size_t room;
	unsigned line;
	bool is_csv;	/* a line of column names was found */
	char separator; /* of its fields */
	enum column columns[FIELDS];
	size_t n_columns;
	char *error; /* INVENTORY_ERROR_SIZE */
};

/* What one line says, before it is checked. */
struct said {
	const char *serial, *mac, *node, *role;
};

static int fail(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static int fail(struct reader *reader, const char *format, ...)
{
	va_list arguments;
	int used = snprintf(reader->error, INVENTORY_ERROR_SIZE, "%u: ", reader->line);

	va_start(arguments, format);
	vsnprintf(reader->error + used, INVENTORY_ERROR_SIZE - (size_t)used, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static enum column column_of(const char *name)
{
	static const struct {
		const char *name;
		enum column column;
	} names[] = { { "serial", COLUMN_SERIAL }, { "mac", COLUMN_MAC }, { "name", COLUMN_NODE },
		{ "node", COLUMN_NODE }, { "hostname", COLUMN_NODE }, { "role", COLUMN_ROLE } };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(name, names[i].name) == 0)
			return names[i].column;
	}
	return COLUMN_OTHER;
}

static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t\r");
	length = strlen(text);
	while (length > 0 && strchr(" \t\r", text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* Take the quotes off a field: "a ""b""" is a "b". Returns the rest behind it, or NULL when a quote
 * is open. */
static char *unquote(char *text, char **field)
{
	char *from = text + 1, *to = text;

	*field = text;
	for (; *from; from++) {
		if (*from == '"' && from[1] == '"')
			from++;
		else if (*from == '"')
			break;
		*to++ = *from;
	}
	if (*from != '"')
		return NULL;
	*to = '\0';
	return from + 1;
}

/* Cut a line of CSV in place. Returns the number of fields, or 0 when it is malformed. */
static size_t split(char *line, char separator, char *fields[static FIELDS])
{
	size_t n = 0;
	char *rest = line;

	while (rest && n < FIELDS) {
		char *next;

		rest += strspn(rest, " \t");
		if (*rest == '"') {
			rest = unquote(rest, &fields[n]);
			if (!rest || (*rest && *rest != separator))
				return 0;
			rest = *rest ? rest + 1 : NULL;
			n++;
			continue;
		}
		next = strchr(rest, separator);
		if (next)
			*next++ = '\0';
		fields[n++] = trim(rest);
		rest = next;
	}
	return rest ? 0 : n;
}

static bool is_board(const char *text)
{
	size_t length = strlen(text);
	struct mac mac;

	if ((length == 8 || length == 16) && strspn(text, "0123456789abcdefABCDEF") == length)
		return true;
	return str_parse_mac(text, &mac) == 0;
}

static struct inventory_entry *add_entry(struct reader *reader)
{
	struct inventory *inventory = reader->inventory;

	if (inventory->n == reader->room) {
		size_t room = reader->room ? reader->room * 2 : 64;
		struct inventory_entry *entries =
			realloc(inventory->entries, room * sizeof(*entries));

		if (!entries)
			return NULL;
		inventory->entries = entries;
		reader->room = room;
	}
	inventory->entries[inventory->n] = (struct inventory_entry){ 0 };
	return &inventory->entries[inventory->n++];
}

static int take(struct reader *reader, const struct said *said)
{
	const char *board = said->mac && *said->mac ? said->mac : said->serial;
	const char *node = said->node ? said->node : "", *role = said->role ? said->role : "";
	struct inventory_entry *entry;

	if (!board || !*board)
		return fail(reader,
			"%.64s has neither a MAC nor a serial, by which boards are known",
			*node ? node : "this board");
	if (!is_board(board))
		return fail(reader,
			"\"%.64s\" is neither a MAC (dc:a6:32:01:02:03) nor a serial (8 or 16 hex "
			"digits)",
			board);
	if (*node && !str_is_node_name(node))
		return fail(reader,
			"\"%.64s\" is no name for a node: lower-case letters, digits and '-'",
			node);
	if (*role && !str_is_node_name(role))
		return fail(reader,
			"\"%.64s\" is no name for a role: lower-case letters, digits and '-'",
			role);
	if (reader->inventory->n == INVENTORY_LIMIT)
		return fail(reader, "more than %d boards", INVENTORY_LIMIT);
	entry = add_entry(reader);
	if (!entry)
		return -ENOMEM;
	str_copy(entry->board, sizeof(entry->board), board);
	str_copy(entry->node, sizeof(entry->node), node);
	str_copy(entry->role, sizeof(entry->role), role);
	return 0;
}

/* The first line: does it name columns of boards? */
static void read_header(struct reader *reader, const char *line)
{
	char copy[LINE_SIZE], *fields[FIELDS];
	bool has_board = false;

	str_copy(copy, sizeof(copy), line);
	reader->separator = strchr(copy, ';') ? ';' : ',';
	reader->n_columns = split(copy, reader->separator, fields);
	for (size_t i = 0; i < reader->n_columns; i++) {
		reader->columns[i] = column_of(fields[i]);
		has_board |=
			reader->columns[i] == COLUMN_SERIAL || reader->columns[i] == COLUMN_MAC;
	}
	reader->is_csv = has_board;
}

static int read_csv_line(struct reader *reader, char *line)
{
	char *fields[FIELDS];
	size_t n = split(line, reader->separator, fields);
	struct said said = { 0 };

	if (n != reader->n_columns)
		return fail(
			reader, "has %zu fields, but there are %zu columns", n, reader->n_columns);
	for (size_t i = 0; i < n; i++) {
		switch (reader->columns[i]) {
		case COLUMN_SERIAL:
			said.serial = fields[i];
			break;
		case COLUMN_MAC:
			said.mac = fields[i];
			break;
		case COLUMN_NODE:
			said.node = fields[i];
			break;
		case COLUMN_ROLE:
			said.role = fields[i];
			break;
		case COLUMN_OTHER:
			break;
		}
	}
	return take(reader, &said);
}

/* "rasp1 ansible_host=10.0.0.1 mac=dc:a6:32:01:02:03"; groups and their variables say nothing here.
 */
static int read_host(struct reader *reader, char *line)
{
	struct said said = { 0 };
	char *rest = line, *word;

	said.node = strsep(&rest, " \t");
	while ((word = strsep(&rest, " \t"))) {
		char *value = strchr(word, '=');

		if (*word == '\0')
			continue;
		if (!value)
			return fail(reader, "\"%.64s\" is not of the form name=value", word);
		*value++ = '\0';
		switch (column_of(word)) {
		case COLUMN_SERIAL:
			said.serial = value;
			break;
		case COLUMN_MAC:
			said.mac = value;
			break;
		case COLUMN_ROLE:
			said.role = value;
			break;
		default:
			break;
		}
	}
	return take(reader, &said);
}

static int read_line(struct reader *reader, char *line, bool *in_hosts, bool *begun)
{
	line = trim(line);
	if (*line == '\0' || *line == '#')
		return 0;
	if (!*begun)
		read_header(reader, line);
	if (!*begun && reader->is_csv) {
		*begun = true;
		return 0;
	}
	*begun = true;
	if (reader->is_csv)
		return read_csv_line(reader, line);
	if (*line == ';')
		return 0;
	if (*line == '[') {
		*in_hosts = strchr(line, ':') == NULL; /* not [group:vars], [group:children] */
		return 0;
	}
	return *in_hosts ? read_host(reader, line) : 0;
}

static int compare_boards(const void *a, const void *b)
{
	return strcasecmp(((const struct inventory_entry *)a)->board,
		((const struct inventory_entry *)b)->board);
}

static int compare_nodes(const void *a, const void *b)
{
	return strcmp(((const struct inventory_entry *)a)->node,
		((const struct inventory_entry *)b)->node);
}

/* A board can't become two nodes, nor a node two boards. Sorts by node. */
static int find_double(struct inventory *inventory, char error[static INVENTORY_ERROR_SIZE])
{
	struct inventory_entry *e = inventory->entries;

	if (inventory->n < 2)
		return 0;
	qsort(e, inventory->n, sizeof(*e), compare_boards);
	for (size_t i = 1; i < inventory->n; i++) {
		if (compare_boards(&e[i - 1], &e[i]) == 0) {
			snprintf(error, INVENTORY_ERROR_SIZE, " the board %s is there twice",
				e[i].board);
			return -EINVAL;
		}
	}
	qsort(e, inventory->n, sizeof(*e), compare_nodes);
	for (size_t i = 1; i < inventory->n; i++) {
		if (e[i].node[0] && compare_nodes(&e[i - 1], &e[i]) == 0) {
			snprintf(error, INVENTORY_ERROR_SIZE, " the node %s is there twice",
				e[i].node);
			return -EINVAL;
		}
	}
	return 0;
}

int inventory_parse(const char *text, size_t size, struct inventory *inventory,
	char error[static INVENTORY_ERROR_SIZE])
{
	struct reader reader = { .inventory = inventory, .error = error };
	bool in_hosts = true, begun = false;
	const char *end = text + size;
	int result = 0;

	*inventory = (struct inventory){ 0 };
	error[0] = '\0';
	while (result == 0 && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);
		char line[LINE_SIZE];

		reader.line++;
		if (length >= sizeof(line) || memchr(text, '\0', length)) {
			result = fail(&reader, "is longer than %d bytes or holds a NUL byte",
				LINE_SIZE - 1);
			break;
		}
		memcpy(line, text, length);
		line[length] = '\0';
		result = read_line(&reader, line, &in_hosts, &begun);
		text += length + 1;
	}
	if (result == 0)
		result = find_double(inventory, error);
	if (result == -ENOMEM)
		snprintf(error, INVENTORY_ERROR_SIZE, " out of memory");
	if (result != 0)
		inventory_free(inventory);
	return result;
}

void inventory_free(struct inventory *inventory)
{
	free(inventory->entries);
	*inventory = (struct inventory){ 0 };
}
