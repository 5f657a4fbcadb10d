/* SPDX-License-Identifier: ISC */
/* Back to a snapshot of the control plane. */
#ifndef BRAMBLE_CLUSTER_RESTORE_H
#define BRAMBLE_CLUSTER_RESTORE_H

#include "provisioner/cluster/snapshot.h"

struct restored {
	char saved[SNAPSHOT_NAME_SIZE]; /* the snapshot of what was; "" = none could be made */
	char kept[CLUSTER_PATH_SIZE];	/* else what was lies here; "" = there was nothing */
};

/* Put a sound snapshot in the place of the control plane, whatever state that is in, and start it.
 * What was is snapshotted before; where that can't be, it is put aside. All or nothing: until the
 * new one is complete the old one is untouched, then one rename exchanges them. Killed at any
 * moment it is finished by calling it again. Needs root, the lock and a running brambled; leaves
 * the caller in a mount namespace of its own. Returns 0 or -errno with `failure`. */
int cluster_restore(const struct settings *settings, const char *name, struct progress *progress,
	struct restored *restored, struct failure *failure);

/* A restore that was interrupted: its name, or "". */
void cluster_restore_pending(const struct settings *settings, char name[static SNAPSHOT_NAME_SIZE]);

#endif
