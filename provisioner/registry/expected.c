/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS "board, node, role"

static void take_row(sqlite3_stmt *row, struct registry_expected *expected)
{
	memset(expected, 0, sizeof(*expected));
	registry_column_text(row, 0, expected->board, sizeof(expected->board));
	registry_column_text(row, 1, expected->node, sizeof(expected->node));
	registry_column_text(row, 2, expected->role, sizeof(expected->role));
}

int registry_put_expected(struct registry *registry, const struct registry_expected *expected)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(
		registry, "INSERT OR REPLACE INTO expected(" COLUMNS ") VALUES(?, ?, ?)", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, expected->board);
	registry_bind_text(statement, 2, expected->node);
	registry_bind_text(statement, 3, expected->role);
	return registry_finish(registry, statement);
}

int registry_delete_expected(struct registry *registry, const char *board)
{
	int result;
	sqlite3_stmt *statement =
		registry_write_state(registry, "DELETE FROM expected WHERE board = ?", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, board);
	result = registry_finish(registry, statement);
	return result == 0 && sqlite3_changes(registry->db) == 0 ? -ENOENT : result;
}

int registry_find_expected(struct registry *registry, const struct registry_board *board,
	struct registry_expected *expected)
{
	static const uint8_t pi3[3] = { 0xb8, 0x27, 0xeb };
	char mac[MAC_TEXT_SIZE], end[16] = "";
	int result;
	sqlite3_stmt *statement = registry_read(registry,
		"SELECT " COLUMNS " FROM expected WHERE board = ?1 OR (?2 <> '' AND board = ?2)"
		" OR (?3 <> '' AND length(board) = 8 AND substr(board, 3) = ?3)"
		" ORDER BY board = ?1 DESC LIMIT 1",
		&result);

	if (!statement)
		return result;
	str_format_mac(&board->mac, mac);
	/* The MAC of a Pi up to the 3B+ ends as its serial does, and is known first. */
	if (memcmp(board->mac.octet, pi3, sizeof(pi3)) == 0 && board->serial[0] == '\0')
		snprintf(end, sizeof(end), "%02x%02x%02x", board->mac.octet[3], board->mac.octet[4],
			board->mac.octet[5]);
	registry_bind_text(statement, 1, mac);
	registry_bind_text(statement, 2, board->serial);
	registry_bind_text(statement, 3, end);
	result = registry_step(registry, statement);
	if (result == 0)
		take_row(statement, expected);
	sqlite3_finalize(statement);
	return result;
}

bool registry_is_promised(struct registry *registry, const char *node)
{
	int result;
	sqlite3_stmt *statement =
		registry_read(registry, "SELECT 1 FROM expected WHERE node = ? LIMIT 1", &result);

	if (!statement)
		return false;
	registry_bind_text(statement, 1, node);
	result = registry_step(registry, statement);
	sqlite3_finalize(statement);
	return result == 0;
}

int registry_each_expected(struct registry *registry,
	int (*each)(void *argument, const struct registry_expected *expected), void *argument)
{
	struct registry_expected expected;
	int result;
	sqlite3_stmt *statement = registry_read(
		registry, "SELECT " COLUMNS " FROM expected ORDER BY node, board", &result);

	if (!statement)
		return result;
	while ((result = registry_step(registry, statement)) == 0) {
		take_row(statement, &expected);
		result = each(argument, &expected);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

int registry_get_fact(struct registry *registry, const char *name, int64_t *value)
{
	int result;
	sqlite3_stmt *statement =
		registry_read(registry, "SELECT value FROM facts WHERE name = ?", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, name);
	result = registry_step(registry, statement);
	if (result == 0)
		*value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

int registry_put_fact(struct registry *registry, const char *name, int64_t value)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(
		registry, "INSERT OR REPLACE INTO facts(name, value) VALUES(?, ?)", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, name);
	sqlite3_bind_int64(statement, 2, value);
	return registry_finish(registry, statement);
}

int registry_each_fact(struct registry *registry, const char *beginning,
	int (*each)(void *argument, const char *name), void *argument)
{
	char name[REGISTRY_TEXT_SIZE];
	int result;
	sqlite3_stmt *statement = registry_read(
		registry, "SELECT name FROM facts WHERE substr(name, 1, length(?1)) = ?1", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, beginning);
	while ((result = registry_step(registry, statement)) == 0) {
		registry_column_text(statement, 0, name, sizeof(name));
		result = each(argument, name);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}
