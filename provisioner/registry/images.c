/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS "name, current, previous, pinned"
#define PINNED_SIZE (REGISTRY_PINS * HASH_TEXT_SIZE + 1)

static void take_pinned(char *text, struct registry_image *image)
{
	char *word;

	image->n_pinned = 0;
	while ((word = strsep(&text, " ")) != NULL && image->n_pinned < REGISTRY_PINS)
		if (str_is_hash(word, strlen(word)))
			str_copy(image->pinned[image->n_pinned++], HASH_TEXT_SIZE, word);
}

static void take_row(sqlite3_stmt *row, struct registry_image *image)
{
	char pinned[PINNED_SIZE];

	registry_column_text(row, 0, image->name, sizeof(image->name));
	registry_column_text(row, 1, image->current, sizeof(image->current));
	registry_column_text(row, 2, image->previous, sizeof(image->previous));
	registry_column_text(row, 3, pinned, sizeof(pinned));
	take_pinned(pinned, image);
}

int registry_get_image(struct registry *registry, const char *name, struct registry_image *image)
{
	int result;
	sqlite3_stmt *statement =
		registry_lookup(registry, "SELECT " COLUMNS " FROM images WHERE name = ?", &result);

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
	char pinned[PINNED_SIZE] = "";
	size_t used = 0;
	int result;
	sqlite3_stmt *statement = registry_write_state(
		registry, "INSERT OR REPLACE INTO images(" COLUMNS ") VALUES(?, ?, ?, ?)", &result);

	if (!statement)
		return result;
	for (size_t i = 0; i < image->n_pinned; i++)
		used += (size_t)snprintf(pinned + used, sizeof(pinned) - used, "%s%s",
			i > 0 ? " " : "", image->pinned[i]);
	registry_bind_text(statement, 1, image->name);
	registry_bind_text(statement, 2, image->current);
	registry_bind_text(statement, 3, image->previous);
	registry_bind_text(statement, 4, pinned);
	return registry_finish(registry, statement);
}

int registry_each_image(struct registry *registry,
	int (*each)(void *argument, const struct registry_image *image), void *argument)
{
	struct registry_image image;
	int result;
	sqlite3_stmt *statement =
		registry_read(registry, "SELECT " COLUMNS " FROM images ORDER BY name", &result);

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
