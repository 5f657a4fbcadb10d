/* SPDX-License-Identifier: ISC */
/*
 * brambled's part of the hooks: it keeps bramble-hooks running (provisioner/hooks/), which asks for
 * events as anybody does and reports how its hooks are. In memory alone: the report comes again.
 */
#ifndef BRAMBLE_HOOKS_REPORT_H
#define BRAMBLE_HOOKS_REPORT_H

#include <cjson/cJSON.h>

#include "provisioner/brambled.h"

int hooks_start(struct brambled *brambled); /* 0 or -errno */
void hooks_stop(struct brambled *brambled);

/* Take a report: {"hooks":[…]}. One that began to fail becomes an event, which the caller commits.
 * 0, -EINVAL (it is none; nothing was done) or -ENOMEM. */
int hooks_take_report(struct brambled *brambled, const cJSON *report);

/* {"path","timeout_s","running": bool,"hooks":[hook]}; the caller deletes it. */
cJSON *hooks_describe(struct brambled *brambled);

/* Hooks that fail or can't be run. A non-zero answer of `each` ends it and is returned. */
int hooks_each_warning(
	struct brambled *brambled, int (*each)(void *argument, const char *text), void *argument);

#endif
