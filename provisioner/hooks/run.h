/* SPDX-License-Identifier: ISC */
/* One run of one hook: from its start to its end, by the event loop. */
#ifndef BRAMBLE_HOOKS_RUN_H
#define BRAMBLE_HOOKS_RUN_H

#include "provisioner/hooks/hooks.h"

struct event_base;
struct hooks_run;

struct hooks_setup {
	const char *directory; /* hooks.d */
	const char *work;      /* where each hook has a directory of its own; made when needed */
	const char *user;
	unsigned timeout_ms;
};

/* How it ended: `text` in plain words; `well` = status 0. */
typedef void (*hooks_ended)(void *argument, bool well, const char *text);
typedef void (*hooks_said)(void *argument, const char *line);

/* Start it. `ended` is called once, from the event loop, unless hooks_run_free() comes before. NULL
 * with `reason`: it couldn't be started. */
struct hooks_run *hooks_run_start(struct event_base *base, const struct hooks_setup *setup,
	const struct hooks_file *file, const struct hooks_event *event, hooks_said said,
	hooks_ended ended, void *argument, char reason[static HOOKS_TEXT_SIZE]);
/* What still runs is killed. */
void hooks_run_free(struct hooks_run *run);

#endif
