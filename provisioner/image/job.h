/* SPDX-License-Identifier: ISC */
/*
 * What a build that brambled started tells of itself: a file (--job), replaced whenever something
 * changed, that is the "job" of docs/api.md.
 */
#ifndef BRAMBLE_IMAGE_JOB_H
#define BRAMBLE_IMAGE_JOB_H

#include <cjson/cJSON.h>

#include "rootfs/progress.h"

struct job {
	const char *path; /* NULL: nobody asked; then nothing below does anything */
	cJSON *json;
};

void job_begin(struct job *job, const char *path, const char *image);

/* For progress.changed; `context` is the job. */
void job_follow(void *context, const struct progress *progress, const char *result);

void job_succeed(struct job *job, const char *hash, bool existed);
void job_fail(struct job *job, const char *error);

/* In another process than the one that wrote last: it came to no end of its own. `state` is
 * "cancelled" or "failed". */
void job_end_for(const char *path, const char *state, const char *error);

void job_free(struct job *job);

#endif
