/* SPDX-License-Identifier: ISC */
/* A registry with many nodes, rasp1 … raspN, each occupied by a board and joined, with two
 * boots and two events for each, as far as the registry keeps them; and one board more,
 * dc:a6:33:00:00:01, that is parked. */
#ifndef BRAMBLE_TEST_MANY_H
#define BRAMBLE_TEST_MANY_H

#include "tests/unit/brambled_world.h"

void many_fill(struct world *world, unsigned nodes);

#endif
