/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "provisioner/cluster/cluster.h"

/* settings.share has at most 255 characters, the directories in it a few more. */
static void join(char out[static CLUSTER_PATH_SIZE], const char *base, const char *name)
{
	snprintf(out, CLUSTER_PATH_SIZE, "%.270s/%.24s", base, name);
}

void cluster_find_paths(const struct settings *settings, struct cluster_paths *paths)
{
	char base[CLUSTER_PATH_SIZE];

	join(base, settings->share, "cluster");
	cluster_find_paths_in(base, paths);
}

void cluster_find_paths_in(const char *base, struct cluster_paths *paths)
{
	*paths = (struct cluster_paths){ .base = "" };
	snprintf(paths->base, CLUSTER_PATH_SIZE, "%.280s", base);
	join(paths->pki, paths->base, "pki");
	join(paths->kubernetes, paths->base, "kubernetes");
	join(paths->admin, paths->base, "kubernetes/admin.conf");
	join(paths->own, paths->base, "kubernetes/bramble.conf");
	join(paths->etcd, paths->base, "etcd");
	join(paths->config, paths->base, "kubeadm.yaml");
	join(paths->processes, paths->base, "processes.json");
	join(paths->log, paths->base, "create.log");
}
