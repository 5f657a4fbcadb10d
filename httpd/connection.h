/* SPDX-License-Identifier: ISC */
/*
 * A TCP connection and the time it has. libmicrohttpd's own timeout begins anew with every byte, so
 * that a peer which sends or takes one byte now and then is served for ever; here each step has a
 * deadline of its own that nothing moves.
 */
#ifndef BRAMBLE_HTTPD_CONNECTION_H
#define BRAMBLE_HTTPD_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>

struct event;
struct event_base;
struct exchange;

struct connection {
	struct connection *next, **from; /* the list of all: what points to this one */
	int socket;			 /* libmicrohttpd's */
	struct sockaddr_in peer;
	struct event *deadline;
	const char *step;	   /* what the deadline is for: "the request header" … */
	unsigned step_s;	   /* how long it may take */
	bool cut;		   /* the deadline has passed */
	unsigned served;	   /* requests answered */
	struct exchange *exchange; /* the one that goes on; NULL none */
};

/* A new one at the head of the list *head. Returns NULL without memory. */
struct connection *connection_new(struct event_base *base, struct connection **head, int socket,
	const struct sockaddr_in *peer);

/* Leave the list; the deadline is gone. NULL is allowed. */
void connection_free(struct connection *connection);

/* From now on, `step` (a constant) may take this long, whatever the peer sends. When it is over the
 * connection is reset: libmicrohttpd notices and ends it. */
void connection_set_deadline(struct connection *connection, const char *step, unsigned seconds);
void connection_clear_deadline(struct connection *connection);

/* What TCP knows: payload bytes that the peer has acknowledged, header fields included, and
 * segments sent again. 0 if the socket is gone. */
void connection_read_tcp(
	const struct connection *connection, uint64_t *acknowledged, uint32_t *retransmitted);

#endif
