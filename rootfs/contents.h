/* SPDX-License-Identifier: ISC */
/*
 * What is in a root, as a text that lies beside the version (HASH.boot/contents), so that versions
 * can be shown, compared and examined file by file without unpacking them. One statement per line:
 *
 *	bramble-contents 1
 *	about KERNEL-OR-OTHER-WORD VALUE     the lines of ROOT_ABOUT_PATH
 *	package NAME ARCHITECTURE VERSION    by dpkg's status
 *	file MODE USER GROUP SIZE SHA256 PATH
 *	link 0 USER GROUP SIZE SHA256 PATH   size and hash of its target
 *	other MODE USER GROUP 0 - PATH       directories and the rest
 *	end COUNT                            of the lines between: a cut text is noticed
 *
 * Paths begin with '/'; bytes that don't print are written \xNN.
 */
#ifndef BRAMBLE_ROOTFS_CONTENTS_H
#define BRAMBLE_ROOTFS_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "rootfs/failure.h"

#define CONTENTS_NAME "contents"

/* Write the contents of the root at directory `root` to `out`, synced. Returns 0 or -errno. */
int contents_write(const char *root, const char *out);

enum contents_kind {
	CONTENTS_ABOUT,
	CONTENTS_PACKAGE,
	CONTENTS_PATH,
};

/* A line: what it is about, and all that is said of it. */
struct contents_line {
	enum contents_kind kind;
	const char *name;  /* word, "NAME ARCHITECTURE", or path */
	const char *value; /* the rest; of a path what stands before it */
};

struct contents {
	char *text;
	size_t count;
	struct contents_line *lines; /* sorted by kind, then name */
};

/* Read such a text. Returns 0 or -errno with `failure`; free with contents_free, on failure too. */
int contents_read(const char *path, struct contents *contents, struct failure *failure);
void contents_free(struct contents *contents);

/* The line of that name, or NULL. */
const struct contents_line *contents_find(
	const struct contents *contents, enum contents_kind kind, const char *name);

/* Walk over both in order: `each` gets a line that only one has (the other NULL), or that both have
 * with different values. */
void contents_compare(const struct contents *before, const struct contents *after,
	void (*each)(
		void *context, const struct contents_line *old, const struct contents_line *new),
	void *context);

#endif
