/* SPDX-License-Identifier: ISC */
/* TFTP packets: bytes <-> struct (RFC 1350, options RFC 2347, 2348, 2349, 7440). Pure. */
#ifndef BRAMBLE_TFTPD_PACKET_H
#define BRAMBLE_TFTPD_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TFTP_BLOCK_DEFAULT 512u /* RFC 1350 section 2 */
#define TFTP_BLOCK_MIN 8u	/* RFC 2348 */
#define TFTP_BLOCK_MAX 65464u
#define TFTP_HEADER 4u	       /* opcode and block number */
#define TFTP_REQUEST_SIZE 512u /* RFC 2347: the longest request */
#define TFTP_REPLY_SIZE 512u   /* room for an OACK or ERROR */

enum tftp_opcode { TFTP_RRQ = 1, TFTP_WRQ, TFTP_DATA, TFTP_ACK, TFTP_ERROR, TFTP_OACK };

enum tftp_error { /* RFC 1350 appendix, RFC 2347 */
	TFTP_ERROR_UNDEFINED = 0,
	TFTP_ERROR_NOT_FOUND = 1,
	TFTP_ERROR_ACCESS = 2,
	TFTP_ERROR_ILLEGAL = 4,
	TFTP_ERROR_UNKNOWN_TID = 5,
	TFTP_ERROR_OPTIONS = 8,
};

enum tftp_option {
	TFTP_OPTION_BLKSIZE = 1,
	TFTP_OPTION_TIMEOUT = 2,
	TFTP_OPTION_TSIZE = 4,
	TFTP_OPTION_WINDOWSIZE = 8,
};

/* A read request. An option is set only if it was asked for with an acceptable value: RFC 2347 has
 * a server leave out of the OACK what it doesn't accept. So is tsize in netascii: how much comes
 * isn't known before. */
struct tftp_request {
	char name[TFTP_REQUEST_SIZE];
	bool netascii;	     /* else octet */
	size_t length;	     /* of the packet, bytes */
	unsigned options;    /* enum tftp_option, or-ed */
	uint32_t blksize;    /* bytes, as asked (8..65464) */
	uint32_t timeout_s;  /* 1..255 */
	uint32_t windowsize; /* blocks, 1..65535 */
};

/* Parse a first packet. Returns 0, or the negative enum tftp_error that answers it (its text in
 * *why), or -1000 for what deserves no answer (an ACK, DATA or ERROR of a session that is over;
 * garbage). */
#define TFTP_IGNORE (-1000)
int tftp_parse_request(
	const uint8_t *bytes, size_t length, struct tftp_request *request, const char **why);

/* A packet within a session: ACK (block) or ERROR (code, text made visible). */
struct tftp_reply {
	enum tftp_opcode opcode;
	uint16_t block;
	uint16_t code;
	char text[100];
};
/* Returns 0, or -EBADMSG for anything else. */
int tftp_parse_reply(const uint8_t *bytes, size_t length, struct tftp_reply *reply);

/* Build into out[TFTP_REPLY_SIZE]; return the length. */
size_t tftp_build_error(uint8_t *out, enum tftp_error code, const char *text);
/* OACK with the options of `request` and this file size. */
size_t tftp_build_oack(uint8_t *out, const struct tftp_request *request, uint64_t size);
/* The four bytes before a block of data. */
void tftp_build_data_header(uint8_t out[static TFTP_HEADER], uint16_t block);

#endif
