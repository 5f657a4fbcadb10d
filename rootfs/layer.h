/* SPDX-License-Identifier: ISC */
/*
 * A layer of an OCI image is a tar of what it changes (OCI image-spec 1.0, layer.md): files and
 * directories that take the place of what is there, and names of what goes: ".wh.NAME", or
 * ".wh..wh..opq" for all that lower layers put into that directory.
 *
 * Every path is taken as the node will see it: links in the root, absolute or with "..", stay
 * inside.
 */
#ifndef BRAMBLE_ROOTFS_LAYER_H
#define BRAMBLE_ROOTFS_LAYER_H

#include <archive.h>

#include "rootfs/failure.h"
#include "rootfs/progress.h"

#define LAYER_PATH_SIZE 1024

/* What a path of a layer says. */
enum layer_kind {
	LAYER_FILE,   /* put it there */
	LAYER_REMOVE, /* `path` goes */
	LAYER_OPAQUE, /* what is in directory `path` goes */
	LAYER_IGNORE, /* the root itself, or another implementation's notes */
};

/* Clean a path and see what it is about: `out` is relative, without ".", empty parts and trailing
 * '/'. Returns a layer_kind, or -EINVAL: it has "..", or is too long. Pure. */
int layer_read_path(const char *path, char out[static LAYER_PATH_SIZE]);

/* First pass: remove what the layer says. Second pass, on the same layer opened anew: put its files
 * there. In two, for a layer removes only what is below it, in whatever order it is written.
 * Devices and what is in /dev are left out. `root` is a directory's descriptor. Return 0 or -errno
 * with `failure`. */
int layer_remove(struct archive *in, int root, struct progress *progress, struct failure *failure);
int layer_unpack(struct archive *in, int root, struct progress *progress, struct failure *failure);

#endif
