/* SPDX-License-Identifier: ISC */
/* Requests of many addresses in time, four bytes each: what, who, when. However they come, no more
 * are looked at than the rates allow, and a silenced address is ignored for a second. */
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "common/clock.h"
#include "tftpd/limits.h"

#define BURST_S 2u /* see tftp_rates */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static struct in_addr address_of(const uint8_t *bytes)
{
	/* Few, or many that share their places. */
	return (struct in_addr){ htonl(
		0x0a000000u + (bytes[0] & 0x80 ? bytes[1] : bytes[1] * 256u + bytes[2])) };
}

static bool is_allowed(const struct tftp_limits *limits, struct in_addr address)
{
	for (unsigned i = 0; i < limits->allowed_n; i++) {
		const unsigned length = limits->allowed[i].prefix_length;
		const uint32_t mask = length ? htonl(UINT32_MAX << (32 - length)) : 0;

		if ((address.s_addr & mask) == (limits->allowed[i].address.s_addr & mask))
			return true;
	}
	return limits->allowed_n == 0;
}

static void set_limits(struct tftp_limits *limits, const uint8_t head[static 4])
{
	*limits = tftp_limits_default;
	limits->requests_per_s = 1u + head[0];
	limits->requests_per_s_peer = 1u + head[1] % 16u;
	limits->allowed_n = head[2] % 3u;
	for (unsigned i = 0; i < limits->allowed_n; i++) {
		limits->allowed[i].address.s_addr = htonl(0x0a000000u + head[3] * (i + 1u));
		limits->allowed[i].prefix_length = (head[2] / 3u + i * 8u) % 33u;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct tftp_rates rates;
	struct tftp_limits limits;
	const uint64_t begun = NS_PER_S;
	uint64_t now = begun, taken = 0, taken_of_first = 0, silent_until = 0;
	struct in_addr first, silenced = { 0 };

	if (length < 8)
		return 0;
	memset(&rates, 0, sizeof(rates));
	set_limits(&limits, bytes);
	first = address_of(bytes + 4);
	for (size_t i = 4; i + 4 <= length; i += 4) {
		const struct in_addr address = address_of(bytes + i);
		const unsigned what = bytes[i] & 7u;
		bool accepted;

		now += (uint64_t)bytes[i + 3] * bytes[i + 3] * 100000;
		assert(tftp_limits_allow(&limits, address) == is_allowed(&limits, address));
		if (what == 0) {
			tftp_rates_know(&rates, address);
			assert(tftp_rates_knows(&rates, address));
			continue;
		}
		if (what == 1) {
			tftp_rates_silence(&rates, address, now);
			silenced = address;
			silent_until = now + NS_PER_S;
		}
		accepted = tftp_rates_take(&rates, &limits, address, now);
		if (what == 1)
			assert(!accepted && now < silent_until &&
				silenced.s_addr == address.s_addr);
		taken += accepted;
		taken_of_first += accepted && address.s_addr == first.s_addr;
		assert(taken <=
			1 + limits.requests_per_s * (BURST_S + (now - begun) / NS_PER_S + 1));
	}
	/* With few addresses nobody's bucket is lost. */
	for (size_t i = 4; i + 4 <= length; i += 4) {
		if (address_of(bytes + i).s_addr != first.s_addr)
			return 0;
	}
	assert(taken_of_first <=
		1 + limits.requests_per_s_peer * (BURST_S + (now - begun) / NS_PER_S + 1));
	return 0;
}
