/* SPDX-License-Identifier: ISC */
/* Node objects of the API (core/v1): how they are, and how they should be labelled. Pure. */
#ifndef BRAMBLE_CLUSTERD_NODES_H
#define BRAMBLE_CLUSTERD_NODES_H

#include <cjson/cJSON.h>

#define NODES_CHUNK 100 /* so many fit into one message to brambled */

/* {"nodes":[{"name","uid","boot_id","ready","reason","pod_cidr"}]} of a NodeList, from its element
 * `first` on, at most NODES_CHUNK; the caller's. `reason` says why a node isn't ready; pod_cidr is
 * "" until it has one. NULL when there are none. */
cJSON *nodes_describe(const cJSON *list, int first);

/* The merge patch that gives the Node `object` the labels and taints of `wanted` ({"labels":
 * ["KEY=VALUE"], "taints": ["KEY=VALUE:EFFECT"]}) and takes away those that Bramble gave it before
 * and that are no longer wanted; other people's stay. It holds only against this version of the
 * object. NULL when nothing is to be changed; the caller's. */
cJSON *nodes_patch(const cJSON *object, const cJSON *wanted);

/* The Node of that name in a NodeList, or NULL. */
const cJSON *nodes_find(const cJSON *list, const char *name);

#endif
