/* SPDX-License-Identifier: ISC */
/*
 * Where etcd and the API server run: on the router, or on a node with a disk of its own
 * (kubernetes.control_plane). SHARE/cluster/place names the node and the store that it is to have;
 * without that file they run here. SHARE/cluster/begun names the store that a node has begun: from
 * then on it is never begun anew.
 */
#ifndef BRAMBLE_CLUSTER_PLACE_H
#define BRAMBLE_CLUSTER_PLACE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"
#include "provisioner/cluster/cluster.h"

#define PLACE_STORE_SIZE 33    /* 32 hex digits: a store of etcd, never used twice */
#define PLACE_SNAPSHOT_SIZE 40 /* SNAPSHOT_NAME_SIZE */
#define PLACE_PROCESSES 2u     /* of processes_names: etcd and the API server run there */
#define PLACE_FORWARDER_SIZE 2048
#define PLACE_FORWARDER "forwarder" /* to brambled: what passes on to the node */
#define PLACE_PROXY "/usr/sbin/haproxy"

struct place {
	char node[NODE_NAME_SIZE]; /* "" = the router: the rest means nothing */
	struct in_addr address;
	char store[PLACE_STORE_SIZE];
	char snapshot[PLACE_SNAPSHOT_SIZE]; /* what the store begins with; "" = empty */
};

/* "rasp1 10.77.0.101 0123…cdef empty\n", or the snapshot's name. Return 0 or -EBADMSG. Pure;
 * fuzzed.
 */
int place_parse(const char *text, struct place *place);
int place_format(const struct place *place, char *out, size_t size);

/* The cluster's. A place that can't be read is an error: nothing may be begun for want of it. 0 or
 * -errno. */
int place_read(const struct cluster_paths *paths, struct place *place);
bool place_is_node(const struct cluster_paths *paths);

/* What kubernetes.control_plane asks for, with a store that is new, for `snapshot` ("" = empty);
 * brambled is asked for the node's address. 0 or -errno with `failure`. */
int place_choose(const struct settings *settings, const char *snapshot, struct place *place,
	struct failure *failure);

/* What runs where, for the step of creation: that of the cluster, or for a new one what is asked
 * for, which is written down. -EEXIST: the cluster has another place. */
int place_settle(const struct settings *settings, const struct cluster_paths *paths,
	struct place *place, struct failure *failure);
int place_write(
	const struct cluster_paths *paths, const struct place *place, struct failure *failure);

/* Was this store begun? And: it is now, durably. */
bool place_is_begun(const struct cluster_paths *paths, const struct place *place);
int place_begin(const struct cluster_paths *paths, const struct place *place);

/* The node is being handed its certificates. Has it older ones than those that lie here? */
int place_hand(const struct cluster_paths *paths);
bool place_is_outdated(const struct cluster_paths *paths);

/* Restored certificates were made for another place: remove those that bear its address, so that
 * kubeadm makes them anew. 0 or -errno. */
int place_drop_certificates(const struct cluster_paths *paths);

/* haproxy's configuration: the router's port 6443 is the node's, while the API server there is
 * ready. 0 or -EMSGSIZE. Pure. */
int place_render_forwarder(const struct place *place, struct in_addr router, const char *pki,
	char out[static PLACE_FORWARDER_SIZE]);

#endif
