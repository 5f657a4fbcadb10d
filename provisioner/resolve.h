/* SPDX-License-Identifier: ISC */
/* "Address A wants NAME: what is it?" From board to node to image version to an open descriptor. */
#ifndef BRAMBLE_RESOLVE_H
#define BRAMBLE_RESOLVE_H

#include "common/ipc.h"
#include "provisioner/brambled.h"

/* Fills *answer; returns a read-only descriptor (the caller closes it) when answer->error == 0,
 * else -1. */
int resolve_answer(
	struct brambled *brambled, const struct ipc_resolve *request, struct ipc_resolved *answer);

#endif
