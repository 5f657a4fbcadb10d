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

/* To change it, behind cluster_begin(): root, a brambled that runs, and nobody else who does; until
 * the program ends. A restore that was interrupted comes first, unless `restoring`. */
enum cli_exit cluster_seize(struct cli *cli, const struct settings *settings, bool restoring);

/* Both, for a verb that asks nothing. With --dry-run it only tells what `would` be, and returns
 * false with CLI_OK. */
bool cluster_begin_change(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	struct settings *settings, enum cli_exit *code, const char *would);

/* For `cluster status`: until when the certificates are valid, how old the newest snapshot is. */
void cluster_add_upkeep(const struct settings *settings, cJSON *json);
void cluster_print_upkeep(struct cli *cli, const cJSON *json);

#endif
