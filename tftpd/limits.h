/* SPDX-License-Identifier: ISC */
/*
 * What this server grants. Pure. A request over a limit gets no answer at all: clients ask again
 * after a second or so, while an ERROR would end a board's boot.
 */
#ifndef BRAMBLE_TFTPD_LIMITS_H
#define BRAMBLE_TFTPD_LIMITS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "tftpd/packet.h"

struct tftp_limits {
	unsigned sessions;	    /* at once, in all */
	unsigned sessions_per_peer; /* at once, per address: a Pi asks for a file two or three times
				       at once */
	uint32_t blksize;	    /* largest block, bytes: 1468 fits an Ethernet frame */
	uint32_t windowsize;	    /* largest window, blocks */
	unsigned requests_per_s;    /* all that are looked at; half of them of addresses that have
				       never answered us */
	unsigned requests_per_s_peer;
	unsigned file_time_s; /* within which a Pi 4 or 5 must have a file (queue.h) */
	unsigned allowed_n;   /* 0 = everybody */
	struct tftp_network {
		struct in_addr address;
		unsigned prefix_length;
	} allowed[8];
};

#define TFTP_ALLOWED_MOST 8u

/* Most data of one window, bytes: what a socket takes at once. */
#define TFTP_WINDOW_BYTES (96u * 1024u)
/* Most blocks of a window that can be configured, for the same reason. */
#define TFTP_WINDOW_MAX 256u

/* The defaults: 1024 sessions, 16 of a peer, 1468 bytes, 64 blocks, 10000 requests a second, 500 of
 * a peer, a file within 30 s, from everywhere. */
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

/* Is this address within one of the networks that are served? */
bool tftp_limits_allow(const struct tftp_limits *limits, struct in_addr address);

/*
 * How fast requests may come: a token bucket for all, and one for each address that was seen
 * lately. A bucket is one number, the time at which it is full again (RFC 2697 without colours, as
 * the generic cell rate algorithm of ITU-T I.371 keeps it); it holds two seconds of requests.
 * Memory is fixed: an address that is new takes the place of the one whose bucket is the fullest,
 * of those that never answered first. Forged addresses may so fill the buckets of others, but not
 * empty them.
 */
#define TFTP_PEERS 1024u
struct tftp_rates {
	bool by_lease; /* somebody else (brambled) knows which addresses may be answered */
	uint64_t full_at_ns;
	struct tftp_peer {
		struct in_addr address;
		bool known; /* it has answered, or brambled has answered for it */
		uint64_t full_at_ns;
	} peers[TFTP_PEERS];
};

/* Take a token for a request of this address; false: ignore the request. */
bool tftp_rates_take(struct tftp_rates *rates, const struct tftp_limits *limits,
	struct in_addr address, uint64_t now_ns);
/* It isn't a forged address. */
void tftp_rates_know(struct tftp_rates *rates, struct in_addr address);
bool tftp_rates_knows(const struct tftp_rates *rates, struct in_addr address);
/* It must get no answer: ignore it for a second. */
void tftp_rates_silence(struct tftp_rates *rates, struct in_addr address, uint64_t now_ns);

#endif
