/* SPDX-License-Identifier: ISC */
/* The verbs of `bramble state` that take or put all of the registry: state_replace.c. */
#ifndef BRAMBLE_CLI_STATE_H
#define BRAMBLE_CLI_STATE_H

#include "provisioner/cli/cli.h"

enum cli_exit state_restore_main(struct cli *cli, int argc, char **argv);
enum cli_exit state_export_main(struct cli *cli, int argc, char **argv);
enum cli_exit state_import_main(struct cli *cli, int argc, char **argv);

#endif
