/* SPDX-License-Identifier: ISC */
/* From an Ethernet frame to the DHCP packet in it. Pure. */
#ifndef BRAMBLE_DHCPWATCH_FRAME_H
#define BRAMBLE_DHCPWATCH_FRAME_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/* An Ethernet frame of 1500 bytes and its header. */
#define FRAME_SIZE 1518

struct frame {
	struct mac source;	/* of the Ethernet header */
	const uint8_t *payload; /* of UDP, points into the frame */
	size_t length;
};

/* Parse Ethernet II, IPv4 (RFC 791; no fragments) and UDP (RFC 768) with a DHCP port on either
 * side. The UDP checksum isn't looked at: boot ROMs send none, and packets of this machine get
 * theirs from the card. Returns 0 or -EBADMSG. Fuzzed. */
int frame_parse(const uint8_t *bytes, size_t length, struct frame *frame);

/* The same decision for the kernel (packet(7), SO_ATTACH_FILTER), so that no other packet wakes us.
 */
extern const struct sock_fprog frame_filter;

#endif
