/* SPDX-License-Identifier: ISC */
/*
 * bramble-image: image versions on a share, made and checked.
 *
 *	SHARE/images/NAME/HASH.squashfs  a root; HASH is the SHA-256 of the file (or HASH.tree, a
 *directory) SHARE/images/NAME/HASH.boot/     its boot set; the root names the hash of the set's
 *manifest SHARE/images/NAME/.build-*       unfinished; swept by the next build
 *
 * A version exists when its root is there under its final name, which is the last thing that
 *happens.
 */
#ifndef BRAMBLE_IMAGE_H
#define BRAMBLE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot.h"
#include "boot/manifest.h"
#include "common/str.h"
#include "rootfs/root.h"

enum image_mode {
	IMAGE_SQUASHFS,
	IMAGE_TREE,
};

struct image_options {
	const char *config; /* bramble.conf, NULL for the installed one */
	const char *share;  /* NULL: what bramble.conf says */
	const char *target; /* build: the recipe's path; import: a file; else NAME or NAME/HASH,
			       NULL for all */
	const char *other;  /* diff: the second one */
	const char *output; /* export: a file, or "-" */
	const char *cache;  /* directory, NULL for the user's */
	bool no_cache;
	const char *init;  /* programs for the recipe's boards; NULL: beside this program */
	const char *agent; /* "" for none */
	const char *units[ROOT_UNITS_LIMIT];
	size_t unit_count;
	enum image_mode mode;
	const char *job; /* build: the file that tells how far it is, see job.h; NULL none */
	bool json;	 /* for programs, in place of lines for people */
	bool dry_run;	 /* import: verify only */
};

/* Room for what image_complete finds out. */
struct image_defaults {
	char share[WORKSHOP_PATH_SIZE];
	char recipe[WORKSHOP_PATH_SIZE];
	char cache[WORKSHOP_PATH_SIZE];
};

/* Fill in what wasn't given: the share, and with it the cache, by bramble.conf (/srv/bramble
 * and the user's cache where there is none), and for a recipe that is a mere name the file
 * images/NAME.conf beside bramble.conf. Returns 0 or -errno with `failure`. */
int image_complete(struct image_options *options, bool target_is_recipe,
	struct image_defaults *defaults, struct failure *failure);

/* The verbs. They talk on standard output and error and return an exit status. */
int image_build(const struct image_options *options);
int image_list(const struct image_options *options);
int image_verify(const struct image_options *options);
int image_show(const struct image_options *options);
int image_diff(const struct image_options *options);
int image_export(const struct image_options *options);
int image_import(const struct image_options *options);

/* One version on a share. */
struct image_version {
	char name[NODE_NAME_SIZE];
	char hash[HASH_TEXT_SIZE];
	enum image_mode mode;
	char root[WORKSHOP_PATH_SIZE]; /* file or directory */
	char boot[WORKSHOP_PATH_SIZE]; /* directory */
};

/* Call `each` for every version of `name` (NULL: of all images), in no order, until it returns
 * other than 0, which is then returned. -errno when the share can't be read. */
int image_each(const char *share, const char *name,
	int (*each)(void *context, const struct image_version *version), void *context);

/* The version that `word` names: NAME/HASH, of which a beginning is enough, or NAME when there is
 * only one. Returns 0, or -ENOENT, -EEXIST (several) or -EINVAL with `failure`. */
int image_find(const char *share, const char *word, struct image_version *version,
	struct failure *failure);

/* Begin a build: make SHARE/images/NAME and shop->work in it (mode 0755), keep other builds of this
 * image out until the process ends, and sweep what crashed ones left. Returns 0 or -errno with
 * shop->failure. */
int image_begin(struct workshop *shop, const char *share);

/* Publish WORK/image.squashfs (or WORK/root) and WORK/boot, all synced, under their hash. `version`
 * is filled; *existed: the very same version was there already. */
int image_publish(struct workshop *shop, const char *share, enum image_mode mode,
	struct image_version *version, bool *existed);

/* Check a version thoroughly: hash of the root, the set it names, hash of every file. Returns 0 or
 * -errno with `failure` saying what is wrong. */
int image_check(const struct image_version *version, struct failure *failure);

/* The first part of it: is the root what its name says? */
int image_check_root(const struct image_version *version, struct failure *failure);

/* Read the manifest of a version's boot set; the caller frees it. NULL with `reason`. */
struct boot_manifest *image_read_manifest(
	const struct image_version *version, char reason[static BOOT_REASON_SIZE]);

/* Call `each` for every block of a sealed root (common/verity.h) that isn't what the hash tree
 * says, of the tree (uppermost first) and then of the data, by its number in the file; those below
 * `blocks` are data. Below a block of hashes that has changed all may seem changed. Returns 0,
 * -ENODATA (it isn't sealed), -EBADMSG (what says where the tree is has changed) or -errno. */
int image_find_blocks(
	int fd, void (*each)(void *context, uint64_t block, uint64_t blocks), void *context);

/* Tell which blocks and which files of a damaged root are damaged, a line for each; files as root
 * alone, for it unpacks what is left of it beside the version. */
void image_find_rot(const struct image_version *version,
	void (*tell)(void *context, const char *text), void *context);

/* Hash of a file by its path. Returns 0 or -errno. */
int image_hash_file(const char *path, char out[static HASH_TEXT_SIZE]);

#endif
