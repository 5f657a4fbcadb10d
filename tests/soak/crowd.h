/* SPDX-License-Identifier: ISC */
/*
 * Many clients at once in one event loop, each with a socket of its own; every packet of theirs
 * passes through what its plan does to packets.
 */
#ifndef BRAMBLE_SOAK_CROWD_H
#define BRAMBLE_SOAK_CROWD_H

#include "tests/soak/client.h"
#include "tests/soak/delay.h"
#include "tests/soak/files.h"

#define CROWD_MOST 1000u
#define CROWD_SILENT 250u /* sessions that the server may hold for nobody */
#define CROWD_FAULTS 10u  /* told in full */

struct slot {
	struct client client;
	unsigned index;
	int socket; /* -1 = unused */
	unsigned generation;
	unsigned asked;	 /* epoch of the file when the client first asked */
	unsigned number; /* of the transfer */
	struct crowd *crowd;
};

/* How transfers ended. */
struct tally {
	unsigned begun, complete, aborted, closed, silent, missing, cut, faults, wrong;
	uint64_t bytes, packets, dropped, doubled, delayed;
};

struct crowd {
	int epoll;
	uint16_t port; /* the server's */
	unsigned size; /* clients at once */
	unsigned running;
	uint64_t random;
	struct soak_files *files;
	struct delay delay;
	struct soak_plan last; /* of the transfer before */
	struct tally tally;
	struct slot slots[CROWD_MOST];
	struct {
		int socket;
		uint64_t until_ns;
	} silent[CROWD_SILENT]; /* a ring: ports of clients that were switched off stay
				    unreachable without a word */
	unsigned silent_at;
	unsigned ports[SOAK_HOSTS]; /* how many each host has used */
	uint64_t ticked_ns;
};

/* Returns 0 or -errno. `files` stay the caller's. */
int crowd_open(
	struct crowd *crowd, struct soak_files *files, uint16_t port, unsigned size, uint64_t seed);

/* Begin transfers while fewer than `total` have begun and there is room, and let all go on for a
 * few milliseconds. `silent_until`: transfers of a higher number aren't switched off. */
void crowd_step(struct crowd *crowd, unsigned total, unsigned silent_until);

void crowd_close(struct crowd *crowd);

#endif
