/* SPDX-License-Identifier: ISC */
/* What the node that carries etcd and the API server asks for (docs/api.md). Keys go to it alone,
 * by its boot's token, and only until its agent has said that it has what it needs: later pods run
 * there. */
#ifndef BRAMBLE_API_PLANE_H
#define BRAMBLE_API_PLANE_H

#include "provisioner/api/api.h"

#define API_PLANE "/v1/cluster/plane" /* and what lies below */

bool api_plane_is_path(const char *path);

void api_plane_answer(struct brambled *brambled, const char *path, const cJSON *body,
	const struct registry_node *node, const struct registry_boot *boot,
	struct api_reply *reply);

/* "plane": the store that this node is to have; "" = it isn't the one. */
void api_plane_describe(
	const struct brambled *brambled, const struct registry_node *node, cJSON *json);

/* What it says of itself is told with the cluster's state; `failed`: it doesn't carry it. */
void api_plane_hear(struct brambled *brambled, const struct registry_node *node, const char *detail,
	bool failed);

#endif
