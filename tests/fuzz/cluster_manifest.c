/* SPDX-License-Identifier: ISC */
/* snapshot.json. What was accepted is written and accepted again, and names only what lies below.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cluster/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text)
{
	static struct manifest manifest, again;
	char *written;

	if (manifest_parse(text, &manifest) != 0)
		return;
	for (size_t i = 0; i < manifest.n_files; i++) {
		if (manifest.files[i].path[0] == '/' || strstr(manifest.files[i].path, ".."))
			abort();
	}
	written = manifest_format(&manifest);
	if (!written || manifest_parse(written, &again) != 0 ||
		memcmp(&manifest, &again, sizeof(again)) != 0)
		abort();
	free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size > 65536)
		return 0;
	text = malloc(size + 1);
	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check(text);
	free(text);
	return 0;
}
