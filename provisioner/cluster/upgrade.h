/* SPDX-License-Identifier: ISC */
/* Another version of Kubernetes for the control plane, and back if it isn't well. */
#ifndef BRAMBLE_CLUSTER_UPGRADE_H
#define BRAMBLE_CLUSTER_UPGRADE_H

#include "provisioner/cluster/credentials.h"
#include "provisioner/cluster/snapshot.h"

struct upgrade {
	char from[CLUSTER_VERSION_SIZE], to[CLUSTER_VERSION_SIZE];
	char old_programs[256], new_programs[256]; /* directories */
	char snapshot[SNAPSHOT_NAME_SIZE];	   /* of the cluster before; "" = none yet */
	bool back;				   /* it failed: on the way back */
};

/* What would be done: from the programs that run to those of kubernetes.programs; or what an
 * interrupted call was about. When from and to are the same, nothing is. Returns 0 or -errno with
 * `failure`: -EINVAL (a minor version is skipped, or it is older), -ENOENT (there is no cluster,
 * or the old programs are gone, so that there would be no way back), -EEXIST (a node's kubelet
 * wouldn't fit). */
int cluster_plan_upgrade(
	const struct settings *settings, struct upgrade *upgrade, struct failure *failure);

/* Do it: snapshot, new arguments by the new kubeadm, start; well is what answers with the new
 * version and whose programs don't end for ten seconds. If it isn't within three minutes, or a
 * program ends again and again, the snapshot and the old programs come back. Killed at any moment
 * it is finished by calling it again. Needs root, the lock and a running brambled; leaves the
 * caller in a mount namespace of its own. Returns 0, -ECANCELED (it is as before; `failure` says
 * why) or -errno. */
int cluster_upgrade(const struct settings *settings, struct upgrade *upgrade,
	struct progress *progress, struct failure *failure);

/* Was one interrupted? */
bool cluster_upgrade_pending(const struct settings *settings);

/* Let settings->programs be those that the cluster runs with, if they are there: what else is done
 * with it doesn't change its version. */
void cluster_follow_programs(struct settings *settings);

#endif
