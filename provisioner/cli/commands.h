/* SPDX-License-Identifier: ISC */
/* The verbs of `bramble`: one file each, one function each. argv begins behind the verb. */
#ifndef BRAMBLE_CLI_COMMANDS_H
#define BRAMBLE_CLI_COMMANDS_H

#include "provisioner/cli/cli.h"

enum cli_exit status_main(struct cli *cli, int argc, char **argv);
enum cli_exit node_main(struct cli *cli, int argc, char **argv);
enum cli_exit rules_main(struct cli *cli, int argc, char **argv);
enum cli_exit admit_main(struct cli *cli, int argc, char **argv);
enum cli_exit import_main(struct cli *cli, int argc, char **argv);
enum cli_exit board_main(struct cli *cli, int argc, char **argv);
enum cli_exit boot_main(struct cli *cli, int argc, char **argv);
enum cli_exit events_main(struct cli *cli, int argc, char **argv);
enum cli_exit hooks_main(struct cli *cli, int argc, char **argv);
enum cli_exit image_main(struct cli *cli, int argc, char **argv);
enum cli_exit rollout_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_main(struct cli *cli, int argc, char **argv);
enum cli_exit state_main(struct cli *cli, int argc, char **argv);
enum cli_exit config_main(struct cli *cli, int argc, char **argv);
enum cli_exit version_main(struct cli *cli, int argc, char **argv);
enum cli_exit help_main(struct cli *cli, int argc, char **argv);

/* The whole program, on the streams of `cli` (zeroed otherwise). argv[0] is its name. Returns the
 * exit status. */
enum cli_exit commands_run(struct cli *cli, int argc, char **argv);

#endif
