/* SPDX-License-Identifier: ISC */
/*
 * Naming several nodes at once: "rasp1", "rasp[1-12]", "kiosk*", "rasp1,rasp3" (patterns.h). Quote
 * them, or the shell takes them for files.
 */
#ifndef BRAMBLE_CLI_TARGETS_H
#define BRAMBLE_CLI_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"
#include "provisioner/cli/cli.h"

#define TARGETS_LIMIT 10000

struct targets {
	size_t count;
	char (*names)[NODE_NAME_SIZE]; /* targets_free */
};

/* Does the word name more than itself? */
bool targets_is_pattern(const char *word);

/* The nodes that the words (ended by NULL) name, each once, in the order of the words; patterns are
 * looked up at brambled. CLI_NOT_FOUND (said already) when a pattern matches none. A plain name is
 * taken as it is. */
enum cli_exit targets_find(struct cli *cli, char **argv, struct targets *targets);
void targets_free(struct targets *targets);

#endif
