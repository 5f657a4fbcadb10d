/* SPDX-License-Identifier: ISC */
/* What a control plane needs from time to time. */
#ifndef BRAMBLE_CLUSTER_UPKEEP_H
#define BRAMBLE_CLUSTER_UPKEEP_H

#include "provisioner/settings/settings.h"

#define UPKEEP_WARNINGS 4u
#define UPKEEP_WARNING_SIZE 240

/* One round: finish what was interrupted (a restore, an upgrade, a new cluster), make a snapshot
 * when one is due, renew certificates when they are, and write into RUN/upkeep.json what a person
 * should know. Does nothing while somebody else changes the cluster. Leaves the caller in another
 * mount namespace. */
void upkeep_round(struct settings *settings);

#endif
