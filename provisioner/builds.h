/* SPDX-License-Identifier: ISC */
/*
 * Builds of images as jobs of the appliance: each is a bramble-image that brambled started, one at
 * a time for an image. It outlives brambled, and tells of itself in RUN/builds/NAME.json, which the
 * next build of that image replaces.
 */
#ifndef BRAMBLE_BUILDS_H
#define BRAMBLE_BUILDS_H

#include <cjson/cJSON.h>

#include "provisioner/brambled.h"

#define BUILDS_REASON_SIZE 512
#define BUILDS_JOB_LIMIT (64u << 10) /* bytes of such a file */

/* Go on with those of an earlier brambled. */
int builds_start(struct brambled *brambled);
void builds_stop(struct brambled *brambled);

/* Begin to build image `name` by its recipe, images/NAME.conf beside bramble.conf; with dry_run
 * only see whether it could be. Returns 0, -EALREADY (it is being built), -ENOENT (no such recipe)
 * or -errno, with `reason`. */
int builds_begin(struct brambled *brambled, const char *name, bool dry_run,
	char reason[static BUILDS_REASON_SIZE]);

/* End it: nothing is published, nothing of it stays. 0, or -ENOENT with `reason`. */
int builds_cancel(
	struct brambled *brambled, const char *name, char reason[static BUILDS_REASON_SIZE]);

bool builds_is_running(const struct brambled *brambled, const char *name);

/* The last build of an image ("job" of docs/api.md), the caller's; NULL when there was none since
 * the machine started. */
cJSON *builds_describe(const struct brambled *brambled, const char *name);

/* Call about once a second: notices those that ended. */
void builds_tick(struct brambled *brambled);

#endif
