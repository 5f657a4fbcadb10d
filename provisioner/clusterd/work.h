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
	uint64_t listed_ns;	    /* when the cluster was last looked at */
	char told[KUBE_ERROR_SIZE]; /* the trouble that was logged last, "" none */
};

/* Ask brambled, do it, tell it how the nodes are. Call it once a second. */
void work_round(struct work *work);

#endif
