/* SPDX-License-Identifier: ISC */
/* How long the command `bramble` takes with many nodes, from its start to its end. */
#ifndef BRAMBLE_BENCH_SCALE_VERBS_H
#define BRAMBLE_BENCH_SCALE_VERBS_H

#include "tests/unit/brambled_world.h"

/* A table of the verbs. Returns how many took longer than `goal_ms`. */
unsigned scale_measure_verbs(struct world *world, double goal_ms);

#endif
