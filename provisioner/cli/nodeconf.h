/* SPDX-License-Identifier: ISC */
/* The verbs of `bramble config` that ask brambled: what nodes are set to. */
#ifndef BRAMBLE_CLI_NODECONF_H
#define BRAMBLE_CLI_NODECONF_H

#include "provisioner/cli/cli.h"

/* What the node is set to, each item with where it comes from. */
enum cli_exit nodeconf_show(struct cli *cli, const char *node);

enum cli_exit nodeconf_diff_main(struct cli *cli, int argc, char **argv);
enum cli_exit nodeconf_apply_main(struct cli *cli, int argc, char **argv);

#endif
