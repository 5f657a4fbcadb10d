/* SPDX-License-Identifier: ISC */
/* Events that not every hook has had yet: a window of the registry's. Pure. */
#ifndef BRAMBLE_HOOKS_QUEUE_H
#define BRAMBLE_HOOKS_QUEUE_H

#include "provisioner/hooks/hooks.h"

#define HOOKS_QUEUE 1024

struct hooks_queue {
	struct hooks_event events[HOOKS_QUEUE];
	size_t first, n;
	int64_t lost; /* id of the newest one that had to leave */
};

/* The newest; the oldest one leaves when there is no room. Events come in the order of their ids.
 */
void hooks_queue_push(struct hooks_queue *queue, const struct hooks_event *event);

/* The first event behind *position that the hook wants, or NULL. *position goes on to the one
 * before it, so that what is of no use to it is looked at once. *skipped is set when some had left
 * before the hook had them. */
const struct hooks_event *hooks_queue_next(const struct hooks_queue *queue,
	const struct hooks_file *file, int64_t *position, bool *skipped);

#endif
