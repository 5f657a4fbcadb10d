/* SPDX-License-Identifier: ISC */
/* An image recipe: what goes into a root, as an administrator writes it (libconfig; etc/images/).
 */
#ifndef BRAMBLE_ROOTFS_RECIPE_H
#define BRAMBLE_ROOTFS_RECIPE_H

#include <stddef.h>

#include "rootfs/failure.h"

#define RECIPE_WORD_SIZE 96
#define RECIPE_LIST_LIMIT 256

struct recipe_list {
	size_t count;
	char items[RECIPE_LIST_LIMIT][RECIPE_WORD_SIZE];
};

struct recipe {
	char name[RECIPE_WORD_SIZE];	     /* of the image: the file's name without ".conf" */
	char suite[RECIPE_WORD_SIZE];	     /* "bookworm" */
	char architecture[RECIPE_WORD_SIZE]; /* "arm64" */
	char kernel[RECIPE_WORD_SIZE];	     /* package, or metapackage that depends on it */
	char firmware[RECIPE_WORD_SIZE];     /* package */
	struct recipe_list components;	     /* of the archive */
	struct recipe_list packages;
	struct recipe_list
		exclude_modules;   /* directories or files below lib/modules/RELEASE/kernel */
	struct recipe_list enable; /* units that the packages bring */
	struct recipe_list mask;   /* units that must not run */
};

/* Read a recipe. Whatever is unknown, of the wrong type or impossible is an error with file and
 * line. Returns 0 or -errno with `failure`. */
int recipe_load(const char *path, struct recipe *recipe, struct failure *failure);

#endif
