/* SPDX-License-Identifier: ISC */
/* One round of what bramble-clusterd does. */
#ifndef BRAMBLE_CLUSTERD_WORK_H
#define BRAMBLE_CLUSTERD_WORK_H

#include <stdint.h>

#include "provisioner/cli/client.h"
#include "provisioner/clusterd/kube.h"

struct work {
	struct client *brambled;
	struct kube *kube;
	uint64_t listed_ns; /* when the cluster was last looked at */
	int minor;	    /* of the API server's version; 0 = not asked yet */
	char refused[64];   /* the uid of the claim that was refused last */
	int told;	    /* the trouble that was logged last, 0 none */
};

/* Ask brambled, do it, tell it how the nodes are. Call it once a second. */
void work_round(struct work *work);

/* --- between the files of this folder --- */

/* A call of the API server; its trouble is logged once. */
int work_call(struct work *work, enum kube_method method, const char *path, const cJSON *body,
	cJSON **answer);
/* A call of brambled: its answer, the caller's, or NULL. */
cJSON *work_ask(struct work *work, enum ipc_method method, const char *path, const cJSON *body);

/* leave.c: evict the pods of nodes that are to be drained, and delete forgotten nodes, as `orders`
 * of brambled say; `list` are the Nodes. */
void work_drain_nodes(struct work *work, const cJSON *orders, const cJSON *list);
void work_delete_nodes(struct work *work, const cJSON *orders, const cJSON *list);
/* claims.c: volumes on the share for claims that wait for them. */
void work_make_volumes(struct work *work);

#endif
