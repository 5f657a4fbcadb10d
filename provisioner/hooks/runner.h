/* SPDX-License-Identifier: ISC */
/* All hooks: which there are, which events each has had, which run just now. */
#ifndef BRAMBLE_HOOKS_RUNNER_H
#define BRAMBLE_HOOKS_RUNNER_H

#include "provisioner/hooks/run.h"

struct runner;

/* `ipc`: brambled's socket; `positions`: the file of positions.h. NULL with errno. */
struct runner *runner_new(struct event_base *base, const struct hooks_setup *setup, const char *ipc,
	const char *positions);
/* Hooks that run are killed, and begin anew next time. */
void runner_free(struct runner *runner);

#endif
