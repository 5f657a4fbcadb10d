/* SPDX-License-Identifier: ISC */
/* Image versions that boards boot: which is current, and their opened boot sets. */
#ifndef BRAMBLE_IMAGES_H
#define BRAMBLE_IMAGES_H

#include "common/verity.h"
#include "provisioner/brambled.h"

#define IMAGES_REASON_SIZE 256
#define IMAGES_PATH_SIZE 600

int images_start(struct brambled *brambled);
void images_stop(struct brambled *brambled);

/* The current version of image `name`. Returns 0 or -errno with `reason` saying what is missing and
 * what to do. */
int images_current(struct brambled *brambled, const char *name, char hash[static HASH_TEXT_SIZE],
	char reason[static IMAGES_REASON_SIZE]);

/* A version's boot set (kept open, not the caller's) and the path of its root, after a look whether
 * its files are there and whole. Returns 0 or -errno with `reason`. */
int images_open(struct brambled *brambled, const char *name, const char *hash,
	struct boot_set **set, char root[static IMAGES_PATH_SIZE],
	char reason[static IMAGES_REASON_SIZE]);

/* What the kernel command line says of the hash tree in a root's file; "" = it has none. Returns 0,
 * or -errno with `reason`: the file's end is damaged. */
int images_verity(const char *root, char argument[static VERITY_ARGUMENT_SIZE],
	char reason[static IMAGES_REASON_SIZE]);

/* The version on the share whose hash begins with `beginning` (8 digits or more), or "current" or
 * "previous". 0, -ENOENT, or -EEXIST (there are several), with `reason`. */
int images_find(struct brambled *brambled, const char *name, const char *beginning,
	char hash[static HASH_TEXT_SIZE], char reason[static IMAGES_REASON_SIZE]);

/* Make the previous version current again, as images_use() does. -ENOENT when there is none. */
int images_roll_back(
	struct brambled *brambled, const char *name, char reason[static IMAGES_REASON_SIZE]);

/* Make a version current after checking its files. Durable when it returns 0. */
int images_use(struct brambled *brambled, const char *name, const char *hash,
	char reason[static IMAGES_REASON_SIZE]);

/* Close what is open of a version: its files go, or were put in place anew. */
void images_forget(struct brambled *brambled, const char *hash);

/* Pin a version, so that images_gc keeps it, or let go of it; `beginning` as of images_find, and a
 * pinned version needn't be on the share any more. *hash: which it was. Doing it again changes
 * nothing. 0 (durable), -ENOENT, -EEXIST (several) or -EINVAL (too many pins), with `reason`. */
int images_pin(struct brambled *brambled, const char *name, const char *beginning, bool pinned,
	char hash[static HASH_TEXT_SIZE], char reason[static IMAGES_REASON_SIZE]);

#define IMAGES_VERSIONS 1000
struct images_version {
	char hash[HASH_TEXT_SIZE];
	uint64_t bytes;	  /* of its root */
	int64_t built_ms; /* 0: its root isn't there (any more, or yet) */
	char why[80];	  /* it is kept; "" = it isn't */
};
struct images_kept {
	size_t count;
	struct images_version versions[IMAGES_VERSIONS];
};

/* Remove the versions of an image that are neither current, previous nor pinned, that no node has
 * booted last, was well with last or is to get, and no boot uses, nor directory trees; with dry_run
 * only see which. *kept: all that were there. Interrupted, it goes on when it is called again.
 * Returns 0, -ENOENT (no such image), -EEXIST (one is being published) or -errno, with `reason`. */
int images_gc(struct brambled *brambled, const char *name, bool dry_run, struct images_kept *kept,
	char reason[static IMAGES_REASON_SIZE]);

/* All versions of an image that are there, and why images_gc would keep them; also of one of which
 * none was ever chosen. 0, -ENOENT (no such image) or -errno with `reason`. */
int images_examine(struct brambled *brambled, const char *name, struct images_kept *kept,
	char reason[static IMAGES_REASON_SIZE]);

#endif
