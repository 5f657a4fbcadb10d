/* SPDX-License-Identifier: ISC */
/* bramble-clusterd's credentials: kubeadm makes them, but neither keeps nor renews them. */
#ifndef BRAMBLE_CLUSTER_CREDENTIALS_H
#define BRAMBLE_CLUSTER_CREDENTIALS_H

#include "provisioner/cluster/cluster.h"

#define CLUSTER_VERSION_SIZE 64

/* "v1.20.2": what kubeadm's version is. Returns 0 or -errno with `failure`. */
int cluster_ask_version(const char *program, const char *word, const char *option,
	char version[static CLUSTER_VERSION_SIZE], struct failure *failure);

/* Make them anew, valid for a year, with a key of their own, in the place of what was. They belong
 * to root until cluster_own(). `version` is kubeadm's. Returns 0 or -errno with `failure`. */
int credentials_make_own(const struct cluster_paths *paths, const char *version,
	struct progress *progress, struct failure *failure);

#endif
