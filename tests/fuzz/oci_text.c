/* SPDX-License-Identifier: ISC */
/* Index, manifest and configuration of an OCI image from anywhere: what is taken is bounded and
 * named by hashes alone. */
#include <stdlib.h>
#include <string.h>

#include "rootfs/oci_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void must_be_blob(const struct oci_blob *blob)
{
	must(str_is_hash(blob->hash, strlen(blob->hash)));
	must(blob->size <= OCI_BLOB_LIMIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_manifest *manifest = calloc(1, sizeof(*manifest));
	char *text = malloc(size + 1); /* exactly as big, so that reading on is seen */
	struct failure failure = { 0 };
	struct oci_blob blob = { .size = 0 };
	bool is_index = false;

	memcpy(text, data, size);
	text[size] = '\0';
	(void)oci_check_layout(text, size, &failure);
	if (oci_choose_manifest(text, size, "arm64", &blob, &is_index, &failure) == 0)
		must_be_blob(&blob);
	if (oci_parse_manifest(text, size, manifest, &failure) == 0) {
		must(manifest->count > 0 && manifest->count <= OCI_LAYERS_LIMIT);
		must_be_blob(&manifest->config);
		for (size_t i = 0; i < manifest->count; i++)
			must_be_blob(&manifest->layers[i].blob);
	}
	if (oci_check_config(text, size, "armhf", manifest, &failure) == 0) {
		for (size_t i = 0; i < manifest->count; i++)
			must(str_is_hash(
				manifest->layers[i].diff_id, strlen(manifest->layers[i].diff_id)));
	}
	free(text);
	free(manifest);
	return 0;
}
