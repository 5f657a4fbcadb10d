/* SPDX-License-Identifier: ISC */
/* snapshot.json: what a snapshot of the control plane holds, and by which it is known to be whole.
 * Pure. */
#ifndef BRAMBLE_CLUSTER_MANIFEST_H
#define BRAMBLE_CLUSTER_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#define MANIFEST_FILES 512u
#define MANIFEST_PATH_SIZE 128
#define MANIFEST_LIMIT (1u << 20)
#define MANIFEST_HASH_SIZE 65

struct manifest_file {
	char path[MANIFEST_PATH_SIZE]; /* below the snapshot */
	char hash[MANIFEST_HASH_SIZE]; /* SHA-256 */
};

struct manifest {
	int64_t made_ms;
	char kubernetes[32];	/* "v1.20.2" */
	char reason[32];	/* one word: "schedule", "asked", "before-restore" … */
	int64_t revision, keys; /* of etcd */
	char cluster[40];	/* whose: see store.h; "" = of a Bramble that didn't say */
	int64_t bytes;		/* of all files */
	size_t n_files;
	struct manifest_file files[MANIFEST_FILES];
};

/* As JSON, which the caller frees; NULL when memory is short. */
char *manifest_format(const struct manifest *manifest);

/* All or nothing. Returns 0, -EBADMSG or -ENOMEM. Fuzzed. */
int manifest_parse(const char *text, struct manifest *manifest);

#endif
