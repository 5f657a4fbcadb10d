/* SPDX-License-Identifier: ISC */
/*
 * What a shell offers behind TAB: `bramble __complete WORDS…`, the last of them begun, perhaps
 * empty, prints one offer a line. Nothing is listed twice: verbs come from the tables of verbs,
 * options from the verbs' own, names of nodes, boards and images from brambled. etc/completions has
 * the shells' side.
 */
#ifndef BRAMBLE_CLI_COMPLETE_H
#define BRAMBLE_CLI_COMPLETE_H

#include "provisioner/cli/cli.h"

#define COMPLETE_VERB "__complete"

/* Verbs of a table that begin with the word. */
void complete_verbs(struct cli *cli, const struct cli_command *table, const char *word);

/* Options or what the usage calls NODE, ID, NAME, FILE … at this place. argv: the words behind the
 * verb, the last one begun. */
void complete_argument(struct cli *cli, const struct cli_syntax *syntax,
	const struct args_option *options, int argc, char **argv);

#endif
