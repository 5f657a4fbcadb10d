/* SPDX-License-Identifier: ISC */
#include "provisioner/dhcpwatch/limits.h"

#include <string.h>

#include "common/clock.h"

#define PACKET 1000u /* tokens of one packet */

const struct limits_rates limits_of_dhcp = {
	.sender = 4, .sender_burst = 16, .total = 1000, .total_burst = 2000
};
const struct limits_rates limits_of_console = {
	.sender = 20, .sender_burst = 1500, .total = 400, .total_burst = 6000
};

static void fill(struct limits_bucket *bucket, uint64_t rate, uint64_t burst, uint64_t now_ns)
{
	uint64_t elapsed_ns = now_ns - bucket->filled_ns;
	uint64_t full = burst * PACKET;
	/* After this long any bucket is full; it also keeps the product small. */
	uint64_t most_ns = 60 * NS_PER_S;
	uint64_t gained = (elapsed_ns < most_ns ? elapsed_ns : most_ns) / 1000 * rate / 1000;

	/* Less than one unit: let the time add up. */
	if (gained == 0)
		return;
	bucket->filled_ns = now_ns;
	bucket->tokens = bucket->tokens + gained < full ? bucket->tokens + gained : full;
}

void limits_init(
	struct limits *limits, const struct limits_rates *rates, uint64_t seed, uint64_t now_ns)
{
	memset(limits, 0, sizeof(*limits));
	limits->rates = rates;
	limits->seed = seed;
	limits->total.tokens = rates->total_burst * PACKET;
	limits->total.filled_ns = now_ns;
}

/* The finishing step of MurmurHash3 over seed and MAC. */
static size_t set_of(const struct limits *limits, const struct mac *sender)
{
	uint64_t hash = limits->seed;

	for (size_t i = 0; i < sizeof(sender->octet); i++)
		hash ^= (uint64_t)sender->octet[i] << (8 * i);
	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	hash ^= hash >> 33;
	return hash % LIMITS_SETS;
}

/* The sender's bucket, or a full one in the place of whoever has been silent longest. */
static struct limits_bucket *find(struct limits *limits, const struct mac *sender, uint64_t now_ns)
{
	struct limits_bucket *set = limits->senders[set_of(limits, sender)];
	struct limits_bucket *oldest = &set[0];

	for (size_t i = 0; i < LIMITS_WAYS; i++) {
		if (set[i].used && memcmp(&set[i].sender, sender, sizeof(*sender)) == 0)
			return &set[i];
		if (!set[i].used || (oldest->used && set[i].filled_ns < oldest->filled_ns))
			oldest = &set[i];
	}
	*oldest = (struct limits_bucket){ .sender = *sender,
		.used = true,
		.tokens = limits->rates->sender_burst * PACKET,
		.filled_ns = now_ns };
	return oldest;
}

bool limits_allow(struct limits *limits, const struct mac *sender, uint64_t now_ns)
{
	struct limits_bucket *bucket = find(limits, sender, now_ns);

	fill(bucket, limits->rates->sender, limits->rates->sender_burst, now_ns);
	fill(&limits->total, limits->rates->total, limits->rates->total_burst, now_ns);
	if (bucket->tokens < PACKET || limits->total.tokens < PACKET) {
		limits->dropped++;
		return false;
	}
	bucket->tokens -= PACKET;
	limits->total.tokens -= PACKET;
	return true;
}
