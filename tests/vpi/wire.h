/* SPDX-License-Identifier: ISC */
/* DHCP on a board that has no address yet: Ethernet frames made and read by hand. */
#ifndef VPI_WIRE_H
#define VPI_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/dhcp.h"
#include "common/str.h"

#define WIRE_FRAME_SIZE (14 + 20 + 8 + DHCP_PACKET_SIZE)

/* A broadcast frame from 0.0.0.0 to 255.255.255.255 (RFC 894, 791, 768) around `payload`, without a
 * UDP checksum. Returns the frame's length. Pure. */
size_t wire_build_udp(const struct mac *from, uint16_t source, uint16_t destination,
	const uint8_t *payload, size_t length, uint8_t frame[static WIRE_FRAME_SIZE]);

/* A broadcast frame from 0.0.0.0:68 to 255.255.255.255:67 (RFC 894, 791, 768) around `payload`.
 * Without `checksum` the UDP checksum is 0: not computed. Returns the frame's length. Pure. */
size_t wire_build(const struct mac *from, bool checksum, const uint8_t *payload, size_t length,
	uint8_t frame[static WIRE_FRAME_SIZE]);

/* Find the UDP payload of a frame to port 68. Returns its length with *payload set, or -EBADMSG.
 * The UDP checksum isn't looked at: on a virtual wire it may not be filled in. Pure. */
ssize_t wire_parse(const uint8_t *frame, size_t length, const uint8_t **payload);

/* A packet socket on `interface`. Returns it or -errno. */
int wire_open(const char *interface);

/* Returns 0 or -errno. */
int wire_send(int fd, const uint8_t *frame, size_t length);

/* Wait for a DHCP answer until `deadline_ns` (CLOCK_MONOTONIC) and parse it. Returns 0, -ETIMEDOUT,
 * -EINTR or -errno. */
int wire_receive(int fd, uint64_t deadline_ns, struct dhcp_packet *packet);

#endif
