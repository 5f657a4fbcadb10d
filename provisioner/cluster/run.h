/* SPDX-License-Identifier: ISC */
/* brambled's part of the cluster: it keeps the processes of the control plane running. */
#ifndef BRAMBLE_CLUSTER_RUN_H
#define BRAMBLE_CLUSTER_RUN_H

#include "provisioner/brambled.h"

/* Call about once a second: follow SHARE/cluster/processes.json as it appears, changes and goes. */
void cluster_tick(struct brambled *brambled);

/* What bramble-upkeep wants a person to know. A non-zero answer of `each` ends it and is returned.
 */
int cluster_each_warning(
	struct brambled *brambled, int (*each)(void *argument, const char *text), void *argument);

#endif
