/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <errno.h>

static void take_row(sqlite3_stmt *row, struct registry_image *image)
{
	registry_column_text(row, 0, image->name, sizeof(image->name));
	registry_column_text(row, 1, image->current, sizeof(image->current));
	registry_column_text(row, 2, image->previous, sizeof(image->previous));
}

int registry_get_image(struct registry *registry, const char *name, struct registry_image *image)
{
	int result;
	sqlite3_stmt *statement = registry_lookup(
		registry, "SELECT name, current, previous FROM images WHERE name = ?", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, name);
	result = registry_step(registry, statement);
	if (result == 0)
		take_row(statement, image);
	registry_release(statement);
	return result;
}

int registry_put_image(struct registry *registry, const struct registry_image *image)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(registry,
		"INSERT OR REPLACE INTO images(name, current, previous) VALUES(?, ?, ?)", &result);

	if (!statement)
		return result;
	registry_bind_text(statement, 1, image->name);
	registry_bind_text(statement, 2, image->current);
	registry_bind_text(statement, 3, image->previous);
	return registry_finish(registry, statement);
}

int registry_each_image(struct registry *registry,
	int (*each)(void *argument, const struct registry_image *image), void *argument)
{
	struct registry_image image;
	int result;
	sqlite3_stmt *statement = registry_read(
		registry, "SELECT name, current, previous FROM images ORDER BY name", &result);

	if (!statement)
		return result;
	while ((result = registry_step(registry, statement)) == 0) {
		take_row(statement, &image);
		result = each(argument, &image);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}
