/* SPDX-License-Identifier: ISC */
/* Image versions that boards boot: which is current, and their opened boot sets. */
#ifndef BRAMBLE_IMAGES_H
#define BRAMBLE_IMAGES_H

#include "provisioner/brambled.h"

#define IMAGES_REASON_SIZE 256

int images_start(struct brambled *brambled);
void images_stop(struct brambled *brambled);

/* The current version of image `name`: its hash and its boot set (kept open, not the caller's).
 * Returns 0 or -errno with `reason` saying what is missing and what to do. */
int images_current(struct brambled *brambled, const char *name, char hash[static HASH_TEXT_SIZE],
	struct boot_set **set, char reason[static IMAGES_REASON_SIZE]);

/* Make a version current after checking that its files are there and its boot set is complete.
 * Durable. */
int images_use(struct brambled *brambled, const char *name, const char *hash,
	char reason[static IMAGES_REASON_SIZE]);

#endif
