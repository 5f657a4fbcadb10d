/* SPDX-License-Identifier: ISC */
/*
 * What this server grants. Pure. A request over a limit gets no answer at all: clients ask again
 * after a second or so, while an ERROR would end a board's boot.
 */
#ifndef BRAMBLE_TFTPD_LIMITS_H
#define BRAMBLE_TFTPD_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "tftpd/packet.h"

struct tftp_limits {
	unsigned sessions;	    /* at once, in all */
	unsigned sessions_per_peer; /* at once, per address: a Pi asks for a file two or three times
				       at once */
	uint32_t blksize;	    /* largest block, bytes: 1468 fits an Ethernet frame */
	uint32_t windowsize;	    /* largest window, blocks */
};

/* Most data of one window, bytes: what a socket takes at once. */
#define TFTP_WINDOW_BYTES (96u * 1024u)
/* Most blocks of a window that can be configured, for the same reason. */
#define TFTP_WINDOW_MAX 256u

/* The defaults: 1024 sessions, 16 of a peer, 1468 bytes, 64 blocks. */
extern const struct tftp_limits tftp_limits_default;

/* May one more session begin when there are `sessions`, of which `of_peer` belong to its peer? */
bool tftp_limits_admit(const struct tftp_limits *limits, unsigned sessions, unsigned of_peer);

/* Lower what was asked to what is granted. */
void tftp_limits_apply(const struct tftp_limits *limits, struct tftp_request *request);

/* Descriptors that the server needs: two sockets and a file for each session, and some. */
uint64_t tftp_limits_descriptors(const struct tftp_limits *limits);

/* Lower the number of sessions (to 1 at least) to what `descriptors` suffice for. Out of
 * descriptors, answers of brambled would be lost and files refused. */
void tftp_limits_fit(struct tftp_limits *limits, uint64_t descriptors);

#endif
