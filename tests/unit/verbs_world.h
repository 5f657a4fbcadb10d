/* SPDX-License-Identifier: ISC */
/* The `bramble` command and brambled in one process: calls reach the API without a socket
 * (linked with --wrap=client_call). */
#ifndef BRAMBLE_TEST_VERBS_WORLD_H
#define BRAMBLE_TEST_VERBS_WORLD_H

#include "tests/unit/brambled_world.h"

#include "provisioner/cli/commands.h"

#define VERBS_LONG_LIST 450

/* rasp1 runs (board 1), rasp2 had board 2 and now has board 5, which boots; board 3 waits; image
 * base has versions 1 (previous), 2 (current) and 3; bramble.conf asks for more than is in force.
 */
struct world *verbs_begin(void);
void verbs_end(struct world *world);

struct ran {
	int code;
	char *out, *error;
};

/* Run `bramble WORDS`, where %L is the path of a list for `import`, %M of one of VERBS_LONG_LIST
 * boards, %S of an export, %B the name of a backup. `input`: what a person types, NULL: nobody is
 * there. */
void verbs_run(struct world *world, const char *words, const char *input, struct ran *ran);
void verbs_free(struct ran *ran);

/* All that a rehearsal must leave as it is, as text: registry, events, boots, window, files. The
 * caller frees it. */
char *verbs_describe(struct world *world);

#endif
