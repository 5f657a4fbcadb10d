/* SPDX-License-Identifier: ISC */
/* etcdctl, with the credentials that kubeadm makes for looking after etcd. */
#ifndef BRAMBLE_CLUSTER_ETCD_H
#define BRAMBLE_CLUSTER_ETCD_H

#include <stddef.h>

#include "provisioner/cluster/cluster.h"

/* Ask the cluster's etcd, which has `patience_s` seconds to answer; what it prints goes into `out`,
 * NULL: nowhere. Returns 0 or -errno with `failure`. */
int cluster_ask_etcd(const struct settings *settings, unsigned patience_s,
	const char *const words[], char *out, size_t size, struct failure *failure);

#endif
