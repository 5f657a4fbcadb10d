/* SPDX-License-Identifier: ISC */
/*
 * Blocks of a file onto a socket. A window goes out by one read and one send: the kernel cuts it
 * into packets (UDP segmentation offload, udp(7) UDP_SEGMENT), or the network card does.
 */
#ifndef BRAMBLE_TFTPD_BLOCKS_H
#define BRAMBLE_TFTPD_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "tftpd/session.h"

/* Most blocks of one send: UDP_MAX_SEGMENTS of Linux before 6.9. */
#define TFTP_SEGMENTS 64u
/* Most bytes of one send, headers of TFTP included: 65535 less the headers of IP and UDP. */
#define TFTP_SEND_BYTES 65507u

/* Where blocks are put together. One for all transfers. */
struct tftp_scratch {
	uint8_t bytes[TFTP_SEND_BYTES];
};

/* Send blocks first … first + count - 1 of `file` on the connected `socket`. `*singly`: each block
 * by a send of its own; set when the way to this client can't do better (a block is larger than the
 * link's packets, the card computes no checksums). Returns 0, or -EIO when the file isn't what it
 * was: a short block would look like the end of a whole file. What a full queue doesn't take is
 * lost, like on any link. */
int tftp_send_blocks(struct tftp_scratch *scratch, int socket, int file,
	const struct tftp_session *session, uint64_t first, uint32_t count, bool *singly);

#endif
