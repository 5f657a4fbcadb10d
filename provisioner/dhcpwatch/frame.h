/* SPDX-License-Identifier: ISC */
/* From an Ethernet frame to the DHCP packet or console text in it. Pure. */
#ifndef BRAMBLE_DHCPWATCH_FRAME_H
#define BRAMBLE_DHCPWATCH_FRAME_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/* An Ethernet frame of 1500 bytes and its header. */
#define FRAME_SIZE 1518
#define FRAME_HEADERS 42 /* Ethernet, IP without options, UDP */

enum frame_kind { FRAME_DHCP = 1, FRAME_CONSOLE };

struct frame {
	enum frame_kind kind;
	struct mac source;	/* of the Ethernet header */
	const uint8_t *payload; /* of UDP, points into the frame */
	size_t length;
};

/* Parse Ethernet II, IPv4 (RFC 791; no fragments) and UDP (RFC 768) with a DHCP port on either
 * side, or to the port of consoles. The UDP checksum isn't looked at: boot ROMs send none, and
 * packets of this machine get theirs from the card. Returns 0 or -EBADMSG. Fuzzed. */
int frame_parse(const uint8_t *bytes, size_t length, struct frame *frame);

/* A DHCP client's broadcast frame from `source` around `length` bytes, which lie behind
 * FRAME_HEADERS bytes in `bytes` already (RFC 894, 791, 768; without a UDP checksum). Returns its
 * length. */
size_t frame_build(const struct mac *source, uint8_t *bytes, size_t length);

/* The same decision for the kernel (packet(7), SO_ATTACH_FILTER), so that no other packet wakes us.
 */
extern const struct sock_fprog frame_filter;

#endif
