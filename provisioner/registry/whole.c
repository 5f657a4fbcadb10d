/* SPDX-License-Identifier: ISC */
/* The registry's state as a whole: what another one may take the place of. */
#include <errno.h>

#include "provisioner/registry/private.h"

int registry_last_node(struct registry *registry, uint32_t *id)
{
	int result;
	sqlite3_stmt *statement = registry_read(
		registry, "SELECT seq FROM sqlite_sequence WHERE name = 'nodes'", &result);

	*id = 0;
	if (!statement)
		return result;
	result = registry_step(registry, statement);
	if (result == 0)
		*id = (uint32_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

int registry_raise_last_node(struct registry *registry, uint32_t id)
{
	/* Without a row: SQLite makes it with the first node that is inserted. */
	static const char *const sql[] = {
		"INSERT INTO sqlite_sequence(name, seq) SELECT 'nodes', 0"
		" WHERE ?1 > 0 AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'nodes')",
		"UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'nodes'",
	};
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(sql) / sizeof(sql[0]); i++) {
		sqlite3_stmt *statement = registry_write_state(registry, sql[i], &result);

		if (!statement)
			return result;
		sqlite3_bind_int64(statement, 1, id);
		result = registry_finish(registry, statement);
	}
	return result;
}

int registry_clear_state(struct registry *registry)
{
	static const char *const sql[] = { "DELETE FROM images", "DELETE FROM bindings",
		"DELETE FROM nodes", "DELETE FROM addresses", "DELETE FROM boards",
		"DELETE FROM expected" };
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(sql) / sizeof(sql[0]); i++) {
		sqlite3_stmt *statement = registry_write_state(registry, sql[i], &result);

		if (statement)
			result = registry_finish(registry, statement);
	}
	return result;
}

int registry_delete_orders(struct registry *registry, uint32_t node)
{
	int result;
	sqlite3_stmt *statement =
		registry_write(registry, "DELETE FROM orders WHERE node = ?", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, node);
	return registry_finish(registry, statement);
}

int registry_every_binding(struct registry *registry,
	int (*each)(void *argument, const char *node, int64_t at_ms, const struct mac *mac,
		const char *text),
	void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(
		registry, "SELECT node, at, board, text FROM bindings ORDER BY id", &result);

	if (!statement)
		return result;
	while ((result = registry_step(registry, statement)) == 0) {
		char node[NODE_NAME_SIZE], text[REGISTRY_TEXT_SIZE];
		struct mac mac;

		registry_column_text(statement, 0, node, sizeof(node));
		registry_column_mac(statement, 2, &mac);
		registry_column_text(statement, 3, text, sizeof(text));
		result = each(argument, node, sqlite3_column_int64(statement, 1), &mac, text);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}
