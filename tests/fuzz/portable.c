/* SPDX-License-Identifier: ISC */
/* An exported image from anywhere: whatever is in it, reading ends, and no name leaves its place.
 */
#include <stdlib.h>
#include <string.h>

#include "provisioner/image/portable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void read_archive(const uint8_t *data, size_t size)
{
	struct archive *in = archive_read_new();
	struct progress progress = { 0 };
	struct failure failure = { 0 };
	struct portable portable;

	archive_read_support_filter_none(in);
	archive_read_support_format_tar(in);
	if (archive_read_open_memory(in, data, size) == ARCHIVE_OK &&
		portable_read_header(in, &portable, &failure) == 0) {
		must(str_is_node_name(portable.name));
		must(portable_read(in, -1, &progress, &failure) <= 0);
	}
	archive_read_free(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct portable portable;

	memcpy(text, data, size);
	text[size] = '\0';
	if (portable_parse(text, &portable) == 0)
		must(str_is_node_name(portable.name) &&
			str_is_hash(portable.hash, strlen(portable.hash)));
	if (portable_is_name(text))
		must(strstr(text, "..") == NULL || strstr(text, "/..") == NULL);
	free(text);
	read_archive(data, size);
	return 0;
}
