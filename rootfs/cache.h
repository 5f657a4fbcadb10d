/* SPDX-License-Identifier: ISC */
/* What earlier builds left: entries named KIND-KEY, where the key is a hash of everything that went
 * in. */
#ifndef BRAMBLE_ROOTFS_CACHE_H
#define BRAMBLE_ROOTFS_CACHE_H

#include <sodium.h>
#include <stdbool.h>

#include "common/str.h"
#include "rootfs/workshop.h"

/* Raise it when the same input gives another result. */
#define CACHE_VERSION "1"

/* Hash of everything that goes into something. */
struct cache_key {
	crypto_hash_sha256_state state;
};
void cache_key_begin(struct cache_key *key, const char *kind);
void cache_key_add(struct cache_key *key, const char *text);
/* The content of a file. Returns 0 or -errno. */
int cache_key_add_file(struct cache_key *key, const char *path);
void cache_key_end(struct cache_key *key, char out[static HASH_TEXT_SIZE]);

/* Wait for other builds and keep them out until the process ends; removes what crashed builds left
 * unfinished (names ending in ".tmp"). Returns 0 or -errno with `failure`. */
int cache_open(struct workshop *shop);

/* Path of entry KIND-KEY (+ extension); *there tells whether it exists; an existing one becomes the
 * newest. */
int cache_entry(struct workshop *shop, const char *kind, const char *key, const char *extension,
	char *out, unsigned size, bool *there);

/* Make PATH.tmp the entry PATH (synced), and keep only the newest few of its kind. */
int cache_commit(struct workshop *shop, const char *kind, const char *path);

/* rm -rf, not following links and not leaving the file system. Returns 0 or -errno; 0 when it isn't
 * there. */
int cache_remove_tree(const char *path);

#endif
