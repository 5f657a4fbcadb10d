/* SPDX-License-Identifier: ISC */
/*
 * The control plane of a Kubernetes cluster on the router: what `bramble cluster` does. Everything
 * lies in SHARE/cluster; every step finds what earlier runs finished and goes on from there.
 */
#ifndef BRAMBLE_CLUSTER_H
#define BRAMBLE_CLUSTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "provisioner/settings/settings.h"

struct failure;
struct progress;

#define CLUSTER_PATH_SIZE 320
#define CLUSTER_CLIENT "bramble:clusterd" /* who bramble-clusterd is to the API server */
#define CLUSTER_USER "bramble-cluster"	  /* whom etcd and the control plane run as */

struct cluster_paths {
	char base[CLUSTER_PATH_SIZE];	    /* SHARE/cluster */
	char pki[CLUSTER_PATH_SIZE];	    /* certificates and keys */
	char kubernetes[CLUSTER_PATH_SIZE]; /* what kubeadm puts into /etc/kubernetes */
	char admin[CLUSTER_PATH_SIZE];	    /* the administrator's kubeconfig */
	char own[CLUSTER_PATH_SIZE];	    /* bramble-clusterd's */
	char etcd[CLUSTER_PATH_SIZE];	    /* etcd's data */
	char config[CLUSTER_PATH_SIZE];	    /* kubeadm's configuration */
	char processes[CLUSTER_PATH_SIZE];  /* what brambled runs; without it nothing */
	char log[CLUSTER_PATH_SIZE];	    /* what the tools said */
};

void cluster_find_paths(const struct settings *settings, struct cluster_paths *paths);
/* The same for another directory than SHARE/cluster. */
void cluster_find_paths_in(const char *base, struct cluster_paths *paths);

/* Let programs of kubernetes.programs be found before others (PATH of this process). */
void cluster_use_programs(const struct settings *settings);

/* Create the control plane, or finish or repeat its creation: a second run changes nothing. Needs
 * root and a running brambled; leaves the caller in a mount namespace of its own and with PATH set.
 * Returns 0 or -errno with `failure`. */
int cluster_create(
	const struct settings *settings, struct progress *progress, struct failure *failure);

/* The same but for its end: whether what brambled then starts is well isn't waited for. */
int cluster_prepare(
	const struct settings *settings, struct progress *progress, struct failure *failure);

/* Its steps that others need: let kubeadm's /etc/kubernetes be the cluster's, in a mount namespace
 * of our own; and wait until the API server is ready, up to three minutes. 0 or -errno with
 * `failure`. */
int cluster_enter(const struct cluster_paths *paths, struct failure *failure);
int cluster_wait_until_ready(
	const struct settings *settings, struct progress *progress, struct failure *failure);

/* Give the cluster the rights that Bramble's programs and nodes need in it. Returns 0 or -errno
 * with `failure`. */
int cluster_apply_objects(const struct settings *settings, struct failure *failure);
/* Has it those of this Bramble? It may have been created by an older one. */
bool cluster_has_objects(const struct settings *settings);

/* Let brambled end the processes, which takes some seconds. Returns 0, -ENOENT (there is no
 * cluster) or -errno, with `failure`. */
int cluster_halt(const struct settings *settings, struct failure *failure);

/* Then: wait until they have, half a minute at most. Returns 0 or -errno with `failure`. */
int cluster_wait_until_ended(const struct settings *settings, struct failure *failure);

/* Then: rename SHARE/cluster to `kept`. Returns 0 or -errno with `failure`. */
int cluster_put_aside(const struct settings *settings, struct failure *failure,
	char kept[static CLUSTER_PATH_SIZE]);

/* The same for another directory on the share. */
int cluster_put_directory_aside(const struct settings *settings, const char *path,
	char kept[static CLUSTER_PATH_SIZE], struct failure *failure);

/* Ask the API server by kubectl; the answer into `out`. Returns 0 or -errno with `failure`. */
int cluster_ask(const struct settings *settings, const char *const words[], char *out, size_t size,
	struct failure *failure);

#endif
