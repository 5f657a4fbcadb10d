/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <errno.h>

/* Of each boot the latest lines, of the latest boots that have any. */
#define KEPT_LINES "1000"
#define KEPT_BOOTS "200"
#define TRIM_EVERY 128 /* lines */

static int trim(struct registry *registry, int64_t boot)
{
	static const char *const statements[] = {
		"DELETE FROM console WHERE boot = ?1 AND id <= (SELECT id FROM console WHERE boot "
		"= ?1"
		" ORDER BY id DESC LIMIT 1 OFFSET " KEPT_LINES ")",
		"DELETE FROM console WHERE ?1 = ?1 AND boot <= (SELECT boot FROM console GROUP BY "
		"boot"
		" ORDER BY boot DESC LIMIT 1 OFFSET " KEPT_BOOTS ")",
	};
	int result = 0;

	for (size_t i = 0; i < 2 && result == 0; i++) {
		sqlite3_stmt *statement = registry_write(registry, statements[i], &result);

		if (!statement)
			return result;
		sqlite3_bind_int64(statement, 1, boot);
		result = registry_finish(registry, statement);
	}
	return result;
}

int registry_add_line(struct registry *registry, int64_t boot, int64_t at_ms, const char *text)
{
	int result;
	sqlite3_stmt *statement = registry_write(
		registry, "INSERT INTO console(boot, at, text) VALUES(?, ?, ?)", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, boot);
	sqlite3_bind_int64(statement, 2, at_ms);
	registry_bind_text(statement, 3, text);
	result = registry_finish(registry, statement);
	if (result == 0 && sqlite3_last_insert_rowid(registry->db) % TRIM_EVERY == 0)
		result = trim(registry, boot);
	return result;
}

int registry_count_lines(struct registry *registry, int64_t boot, unsigned *count)
{
	int result;
	sqlite3_stmt *statement =
		registry_lookup(registry, "SELECT count(*) FROM console WHERE boot = ?", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, boot);
	result = registry_step(registry, statement);
	if (result == 0)
		*count = (unsigned)sqlite3_column_int(statement, 0);
	registry_release(statement);
	return result;
}

int registry_each_line(struct registry *registry, int64_t boot,
	int (*each)(void *argument, const struct registry_line *line), void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(
		registry, "SELECT at, text FROM console WHERE boot = ? ORDER BY id", &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, boot);
	while ((result = registry_step(registry, statement)) == 0) {
		struct registry_line line = { .at_ms = sqlite3_column_int64(statement, 0) };

		registry_column_text(statement, 1, line.text, sizeof(line.text));
		result = each(argument, &line);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}
