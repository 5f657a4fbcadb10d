/* SPDX-License-Identifier: ISC */
#include "tftpd/limits.h"

#include <stddef.h>

#include "common/clock.h"

#define OTHER_DESCRIPTORS 64u
#define BURST_NS (2 * NS_PER_S) /* what a bucket holds */
#define SILENCE_NS NS_PER_S
#define WAYS 4u /* places in which an address may be */
#define DESCRIPTORS_OF_SESSION 3u

const struct tftp_limits tftp_limits_default = { .sessions = 1024,
	.sessions_per_peer = 16,
	.blksize = 1468,
	.windowsize = 64,
	.requests_per_s = 10000,
	.requests_per_s_peer = 500,
	.file_time_s = 30 };

bool tftp_limits_admit(const struct tftp_limits *limits, unsigned sessions, unsigned of_peer)
{
	return sessions < limits->sessions && of_peer < limits->sessions_per_peer;
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

void tftp_limits_apply(const struct tftp_limits *limits, struct tftp_request *request)
{
	uint32_t fitting;

	request->blksize = at_most(request->blksize, limits->blksize);
	fitting = TFTP_WINDOW_BYTES / request->blksize;
	request->windowsize = at_most(request->windowsize, limits->windowsize);
	request->windowsize = at_most(request->windowsize, fitting > 1 ? fitting : 1);
}

uint64_t tftp_limits_descriptors(const struct tftp_limits *limits)
{
	return DESCRIPTORS_OF_SESSION * (uint64_t)limits->sessions + OTHER_DESCRIPTORS;
}

void tftp_limits_fit(struct tftp_limits *limits, uint64_t descriptors)
{
	uint64_t fitting = descriptors > OTHER_DESCRIPTORS + DESCRIPTORS_OF_SESSION
				   ? (descriptors - OTHER_DESCRIPTORS) / DESCRIPTORS_OF_SESSION
				   : 1;

	if (limits->sessions > fitting)
		limits->sessions = (unsigned)fitting;
}

bool tftp_limits_allow(const struct tftp_limits *limits, struct in_addr address)
{
	for (unsigned i = 0; i < limits->allowed_n; i++) {
		const struct tftp_network *network = &limits->allowed[i];
		uint32_t differs = ntohl(address.s_addr ^ network->address.s_addr);

		if (network->prefix_length == 0 || differs >> (32 - network->prefix_length) == 0)
			return true;
	}
	return limits->allowed_n == 0;
}

/* Where an address may be: WAYS places from here. */
static unsigned first_place(struct in_addr address)
{
	return (ntohl(address.s_addr) * UINT32_C(2654435761) >> 16) % (TFTP_PEERS / WAYS) * WAYS;
}

static const struct tftp_peer *find(const struct tftp_rates *rates, struct in_addr address)
{
	const struct tftp_peer *peer = &rates->peers[first_place(address)];

	for (unsigned i = 0; i < WAYS; i++, peer++) {
		if (peer->address.s_addr == address.s_addr)
			return peer;
	}
	return NULL;
}

static bool is_less_worth(const struct tftp_peer *a, const struct tftp_peer *b)
{
	return a->known != b->known ? b->known : a->full_at_ns < b->full_at_ns;
}

static struct tftp_peer *find_or_replace(struct tftp_rates *rates, struct in_addr address)
{
	struct tftp_peer *peer = (struct tftp_peer *)(uintptr_t)find(rates, address), *place;

	if (peer)
		return peer;
	peer = place = &rates->peers[first_place(address)];
	for (unsigned i = 1; i < WAYS; i++) {
		if (is_less_worth(&place[i], peer))
			peer = &place[i];
	}
	*peer = (struct tftp_peer){ .address = address };
	return peer;
}

/* `share_ns`: how much of the bucket may be used. */
static bool has_token(uint64_t full_at_ns, uint64_t share_ns, uint64_t now_ns)
{
	return full_at_ns <= now_ns + share_ns;
}

static void take_token(uint64_t *full_at_ns, unsigned per_s, uint64_t now_ns)
{
	if (*full_at_ns < now_ns)
		*full_at_ns = now_ns;
	*full_at_ns += NS_PER_S / per_s;
}

bool tftp_rates_take(struct tftp_rates *rates, const struct tftp_limits *limits,
	struct in_addr address, uint64_t now_ns)
{
	struct tftp_peer *peer = find_or_replace(rates, address);

	if (!has_token(peer->full_at_ns, BURST_NS, now_ns) ||
		!has_token(rates->full_at_ns, peer->known ? BURST_NS : BURST_NS / 2, now_ns))
		return false;
	take_token(&peer->full_at_ns, limits->requests_per_s_peer, now_ns);
	take_token(&rates->full_at_ns, limits->requests_per_s, now_ns);
	return true;
}

void tftp_rates_know(struct tftp_rates *rates, struct in_addr address)
{
	find_or_replace(rates, address)->known = true;
}

bool tftp_rates_knows(const struct tftp_rates *rates, struct in_addr address)
{
	const struct tftp_peer *peer = find(rates, address);

	return peer && peer->known;
}

void tftp_rates_silence(struct tftp_rates *rates, struct in_addr address, uint64_t now_ns)
{
	struct tftp_peer *peer = find_or_replace(rates, address);

	peer->known = false;
	peer->full_at_ns = now_ns + BURST_NS + SILENCE_NS;
}
