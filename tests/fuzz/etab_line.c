/* SPDX-License-Identifier: ISC */
/* Any line of nfs-utils' table: what is taken is bounded, and what we would write is taken back. */
#include <stdlib.h>
#include <string.h>

#include "provisioner/exports/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exports_entry entry, again;
	char *line = malloc(size + 1), text[EXPORTS_PATH_SIZE + 64];

	memcpy(line, data, size);
	line[size] = '\0';
	if (exports_parse_etab_line(line, &entry) == 0) {
		must(entry.path[0] == '/' && strlen(entry.path) < sizeof(entry.path));
		must(entry.client[0] != '\0' && strlen(entry.client) < sizeof(entry.client));
		snprintf(text, sizeof(text), "%s\t%s(rw)", entry.path, entry.client);
		must(exports_parse_etab_line(text, &again) == 0);
		must(strcmp(entry.path, again.path) == 0 &&
			strcmp(entry.client, again.client) == 0);
	}
	free(line);
	return 0;
}
