/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <errno.h>

#define KEPT_EVENTS "20000"

int registry_add_event(struct registry *registry, struct registry_event *event)
{
	int result;
	sqlite3_stmt *statement = registry_write(registry,
		"INSERT INTO events(at, kind, subject, text) VALUES(?, ?, ?, ?)", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, event->at_ms);
	registry_bind_text(statement, 2, event->kind);
	registry_bind_text(statement, 3, event->subject);
	registry_bind_text(statement, 4, event->text);
	result = registry_finish(registry, statement);
	if (result != 0)
		return result;
	event->id = sqlite3_last_insert_rowid(registry->db);
	statement = registry_write(
		registry, "DELETE FROM events WHERE id <= ? - " KEPT_EVENTS, &result);
	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, event->id);
	return registry_finish(registry, statement);
}

int registry_each_event(struct registry *registry, int64_t after, unsigned limit,
	int (*each)(void *argument, const struct registry_event *event), void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry,
		after >= 0 ? "SELECT id, at, kind, subject, text FROM events WHERE id > ?1 ORDER "
			     "BY id LIMIT ?2"
			   : "SELECT * FROM (SELECT id, at, kind, subject, text FROM events ORDER "
			     "BY id DESC LIMIT ?2)"
			     " ORDER BY id",
		&result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, after);
	sqlite3_bind_int64(statement, 2, limit);
	while ((result = registry_step(registry, statement)) == 0) {
		struct registry_event event = { .id = sqlite3_column_int64(statement, 0),
			.at_ms = sqlite3_column_int64(statement, 1) };

		registry_column_text(statement, 2, event.kind, sizeof(event.kind));
		registry_column_text(statement, 3, event.subject, sizeof(event.subject));
		registry_column_text(statement, 4, event.text, sizeof(event.text));
		result = each(argument, &event);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}
