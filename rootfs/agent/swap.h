/* SPDX-License-Identifier: ISC */
#ifndef BRAMBLE_AGENT_SWAP_H
#define BRAMBLE_AGENT_SWAP_H

#include <stdbool.h>
#include <stdint.h>

struct swap_space {
	char name[256];
	uint64_t size_kb;
};

/* The next one of /proc/swaps; *text moves on and is changed. False at its end. Pure. */
bool swap_next(char **text, struct swap_space *space);

#endif
