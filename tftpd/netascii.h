/* SPDX-License-Identifier: ISC */
/*
 * Files in mode netascii (RFC 1350 section 1, which RFC 1123 section 4.2.4 demands of a server): LF
 * becomes CR LF, CR becomes CR NUL. Where a block begins in the file follows from all text before
 * it, so two places are remembered: of the block behind the last acknowledged one, and of the block
 * behind the last one sent. How long the text is shows when its end is reached.
 */
#ifndef BRAMBLE_TFTPD_NETASCII_H
#define BRAMBLE_TFTPD_NETASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tftpd/blocks.h"

/* Where block `block` begins. */
struct tftp_netascii_place {
	uint64_t block;
	uint64_t offset; /* of the file's next byte */
	bool half;	 /* the block begins within a line's end: */
	uint8_t second;	 /* with this byte */
};

struct tftp_netascii {
	uint64_t size; /* of the file, bytes */
	struct tftp_netascii_place first, ahead;
};

void tftp_netascii_start(struct tftp_netascii *text, uint64_t size);

/* Translate bytes of the file, as far as they fit into `room`; pure. `place` moves on by what was
 * used. Returns how much was written. */
size_t tftp_netascii_translate(struct tftp_netascii_place *place, const uint8_t *bytes, size_t n,
	uint8_t *out, size_t room);

/* As tftp_send_blocks(); tells the session where the text ends when it comes to it. */
int tftp_send_netascii(struct tftp_scratch *scratch, int socket, int file,
	struct tftp_netascii *text, struct tftp_session *session, uint64_t first, uint32_t count);

#endif
