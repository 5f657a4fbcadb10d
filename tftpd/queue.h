/* SPDX-License-Identifier: ISC */
/*
 * Who is served first when more boards load than can end in time. Pure: time goes in, a turn for
 * each transfer comes out.
 *
 * A Pi 4 or 5 gives a file up when it isn't complete after TFTP_FILE_TIMEOUT, 30 s (Raspberry Pi
 * documentation, eeprom-bootloader.adoc), and starts over: of 256 boards that share a link alike
 * none may ever end. A Pi 3 has no such limit that anybody knows, but a request of its early
 * firmware that isn't answered is its end. So every request is answered at once, and a transfer
 * either runs or waits; one that waits gets a block at each TFTP_PACE_NS, for which its client must
 * not give it up.
 *
 * As long as files come in time everybody runs. When a limit would be missed, only so many run as
 * can have their files in a part of it, by the bytes that have been acknowledged lately; unless the
 * sum falls with their number: then it isn't the link (or this machine) that is slow but its
 * clients or their losses, and nobody gains when others wait.
 *
 * Those run first whose time would run out otherwise, then the boards that came first, each with
 * all its files: a board that came, or was turned away and comes back, within a minute after its
 * last transfer keeps its place. A board waits so at most for the files of those before it, and for
 * those whose time runs out. Whose file can't come in time any more is turned away by an ERROR, one
 * at each tick: it starts over sooner than after its own limit, and not together with the others.
 */
#ifndef BRAMBLE_TFTPD_QUEUE_H
#define BRAMBLE_TFTPD_QUEUE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/clock.h"

#define TFTP_TICK_NS (100 * NS_PER_MS)
/* Less than what makes a client repeat itself (a second), and than what makes another request of
 * its port a new one (session.h). */
#define TFTP_PACE_NS (400 * NS_PER_MS)
#define TFTP_BOARDS 1024u

enum tftp_turn {
	TFTP_RUNS,
	TFTP_WAITS,
	TFTP_TURNED_AWAY, /* send it ERROR, and leave */
};

/* The place of a transfer. The caller's; it reads it. */
struct tftp_place {
	enum tftp_turn turn;
	bool limited;	   /* its client has a limit */
	bool admitted;	   /* it may run before its time */
	bool hurries;	   /* it ran before its turn, since its time ran out: it goes on */
	uint64_t size;	   /* of the file, bytes */
	uint64_t left;	   /* not acknowledged yet */
	uint64_t since_ns; /* when it was requested */
	uint64_t heard_ns; /* the last ACK */
	uint64_t board;	   /* order of arrival */
	uint64_t fetched;  /* bytes that the board had before, in this boot */
	TAILQ_ENTRY(tftp_place) by_board, by_age;
};

struct tftp_queue {
	uint64_t limit_ns; /* of clients that have one, for each file */
	TAILQ_HEAD(tftp_places, tftp_place) by_board, by_age; /* the second: limited ones */
	unsigned n, waiting;
	/* Since the last measurement */
	uint64_t measured_ns, bytes, packets;
	struct tftp_rate {
		uint64_t bytes, packets;  /* a second */
	} rate,				  /* lately; 0 = not known */
		reference,		  /* what it was with more running, and can be */
		before;			  /* when more were let run, to see whether it rises */
	bool closed;			  /* some wait */
	unsigned running;		  /* may run; UINT_MAX = all */
	unsigned floor, floor_before;	  /* so many must, by experience, to fill the link */
	bool probes;			  /* whether that is so */
	unsigned settling, settled;	  /* measurements since `running` was changed on purpose */
	uint64_t open_until_ns, holds_ns; /* waiting was in vain: nobody waits until then */
	uint64_t largest;		  /* file, bytes, */
	uint64_t whole;			  /* and the most that a board has fetched */
	unsigned quiet;			  /* measurements with hardly anybody */
	uint64_t boards_seen;
	struct tftp_seen {
		struct in_addr address;
		uint64_t board, last_ns, fetched;
	} seen[TFTP_BOARDS];
};

void tftp_queue_init(struct tftp_queue *queue, uint64_t limit_ns);

/* A transfer of `size` bytes to `address` begins. `limited`: an EEPROM's, which asks for a block
 * size (boot ROM and start.elf of a Pi 3 don't). */
void tftp_queue_join(struct tftp_queue *queue, struct tftp_place *place, struct in_addr address,
	uint64_t size, bool limited, uint64_t now_ns);

/* An ACK came; `left` bytes aren't acknowledged. */
void tftp_queue_note_ack(
	struct tftp_queue *queue, struct tftp_place *place, uint64_t left, uint64_t now_ns);

void tftp_queue_leave(struct tftp_queue *queue, struct tftp_place *place, struct in_addr address,
	uint64_t now_ns);

/* Measure, and turn away whose time is over: each TFTP_TICK_NS. */
void tftp_queue_tick(struct tftp_queue *queue, uint64_t now_ns);

/* Who has a turn now? Call when a transfer has begun or ended, and after each tick. But for being
 * turned away, turns change here alone; returns whether any may have. */
bool tftp_queue_decide(struct tftp_queue *queue, uint64_t now_ns);

/* How many of other boards that came before wait or run. */
unsigned tftp_queue_before(const struct tftp_queue *queue, const struct tftp_place *place);

#endif
