/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                    \
	"id, name, address, role, board, wants_next, image, image_hash, joined, created, "         \
	"heartbeat, cordoned, note, good, assigned, avoids, avoids_why, failing, failures, "       \
	"failed_boot"

static void take_row(sqlite3_stmt *row, struct registry_node *node)
{
	memset(node, 0, sizeof(*node));
	node->id = (uint32_t)sqlite3_column_int64(row, 0);
	registry_column_text(row, 1, node->name, sizeof(node->name));
	node->address = registry_column_address(row, 2);
	registry_column_text(row, 3, node->role, sizeof(node->role));
	node->has_board = sqlite3_column_type(row, 4) != SQLITE_NULL;
	registry_column_mac(row, 4, &node->board);
	node->wants_next = sqlite3_column_int(row, 5) != 0;
	registry_column_text(row, 6, node->image, sizeof(node->image));
	registry_column_text(row, 7, node->image_hash, sizeof(node->image_hash));
	node->joined = sqlite3_column_int(row, 8) != 0;
	node->created_ms = sqlite3_column_int64(row, 9);
	node->heartbeat_ms = sqlite3_column_int64(row, 10);
	node->cordoned = sqlite3_column_int(row, 11) != 0;
	registry_column_text(row, 12, node->note, sizeof(node->note));
	registry_column_text(row, 13, node->good, sizeof(node->good));
	registry_column_text(row, 14, node->assigned, sizeof(node->assigned));
	registry_column_text(row, 15, node->avoids, sizeof(node->avoids));
	registry_column_text(row, 16, node->avoids_why, sizeof(node->avoids_why));
	registry_column_text(row, 17, node->failing, sizeof(node->failing));
	node->failures = (unsigned)sqlite3_column_int(row, 18);
	node->failed_boot = sqlite3_column_int64(row, 19);
}

static int take_first_row(
	struct registry *registry, sqlite3_stmt *statement, struct registry_node *node)
{
	int result = registry_step(registry, statement);

	if (result == 0)
		take_row(statement, node);
	registry_release(statement);
	return result;
}

int registry_get_node(struct registry *registry, const char *name, struct registry_node *node)
{
	int result;
	sqlite3_stmt *statement =
		registry_lookup(registry, "SELECT " COLUMNS " FROM nodes WHERE name = ?", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, name);
	return take_first_row(registry, statement, node);
}

int registry_node_of_id(struct registry *registry, uint32_t id, struct registry_node *node)
{
	int result;
	sqlite3_stmt *statement =
		registry_lookup(registry, "SELECT " COLUMNS " FROM nodes WHERE id = ?", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, id);
	return take_first_row(registry, statement, node);
}

int registry_node_of_board(
	struct registry *registry, const struct mac *mac, struct registry_node *node)
{
	int result;
	sqlite3_stmt *statement =
		registry_lookup(registry, "SELECT " COLUMNS " FROM nodes WHERE board = ?", &result);

	if (!statement)
		return result;
	registry_bind_mac(statement, 1, mac);
	return take_first_row(registry, statement, node);
}

int registry_node_of_address(
	struct registry *registry, struct in_addr address, struct registry_node *node)
{
	int result;
	sqlite3_stmt *statement = registry_lookup(
		registry, "SELECT " COLUMNS " FROM nodes WHERE address = ?", &result);

	if (!statement)
		return result;
	registry_bind_address(statement, 1, address);
	return take_first_row(registry, statement, node);
}

int registry_node_wanting(struct registry *registry, struct registry_node *node)
{
	int result;
	sqlite3_stmt *statement = registry_lookup(registry,
		"SELECT " COLUMNS " FROM nodes WHERE wants_next ORDER BY id LIMIT 1", &result);

	return statement ? take_first_row(registry, statement, node) : result;
}

