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

/* Picking nodes out of a list that is read one by one: each part of each word has to name one. */
struct picker {
	char *text; /* the words' parts, each with its NUL */
	size_t count;
	struct picker_part {
		const char *pattern;
		bool found;
	} * parts;
};
/* CLI_FAILED, said already: out of memory. The words aren't needed any more. */
enum cli_exit targets_pick(struct cli *cli, char **argv, struct picker *picker);
bool targets_picks(struct picker *picker, const char *name);
/* Behind the list: CLI_NOT_FOUND, said, when a part named no node. */
enum cli_exit targets_complain(struct cli *cli, const struct picker *picker);
void targets_free_picker(struct picker *picker);

/* Call `one` for each node that the words name, an empty line between two for people. Returns the
 * worst; none is called after brambled was lost. */
enum cli_exit targets_each(struct cli *cli, char **argv,
	enum cli_exit (*one)(struct cli *cli, const char *name, const void *argument),
	const void *argument);

/* The one node that the word names; a pattern may name no more. */
enum cli_exit targets_find_one(struct cli *cli, const char *word, char name[static NODE_NAME_SIZE]);

#endif
