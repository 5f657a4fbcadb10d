/* SPDX-License-Identifier: ISC */
/* New certificates for the control plane, by the same authority. */
#ifndef BRAMBLE_CLUSTER_RENEW_H
#define BRAMBLE_CLUSTER_RENEW_H

#include "provisioner/cluster/cluster.h"

/* Renew them all after a snapshot, and start what doesn't read them anew by itself, one after
 * another. Needs root, the lock and a running brambled; leaves the caller in a mount namespace of
 * its own. Returns 0 or -errno with `failure`. */
int cluster_renew(
	const struct settings *settings, struct progress *progress, struct failure *failure);

#endif
