/* SPDX-License-Identifier: ISC */
/* Manifests of add-ons (first byte 'm'), and what the cluster remembers of them. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/addons/inventory.h"
#include "tests/fuzz/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was accepted is labelled: taken again, it is refused. */
static void read_manifest(const char *text, size_t size)
{
	static struct addon_manifest manifest, again;
	char error[ADDON_ERROR_SIZE];
	unsigned line;

	addon_manifest_init(&manifest, "fuzz");
	addon_manifest_init(&again, "fuzz");
	if (addon_manifest_add(&manifest, text, size, &line, error) == 0 &&
		manifest.n_objects > 0) {
		addon_manifest_end(&manifest);
		for (size_t i = 0; i < ADDON_PARTS; i++) {
			if (manifest.parts[i].text &&
				addon_manifest_add(&again, manifest.parts[i].text,
					manifest.parts[i].size, &line, error) == 0)
				abort();
		}
	}
	addon_manifest_free(&manifest);
	addon_manifest_free(&again);
}

/* What was accepted is written and accepted again. */
static void read_inventory(const char *text)
{
	cJSON *json = cJSON_Parse(text), *written, *rest;
	struct addon_inventory inventory, again;

	if (addon_inventory_parse(json, &inventory) == 0) {
		written = addon_inventory_format(inventory.name, inventory.hash, inventory.objects,
			inventory.n_objects, NULL);
		if (!written || addon_inventory_parse(written, &again) != 0)
			abort();
		rest = addon_inventory_rest(&inventory, NULL);
		if (!rest != (inventory.n_objects == 0))
			abort();
		cJSON_Delete(rest);
		cJSON_Delete(written);
		addon_inventory_free(&again);
		addon_inventory_free(&inventory);
	}
	cJSON_Delete(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	if (!text)
		return 0;
	if (data[0] == 'm')
		read_manifest(text, size - 1);
	else
		read_inventory(text);
	free(text);
	return 0;
}
