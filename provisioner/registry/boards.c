/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS "mac, serial, model, revision, parked, first_seen, last_seen, note"
#define SHORTEST_BEGINNING 4

static void take_row(sqlite3_stmt *row, struct registry_board *board)
{
	memset(board, 0, sizeof(*board));
	registry_column_mac(row, 0, &board->mac);
	registry_column_text(row, 1, board->serial, sizeof(board->serial));
	board->model = (enum boot_model)sqlite3_column_int(row, 2);
	board->revision = (uint32_t)sqlite3_column_int64(row, 3);
	board->parked = sqlite3_column_int(row, 4) != 0;
	board->first_seen_ms = sqlite3_column_int64(row, 5);
	board->last_seen_ms = sqlite3_column_int64(row, 6);
	registry_column_text(row, 7, board->note, sizeof(board->note));
}

/* The only row, or -ENOENT, or -EEXIST when there are more. Releases. */
static int take_only_row(
	struct registry *registry, sqlite3_stmt *statement, struct registry_board *board)
{
	int result = registry_step(registry, statement);

	if (result == 0) {
		take_row(statement, board);
		if (registry_step(registry, statement) == 0)
			result = -EEXIST;
	}
	registry_release(statement);
	return result;
}

int registry_get_board(
	struct registry *registry, const struct mac *mac, struct registry_board *board)
{
	int result;
	sqlite3_stmt *statement =
		registry_lookup(registry, "SELECT " COLUMNS " FROM boards WHERE mac = ?", &result);

	if (!statement)
		return result;
	registry_bind_mac(statement, 1, mac);
	return take_only_row(registry, statement, board);
}

int registry_board_with_serial(
	struct registry *registry, const char *serial, struct registry_board *board)
{
	int result;
	sqlite3_stmt *statement = registry_lookup(
		registry, "SELECT " COLUMNS " FROM boards WHERE serial = ?", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, serial);
	return take_only_row(registry, statement, board);
}

/* A GLOB pattern of hex digits, ':' and '*' only, so nothing in it is special to SQLite. */
static int make_pattern(const char *id, char *pattern, size_t size)
{
	size_t length = strlen(id);

	/* A 64-bit serial as Linux shows it: the firmware's is its lower half. */
	if (length == 16 && strspn(id, "0123456789abcdefABCDEF") == 16) {
		id += 8;
		length = 8;
	}
	if (length < SHORTEST_BEGINNING || length + 2 > size)
		return -ENOENT;
	for (size_t i = 0; i < length; i++) {
		char c = (char)tolower((unsigned char)id[i]);

		if (!isxdigit((unsigned char)c) && c != ':' && c != '-')
			return -ENOENT;
		pattern[i] = c == '-' ? ':' : c;
	}
	pattern[length] = '*';
	pattern[length + 1] = '\0';
	return 0;
}

struct search {
	const char *pattern;
	struct registry_board *board;
	unsigned found;
};

static int match_mac(void *argument, const struct registry_board *board)
{
	struct search *search = argument;
	char text[MAC_TEXT_SIZE];

	str_format_mac(&board->mac, text);
	if (sqlite3_strglob(search->pattern, text) == 0 ||
		sqlite3_strglob(search->pattern, board->serial) == 0) {
		*search->board = *board;
		search->found++;
	}
	return 0;
}

int registry_find_board(struct registry *registry, const char *id, struct registry_board *board)
{
	char pattern[32];
	struct search search = { .pattern = pattern, .board = board };
	int result = make_pattern(id, pattern, sizeof(pattern));

	if (result == 0)
		result = registry_each_board(registry, match_mac, &search);
	if (result != 0)
		return result;
	return search.found == 1 ? 0 : search.found == 0 ? -ENOENT : -EEXIST;
}

