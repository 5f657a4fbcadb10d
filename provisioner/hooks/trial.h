/* SPDX-License-Identifier: ISC */
/* `bramble hooks test`: run hooks now, for an event that didn't happen, and say what came of it. */
#ifndef BRAMBLE_HOOKS_TRIAL_H
#define BRAMBLE_HOOKS_TRIAL_H

#include "provisioner/hooks/run.h"

struct event_base;

struct hooks_trial {
	const char *only; /* the one hook; NULL: all that hear of this kind */
	bool json, dry_run;
};

/* One after another, to standard output. Returns an exit status as of `bramble`: 0, 1 (one failed),
 * 4 (there is none). */
int hooks_try(struct event_base *base, const struct hooks_setup *setup,
	const struct hooks_event *event, const struct hooks_trial *trial);

#endif
