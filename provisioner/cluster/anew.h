/* SPDX-License-Identifier: ISC */
/* A cluster from nothing, in the place of one that is lost or whose authority ends. */
#ifndef BRAMBLE_CLUSTER_ANEW_H
#define BRAMBLE_CLUSTER_ANEW_H

#include "provisioner/cluster/cluster.h"

/* Put aside what there is, renamed to `kept` ("" = there was nothing), and create a cluster with a
 * new authority and an empty store. Nodes see the other authority within some seconds, reboot and
 * join anew; their data on the share isn't touched. Killed at any moment it is finished by calling
 * it again. Needs root, the lock and a running brambled; leaves the caller in a mount namespace of
 * its own. Returns 0 or -errno with `failure`. */
int cluster_make_anew(const struct settings *settings, struct progress *progress,
	char kept[static CLUSTER_PATH_SIZE], struct failure *failure);

/* Was that interrupted? */
bool cluster_is_made_anew(const struct settings *settings);

#endif
