/* SPDX-License-Identifier: ISC */
/* Node objects of the API (core/v1): how they are, and how they should be labelled. Pure. */
#ifndef BRAMBLE_CLUSTERD_NODES_H
#define BRAMBLE_CLUSTERD_NODES_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#define NODES_CHUNK 100 /* so many fit into one message to brambled */

/* {"nodes":[{"name","uid","boot_id","ready","reason","pod_cidr","version","cordoned","ours"}],"more"}
 * of a NodeList, from its element `first` on, at most NODES_CHUNK; the caller's. `reason` says why
 * a node isn't ready; pod_cidr is "" until it has one; `cordoned`: no new work comes to it, `ours`:
 * because Bramble said so; `more`: this isn't the end of the list. */
cJSON *nodes_describe(const cJSON *list, int first);

/* The merge patch that gives the Node `object` the labels and taints of `wanted` ({"labels":
 * ["KEY=VALUE"], "taints": ["KEY=VALUE:EFFECT"], "cordon": true}), lets no new work come to it if
 * `cordon` says so, and takes away what Bramble gave it before and is no longer wanted; other
 * people's stays. It holds only against this version of the object. NULL when nothing is to be
 * changed; the caller's. */
cJSON *nodes_patch(const cJSON *object, const cJSON *wanted);

/* Does no new work come to it, by whomever that was done? */
bool nodes_is_cordoned(const cJSON *object);

/* The Node of that name in a NodeList, or NULL. */
const cJSON *nodes_find(const cJSON *list, const char *name);

#endif