int registry_count_boards(struct registry *registry, unsigned *total, unsigned *bound)
{
	int result;
	sqlite3_stmt *statement = registry_lookup(registry,
		"SELECT (SELECT count(*) FROM boards), (SELECT count(board) FROM nodes)", &result);

	if (!statement)
		return result;
	result = registry_step(registry, statement);
	if (result == 0) {
		*total = (unsigned)sqlite3_column_int64(statement, 0);
		*bound = (unsigned)sqlite3_column_int64(statement, 1);
	}
	registry_release(statement);
	return result;
}

int registry_put_board(struct registry *registry, const struct registry_board *board)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(registry,
		"INSERT OR REPLACE INTO boards(" COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
		&result);

	if (!statement)
		return result;
	registry_bind_mac(statement, 1, &board->mac);
	registry_bind_text(statement, 2, board->serial);
	sqlite3_bind_int(statement, 3, (int)board->model);
	sqlite3_bind_int64(statement, 4, board->revision);
	sqlite3_bind_int(statement, 5, board->parked);
	sqlite3_bind_int64(statement, 6, board->first_seen_ms);
	sqlite3_bind_int64(statement, 7, board->last_seen_ms);
	registry_bind_text(statement, 8, board->note);
	return registry_finish(registry, statement);
}

/* Each row of the statement, which is finalized. */
static int each_row(struct registry *registry, sqlite3_stmt *statement,
	int (*each)(void *argument, const struct registry_board *board), void *argument)
{
	struct registry_board board;
	int result;

	while ((result = registry_step(registry, statement)) == 0) {
		take_row(statement, &board);
		result = each(argument, &board);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

int registry_each_board(struct registry *registry,
	int (*each)(void *argument, const struct registry_board *board), void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(
		registry, "SELECT " COLUMNS " FROM boards ORDER BY first_seen, mac", &result);

	return statement ? each_row(registry, statement, each, argument) : result;
}

int registry_each_waiting_board(struct registry *registry, int64_t since_ms,
	int (*each)(void *argument, const struct registry_board *board), void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry,
		"SELECT " COLUMNS " FROM boards WHERE NOT parked AND last_seen > ?"
		" AND NOT EXISTS (SELECT 1 FROM nodes WHERE board = boards.mac)"
		" ORDER BY first_seen, mac",
		&result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, since_ms);
	return each_row(registry, statement, each, argument);
}

/* Columns behind those of the board. */
enum { NODE_NAME = 8, NODE_ADDRESS, OWN_ADDRESS };

int registry_each_board_and_node(struct registry *registry,
	int (*each)(void *argument, const struct registry_board *board, const char *node,
		struct in_addr address),
	void *argument)
{
	char node[NODE_NAME_SIZE];
	struct registry_board board;
	int result;
	sqlite3_stmt *row = registry_read(registry,
		"SELECT " COLUMNS ", n.name, n.address, a.address FROM boards"
		" LEFT JOIN (SELECT board, name, address FROM nodes) AS n ON n.board = boards.mac"
		" LEFT JOIN (SELECT mac AS m, address FROM addresses) AS a ON a.m = boards.mac"
		" ORDER BY first_seen, mac",
		&result);

	if (!row)
		return result;
	while ((result = registry_step(registry, row)) == 0) {
		const bool bound = sqlite3_column_type(row, NODE_NAME) != SQLITE_NULL;

		take_row(row, &board);
		registry_column_text(row, NODE_NAME, node, sizeof(node));
		result = each(argument, &board, node,
			registry_column_address(row, bound ? NODE_ADDRESS : OWN_ADDRESS));
		if (result != 0)
			break;
	}
	sqlite3_finalize(row);
	return result == -ENOENT ? 0 : result;
}

int registry_trim_boards(struct registry *registry, unsigned keep)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(registry,
		"DELETE FROM boards WHERE mac IN (SELECT mac FROM boards WHERE NOT parked AND note "
		"= ''"
		" AND mac NOT IN (SELECT board FROM nodes WHERE board IS NOT NULL)"
		" AND mac NOT IN (SELECT board FROM bindings)"
		" ORDER BY last_seen DESC LIMIT -1 OFFSET ?)",
		&result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, keep);
	return registry_finish(registry, statement);
}
