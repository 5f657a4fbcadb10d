/* SPDX-License-Identifier: ISC */
/* The packet socket: DHCP packets and console text of one interface become reports, and now and
 * then a probe goes out (probe.h). */
#ifndef BRAMBLE_DHCPWATCH_WATCH_H
#define BRAMBLE_DHCPWATCH_WATCH_H

#include "common/console.h"
#include "common/dhcp.h"
#include "common/ipc.h"

struct event_base;
struct report;
struct watch;

/* Open the packet socket with its filter, bound to nothing yet. Needs CAP_NET_RAW. Returns the
 * descriptor or -errno. */
int watch_open(void);

/* What is said of a packet. Pure. */
void watch_describe(const struct dhcp_packet *packet, struct ipc_dhcp *record);

struct watch_place {
	const char *interface;
	struct in_addr router; /* this machine's address there */
	unsigned probe_s;      /* seconds between two probes, 0 never */
};

/* Watch the interface by `socket` (which becomes the watch's) and report. Waits for an interface
 * that isn't there, or not any more. Returns NULL with errno set. */
struct watch *watch_new(struct event_base *base, int socket, const struct watch_place *place,
	struct report *report);

void watch_free(struct watch *watch);

#endif
