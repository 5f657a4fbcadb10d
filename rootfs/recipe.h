/* SPDX-License-Identifier: ISC */
/* An image recipe: what goes into a root, as an administrator writes it (libconfig; etc/images/).
 */
#ifndef BRAMBLE_ROOTFS_RECIPE_H
#define BRAMBLE_ROOTFS_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "rootfs/failure.h"

#define RECIPE_WORD_SIZE 96
#define RECIPE_LIST_LIMIT 256
#define RECIPE_PATH_SIZE 1024
#define RECIPE_URL_SIZE 256
#define RECIPE_OWNER_SIZE 33
#define RECIPE_REPOSITORIES_LIMIT 8
#define RECIPE_FILES_LIMIT 64
#define RECIPE_DEPTH_LIMIT 8 /* recipes that extend one another */

struct recipe_list {
	size_t count;
	char items[RECIPE_LIST_LIMIT][RECIPE_WORD_SIZE];
};

/* An archive besides the distribution's. */
struct recipe_repository {
	char url[RECIPE_URL_SIZE];	  /* "https://…", or "file:/…" on this machine */
	char suite[RECIPE_WORD_SIZE];	  /* ends with '/' for an archive without components */
	char components[RECIPE_URL_SIZE]; /* separated by blanks */
	char key[RECIPE_PATH_SIZE];	  /* file on this machine; "" = unsigned and trusted */
	bool local;			  /* nodes can't reach it */
};

/* A file or directory of this machine that goes into the root. */
struct recipe_file {
	char source[RECIPE_PATH_SIZE];
	char path[RECIPE_PATH_SIZE];   /* in the root, without leading '/' */
	mode_t mode;		       /* 0 = 0755 for what the source may execute, else 0644 */
	char user[RECIPE_OWNER_SIZE];  /* of the root's own passwd(5), or digits; "" = root */
	char group[RECIPE_OWNER_SIZE]; /* "" = root */
	unsigned line;		       /* of the recipe, for messages */
	unsigned input;		       /* index of that recipe */
};

struct recipe {
	char name[RECIPE_WORD_SIZE];	     /* of the image: the file's name without ".conf" */
	char suite[RECIPE_WORD_SIZE];	     /* "bookworm" */
	char architecture[RECIPE_WORD_SIZE]; /* of its programs: "arm64", "armhf", "amd64" */
	char kernel[RECIPE_WORD_SIZE];	     /* package, or metapackage that depends on it */
	char firmware[RECIPE_WORD_SIZE];     /* package: a Pi's firmware; for PCs iPXE */
	struct recipe_list components;	     /* of the archive */
	struct recipe_list packages;
	struct recipe_list
		exclude_modules;   /* directories or files below lib/modules/RELEASE/kernel */
	struct recipe_list enable; /* units that the packages bring */
	struct recipe_list mask;   /* units that must not run */
	size_t repository_count;
	struct recipe_repository repositories[RECIPE_REPOSITORIES_LIMIT];
	size_t file_count;
	struct recipe_file files[RECIPE_FILES_LIMIT];
	char from[RECIPE_PATH_SIZE];   /* a root made elsewhere: tar or disk image; "" = packages */
	char script[RECIPE_PATH_SIZE]; /* run in the root, "" none */
	size_t input_count;
	char inputs[RECIPE_DEPTH_LIMIT][RECIPE_PATH_SIZE]; /* this recipe and those it extends */
};

/* Read a recipe and those that it extends: their lists come first, its own words replace theirs.
 * Sources, keys and the script are named relative to the recipe that names them, and must be there.
 * Whatever is unknown, of the wrong type or impossible is an error with file and
 * line. Returns 0 or -errno with `failure`. */
int recipe_load(const char *path, struct recipe *recipe, struct failure *failure);

/* Is it for PCs? Else it is for Raspberry Pis. */
bool recipe_is_for_pcs(const struct recipe *recipe);

/* Of kernel, bramble-init and agent: "amd64" for PCs, else "arm64". */
const char *recipe_kernel_architecture(const struct recipe *recipe);

#endif
