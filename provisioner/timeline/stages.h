/* SPDX-License-Identifier: ISC */
/* The stages of a boot, from "dhcp" to "joined" and, with a cluster engine, "ready", have an order.
 */
#ifndef BRAMBLE_STAGES_H
#define BRAMBLE_STAGES_H

#include <stdbool.h>
#include <stddef.h>

#define STAGES 15
#define STAGES_TO_JOIN 13 /* dhcp … joined */

/* Its place in the order, STAGES for what is none. */
size_t stages_rank(const char *stage);

/* Has a boot whose furthest stage this is joined? */
bool stages_have_joined(const char *stage);

#endif
