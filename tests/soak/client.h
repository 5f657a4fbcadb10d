/* SPDX-License-Identifier: ISC */
/*
 * One TFTP client as a state machine: packets and time go in, packets go out by a callback. Written
 * from RFC 1350, 2347, 2348, 2349 and 7440 alone, and strict: what a server may not say is a fault.
 */
#ifndef BRAMBLE_SOAK_CLIENT_H
#define BRAMBLE_SOAK_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/soak/plan.h"

enum client_state {
	CLIENT_ASKING,
	CLIENT_RECEIVING,
	CLIENT_PAUSING,
	CLIENT_DALLYING, /* has all, answers repeated blocks */
	CLIENT_COMPLETE, /* has all, and is done. From here on: states of the end */
	CLIENT_REFUSED,	 /* the server sent ERROR */
	CLIENT_ABORTED,	 /* sent ERROR, by its plan */
	CLIENT_CLOSED,	 /* is to close its port, by its plan */
	CLIENT_SILENT,	 /* is to fall silent, by its plan */
	CLIENT_FAULT,	 /* see `fault` */
};

struct client;
/* Send to the server's port (`port` 0: where requests go). */
typedef void (*client_send)(
	struct client *client, uint16_t port, const uint8_t *bytes, size_t length);

struct client {
	struct soak_plan plan;
	const char *name; /* of the file */
	client_send send;
	void *owner;
	enum client_state state;
	const char *fault;
	uint16_t port;		   /* the session's; 0 = not known */
	uint16_t error;		   /* of the server's ERROR */
	uint32_t blksize, window;  /* as granted */
	bool has_tsize, oack_seen; /* tsize: what the OACK said */
	uint64_t tsize;
	uint64_t blocks;      /* received in order */
	uint32_t unacked;     /* of them since the last ACK */
	uint64_t asked_ns;    /* begin */
	uint64_t sent_ns;     /* last packet out */
	uint64_t news_ns;     /* last block that was new, or the begin */
	uint64_t repaired_ns; /* last ACK that told of a gap */
	unsigned requests;
	unsigned opened; /* epoch of the file when the session's first packet came */
	bool whole;	 /* the last block is here */
	uint8_t *data;	 /* room for `room` bytes; kept between transfers */
	size_t size, room;
};

/* Begin; data and room are kept, all else is new. */
void client_start(
	struct client *client, const struct soak_plan *plan, const char *name, uint64_t now_ns);

/* A packet from the server's port `port`, which came when the file was at `epoch`. */
void client_receive(struct client *client, uint16_t port, const uint8_t *bytes, size_t length,
	unsigned epoch, uint64_t now_ns);

/* Time passes; call every few ten milliseconds. */
void client_tick(struct client *client, uint64_t now_ns);

#endif