int registry_put_node(struct registry *registry, struct registry_node *node)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(registry,
		"INSERT INTO nodes(" COLUMNS
		") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, "
		"?17, ?18, ?19, ?20)"
		" ON CONFLICT(id) DO UPDATE SET name = ?2, address = ?3, role = ?4, board = ?5, "
		"wants_next = ?6,"
		" image = ?7, image_hash = ?8, joined = ?9, created = ?10, heartbeat = ?11, "
		"cordoned = ?12, note = ?13, good = ?14, assigned = ?15, avoids = ?16, "
		"avoids_why = ?17, failing = ?18, failures = ?19, failed_boot = ?20",
		&result);

	if (!statement)
		return result;
	if (node->id != 0)
		sqlite3_bind_int64(statement, 1, node->id);
	registry_bind_text(statement, 2, node->name);
	registry_bind_address(statement, 3, node->address);
	registry_bind_text(statement, 4, node->role);
	if (node->has_board)
		registry_bind_mac(statement, 5, &node->board);
	sqlite3_bind_int(statement, 6, node->wants_next);
	registry_bind_text(statement, 7, node->image);
	registry_bind_text(statement, 8, node->image_hash);
	sqlite3_bind_int(statement, 9, node->joined);
	sqlite3_bind_int64(statement, 10, node->created_ms);
	sqlite3_bind_int64(statement, 11, node->heartbeat_ms);
	sqlite3_bind_int(statement, 12, node->cordoned);
	registry_bind_text(statement, 13, node->note);
	registry_bind_text(statement, 14, node->good);
	registry_bind_text(statement, 15, node->assigned);
	registry_bind_text(statement, 16, node->avoids);
	registry_bind_text(statement, 17, node->avoids_why);
	registry_bind_text(statement, 18, node->failing);
	sqlite3_bind_int64(statement, 19, node->failures);
	sqlite3_bind_int64(statement, 20, node->failed_boot);
	result = registry_finish(registry, statement);
	if (result == 0 && node->id == 0)
		node->id = (uint32_t)sqlite3_last_insert_rowid(registry->db);
	return result;
}

int registry_delete_node(struct registry *registry, const char *name)
{
	int result;
	sqlite3_stmt *statement =
		registry_write_state(registry, "DELETE FROM nodes WHERE name = ?", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, name);
	result = registry_finish(registry, statement);
	return result == 0 && sqlite3_changes(registry->db) == 0 ? -ENOENT : result;
}

