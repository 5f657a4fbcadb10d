/* SPDX-License-Identifier: ISC */
/*
 * The distribution's archive, read through an apt of our own: its own lists and an empty status
 * below the cache, so that the host's packages are neither seen nor touched.
 */
#ifndef BRAMBLE_ROOTFS_APT_H
#define BRAMBLE_ROOTFS_APT_H

#include "common/str.h"
#include "rootfs/workshop.h"

#define APT_SOURCES_LIMIT 16
#define APT_LINE_SIZE 1024
#define APT_NAME_SIZE 256

struct apt {
	struct workshop *shop;
	char root[WORKSHOP_PATH_SIZE];
	char config[WORKSHOP_PATH_SIZE];
	size_t source_count;
	char sources[APT_SOURCES_LIMIT][APT_LINE_SIZE]; /* sources.list(5), one-line style */
	/* Those of the recipe's repositories, with their keys in the shop's work directory. */
	char repositories[RECIPE_REPOSITORIES_LIMIT][APT_LINE_SIZE];
};

/* One downloadable package. */
struct apt_package {
	char name[APT_NAME_SIZE];    /* "linux-image-6.1.0-50-arm64" */
	char version[APT_NAME_SIZE]; /* "6.1.176-1" */
	char file[APT_NAME_SIZE];    /* of the .deb, without directory */
	char hash[HASH_TEXT_SIZE];   /* SHA-256 by the archive's signed index */
};

/* Derive mirror and suites from the host's apt for the recipe's suite, fetch the lists (an
 * unreachable mirror is a warning when older lists are there), and set shop->epoch to the date of
 * the suite's release (or $SOURCE_DATE_EPOCH). All functions return 0 or -errno with shop->failure.
 */
int apt_open(struct apt *apt, struct workshop *shop);

/* What the recipe's packages bring along: "file hash" lines, sorted by apt. Fills at most `size`
 * bytes, NUL-terminated; *count gets the number of packages. */
int apt_plan(struct apt *apt, char *out, size_t size, size_t *count);

/* Find a package of the kernel's architecture (recipe_kernel_architecture: every board that
 * netboots runs a 64-bit kernel, whatever its programs are); a kernel metapackage leads to the
 * kernel that it depends on.
 */
int apt_find(struct apt *apt, const char *name, struct apt_package *package);

/* Fetch it into `directory` and unpack its files below `target` (created). */
int apt_unpack(struct apt *apt, const struct apt_package *package, const char *directory,
	const char *target);

#endif
