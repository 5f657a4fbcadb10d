/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <errno.h>
#include <string.h>

#define COLUMNS                                                                                    \
	"id, mac, node, token, stage, reason, image_hash, bytes, files, retransmissions, "         \
	"started, changed, ended, cause"
#define KEPT_BOOTS "2000"

static void take_row(sqlite3_stmt *row, struct registry_boot *boot)
{
	memset(boot, 0, sizeof(*boot));
	boot->id = sqlite3_column_int64(row, 0);
	registry_column_mac(row, 1, &boot->mac);
	registry_column_text(row, 2, boot->node, sizeof(boot->node));
	registry_column_text(row, 3, boot->token, sizeof(boot->token));
	registry_column_text(row, 4, boot->stage, sizeof(boot->stage));
	registry_column_text(row, 5, boot->reason, sizeof(boot->reason));
	registry_column_text(row, 6, boot->image_hash, sizeof(boot->image_hash));
	boot->bytes = (uint64_t)sqlite3_column_int64(row, 7);
	boot->files = (uint64_t)sqlite3_column_int64(row, 8);
	boot->retransmissions = (uint64_t)sqlite3_column_int64(row, 9);
	boot->started_ms = sqlite3_column_int64(row, 10);
	boot->changed_ms = sqlite3_column_int64(row, 11);
	boot->ended_ms = sqlite3_column_int64(row, 12);
	registry_column_text(row, 13, boot->cause, sizeof(boot->cause));
}

/* Old boots leave, so that the table has a bound. */
static int remove_old(struct registry *registry)
{
	static const char *const statements[] = {
		"DELETE FROM boots WHERE id <= (SELECT max(id) FROM boots) - " KEPT_BOOTS,
		"DELETE FROM steps WHERE boot <= (SELECT max(id) FROM boots) - " KEPT_BOOTS,
	};
	int result = 0;

	for (size_t i = 0; i < 2 && result == 0; i++) {
		sqlite3_stmt *statement = registry_write(registry, statements[i], &result);

		if (statement)
			result = registry_finish(registry, statement);
	}
	return result;
}

int registry_put_boot(struct registry *registry, struct registry_boot *boot)
{
	bool fresh = boot->id == 0;
	int result;
	sqlite3_stmt *statement = registry_write(registry,
		"INSERT INTO boots(" COLUMNS
		") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
		" ON CONFLICT(id) DO UPDATE SET node = ?3, token = ?4, stage = ?5, reason = ?6, "
		"image_hash = ?7,"
		" bytes = ?8, files = ?9, retransmissions = ?10, changed = ?12, ended = ?13, cause "
		"= ?14",
		&result);

	if (!statement)
		return result;
	if (!fresh)
		sqlite3_bind_int64(statement, 1, boot->id);
	registry_bind_mac(statement, 2, &boot->mac);
	registry_bind_text(statement, 3, boot->node);
	registry_bind_text(statement, 4, boot->token);
	registry_bind_text(statement, 5, boot->stage);
	registry_bind_text(statement, 6, boot->reason);
	registry_bind_text(statement, 7, boot->image_hash);
	sqlite3_bind_int64(statement, 8, (int64_t)boot->bytes);
	sqlite3_bind_int64(statement, 9, (int64_t)boot->files);
	sqlite3_bind_int64(statement, 10, (int64_t)boot->retransmissions);
	sqlite3_bind_int64(statement, 11, boot->started_ms);
	sqlite3_bind_int64(statement, 12, boot->changed_ms);
	sqlite3_bind_int64(statement, 13, boot->ended_ms);
	registry_bind_text(statement, 14, boot->cause);
	result = registry_finish(registry, statement);
	if (result == 0 && fresh) {
		boot->id = sqlite3_last_insert_rowid(registry->db);
		result = remove_old(registry);
	}
	return result;
}