int registry_each_node(struct registry *registry,
	int (*each)(void *argument, const struct registry_node *node), void *argument)
{
	struct registry_node node;
	int result;
	sqlite3_stmt *statement =
		registry_read(registry, "SELECT " COLUMNS " FROM nodes ORDER BY id", &result);

	if (!statement)
		return result;
	while ((result = registry_step(registry, statement)) == 0) {
		take_row(statement, &node);
		result = each(argument, &node);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

struct node_list {
	struct registry_node *nodes;
	size_t n, room;
};

static int add_to_list(void *argument, const struct registry_node *node)
{
	struct node_list *list = argument;

	if (list->n == list->room) {
		const size_t room = list->room ? 2 * list->room : 64;
		void *grown = realloc(list->nodes, room * sizeof(*node));

		if (!grown)
			return -ENOMEM;
		list->nodes = grown;
		list->room = room;
	}
	list->nodes[list->n++] = *node;
	return 0;
}

int registry_list_nodes(struct registry *registry, struct registry_node **nodes, size_t *n)
{
	struct node_list list = { .nodes = NULL };
	int result = registry_each_node(registry, add_to_list, &list);

	if (result != 0) {
		free(list.nodes);
		list = (struct node_list){ .nodes = NULL };
	}
	*nodes = list.nodes;
	*n = list.n;
	return result;
}

/* Columns behind those of the node. */
#define BOARD_COLUMNS                                                                              \
	"b.mac, b.serial, b.model, (SELECT max(id) FROM boots WHERE node = nodes.name)"
enum { MAC = 20, SERIAL, MODEL, BOOT };

int registry_each_node_and_board(struct registry *registry,
	int (*each)(void *argument, const struct registry_node *node,
		const struct registry_board *board, int64_t boot),
	void *argument)
{
	struct registry_node node;
	struct registry_board board = { .serial = "" };
	int result;
	sqlite3_stmt *row = registry_read(registry,
		"SELECT " COLUMNS ", " BOARD_COLUMNS
		" FROM nodes LEFT JOIN (SELECT mac, serial, model FROM boards) AS b"
		" ON b.mac = nodes.board ORDER BY id",
		&result);

	if (!row)
		return result;
	while ((result = registry_step(registry, row)) == 0) {
		take_row(row, &node);
		registry_column_mac(row, MAC, &board.mac);
		registry_column_text(row, SERIAL, board.serial, sizeof(board.serial));
		board.model = (enum boot_model)sqlite3_column_int(row, MODEL);
		result = each(argument, &node,
			sqlite3_column_type(row, MAC) == SQLITE_NULL ? NULL : &board,
			sqlite3_column_int64(row, BOOT));
		if (result != 0)
			break;
	}
	sqlite3_finalize(row);
	return result == -ENOENT ? 0 : result;
}

int registry_each_node_name(
	struct registry *registry, int (*each)(void *argument, const char *name), void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry, "SELECT name FROM nodes", &result);

	if (!statement)
		return result;
	while ((result = registry_step(registry, statement)) == 0) {
		char name[NODE_NAME_SIZE];

		registry_column_text(statement, 0, name, sizeof(name));
		result = each(argument, name);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

int registry_put_heartbeat(struct registry *registry, uint32_t id, int64_t heartbeat_ms)
{
	int result;
	sqlite3_stmt *statement =
		registry_write(registry, "UPDATE nodes SET heartbeat = ?2 WHERE id = ?1", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, id);
	sqlite3_bind_int64(statement, 2, heartbeat_ms);
	return registry_finish(registry, statement);
}

int registry_put_forgotten(struct registry *registry, const char *name, int64_t at_ms)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(
		registry, "INSERT OR REPLACE INTO forgotten(name, at) VALUES(?, ?)", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, name);
	sqlite3_bind_int64(statement, 2, at_ms);
	return registry_finish(registry, statement);
}

int registry_delete_forgotten(struct registry *registry, const char *name)
{
	int result;
	sqlite3_stmt *statement =
		registry_write_state(registry, "DELETE FROM forgotten WHERE name = ?", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, name);
	return registry_finish(registry, statement);
}

int registry_each_forgotten(struct registry *registry,
	int (*each)(void *argument, const char *name, int64_t at_ms), void *argument)
{
	int result;
	sqlite3_stmt *statement =
		registry_read(registry, "SELECT name, at FROM forgotten ORDER BY at", &result);

	if (!statement)
		return result;
	while ((result = registry_step(registry, statement)) == 0) {
		char name[NODE_NAME_SIZE];

		registry_column_text(statement, 0, name, sizeof(name));
		result = each(argument, name, sqlite3_column_int64(statement, 1));
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

int registry_add_binding(struct registry *registry, const char *node, const struct mac *mac,
	const char *text, int64_t now_ms)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(registry,
		"INSERT INTO bindings(node, board, at, text) VALUES(?, ?, ?, ?)", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, node);
	registry_bind_mac(statement, 2, mac);
	sqlite3_bind_int64(statement, 3, now_ms);
	registry_bind_text(statement, 4, text);
	return registry_finish(registry, statement);
}

int registry_each_binding(struct registry *registry, const char *node,
	int (*each)(void *argument, int64_t at_ms, const struct mac *mac, const char *text),
	void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry,
		"SELECT at, board, text FROM bindings WHERE node = ? ORDER BY id", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, node);
	while ((result = registry_step(registry, statement)) == 0) {
		char text[REGISTRY_TEXT_SIZE];
		struct mac mac;

		registry_column_mac(statement, 1, &mac);
		registry_column_text(statement, 2, text, sizeof(text));
		result = each(argument, sqlite3_column_int64(statement, 0), &mac, text);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}
