/* SPDX-License-Identifier: ISC */
/* SHARE/cluster/processes.json: which programs brambled keeps running, with their arguments.
 * Written by `bramble cluster create`, read by brambled. Pure. */
#ifndef BRAMBLE_CLUSTER_PROCESSES_H
#define BRAMBLE_CLUSTER_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>

#define PROCESSES_COUNT 4
#define PROCESSES_ARGUMENTS 64
#define PROCESSES_FILE_LIMIT 65536u

/* In the order of their start. */
extern const char *const processes_names[PROCESSES_COUNT];

struct processes {
	/* By the order of processes_names; [0] is the program's absolute path. NULL-terminated. */
	char *argv[PROCESSES_COUNT][PROCESSES_ARGUMENTS + 1];
};

void processes_free(struct processes *processes);

/* As text of JSON, which the caller frees; NULL when memory is short. */
char *processes_format(const struct processes *processes);

/* All or nothing; the caller frees by processes_free. A program's file must bear the name of its
 * process. Returns 0, -EBADMSG or -ENOMEM. Fuzzed. */
int processes_parse(const char *text, struct processes *processes);

#endif
