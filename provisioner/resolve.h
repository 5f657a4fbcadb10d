/* SPDX-License-Identifier: ISC */
/* "Address A wants NAME: what is it?" From board to node to image version to an open descriptor. */
#ifndef BRAMBLE_RESOLVE_H
#define BRAMBLE_RESOLVE_H

#include "common/ipc.h"
#include "provisioner/brambled.h"

/* Fills *answer; returns a read-only descriptor (the caller closes it) when answer->error == 0,
 * else -1. brambled->settle_due: brambled_settle() comes before the answer leaves the house; one is
 * enough for many answers. A disk that is full costs the record, not the boot. */
int resolve_answer(
	struct brambled *brambled, const struct ipc_resolve *request, struct ipc_resolved *answer);

#endif
