/* SPDX-License-Identifier: ISC */
/*
 * Roll-outs: a version of an image reaches the nodes in waves. plan.c and step.c are pure; run.c
 * shows step.c what there is, about once a second, and does what it says, so that a roll-out goes
 * on wherever brambled was ended.
 *
 *	waiting -> draining -> rebooting -> releasing -> updated
 *	               |           |-> failed -> releasing -> put-back
 *	               |-> releasing -> waiting   (it can't be drained: the roll-out stops)
 *
 * The first node that isn't well in time stops the roll-out, and its next boot gets its last good
 * version. Nodes that are there and go away by themselves count against max_unavailable as those do
 * that are taken away.
 */
#ifndef BRAMBLE_ROLLOUT_H
#define BRAMBLE_ROLLOUT_H

#include "provisioner/cluster/engine.h"
#include "provisioner/registry/registry.h"

#define ROLLOUT_WAVES 16 /* given at once */
#define ROLLOUT_REASON_SIZE 256
#define ROLLOUT_LONGEST_S 86400
#define ROLLOUT_USUAL_WAVES "1,25%,100%"
#define ROLLOUT_USUAL_S 600

/* Waves as "1,25%,100%": up to how many nodes have the version at the end of each, as a number or a
 * part of all. 0, or -EINVAL with `reason`. */
struct rollout_waves {
	size_t count;
	struct {
		unsigned value;
		bool percent;
	} limits[ROLLOUT_WAVES];
};
int rollout_parse_waves(
	const char *text, struct rollout_waves *waves, char reason[static ROLLOUT_REASON_SIZE]);

/* The wave (1 …) of the `place`th (0 …) of n nodes; what no wave reaches is one more. */
unsigned rollout_wave_of(const struct rollout_waves *waves, size_t place, size_t n);

/* A node as it is just now. */
struct rollout_view {
	struct registry_rollout_node row;
	bool exists;   /* there still is such a node, of this image */
	bool cordoned; /* by the administrator */
	bool present;  /* it has joined and was heard lately */
	bool runs;     /* present, with the version */
	bool back;     /* present, in a boot after the one in which it was told to reboot */
	bool ready;    /* the engine says so of it; meaningless unless present */
	bool avoids;   /* it fell back from the version */
	bool refused;  /* the order to reboot failed or expired */
	int work;      /* draining, releasing: how the engine answered (engine.h) */
	char work_text[ENGINE_REASON_SIZE];
};

struct rollout_snapshot {
	struct registry_rollout rollout;
	size_t n;
	struct rollout_view *nodes; /* by wave, and in it by turn */
};

enum rollout_deed {
	ROLLOUT_MOVE,	   /* nothing but the phase */
	ROLLOUT_SEE,	   /* it is there: note that; no phase */
	ROLLOUT_ASSIGN,	   /* its next boot gets the version */
	ROLLOUT_REBOOT,	   /* that, and tell it to reboot */
	ROLLOUT_UNASSIGN,  /* its next boot gets the current version again */
	ROLLOUT_FALL_BACK, /* its next boot gets its last good version; tell it to reboot if it runs
			    */
	ROLLOUT_STOP,	   /* the roll-out; no node */
	ROLLOUT_FINISH,	   /* likewise: nothing is left to do */
};

struct rollout_action {
	enum rollout_deed deed;
	size_t node; /* place in the snapshot */
	enum registry_rollout_phase phase;
	char text[REGISTRY_REASON_SIZE];
};

#define ROLLOUT_ACTIONS_PER_NODE 3
/* What to do at `now_ms` (of the clock that row.since_ms is of). `actions` has room for
 * ROLLOUT_ACTIONS_PER_NODE * n + 1. Returns how many. */
size_t rollout_step(
	const struct rollout_snapshot *snapshot, int64_t now_ms, struct rollout_action *actions);

/* Is there anything left to do or to watch? */
bool rollout_is_live(enum registry_rollout_state state);

/* Why a roll-out that runs begins no further node, "" when it does or nothing is left. */
void rollout_explain(
	const struct rollout_snapshot *snapshot, char text[static ROLLOUT_REASON_SIZE]);

#endif
