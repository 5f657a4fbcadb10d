/* SPDX-License-Identifier: ISC */
/*
 * One transfer as a state machine: packets and time go in, what to send comes out. Pure: no socket,
 * no clock, no file. Blocks are numbered from 1 in 64 bits; the 16 bits on the wire are their low
 * part, so block 65536 is sent as 0 (what clients in the field expect).
 *
 * Sending again: RFC 1123 section 4.2.3.1 forbids to answer a duplicate ACK with DATA (the
 * Sorcerer's Apprentice), so in lock-step only the timer resends. Its period follows the measured
 * round trip (RFC 6298). The ACK of what the timer sent twice measures nothing (Karn), but the
 * next period isn't shorter than what it took, once: else a round trip that has become longer than
 * the period would never be measured. With a window (RFC 7440) an ACK for less than what was sent
 * tells of a gap: the window starts again behind it, but half a round trip after its last sending
 * at the earliest; a repeated ACK restarts it once.
 *
 * The end: the client is lost after 30 s without progress, or after three packets if it never
 * answered (the request may be forged). When only the last window is missing, its ACK is probably
 * lost for good, and it's over after 10 s, unless the client repeats the ACK before: it waits.
 */
#ifndef BRAMBLE_TFTPD_SESSION_H
#define BRAMBLE_TFTPD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "tftpd/packet.h"

struct tftp_session {
	uint32_t blksize;      /* bytes */
	uint32_t windowsize;   /* blocks */
	uint64_t size;	       /* of the file, bytes */
	uint64_t last;	       /* number of the last block (shorter than blksize, perhaps empty);
				  UINT64_MAX: not known yet (netascii) */
	uint64_t acked;	       /* highest block that the client has acknowledged */
	uint64_t sent;	       /* highest block that was sent since */
	uint64_t restarted_at; /* value of `acked` for which a repeated ACK already restarted the
				  window */
	bool oack_pending;     /* the OACK isn't acknowledged yet */
	bool heard;	       /* the client has answered at all */
	bool waits;	       /* it has repeated its last ACK, so it still wants what is missing */
	bool cautious;	       /* the running window's period is from cautious_rto() */
	bool again;	       /* the running window begins with blocks that were sent before */
	bool gap;	   /* it has one, and starts again at the deadline: no timer, no back-off */
	bool held;	   /* it is acknowledged, and the next one is sent at the deadline */
	uint64_t pace_ns;  /* from one window to the next at least; 0 = as the client asks */
	uint64_t repeated; /* blocks up to here were sent more than once */
	uint32_t timeout_s;	     /* option timeout, bounds the period; 0 = not asked */
	uint64_t srtt_ns, rttvar_ns; /* 0 = not measured */
	uint64_t rto_ns;	     /* period of the timer now, with back-off */
	uint64_t window_first_ns;    /* when the running window was sent first */
	uint64_t window_sent_ns;     /* … and last */
	uint64_t progress_ns;	     /* when the client last acknowledged something new */
	uint64_t deadline_ns;	     /* call tftp_session_timeout() at this time */
	uint32_t resent;	     /* packets sent again, in all */
	uint32_t tries;		     /* of the running window, by the timer */
	uint32_t tries_unheard; /* as many while the client hasn't answered: it may be forged */
};

enum tftp_action {
	TFTP_WAIT, /* nothing to send */
	TFTP_SEND_OACK,
	TFTP_SEND_DATA, /* blocks first … first + count - 1 */
	TFTP_FINISHED,	/* the client has everything */
	TFTP_ABORTED,	/* the client sent ERROR */
	TFTP_LOST,	/* the client is silent */
};

struct tftp_output {
	enum tftp_action action;
	uint64_t first;
	uint32_t count;
};

/* Begin with accepted values in `request` (blksize and windowsize already within this server's
 * limits). */
struct tftp_output tftp_session_start(struct tftp_session *session,
	const struct tftp_request *request, uint64_t size, uint64_t now_ns);

/* In netascii: the text ends with block `number`, which is `length` bytes long. Call it when that
 * is sent first; what was to be sent behind it doesn't exist. */
void tftp_session_end_at(struct tftp_session *session, uint64_t number, uint32_t length);

struct tftp_output tftp_session_receive(
	struct tftp_session *session, const struct tftp_reply *reply, uint64_t now_ns);

struct tftp_output tftp_session_timeout(struct tftp_session *session, uint64_t now_ns);

/* The request that began this session has come again, and it isn't left: its sender has no answer.
 * When the timer sends none any more, since the request may be forged, each request is worth one
 * packet, two a second at most. */
struct tftp_output tftp_session_ask_again(struct tftp_session *session, uint64_t now_ns);

/* Send the first packet at most so many times again before the client has answered (it may be
 * forged); it is waited for all the same. Call right behind tftp_session_start(). */
void tftp_session_limit_tries(struct tftp_session *session, uint32_t tries);

/* Windows follow each other after `pace_ns` at the earliest, from now on. 0: as soon as they are
 * asked for, also the one that is held: then the deadline has come. */
void tftp_session_set_pace(struct tftp_session *session, uint64_t pace_ns, uint64_t now_ns);

/* Another request comes from this session's port: has the client left the session? A repeated
 * request is no news while the client hasn't answered (the timer sends the answer again), and a
 * late copy or a forged one doesn't end what goes on; but a board that was switched off and on may
 * use its ports again. `same`: the request is the one that began this session. */
bool tftp_session_is_left(const struct tftp_session *session, bool same, uint64_t now_ns);

/* Bytes that the client has acknowledged. */
uint64_t tftp_session_bytes(const struct tftp_session *session);

/* Where block `number` lies in the file and how long it is (0 for an empty last block). */
uint64_t tftp_session_offset(const struct tftp_session *session, uint64_t number);
uint32_t tftp_session_length(const struct tftp_session *session, uint64_t number);

#endif
