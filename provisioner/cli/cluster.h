/* SPDX-License-Identifier: ISC */
/* What the verbs of `bramble cluster` share. */
#ifndef BRAMBLE_CLI_CLUSTER_H
#define BRAMBLE_CLI_CLUSTER_H

#include "provisioner/cli/cli.h"
#include "provisioner/settings.h"

/* The arguments and the settings, which must ask for a cluster. Returns false with what to return.
 */
bool cluster_begin(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	struct settings *settings, enum cli_exit *code);

/* To change it: root, a brambled that runs, and nobody else who does; until the program ends. A
 * restore that was interrupted comes first, unless `restoring`. */
enum cli_exit cluster_seize(struct cli *cli, const struct settings *settings, bool restoring);

/* For `cluster status`: until when the certificates are valid, how old the newest snapshot is. */
void cluster_add_upkeep(const struct settings *settings, cJSON *json);
void cluster_print_upkeep(struct cli *cli, const cJSON *json);

enum cli_exit cluster_snapshot_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_snapshots_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_restore_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_renew_main(struct cli *cli, int argc, char **argv);
enum cli_exit cluster_rebuild_main(struct cli *cli, int argc, char **argv);

#endif
