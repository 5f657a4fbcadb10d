/* SPDX-License-Identifier: ISC */
/*
 * Transfers that go on: each has a socket of its own (RFC 1350 section 4: a new TID), connected, so
 * that nobody else's packets reach it, and a session that says what to do.
 */
#ifndef BRAMBLE_TFTPD_TRANSFER_H
#define BRAMBLE_TFTPD_TRANSFER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "tftpd/limits.h"
#include "tftpd/netascii.h"
#include "tftpd/queue.h"
#include "tftpd/session.h"
#include "tftpd/source.h"
#include "tftpd/stray.h"

struct event;
struct event_base;

#define TFTP_NAME_SIZE 256 /* of a requested name, made visible; longer ones are cut in the log */

/* All that go on, and what they share. */
struct tftp_transfers {
	struct event_base *base;
	struct source *source;
	struct tftp_transfer *first;
	unsigned n;
	struct tftp_rates rates;
	struct tftp_scratch scratch;
	struct tftp_queue queue;
	struct event *tick;
};

struct tftp_transfer {
	struct tftp_transfers *all;
	struct tftp_transfer *next, **back;
	struct sockaddr_in peer, local;
	uint32_t options, blksize, windowsize, timeout_s; /* as granted */
	uint64_t id;					  /* brambled's name of this transfer */
	int fd, socket;					  /* -1 while brambled is asked */
	struct event *readable, *timer;
	uint64_t timer_ns; /* when the timer fires; it may be earlier than the deadline */
	uint64_t started_ns;
	struct tftp_stray stray;
	bool singly; /* see tftp_send_blocks() */
	bool netascii;
	uint16_t request_length;   /* bytes */
	struct tftp_netascii text; /* in that mode */
	struct tftp_session session;
	struct tftp_place place; /* see turns.h */
	bool queued, waits;
	uint64_t told_ns;
	char name[]; /* as requested, visible */
};

/* Ask for the file of an admitted request, and send it. Nothing happens when memory or questions
 * run out: the client asks again. The values of `granted` are within the limits; `local` is the
 * address that was asked. */
void tftp_transfer_ask(struct tftp_transfers *all, const struct sockaddr_in *peer,
	struct in_addr local, const struct tftp_request *granted);

/* Take what has come for a transfer and hasn't been read yet. Returns false when that was its end
 * (it is freed). */
bool tftp_transfer_catch_up(struct tftp_transfer *transfer);

/* Its request has come again (session.h). The transfer may end by it. */
void tftp_transfer_ask_again(struct tftp_transfer *transfer);

/* End the oldest transfer that began more than a moment ago and whose client has never answered,
 * for another one's sake; `of`: only of this address, NULL: of any. Returns false when there is
 * none. */
bool tftp_transfers_make_room(struct tftp_transfers *all, const struct in_addr *of);

/* See to it that the session's deadline is kept. Call when it has changed. */
void tftp_transfer_arm(struct tftp_transfer *transfer);

/* End one that can't be complete in time: its client starts over. */
void tftp_transfer_turn_away(struct tftp_transfer *transfer);

/* Report and forget a transfer. `error` 0 or a positive errno. */
void tftp_transfer_end(struct tftp_transfer *transfer, int error, const char *reason);

/* Forget all, without a report. */
void tftp_transfers_free(struct tftp_transfers *all);

/* The name of a request as the log and `name` above have it. */
void tftp_visible_name(const struct tftp_request *request, char out[static TFTP_NAME_SIZE]);

#endif
