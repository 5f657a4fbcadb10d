/* SPDX-License-Identifier: ISC */
#include "provisioner/second.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/dhcpwatch/probe.h"

/* It asks once a minute, if nobody told it otherwise. */
#define SILENCE_NS (200 * NS_PER_S)

static void describe(const struct probe *other, char *out, size_t size)
{
	char address[ADDRESS_TEXT_SIZE], mac[MAC_TEXT_SIZE];

	str_format_address(other->router, address);
	str_format_mac(&other->mac, mac);
	snprintf(out, size, "%s (%s)", address, mac);
}

static void tell(struct brambled *brambled, const struct probe *other)
{
	char its[64], own[ADDRESS_TEXT_SIZE];

	describe(other, its, sizeof(its));
	str_format_address(brambled->settings.router, own);
	snprintf(brambled->second_warning, sizeof(brambled->second_warning),
		"two Brambles are on this LAN, %s here and %s: unknown boards join neither; switch "
		"one of the two off, or give each a LAN of its own",
		own, its);
	brambled_event(brambled, "lan.conflict", its, "%s", brambled->second_warning);
}

bool second_see(struct brambled *brambled, const struct ipc_dhcp *packet)
{
	char its[64];
	struct probe other;

	if (packet->message != DHCP_DISCOVER ||
		!probe_read(packet->uuid, packet->uuid_length, &other))
		return false;
	if (packet->own)
		return true;
	describe(&other, its, sizeof(its));
	brambled->second_ns = clock_monotonic_ns();
	if (!strstr(brambled->second_warning, its))
		tell(brambled, &other);
	return true;
}

bool second_is_there(const struct brambled *brambled)
{
	return brambled->second_warning[0] != '\0';
}

void second_tick(struct brambled *brambled)
{
	if (!second_is_there(brambled) || clock_monotonic_ns() - brambled->second_ns < SILENCE_NS)
		return;
	brambled->second_warning[0] = '\0';
	brambled_event(brambled, "lan.clear", "",
		"the other Bramble has been silent for %llu s: unknown boards join again",
		(unsigned long long)(SILENCE_NS / NS_PER_S));
}
