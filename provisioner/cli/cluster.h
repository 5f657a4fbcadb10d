/* SPDX-License-Identifier: ISC */
/* What the verbs of `bramble cluster` share. */
#ifndef BRAMBLE_CLI_CLUSTER_H
#define BRAMBLE_CLI_CLUSTER_H

#include "provisioner/cli/cli.h"
#include "provisioner/settings/settings.h"

/* The arguments and the settings, which must ask for a cluster; its programs are those that it runs
 * with, if it exists. Returns false with what to return.
 */
bool cluster_begin(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	struct settings *settings, enum cli_exit *code);

/* What somebody is about to do. */
enum cluster_change { CLUSTER_CHANGE, CLUSTER_RESTORE, CLUSTER_ANEW, CLUSTER_UPGRADE };

/* To change it: root, a brambled that runs, and nobody else who does; until the program ends or it
 * is let go. What was interrupted comes first, unless it is the same again. */
enum cli_exit cluster_seize(
	struct cli *cli, const struct settings *settings, enum cluster_change change);
void cluster_let_go(struct cli *cli);

/* Both, for a verb that asks nothing. With --dry-run it only tells what `would` be, and returns
 * false with CLI_OK. */
bool cluster_begin_change(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	struct settings *settings, enum cli_exit *code, const char *would);

/* For `cluster status`: until when the certificates are valid, how old the newest snapshot is. */
void cluster_add_upkeep(const struct settings *settings, cJSON *json);
void cluster_print_upkeep(struct cli *cli, const cJSON *json);

#endif
