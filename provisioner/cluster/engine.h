/* SPDX-License-Identifier: ISC */
/*
 * What brambled asks of the cluster engine about its nodes, and nothing else of it. brambled has
 * one thread: no call waits. One that takes a while is begun, says -EAGAIN, and is called again
 * about every second until it says something else; after a restart of brambled it is begun anew, so
 * each may be repeated. A node that the engine doesn't know has no work and is as ready as it gets:
 * 0, 0, true.
 */
#ifndef BRAMBLE_CLUSTER_ENGINE_H
#define BRAMBLE_CLUSTER_ENGINE_H

#include <stdbool.h>

struct brambled;

#define ENGINE_REASON_SIZE 160

struct engine {
	const char *name; /* as kubernetes.engine says it */
	/* Let no new work come to the node, and what runs there move elsewhere. 0: nothing runs
	 * there any more. -EAGAIN: going on, `reason` may say with what. Another -errno: it can't
	 * be done, `reason` says why. */
	int (*drain)(struct brambled *brambled, const char *node,
		char reason[static ENGINE_REASON_SIZE]);
	/* Let work come to it again. The same answers. */
	int (*uncordon)(struct brambled *brambled, const char *node,
		char reason[static ENGINE_REASON_SIZE]);
	/* Does the engine say that this node, which has joined, can take work, whether or not it is
	 * drained? Answered at once, from what is known. */
	bool (*is_ready)(struct brambled *brambled, const char *node);
};

/* The one in charge; never NULL. */
const struct engine *engine_of(const struct brambled *brambled);

#endif
