/* SPDX-License-Identifier: ISC */
/* The calls of nodes that are about the cluster (docs/api.md). */
#ifndef BRAMBLE_API_CLUSTER_H
#define BRAMBLE_API_CLUSTER_H

#include "provisioner/api/api.h"

/* Is `path` one of them? */
bool api_cluster_is_path(const char *path);

/* Answer one; the node and its present boot are known by token and address. */
void api_cluster_answer(struct brambled *brambled, const char *path, const cJSON *body,
	const struct registry_node *node, const struct registry_boot *boot,
	struct api_reply *reply);

#endif
