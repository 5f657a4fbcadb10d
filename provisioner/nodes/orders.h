/* SPDX-License-Identifier: ISC */
/*
 * What running nodes are told to do: given by the administrator, handed over in the answer to a
 * heartbeat, acknowledged by the node. An order is told again until it is acknowledged, but only
 * within the boot that has heard of it first, and the agent remembers the last one over its own
 * restarts: so it is done at most once. Whatever isn't acknowledged in time expires.
 */
#ifndef BRAMBLE_ORDERS_H
#define BRAMBLE_ORDERS_H

#include "provisioner/brambled.h"

#define ORDERS_REASON_SIZE 256
#define ORDERS_LONGEST_S 3600 /* of an identify */
#define ORDERS_AT_ONCE 1u     /* the `seconds` of a reboot that waits for no drain */
#define ORDERS_FORCE 1u	      /* the `seconds` of a scratch-format of a disk that isn't empty */

/* Give an order to a node that runs: verb "reboot", "identify" (for `seconds`) or "scratch-format"
 * (of the disk `target`, else ""). A node hears of a
 * reboot when the cluster engine has drained it, unless it is ORDERS_AT_ONCE. Durable when this
 * returns 0; otherwise -errno with `reason` (-EEXIST: it doesn't run, or
 * has too many open ones). */
int orders_give(struct brambled *brambled, const struct registry_node *node, const char *verb,
	const char *target, unsigned seconds, struct registry_order *order,
	char reason[static ORDERS_REASON_SIZE]);

/* The same, but durable with the next commit. */
int orders_prepare(struct brambled *brambled, const struct registry_node *node, const char *verb,
	struct registry_order *order, char reason[static ORDERS_REASON_SIZE]);

/* What to tell a node that speaks in `boot`: 0 with *order, which is then durably marked as sent;
 * -ENOENT: nothing. */
int orders_next(struct brambled *brambled, const struct registry_node *node, int64_t boot,
	struct registry_order *order);

/* What an order that the node hasn't heard waits for, "" nothing but its heartbeat. */
void orders_explain(struct brambled *brambled, const struct registry_order *order,
	char text[static ORDERS_REASON_SIZE]);

/* The node says what became of it; `text` is visible. -ENOENT: it was not told so in this boot. */
int orders_acknowledge(struct brambled *brambled, const struct registry_node *node, int64_t boot,
	int64_t id, bool done, const char *text);

/* The node has joined in `boot`: what an earlier one was told and didn't answer is settled. A
 * commit should follow. */
void orders_joined(struct brambled *brambled, const struct registry_node *node, int64_t boot);

/* Call every second or so: lets nodes be drained that are to reboot, and orders expire. */
void orders_tick(struct brambled *brambled);

#endif
