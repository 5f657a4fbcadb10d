/* SPDX-License-Identifier: ISC */
/* Whoever changes the control plane holds this lock: two at once would undo each other's steps. */
#ifndef BRAMBLE_CLUSTER_LOCK_H
#define BRAMBLE_CLUSTER_LOCK_H

#include <stdbool.h>

#include "provisioner/settings/settings.h"

struct failure;

/* Held until the descriptor is closed or the process ends. `patient`: wait up to a minute for
 * another holder. Returns the descriptor or -errno (-EBUSY: somebody has it) with `failure`. */
int cluster_lock(const struct settings *settings, bool patient, struct failure *failure);

#endif
