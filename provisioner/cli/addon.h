/* SPDX-License-Identifier: ISC */
/* What the verbs of `bramble addon` share. */
#ifndef BRAMBLE_CLI_ADDON_H
#define BRAMBLE_CLI_ADDON_H

#include <errno.h>

#include "common/str.h"
#include "provisioner/addons/addons.h"
#include "provisioner/cli/cli.h"
#include "rootfs/progress.h"

struct addon_world {
	struct settings settings;
	struct progress progress;
	size_t n_listed, n_selected;
	char listed[ADDONS_LIMIT][ADDON_NAME_SIZE];   /* kubernetes.addons */
	char selected[ADDONS_LIMIT][ADDON_NAME_SIZE]; /* what this call is about */
	struct addon_manifest *manifest;
	struct addon_inventories *inventories;
};

/* The arguments and the settings. Returns false with what to return. Else the caller ends it by
 * addon_end. */
bool addon_begin(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	struct addon_world *world, enum cli_exit *code);
void addon_end(struct addon_world *world);

bool addon_is_listed(const struct addon_world *world, const char *name);

/* Select the add-ons in argv (ended by NULL), without any those of kubernetes.addons. */
void addon_select(struct addon_world *world, char **argv);

/* Its manifests into world->manifest, in place of what was there. */
enum cli_exit addon_read(struct cli *cli, struct addon_world *world, const char *name);

/* What the cluster remembers, into world->inventories. */
enum cli_exit addon_ask(struct cli *cli, struct addon_world *world);

/* {"name","about","hash","objects":[{"apiVersion","kind","namespace","name"}],"images":[]} */
cJSON *addon_describe(const struct addon_manifest *manifest);

#endif
