/* SPDX-License-Identifier: ISC */
/* Who may read what in SHARE/cluster. */
#ifndef BRAMBLE_CLUSTER_OWN_H
#define BRAMBLE_CLUSTER_OWN_H

#include "provisioner/cluster/cluster.h"

/* Give keys, etcd's data and the programs' credentials to the user that the programs run as; the
 * administrator's stay root's. Returns 0 or -errno with `failure`. */
int cluster_own(const struct cluster_paths *paths, struct failure *failure);

#endif
