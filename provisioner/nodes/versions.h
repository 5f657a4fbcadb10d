/* SPDX-License-Identifier: ISC */
/* Which version each node runs and gets, over its boots: fallback.h applied to the registry. */
#ifndef BRAMBLE_VERSIONS_H
#define BRAMBLE_VERSIONS_H

#include "provisioner/brambled.h"
#include "provisioner/nodes/fallback.h"

#define VERSIONS_TEXT_SIZE 320

/* A boot ended without joining; `interrupted`: see fallback.h. A commit should follow. */
void versions_boot_failed(
	struct brambled *brambled, const struct registry_boot *boot, bool interrupted);

/* The node has joined in this boot: fills in what it runs. The caller puts it. */
void versions_joined(
	struct brambled *brambled, struct registry_node *node, const struct registry_boot *boot);

/* From now on the node gets its last good version instead of `hash`; put and told. False when it
 * has none, and nothing was done. A commit should follow. */
bool versions_fall_back(
	struct brambled *brambled, struct registry_node *node, const char *hash, const char *why);

/* The node shall get again what it fell back from. 0 (durable), -ENOENT (it didn't fall back) or
 * -errno. */
int versions_retry(struct brambled *brambled, struct registry_node *node);

/* What it gets next, and why in plain words; hash "" when its image has no current version. */
void versions_describe(struct brambled *brambled, const struct registry_node *node,
	char hash[static HASH_TEXT_SIZE], char why[static VERSIONS_TEXT_SIZE]);

/* The same, when its image is `image` with the current version `current`. */
void versions_explain(const struct registry_node *node, const char *image, const char *current,
	char hash[static HASH_TEXT_SIZE], char why[static VERSIONS_TEXT_SIZE]);

/* Call every second or so: notices that the cluster engine finds a node well. */
void versions_tick(struct brambled *brambled);

#endif
