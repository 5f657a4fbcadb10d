/* SPDX-License-Identifier: ISC */
/* What is said to kubeadm, and what it answers. Pure. */
#ifndef BRAMBLE_CLUSTER_KUBEADM_H
#define BRAMBLE_CLUSTER_KUBEADM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "provisioner/cluster/processes.h"

#define KUBEADM_CONFIG_SIZE 4096

struct kubeadm_config {
	const char *version;	/* "v1.20.2" */
	const char *name;	/* of the cluster */
	struct in_addr address; /* the router's: everybody asks the API server there */
	struct in_addr node;	/* where etcd and API server run, if not there: 0 */
	const char *pki, *etcd; /* directories */
	const char *pod_cidr, *service_cidr;
};

/* The configuration in the newest kind that this version of kubeadm reads: v1beta2 up to 1.21,
 * v1beta3 up to 1.30, then v1beta4 (https://kubernetes.io/docs/reference/config-api/).
 * etcd listens on the loopback interface alone; on a node also at its address, for the router's
 * snapshots (clients need a certificate). Returns 0, -EBADMSG (that is no version),
 * -ENOTSUP (older than 1.15) or -EMSGSIZE. */
int kubeadm_render(const struct kubeadm_config *config, char out[static KUBEADM_CONFIG_SIZE]);

/* The version in such a configuration. Returns 0 or -EBADMSG. */
int kubeadm_read_version(const char *config, char *version, size_t size);

/* May a control plane of the one version become the other? Not an older one, and no minor version
 * is skipped (https://kubernetes.io/releases/version-skew-policy/). */
bool kubeadm_may_upgrade(const char *from, const char *to);

/* May a kubelet of the one version ("v1.31.2") work with an API server of the other? Not newer, and
 * at most two minor versions older, three from 1.28 on (the same). */
bool kubeadm_versions_fit(const char *kubelet, const char *server);

/* Is its `kubeconfig` verb below `alpha`, as up to 1.21? */
bool kubeadm_has_alpha(const char *version);

/* Are the rights of admin.conf a binding, which only who has super-admin.conf can make at first?
 * From 1.29 on (https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/).
 */
bool kubeadm_has_super_admin(const char *version);

/* The minor version in what `etcd --version` prints, "etcd Version: 3.4.23"; 0 unknown. */
unsigned kubeadm_read_etcd_minor(const char *said);

/* kubeadm writes arguments for the etcd whose image it would run (3.6 with Kubernetes 1.34). Make
 * them those of the one that is installed: renamed, or left out where it hasn't got them, or where
 * its version is unknown (0). */
void kubeadm_fit_etcd(char *argv[static PROCESSES_ARGUMENTS + 1], unsigned minor);

/* The command of the only container in a static Pod's manifest. `words` are NULL-terminated and
 * the caller's to free, one by one. Returns 0, -EBADMSG, -E2BIG or -ENOMEM. Fuzzed. */
int kubeadm_read_command(
	const char *manifest, size_t size, char *words[static PROCESSES_ARGUMENTS + 1]);

#endif
