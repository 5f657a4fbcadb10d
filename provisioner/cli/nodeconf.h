/* SPDX-License-Identifier: ISC */
/* The verbs of `bramble config` that ask brambled: what nodes are set to. */
#ifndef BRAMBLE_CLI_NODECONF_H
#define BRAMBLE_CLI_NODECONF_H

#include <stdio.h>

#include "provisioner/cli/cli.h"

/* What the nodes (ended by NULL) are set to, each item with where it comes from. */
enum cli_exit nodeconf_show(struct cli *cli, char **nodes);

/* The table of what `json` (GET /v1/config/diff) says; of one node `only`, or of all (NULL). */
void nodeconf_print_changes(struct cli *cli, FILE *out, const cJSON *json, const char *only);

#endif
