/* SPDX-License-Identifier: ISC */
/*
 * How many packets a board, and all boards, may have reported: token buckets. A flood by one sender
 * costs the others nothing; a flood under many names is cut to what brambled can bear. Pure but for
 * the seed.
 */
#ifndef BRAMBLE_DHCPWATCH_LIMITS_H
#define BRAMBLE_DHCPWATCH_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/* Packets per second, and at once. */
struct limits_rates {
	unsigned sender, sender_burst, total, total_burst;
};

/* A boot is 2 to 6 packets; firmware and initramfs boot within a minute. 500 boards powered on in
 * the same second: DISCOVER, OFFER, REQUEST, ACK each. */
extern const struct limits_rates limits_of_dhcp;
/* A kernel that finds its netconsole tells all that it has said so far, some 1000 lines; a board
 * that repeats itself for ever is cut. */
extern const struct limits_rates limits_of_console;

#define LIMITS_WAYS 4
#define LIMITS_SETS 512

struct limits_bucket {
	struct mac sender;
	bool used;
	uint64_t tokens; /* in 1/1000 packets */
	uint64_t filled_ns;
};

struct limits {
	const struct limits_rates *rates;
	uint64_t seed; /* so that nobody can choose which senders share a set */
	struct limits_bucket total;
	struct limits_bucket senders[LIMITS_SETS][LIMITS_WAYS];
	uint64_t dropped; /* since it was last asked for */
};

void limits_init(
	struct limits *limits, const struct limits_rates *rates, uint64_t seed, uint64_t now_ns);

/* May a packet of this sender be reported at `now_ns` (monotonic)? Takes a token if so. */
bool limits_allow(struct limits *limits, const struct mac *sender, uint64_t now_ns);

#endif
