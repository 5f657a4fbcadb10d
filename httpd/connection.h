/* SPDX-License-Identifier: ISC */
/*
 * A TCP connection: its requests one after another, and the time each step of them may take. A
 * deadline isn't moved by a peer that sends or takes one byte now and then; besides, who takes
 * nothing at all for a minute is given up.
 */
#ifndef BRAMBLE_HTTPD_CONNECTION_H
#define BRAMBLE_HTTPD_CONNECTION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "httpd/exchange.h"

struct event;
struct event_base;
struct server_limits;

enum connection_step {
	CONNECTION_READS_HEAD,
	CONNECTION_READS_BODY,
	CONNECTION_WAITS, /* for the answer */
	CONNECTION_SENDS,
	CONNECTION_LINGERS, /* it has sent all, and waits for the peer to see it */
};

/* What all connections share. */
struct connections {
	struct event_base *base;
	const struct source *source;
	const struct server_limits *limits;
	struct connection *first;
	unsigned count;
	void (*on_room)(void *argument); /* a connection has ended, or could */
	void *argument;
};

struct connection {
	struct connections *all;
	struct connection *next, **from; /* the list of all: what points to this one */
	int socket;
	struct sockaddr_in peer;
	enum connection_step step;
	uint64_t step_ns; /* since when it reads a header */
	struct event *readable, *writable, *deadline;
	short wanted;		  /* EV_READ, EV_WRITE: the event that is on; or 0 */
	const char *deadline_for; /* what it is for: "the answer" … */
	unsigned deadline_s;	  /* how long it may take */
	unsigned served;	  /* requests answered */
	bool peer_ended;	  /* its half is closed */
	bool close;		  /* after this answer */
	bool begun;		  /* there is an exchange */
	size_t discarded;	  /* bytes, while it lingers */

	size_t used, taken; /* of the buffer: bytes there; of these, the exchange's */
	size_t out_size, out_sent;
	struct exchange exchange;
	char out[EXCHANGE_HEADER_SIZE + EXCHANGE_TEXT_SIZE + 512]; /* to be sent before the file */
	char buffer[HEAD_SIZE];
};

/* A new one for a connected, non-blocking socket, which becomes its own. Without memory the socket
 * is closed. */
void connection_begin(struct connections *all, int socket, const struct sockaddr_in *peer);

/* End it, whatever it does. */
void connection_end(struct connection *connection, enum exchange_ending how);

/* The one that has waited longest for its peer's next request, or for the rest of it; NULL if none
 * does. */
struct connection *connection_find_idle(const struct connections *all);

/* The exchange's answer, which it waits for, is finished. */
void connection_wake(struct connection *connection);

/* What TCP knows: payload bytes that the peer has acknowledged, header fields included, and
 * segments sent again. 0 if the socket is gone. */
void connection_read_tcp(
	const struct connection *connection, uint64_t *acknowledged, uint32_t *retransmitted);

#endif
