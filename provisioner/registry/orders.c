/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <errno.h>
#include <string.h>

#define COLUMNS "id, node, verb, seconds, state, boot, text, created, expires, changed, target"
#define KEPT_ORDERS "20" /* of one node */

static const char *const names[] = { [ORDER_PENDING] = "pending",
	[ORDER_SENT] = "sent",
	[ORDER_DONE] = "done",
	[ORDER_FAILED] = "failed",
	[ORDER_EXPIRED] = "expired" };

#define STATES (sizeof(names) / sizeof(names[0]))

const char *registry_order_state_name(enum registry_order_state state)
{
	return names[state];
}

/* A state that no version of ours has written is over. */
static enum registry_order_state state_of(const char *name)
{
	for (size_t i = 0; i < STATES; i++) {
		if (strcmp(names[i], name) == 0)
			return (enum registry_order_state)i;
	}
	return ORDER_EXPIRED;
}

static void take_row(sqlite3_stmt *row, struct registry_order *order)
{
	char state[16];

	memset(order, 0, sizeof(*order));
	order->id = sqlite3_column_int64(row, 0);
	order->node = (uint32_t)sqlite3_column_int64(row, 1);
	registry_column_text(row, 2, order->verb, sizeof(order->verb));
	order->seconds = (unsigned)sqlite3_column_int64(row, 3);
	registry_column_text(row, 4, state, sizeof(state));
	order->state = state_of(state);
	order->boot = sqlite3_column_int64(row, 5);
	registry_column_text(row, 6, order->text, sizeof(order->text));
	order->created_ms = sqlite3_column_int64(row, 7);
	order->expires_ms = sqlite3_column_int64(row, 8);
	order->changed_ms = sqlite3_column_int64(row, 9);
	registry_column_text(row, 10, order->target, sizeof(order->target));
}

static int trim(struct registry *registry, uint32_t node)
{
	int result;
	sqlite3_stmt *statement = registry_write(registry,
		"DELETE FROM orders WHERE node NOT IN (SELECT id FROM nodes) OR (node = ?1 AND id "
		"NOT IN (SELECT id FROM orders WHERE node = ?1 ORDER BY id DESC LIMIT " KEPT_ORDERS
		"))",
		&result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, node);
	return registry_finish(registry, statement);
}

int registry_put_order(struct registry *registry, struct registry_order *order)
{
	int result;
	sqlite3_stmt *statement = registry_write(registry,
		"INSERT OR REPLACE INTO orders(" COLUMNS
		") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&result);

	if (!statement)
		return result;
	if (order->id != 0)
		sqlite3_bind_int64(statement, 1, order->id);
	sqlite3_bind_int64(statement, 2, order->node);
	registry_bind_text(statement, 3, order->verb);
	sqlite3_bind_int64(statement, 4, order->seconds);
	registry_bind_text(statement, 5, names[order->state]);
	sqlite3_bind_int64(statement, 6, order->boot);
	registry_bind_text(statement, 7, order->text);
	sqlite3_bind_int64(statement, 8, order->created_ms);
	sqlite3_bind_int64(statement, 9, order->expires_ms);
	sqlite3_bind_int64(statement, 10, order->changed_ms);
	registry_bind_text(statement, 11, order->target);
	result = registry_finish(registry, statement);
	if (result != 0 || order->id != 0)
		return result;
	order->id = sqlite3_last_insert_rowid(registry->db);
	return trim(registry, order->node);
}

int registry_get_order(struct registry *registry, int64_t id, struct registry_order *order)
{
	int result;
	sqlite3_stmt *statement =
		registry_read(registry, "SELECT " COLUMNS " FROM orders WHERE id = ?", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, id);
	result = registry_step(registry, statement);
	if (result == 0)
		take_row(statement, order);
	sqlite3_finalize(statement);
	return result;
}

static const char *query_of(uint32_t node, bool open)
{
#define OPEN "SELECT " COLUMNS " FROM orders WHERE state IN ('pending', 'sent')"
	if (open)
		return node ? OPEN " AND node = ? ORDER BY id" : OPEN " ORDER BY id";
	return node ? "SELECT " COLUMNS " FROM orders WHERE node = ? ORDER BY id DESC"
		    : "SELECT " COLUMNS " FROM orders ORDER BY id DESC";
#undef OPEN
}

int registry_each_order(struct registry *registry, uint32_t node, bool open,
	int (*each)(void *argument, const struct registry_order *order), void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry, query_of(node, open), &result);

	if (!statement)
		return result;
	if (node)
		sqlite3_bind_int64(statement, 1, node);
	while ((result = registry_step(registry, statement)) == 0) {
		struct registry_order order;

		take_row(statement, &order);
		result = each(argument, &order);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}
