/* SPDX-License-Identifier: ISC */
/* The stages of a boot, from "dhcp" to "joined", have an order. */
#ifndef BRAMBLE_STAGES_H
#define BRAMBLE_STAGES_H

#include <stddef.h>

#define STAGES 13

/* Its place in the order, STAGES for what is none. */
size_t stages_rank(const char *stage);

#endif
