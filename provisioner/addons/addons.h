/* SPDX-License-Identifier: ISC */
/*
 * Add-ons of the cluster: what kubernetes.addons names is applied to it, in that order, and kept.
 * An add-on NAME is the directory NAME in kubernetes.addons_path: manifests *.yaml in the order of
 * their names, each a template (provisioner/nodeconf/template.h) of the values in
 * addons_variables.
 */
#ifndef BRAMBLE_ADDONS_H
#define BRAMBLE_ADDONS_H

#include <stdbool.h>
#include <stddef.h>

#include "provisioner/addons/inventory.h"
#include "provisioner/addons/manifest.h"
#include "provisioner/settings/settings.h"

struct failure;
struct progress;

#define ADDONS_LIMIT 64u
#define ADDON_WHY_SIZE 512

/* Read, render and check the manifests of one. The caller frees *manifest by addon_manifest_free,
 * also after a failure. Returns 0; -ENOENT: there is no such add-on; or -errno, with `failure`
 * ("FILE:LINE: what"). */
int addon_load(const struct settings *settings, const char *name, struct addon_manifest *manifest,
	struct failure *failure);

/* The names in kubernetes.addons, in order. Returns their number. */
size_t addons_listed(
	const struct settings *settings, char names[static ADDONS_LIMIT][ADDON_NAME_SIZE]);

/* The directories in kubernetes.addons_path, by name. Returns their number, or -errno with
 * `failure`. */
int addons_available(const struct settings *settings,
	char names[static ADDONS_LIMIT][ADDON_NAME_SIZE], struct failure *failure);

/* What the cluster says of the add-ons that were ever applied to it. Everything below asks the API
 * server by kubectl, as the administrator: it needs root. */
struct addon_inventories {
	size_t n;
	struct addon_inventory list[ADDONS_LIMIT];
};

/* The caller frees by addon_inventories_free, also after a failure. Returns 0 or -errno with
 * `failure`. */
int addon_inventories_read(const struct settings *settings, struct addon_inventories *inventories,
	struct failure *failure);
void addon_inventories_free(struct addon_inventories *inventories);
/* NULL: it was never applied. */
const struct addon_inventory *addon_inventories_find(
	const struct addon_inventories *inventories, const char *name);

/* Give the cluster what the manifest says, take away what an earlier one said and this one doesn't,
 * and remember it there. Repeated, it changes nothing; interrupted anywhere, the next call ends it.
 * Returns 0 or -errno with `failure`. */
int addon_apply(const struct settings *settings, const struct addon_manifest *manifest,
	const struct addon_inventory *before, struct progress *progress, struct failure *failure);

/* Take everything away that it brought, in reverse order. The same answers. */
int addon_remove(const struct settings *settings, const struct addon_inventory *inventory,
	struct progress *progress, struct failure *failure);

/* How the cluster differs from the manifest: *text, as diff(1) says it, "" for not at all; the
 * caller's. Returns 0 or -errno with `failure`. */
int addon_diff(const struct settings *settings, const struct addon_manifest *manifest, char **text,
	struct failure *failure);

enum addon_state {
	ADDON_AVAILABLE,   /* there, and not wanted */
	ADDON_MISSING,	   /* wanted, and not applied yet */
	ADDON_INTERRUPTED, /* its last application didn't end */
	ADDON_OUTDATED,	   /* another rendering was applied */
	ADDON_DRIFTED,	   /* somebody changed it in the cluster */
	ADDON_APPLIED,
	ADDON_UNLISTED, /* in the cluster, and no longer wanted */
	ADDON_BROKEN,	/* its manifests can't be read */
};

/* "applied" … */
const char *addon_state_name(enum addon_state state);

/* By what the cluster remembers (NULL: nothing), without looking at the objects. */
enum addon_state addon_judge(
	const struct addon_manifest *manifest, const struct addon_inventory *inventory);

/* Apply what is wanted and isn't applied as it is now; drift is left alone. A failure of one
 * doesn't stop the next. Returns the number that failed, with the first in `failure`; *applied: how
 * many were applied. */
unsigned addons_keep(const struct settings *settings, struct progress *progress, unsigned *applied,
	struct failure *failure);

/* The same as bramble-upkeep does it, every few seconds: the cluster is asked only when something
 * may have changed. `warning`: what is wrong now, "" nothing. */
void addons_upkeep(const struct settings *settings, struct progress *progress,
	char warning[static ADDON_WHY_SIZE]);

#endif
