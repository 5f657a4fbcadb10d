/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "provisioner/addons/addons.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

const char *addon_state_name(enum addon_state state)
{
	static const char *const names[] = { "available", "missing", "interrupted", "outdated",
		"drifted", "applied", "unlisted", "broken" };

	return names[state];
}

enum addon_state addon_judge(
	const struct addon_manifest *manifest, const struct addon_inventory *inventory)
{
	if (!inventory)
		return ADDON_MISSING;
	if (!inventory->hash[0])
		return ADDON_INTERRUPTED;
	return strcmp(inventory->hash, manifest->hash) == 0 ? ADDON_APPLIED : ADDON_OUTDATED;
}

static int keep(const struct settings *settings, const char *name,
	const struct addon_inventories *inventories, struct addon_manifest *manifest,
	struct progress *progress, unsigned *applied, struct failure *failure)
{
	const struct addon_inventory *before = addon_inventories_find(inventories, name);
	int result = addon_load(settings, name, manifest, failure);

	if (result == 0 && addon_judge(manifest, before) != ADDON_APPLIED) {
		result = addon_apply(settings, manifest, before, progress, failure);
		*applied += result == 0;
	}
	addon_manifest_free(manifest);
	return result;
}

unsigned addons_keep(const struct settings *settings, struct progress *progress, unsigned *applied,
	struct failure *failure)
{
	char names[ADDONS_LIMIT][ADDON_NAME_SIZE];
	size_t n = addons_listed(settings, names);
	struct addon_inventories *inventories;
	struct addon_manifest *manifest;
	unsigned failed = 0;
	bool have;

	*applied = 0;
	if (n == 0)
		return 0;
	inventories = calloc(1, sizeof(*inventories));
	manifest = calloc(1, sizeof(*manifest));
	have = inventories && manifest &&
	       addon_inventories_read(settings, inventories, failure) == 0;
	failed = !have;
	for (size_t i = 0; have && i < n; i++) {
		struct failure why = { .text = "" };

		if (keep(settings, names[i], inventories, manifest, progress, applied, &why) == 0)
			continue;
		failure_set(failure, -1, "add-on %s: %.3900s", names[i], why.text);
		failed++;
	}
	if (inventories)
		addon_inventories_free(inventories);
	free(inventories);
	free(manifest);
	return failed;
}
