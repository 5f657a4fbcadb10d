/* SPDX-License-Identifier: ISC */
/* What a build is doing right now, on standard error: a line that changes on a terminal, a line per
 * step elsewhere. */
#ifndef BRAMBLE_ROOTFS_PROGRESS_H
#define BRAMBLE_ROOTFS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool terminal;
	const char *step;
	char note[128];
	uint64_t began_ns; /* the step */
	uint64_t shown_ns; /* the last line, so that nothing floods */
	/* Called when a step begins, twice a second while it goes on, and when it ends: `result` is
	 * then how it came out, else NULL. NULL: nobody is told. */
	void (*changed)(void *context, const struct progress *progress, const char *result);
	void *context;
	uint64_t told_ns;
};

/* How long the step has been going on. */
double progress_seconds(const struct progress *progress);

void progress_init(struct progress *progress);

/* Begin a step, e.g. "kernel" (kept by reference). */
void progress_begin(struct progress *progress, const char *step);

/* What the step is at. */
void progress_note(struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Call a few times per second while waiting. */
void progress_tick(struct progress *progress);

/* The step is done: how it came out. */
void progress_end(struct progress *progress, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Leave the changing line, e.g. before an error is written. */
void progress_break(struct progress *progress);

#endif
