/* SPDX-License-Identifier: ISC */
/* The only file of this server that touches sockets, files and the clock. */
#ifndef BRAMBLE_TFTPD_IO_H
#define BRAMBLE_TFTPD_IO_H

#include <stdint.h>

#include "tftpd/source.h"

struct event_base;
struct tftp_server;

struct tftp_limits {
	unsigned sessions;	    /* at once, in all */
	unsigned sessions_per_peer; /* at once, per address: a Pi asks for a file two or three times
				       at once */
	uint32_t blksize;	    /* largest block, bytes: 1468 fits an Ethernet frame */
	uint32_t windowsize;	    /* largest window, blocks */
};

/* Serve requests that arrive on `listening`, a bound UDP socket (stays the caller's). A request
 * over a limit gets no answer: the client asks again, and an ERROR would end its boot. NULL with
 * errno set. */
struct tftp_server *tftp_server_new(struct event_base *base, int listening, struct source *source,
	const struct tftp_limits *limits);
void tftp_server_free(struct tftp_server *server);

#endif
