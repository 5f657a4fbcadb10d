/* SPDX-License-Identifier: ISC */
/* Roll-outs in brambled: begun and steered by the administrator, carried on by a tick. */
#ifndef BRAMBLE_ROLLOUT_RUN_H
#define BRAMBLE_ROLLOUT_RUN_H

#include "provisioner/brambled.h"
#include "provisioner/rollout/rollout.h"

/* Call about once a second. */
void rollout_tick(struct brambled *brambled);

/* Begin one: `wanted` says image, version, waves, max_unavailable and within_s. *snapshot is what
 * became of it, or with dry_run what would; the caller frees it. Durable when this returns 0;
 * otherwise -errno with `reason` (-EEXIST: one of this image isn't over, -ENOENT: no such image or
 * version, -EINVAL). */
int rollout_begin(struct brambled *brambled, const struct registry_rollout *wanted, bool dry_run,
	struct rollout_snapshot *snapshot, char reason[static ROLLOUT_REASON_SIZE]);

enum rollout_verb { ROLLOUT_PAUSE, ROLLOUT_RESUME, ROLLOUT_ABORT };
/* Steer one. Durable when this returns 0; otherwise -errno with `reason` (-ENOENT: there is none,
 * -EEXIST: it isn't in a state for that). */
int rollout_steer(struct brambled *brambled, int64_t id, enum rollout_verb verb,
	char reason[static ROLLOUT_REASON_SIZE]);

/* The registry's content was replaced: no roll-out goes on by itself. A commit should follow. */
void rollout_registry_replaced(struct brambled *brambled);

/* A roll-out with all its nodes as they are now; asks the engine only what it answers at once. 0 or
 * -errno. */
int rollout_look(struct brambled *brambled, int64_t id, struct rollout_snapshot *snapshot);
void rollout_free(struct rollout_snapshot *snapshot);

/* --- between the files of this folder --- */

/* Milliseconds since 1970 at brambled's start, and on by the monotonic clock: a clock that is set
 * meanwhile makes no node late. */
int64_t rollout_now_ms(struct brambled *brambled);
/* Let the engine drain and release the nodes that are about that. */
void rollout_ask_engine(struct brambled *brambled, struct rollout_snapshot *snapshot);
/* The number of the newest boot of a node, 0 none. */
int64_t rollout_newest_boot(struct brambled *brambled, const char *node);
/* One more node, zeroed; NULL: out of memory. */
struct rollout_view *rollout_add(struct rollout_snapshot *snapshot);

#endif
