/* SPDX-License-Identifier: ISC */
/*
 * A version of an image as one file, for another router or another disk: a tar of
 *
 *	bramble-image          "bramble-image 1\nimage NAME\nversion HASH\n"
 *	boot/manifest, boot/contents, and the boot set's files in the manifest's order
 *	image.squashfs
 *
 * in this order, by root, of 1970: the same version gives the same file.
 */
#ifndef BRAMBLE_IMAGE_PORTABLE_H
#define BRAMBLE_IMAGE_PORTABLE_H

#include <archive.h>
#include <stdint.h>

#include "common/str.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

#define PORTABLE_HEADER "bramble-image"
#define PORTABLE_ROOT "image.squashfs"
#define PORTABLE_BOOT "boot/"
#define PORTABLE_HEADER_LIMIT 512		/* bytes */
#define PORTABLE_FILE_LIMIT (UINT64_C(1) << 30) /* of the boot set */
#define PORTABLE_ROOT_LIMIT (UINT64_C(64) << 30)

struct portable {
	char name[NODE_NAME_SIZE];
	char hash[HASH_TEXT_SIZE];
};

/* The text of the header in `size` bytes, of which it has less than PORTABLE_HEADER_LIMIT. */
void portable_format(const struct portable *portable, char *out, size_t size);

/* Read it. Returns 0 or -EINVAL. Pure. */
int portable_parse(const char *text, struct portable *portable);

/* What a file in it is called: a file of a boot set, or the root. */
bool portable_is_name(const char *path);

/* Begin to read a file (or standard input, "-") of that kind: an open archive whose header was
 * read, the caller's to free. NULL with `failure`. */
struct archive *portable_open(const char *path, struct portable *portable, struct failure *failure);

/* Read the rest: each file must be a plain one, there once, of a known name and not too big, and
 * the root comes last. Written below `directory`, which is empty; -1: only looked at. Nothing is
 * verified by its hash. Returns 0 or -errno with `failure`. */
int portable_read(
	struct archive *in, int directory, struct progress *progress, struct failure *failure);

/* The same two on an archive that was opened otherwise. */
int portable_read_header(struct archive *in, struct portable *portable, struct failure *failure);

#endif
