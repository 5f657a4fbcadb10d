/* SPDX-License-Identifier: ISC */
/*
 * What an add-on brought to the cluster, kept in the cluster itself: the ConfigMap
 * bramble-addon-NAME in kube-system. So a restored or rebuilt cluster says the truth about itself.
 * Pure.
 */
#ifndef BRAMBLE_ADDONS_INVENTORY_H
#define BRAMBLE_ADDONS_INVENTORY_H

#include <cjson/cJSON.h>

#include "provisioner/addons/manifest.h"

#define INVENTORY_SPACE "kube-system"
#define INVENTORY_LABEL "bramble/addons"
#define INVENTORY_KIND "inventory"
#define INVENTORY_SELECTOR "bramble/addons=inventory"

struct addon_inventory {
	char name[ADDON_NAME_SIZE];
	char hash[65]; /* of the manifest that was applied; "" while one is being applied */
	size_t n_objects;
	struct addon_object *objects;
};

void addon_inventory_free(struct addon_inventory *inventory);

/* The ConfigMap that says: these objects. `more` (may be NULL) are added where they aren't among
 * them. The caller's; NULL when memory is short. */
cJSON *addon_inventory_format(const char *name, const char *hash,
	const struct addon_object *objects, size_t n, const struct addon_inventory *more);

/* All or nothing; the caller frees. Returns 0, -EBADMSG or -ENOMEM. Fuzzed. */
int addon_inventory_parse(const cJSON *object, struct addon_inventory *inventory);

/* A List of what is in `inventory` and not in `manifest` (NULL: of everything), last first, for
 * `kubectl delete -f`. NULL when there is nothing; the caller's. */
cJSON *addon_inventory_rest(
	const struct addon_inventory *inventory, const struct addon_manifest *manifest);

#endif
