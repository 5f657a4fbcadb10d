/* SPDX-License-Identifier: ISC */
/* One file for the firmware: requested under the board's prefix, noted, kept. */
#ifndef VPI_FETCH_H
#define VPI_FETCH_H

#include <stdbool.h>

#include "tests/vpi/firmware.h"

/* Fetch a file that must be there into `file` (the caller frees it). `requests` as in tftp_fetch.
 * Returns 0 or -errno with firmware->reason. */
int fetch_needed(
	struct firmware *firmware, const char *name, unsigned requests, struct tftp_file *file);

/* Fetch a file of which the content doesn't matter here. */
int fetch_and_drop(struct firmware *firmware, const char *name);

/* As fetch_needed, but a missing file is normal: returns -ENOENT without a reason. */
int fetch_optional(struct firmware *firmware, const char *name, struct tftp_file *file);

/* Ask for a file that is normally missing, or of no use to a virtual board. Returns 0 whether it is
 * there or not, or -errno with firmware->reason. */
int fetch_asked(struct firmware *firmware, const char *name);

/* Does it exist? Returns 0, -ENOENT, or -errno with firmware->reason. */
int fetch_probe(struct firmware *firmware, const char *name);

#endif
