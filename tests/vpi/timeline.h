/* SPDX-License-Identifier: ISC */
/* The time line of a boot: one line per event, as text for people or as JSON for scripts. */
#ifndef VPI_TIMELINE_H
#define VPI_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct timeline {
	FILE *out;
	bool json;
	uint64_t power_on_ns; /* CLOCK_MONOTONIC; times are counted from here */
	/* Sums since power-on. */
	uint64_t bytes; /* TFTP payload received, also of what was received twice */
	unsigned files; /* complete transfers */
	unsigned requests;
	unsigned missing;
	unsigned retransmissions; /* packets this board sent again */
};

struct timeline_transfer {
	const char *name;
	const char *outcome; /* "complete", "missing", "probed", or why it failed */
	uint64_t bytes;
	uint64_t duration_ns;
	unsigned retransmissions;
	const char *hash; /* SHA-256 in hex, or NULL */
};

/* Power was switched on: zero the sums and the clock. */
void timeline_power_on(struct timeline *timeline);

double timeline_milliseconds(const struct timeline *timeline);

void timeline_note(struct timeline *timeline, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void timeline_transferred(struct timeline *timeline, const struct timeline_transfer *transfer);

/* The last line of an attempt: `reason` is NULL when the kernel was started. */
void timeline_result(struct timeline *timeline, const char *reason);

#endif
