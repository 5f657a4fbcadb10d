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
struct registry_node;

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
	/* Its reboot is over, or isn't to be: uncordon it as soon as it is ready. */
	void (*expect)(struct brambled *brambled, const char *node);
};

/* The one in charge; never NULL. */
const struct engine *engine_of(const struct brambled *brambled);

/* kubernetes.engine = "kubeadm": what bramble-clusterd says and does. */
extern const struct engine engine_kubeadm;

/* A node is forgotten: the engine has no such node any more from the next commit on, whatever the
 * board still says that was it. Returns 0 or -errno. */
int engine_forget(struct brambled *brambled, const char *node);
/* Calls `each` for the names that were forgotten and aren't given anew. */
void engine_each_forgotten(
	struct brambled *brambled, void (*each)(void *argument, const char *node), void *argument);

/* For bramble-clusterd: what is to be done about a node. */
bool engine_wants_cordon(struct brambled *brambled, const struct registry_node *node);
bool engine_wants_drain(struct brambled *brambled, const struct registry_node *node);

#endif