int registry_get_boot(struct registry *registry, int64_t id, struct registry_boot *boot)
{
	int result;
	sqlite3_stmt *statement =
		registry_read(registry, "SELECT " COLUMNS " FROM boots WHERE id = ?", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, id);
	result = registry_step(registry, statement);
	if (result == 0)
		take_row(statement, boot);
	sqlite3_finalize(statement);
	return result;
}

int registry_last_boot(
	struct registry *registry, const char *node, const struct mac *mac, int64_t *id)
{
	int result;
	sqlite3_stmt *statement =
		mac ? registry_lookup(registry,
			      "SELECT max(id) FROM boots WHERE node = ?1 AND mac = ?2", &result)
		    : registry_lookup(
			      registry, "SELECT max(id) FROM boots WHERE node = ?1", &result);

	*id = 0;
	if (!statement)
		return result;
	registry_bind_text(statement, 1, node);
	if (mac)
		registry_bind_mac(statement, 2, mac);
	result = registry_step(registry, statement);
	if (result == 0)
		*id = sqlite3_column_int64(statement, 0);
	registry_release(statement);
	return result;
}

int registry_each_boot(struct registry *registry, const char *node, const struct mac *mac,
	unsigned limit, int (*each)(void *argument, const struct registry_boot *boot),
	void *argument)
{
	/* Each by its own index: one statement for all would go through the whole table. */
	static const char *const by[2][2] = {
		{ "SELECT " COLUMNS " FROM boots ORDER BY id DESC LIMIT ?3",
			"SELECT " COLUMNS " FROM boots WHERE mac = ?2 ORDER BY id DESC LIMIT ?3" },
		{ "SELECT " COLUMNS " FROM boots WHERE node = ?1 ORDER BY id DESC LIMIT ?3",
			"SELECT " COLUMNS
			" FROM boots WHERE node = ?1 AND mac = ?2 ORDER BY id DESC LIMIT ?3" },
	};
	int result;
	sqlite3_stmt *statement = registry_read(registry, by[node != NULL][mac != NULL], &result);

	if (!statement)
		return result;
	if (node)
		registry_bind_text(statement, 1, node);
	if (mac)
		registry_bind_mac(statement, 2, mac);
	sqlite3_bind_int64(statement, 3, limit);
	while ((result = registry_step(registry, statement)) == 0) {
		struct registry_boot boot;

		take_row(statement, &boot);
		result = each(argument, &boot);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

int registry_add_step(struct registry *registry, int64_t boot, const struct registry_step *step)
{
	int result;
	sqlite3_stmt *statement = registry_write(registry,
		"INSERT INTO steps(boot, at, stage, detail, bytes, retransmissions, duration)"
		" VALUES(?, ?, ?, ?, ?, ?, ?)",
		&result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, boot);
	sqlite3_bind_int64(statement, 2, step->at_ms);
	registry_bind_text(statement, 3, step->stage);
	registry_bind_text(statement, 4, step->detail);
	sqlite3_bind_int64(statement, 5, (int64_t)step->bytes);
	sqlite3_bind_int64(statement, 6, step->retransmissions);
	sqlite3_bind_int64(statement, 7, step->duration_ms);
	return registry_finish(registry, statement);
}

int registry_each_step(struct registry *registry, int64_t boot,
	int (*each)(void *argument, const struct registry_step *step), void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry,
		"SELECT at, stage, detail, bytes, retransmissions, duration FROM steps WHERE boot "
		"= ? ORDER BY rowid",
		&result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, boot);
	while ((result = registry_step(registry, statement)) == 0) {
		struct registry_step step = { .at_ms = sqlite3_column_int64(statement, 0),
			.bytes = (uint64_t)sqlite3_column_int64(statement, 3),
			.retransmissions = (uint32_t)sqlite3_column_int64(statement, 4),
			.duration_ms = (uint32_t)sqlite3_column_int64(statement, 5) };

		registry_column_text(statement, 1, step.stage, sizeof(step.stage));
		registry_column_text(statement, 2, step.detail, sizeof(step.detail));
		result = each(argument, &step);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}
