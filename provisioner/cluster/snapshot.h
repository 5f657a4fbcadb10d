/* SPDX-License-Identifier: ISC */
/*
 * Snapshots of the control plane: what etcd holds and what lies beside it (keys, credentials,
 * configuration), in SHARE/cluster-snapshots/NAME. They lie beside SHARE/cluster, so that they
 * outlive it.
 */
#ifndef BRAMBLE_CLUSTER_SNAPSHOT_H
#define BRAMBLE_CLUSTER_SNAPSHOT_H

#include "provisioner/cluster/cluster.h"
#include "provisioner/cluster/manifest.h"
#include "provisioner/cluster/store.h"

#define SNAPSHOT_NAME_SIZE 40
#define SNAPSHOTS_LISTED 256u
#define SNAPSHOT_STORE "etcd.db" /* in a snapshot */

struct snapshot {
	char name[SNAPSHOT_NAME_SIZE]; /* "20261128T053000Z" */
	int64_t made_ms;
	char kubernetes[32], reason[32];
	char cluster[STORE_ID_SIZE]; /* whose; "" = an older Bramble didn't say */
	int64_t revision, keys, bytes;
	char wrong[160]; /* "" = every file is as it was written */
};

/* Where they are: SHARE/cluster-snapshots. */
void snapshot_base(const struct settings *settings, char out[static CLUSTER_PATH_SIZE]);

/* Make one of the cluster that runs, restore it into a scratch directory to see that it can be, and
 * keep it: whole or not at all. `reason` is a word. Needs the lock and etcdctl. Returns 0, -ESTALE
 * (what runs isn't this cluster, but an empty or another store: that is none to keep) or -errno,
 * with `failure`. */
int snapshot_make(const struct settings *settings, const char *reason, struct progress *progress,
	struct snapshot *made, struct failure *failure);

/* Read one and check each of its files. Returns 0 (look at `wrong`), -ENOENT (none of that name) or
 * -errno with `failure`. */
int snapshot_check(const struct settings *settings, const char *name, struct snapshot *snapshot,
	struct failure *failure);

/* The names, oldest first; *n of them. Returns 0 or -errno with `failure`. */
int snapshot_names(const struct settings *settings,
	char names[static SNAPSHOTS_LISTED][SNAPSHOT_NAME_SIZE], size_t *n,
	struct failure *failure);

/* The newest sound one, of this cluster if that is known, else of those that don't say whose they
 * are. Returns 0, -ENOENT or -errno with `failure`. */
int snapshot_find_newest(const struct settings *settings, char name[static SNAPSHOT_NAME_SIZE],
	struct failure *failure);

/* When the newest was made, by its name alone; 0 = there is none. */
int64_t snapshot_newest_ms(const struct settings *settings);

/* Remove the oldest of this cluster that were made for `reason`, so that `keep` of them stay; those
 * of other clusters stay. Returns 0 or -errno with `failure`. */
int snapshot_prune(const struct settings *settings, const char *reason, unsigned keep,
	struct failure *failure);

/* Let etcdctl make a data directory of a snapshot's file. Returns 0 or -errno with `failure`. */
int snapshot_unpack(const char *store, const char *directory, struct failure *failure);

#endif
