/* SPDX-License-Identifier: ISC */
#include "provisioner/hooks/positions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/str.h"

#define LINE_SIZE (HOOKS_NAME_SIZE + 24)

bool hooks_positions_parse(char *text, struct hooks_positions *positions)
{
	*positions = (struct hooks_positions){ 0 };
	for (char *line = text, *end; *line; line = end + 1) {
		char *name = strchr(line, ' ');
		uint64_t id;

		end = strchr(line, '\n');
		if (!end || !name || name > end || positions->n == HOOKS_LIMIT)
			return false;
		*end = '\0';
		*name++ = '\0';
		if (str_parse_u64(line, 0, INT64_MAX, &id) != 0 || *name == '\0' ||
			!str_copy(positions->entries[positions->n].name, HOOKS_NAME_SIZE, name))
			return false;
		positions->entries[positions->n++].id = (int64_t)id;
	}
	return true;
}

void hooks_positions_read(const char *path, struct hooks_positions *positions)
{
	char *text = NULL;
	size_t size;

	*positions = (struct hooks_positions){ 0 };
	if (file_read(path, (size_t)HOOKS_LIMIT * LINE_SIZE, &text, &size) == 0 &&
		!hooks_positions_parse(text, positions))
		*positions = (struct hooks_positions){ 0 };
	free(text);
}

int hooks_positions_write(const char *path, const struct hooks_positions *positions)
{
	char text[HOOKS_LIMIT * LINE_SIZE + 1];
	size_t used = 0;

	for (size_t i = 0; i < positions->n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%" PRId64 " %s\n",
			positions->entries[i].id, positions->entries[i].name);
	return file_replace(path, text, used, 0600);
}

int64_t hooks_positions_find(const struct hooks_positions *positions, const char *name)
{
	for (size_t i = 0; i < positions->n; i++) {
		if (strcmp(positions->entries[i].name, name) == 0)
			return positions->entries[i].id;
	}
	return -1;
}
