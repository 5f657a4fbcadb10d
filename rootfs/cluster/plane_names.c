/* SPDX-License-Identifier: ISC */
/* What router and node both know by name. */
#include "rootfs/cluster/plane.h"

const char *const plane_programs[PLANE_PROGRAMS] = { "etcd", "kube-apiserver" };

/* All that kubeadm makes but the keys of the authorities, and what only others use. */
const char *const plane_files[PLANE_FILES] = {
	"ca.crt",
	"apiserver.crt",
	"apiserver.key",
	"apiserver-etcd-client.crt",
	"apiserver-etcd-client.key",
	"apiserver-kubelet-client.crt",
	"apiserver-kubelet-client.key",
	"front-proxy-ca.crt",
	"front-proxy-client.crt",
	"front-proxy-client.key",
	"sa.key",
	"sa.pub",
	"etcd/ca.crt",
	"etcd/server.crt",
	"etcd/server.key",
	"etcd/peer.crt",
	"etcd/peer.key",
};
