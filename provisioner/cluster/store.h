/* SPDX-License-Identifier: ISC */
/*
 * Is what etcd holds this cluster? A store is known by the uid of its namespace kube-system, which
 * the API server makes anew in each empty one. SHARE/cluster/identity keeps the one that belongs
 * here, so that a store that was lost isn't begun anew unseen, and an empty one never taken for it.
 */
#ifndef BRAMBLE_CLUSTER_STORE_H
#define BRAMBLE_CLUSTER_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "provisioner/cluster/cluster.h"

#define STORE_ID_SIZE 37 /* "2f0f3f5a-1f5c-4b0e-9c8e-3d1c7a0f3b11", and NUL */

/* Is it 36 characters as RFC 4122 writes a UUID, in small letters? */
bool store_is_id(const char *text);

/* The one that belongs here. False: none was kept yet. */
bool store_read_id(const struct cluster_paths *paths, char id[static STORE_ID_SIZE]);

/* This cluster had a store here, and etcd would begin with an empty one: it finds no log to go on
 * from. Never so when it is on a node. */
bool store_is_lost(const struct cluster_paths *paths);

/* What etcd answers to `get /registry/namespaces/kube-system` as JSON: the object in the encoding
 * of the API server's storage (k8s.io/apimachinery, runtime/serializer/protobuf; ObjectMeta.uid is
 * field 5). Returns 0, -ENOENT (there is no such namespace) or -EBADMSG. Pure, fuzzed. */
int store_parse_id(const char *answer, char id[static STORE_ID_SIZE]);

/* Ask etcd, and compare. Returns 0; -ESTALE: that is another cluster's store, or an empty one; or
 * -errno; each with `failure`. `id` is what it holds, "" = it can't be told. */
int store_check(
	const struct settings *settings, char id[static STORE_ID_SIZE], struct failure *failure);

/* The same, and keep it when none was kept yet. */
int store_take(const struct settings *settings, struct failure *failure);

#endif
