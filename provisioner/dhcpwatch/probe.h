/* SPDX-License-Identifier: ISC */
/*
 * A DISCOVER that asks who else is a DHCP server on the LAN, as a Raspberry Pi would ask: whoever
 * answers it would answer boards. Our own dnsmasq never sees it (what a packet socket sends doesn't
 * come back into the machine), and another Bramble doesn't answer it, but knows by it that there
 * are two. Pure.
 */
#ifndef BRAMBLE_DHCPWATCH_PROBE_H
#define BRAMBLE_DHCPWATCH_PROBE_H

#include <stdbool.h>

#include "common/dhcp.h"

/* Whose it is; in option 97, where a board has its serial. */
struct probe {
	struct in_addr router; /* the address of that Bramble on the LAN */
	struct mac mac;	       /* of its interface */
};

/* `xid` is random, so that nobody takes it for another's. The client's MAC in it is a locally
 * administered one that no board has. Answers are asked to be broadcast. */
void probe_make(const struct probe *probe, uint32_t xid, struct dhcp_packet *packet);

/* Is option 97 that of a probe? Fuzzed. */
bool probe_read(const uint8_t *uuid, size_t length, struct probe *probe);

#endif
