/* SPDX-License-Identifier: ISC */
#include "tftpd/session.h"

#include "common/clock.h"

/* Clients repeat themselves after a second; this is less, or else their repetition would answer the
 * first packet that is lost, be taken for the round trip, and each further loss cost a second. */
#define FIRST_RTO_NS (500 * NS_PER_MS)
#define SHORTEST_RTO_NS                                                                            \
	(20 * NS_PER_MS) /* a LAN's round trip is far below; a board may be busy for some ms */
#define LONGEST_RTO_NS (8 * NS_PER_S)
#define LONGEST_CAUTION_NS (400 * NS_PER_MS) /* longer than a round trip on a LAN */
#define GRANULARITY_NS (5 * NS_PER_MS)
#define LONGEST_SILENCE_NS (30 * NS_PER_S) /* TFTP_FILE_TIMEOUT of the Pi's EEPROM */
#define TRIES_BEFORE_HEARD 2u		   /* a forged request must not make us send much */
#define UNHEARD_SILENCE_NS                                                                         \
	(7 * NS_PER_S) /* seven ACKs of a client that repeats them each second                     \
			*/
#define LAST_SILENCE_NS (10 * NS_PER_S)
#define LEFT_AFTER_NS (500 * NS_PER_MS)

static const struct tftp_output wait_for_more = { .action = TFTP_WAIT };

static bool only_end_is_missing(const struct tftp_session *session)
{
	return session->sent == session->last;
}

static uint64_t end_of_patience(const struct tftp_session *session)
{
	return session->progress_ns + (only_end_is_missing(session) && !session->waits
						      ? LAST_SILENCE_NS
						      : LONGEST_SILENCE_NS);
}

static void set_deadline(struct tftp_session *session, uint64_t now_ns)
{
	uint64_t period = session->rto_ns, end = end_of_patience(session);

	if (session->timeout_s && period > session->timeout_s * NS_PER_S)
		period = session->timeout_s * NS_PER_S;
	session->deadline_ns = now_ns + period < end ? now_ns + period : end;
}

/* RFC 6298 (2.2), (2.3); but a round trip that is far shorter than thought counts at once: a LAN's
 * doesn't become so, the thought was wrong. */
static void measure(struct tftp_session *session, uint64_t rtt_ns)
{
	uint64_t deviation;

	if (session->srtt_ns == 0) {
		session->srtt_ns = rtt_ns;
		session->rttvar_ns = rtt_ns / 2;
		return;
	}
	if (rtt_ns < session->srtt_ns / 2) {
		session->srtt_ns = rtt_ns;
		session->rttvar_ns = rtt_ns / 2;
		return;
	}
	deviation =
		rtt_ns > session->srtt_ns ? rtt_ns - session->srtt_ns : session->srtt_ns - rtt_ns;
	session->rttvar_ns = (3 * session->rttvar_ns + deviation) / 4;
	session->srtt_ns = (7 * session->srtt_ns + rtt_ns) / 8;
}

static uint64_t measured_rto(const struct tftp_session *session)
{
	uint64_t spread = 4 * session->rttvar_ns, rto;

	if (session->srtt_ns == 0)
		return FIRST_RTO_NS;
	rto = session->srtt_ns + (spread > GRANULARITY_NS ? spread : GRANULARITY_NS);
	if (rto < SHORTEST_RTO_NS)
		return SHORTEST_RTO_NS;
	return rto < LONGEST_RTO_NS ? rto : LONGEST_RTO_NS;
}

/* Send the window behind the acknowledged block; `again` when some of it was sent before. */
static struct tftp_output send_window(struct tftp_session *session, uint64_t now_ns, bool again)
{
	struct tftp_output output = { .action = TFTP_SEND_DATA, .first = session->acked + 1 };
	uint64_t left = session->last - session->acked;

	output.count = left < session->windowsize ? (uint32_t)left : session->windowsize;
	if (again) {
		session->resent += (uint32_t)(session->sent - session->acked);
		session->repeated = session->sent;
	}
	session->again = again;
	session->gap = session->held = false;
	session->sent = session->acked + output.count;
	session->window_first_ns = session->window_sent_ns = now_ns;
	set_deadline(session, now_ns);
	return output;
}

struct tftp_output tftp_session_start(struct tftp_session *session,
	const struct tftp_request *request, uint64_t size, uint64_t now_ns)
{
	*session = (struct tftp_session){
		.blksize = request->blksize,
		.windowsize = request->windowsize,
		.timeout_s = request->options & TFTP_OPTION_TIMEOUT ? request->timeout_s : 0,
		.size = size,
		.last = request->netascii ? UINT64_MAX : size / request->blksize + 1,
		.restarted_at = UINT64_MAX,
		.oack_pending = request->options != 0,
		.rto_ns = FIRST_RTO_NS,
		.tries_unheard = TRIES_BEFORE_HEARD,
		.progress_ns = now_ns,
		.window_first_ns = now_ns,
		.window_sent_ns = now_ns,
	};
	if (!session->oack_pending)
		return send_window(session, now_ns, false);
	set_deadline(session, now_ns);
	return (struct tftp_output){ .action = TFTP_SEND_OACK };
}

void tftp_session_end_at(struct tftp_session *session, uint64_t number, uint32_t length)
{
	session->last = number;
	session->size = tftp_session_offset(session, number) + length;
	if (session->sent > number)
		session->sent = number;
}

/* The period after an ACK that the timer had to ask for, perhaps too early. If the timer is needed
 * again after it, packets were lost. */
static uint64_t cautious_rto(const struct tftp_session *session, uint64_t took_ns)
{
	uint64_t rto_ns = measured_rto(session), least_ns = took_ns + took_ns / 8 + GRANULARITY_NS;

	if (rto_ns < least_ns)
		rto_ns = least_ns;
	return rto_ns < LONGEST_CAUTION_NS ? rto_ns : LONGEST_CAUTION_NS;
}

/* An ACK of a part of a window measures as well as one of the whole; in a window of 64 at 5 % loss
 * nearly every ACK is of a part. */
static void note_progress(struct tftp_session *session, uint64_t now_ns)
{
	/* Of a window that was acknowledged in part, only the rest. */
	const uint64_t since_ns = session->progress_ns > session->window_first_ns
					  ? session->progress_ns
					  : session->window_first_ns;
	const uint64_t took_ns = now_ns - since_ns;
	const bool by_timer = session->tries > 0;

	if (by_timer)
		session->restarted_at = session->acked; /* both copies may bring an ACK */
	else if (session->acked > session->repeated || session->sent == 0)
		measure(session, now_ns - session->window_sent_ns);
	session->cautious = by_timer && !session->cautious;
	session->rto_ns =
		session->cautious ? cautious_rto(session, took_ns) : measured_rto(session);
	session->progress_ns = now_ns;
	session->tries = 0;
	session->waits = false;
	session->heard = true;
}

/* A restarted window isn't restarted again before its first ACK can be here: a client that
 * acknowledges every block of a window must not get a window for each. */
static bool restarted_just_now(const struct tftp_session *session, uint64_t now_ns)
{
	return session->again && now_ns - session->window_sent_ns < session->srtt_ns / 2;
}

/* The ACK may be the last one: where packets overtake each other nothing else would come, and left
 * to the timer each gap would cost a whole period. */
static struct tftp_output restart_soon(struct tftp_session *session, uint64_t now_ns)
{
	const uint64_t due_ns = session->window_sent_ns + session->srtt_ns / 2;

	set_deadline(session, now_ns); /* the old one is of the old period */
	if (due_ns < session->deadline_ns) {
		session->deadline_ns = due_ns;
		session->gap = true;
	}
	return wait_for_more;
}

/* The next window, when its time has come. */
static struct tftp_output send_next(struct tftp_session *session, uint64_t now_ns)
{
	const uint64_t due_ns = session->window_sent_ns + session->pace_ns;

	if (now_ns >= due_ns)
		return send_window(session, now_ns, false);
	session->held = true;
	session->deadline_ns = due_ns;
	return wait_for_more;
}

/* An ACK that brings nothing new. In lock-step it is a duplicate and must not be answered; with a
 * window it says that the window's first block is missing. */
static struct tftp_output receive_repeated(struct tftp_session *session, uint64_t now_ns)
{
	session->waits = session->waits || now_ns - session->progress_ns >= LEFT_AFTER_NS;
	if (session->windowsize == 1 || session->held || session->restarted_at == session->acked ||
		restarted_just_now(session, now_ns))
		return wait_for_more;
	session->restarted_at = session->acked;
	return send_window(session, now_ns, true);
}

static struct tftp_output receive_ack(struct tftp_session *session, uint16_t wire, uint64_t now_ns)
{
	/* How far the ACK is ahead, modulo 65536: what is behind looks as if it were far ahead. */
	uint16_t distance = (uint16_t)(wire - (uint16_t)session->acked);
	bool complete;

	if (session->oack_pending && wire != 0)
		return wait_for_more;
	if (distance == 0 && !session->oack_pending)
		return receive_repeated(session, now_ns);
	if (distance > session->sent - session->acked)
		return wait_for_more;
	session->oack_pending = false;
	session->acked += distance;
	complete = session->acked == session->sent;
	note_progress(session, now_ns);
	if (session->acked == session->last)
		return (struct tftp_output){ .action = TFTP_FINISHED };
	if (!complete && restarted_just_now(session, now_ns))
		return restart_soon(session, now_ns);
	return complete ? send_next(session, now_ns) : send_window(session, now_ns, true);
}

struct tftp_output tftp_session_receive(
	struct tftp_session *session, const struct tftp_reply *reply, uint64_t now_ns)
{
	if (reply->opcode == TFTP_ERROR)
		return (struct tftp_output){ .action = TFTP_ABORTED };
	return receive_ack(session, reply->block, now_ns);
}

/* Who has never answered is sent no more, but waited for a while: its ACKs may be lost. */
static bool may_send_no_more(const struct tftp_session *session)
{
	return !session->heard && session->tries >= session->tries_unheard;
}

static void wait_for_first_word(struct tftp_session *session)
{
	const uint64_t end_ns = session->progress_ns + UNHEARD_SILENCE_NS;

	if (session->deadline_ns < end_ns)
		session->deadline_ns = end_ns;
}

static bool gives_up(const struct tftp_session *session, uint64_t now_ns)
{
	return now_ns >= end_of_patience(session) || may_send_no_more(session);
}

static struct tftp_output send_again(struct tftp_session *session, uint64_t now_ns)
{
	uint64_t first_ns = session->window_first_ns;
	struct tftp_output output = { .action = TFTP_SEND_OACK };

	if (session->oack_pending) {
		session->resent++;
		set_deadline(session, now_ns);
	} else {
		output = send_window(session, now_ns, true);
		session->window_first_ns = first_ns;
	}
	return output;
}

struct tftp_output tftp_session_timeout(struct tftp_session *session, uint64_t now_ns)
{
	struct tftp_output output;

	if (now_ns < session->deadline_ns)
		return wait_for_more;
	if (gives_up(session, now_ns))
		return (struct tftp_output){
			.action = session->heard && only_end_is_missing(session) ? TFTP_FINISHED
										 : TFTP_LOST
		};
	if (session->gap || session->held)
		return send_window(session, now_ns, session->gap);
	session->tries++;
	session->rto_ns =
		session->rto_ns * 2 < LONGEST_RTO_NS ? session->rto_ns * 2 : LONGEST_RTO_NS;
	output = send_again(session, now_ns);
	if (may_send_no_more(session))
		wait_for_first_word(session);
	return output;
}

struct tftp_output tftp_session_ask_again(struct tftp_session *session, uint64_t now_ns)
{
	struct tftp_output output;

	if (!may_send_no_more(session) || now_ns - session->window_sent_ns < LEFT_AFTER_NS)
		return wait_for_more;
	session->progress_ns = now_ns;
	output = send_again(session, now_ns);
	session->window_sent_ns = now_ns;
	wait_for_first_word(session);
	return output;
}

void tftp_session_limit_tries(struct tftp_session *session, uint32_t tries)
{
	session->tries_unheard = tries;
	if (may_send_no_more(session))
		wait_for_first_word(session);
}

void tftp_session_set_pace(struct tftp_session *session, uint64_t pace_ns, uint64_t now_ns)
{
	session->pace_ns = pace_ns;
	if (session->held && pace_ns == 0)
		session->deadline_ns = now_ns;
}

bool tftp_session_is_left(const struct tftp_session *session, bool same, uint64_t now_ns)
{
	return (!same || session->heard) && now_ns - session->progress_ns >= LEFT_AFTER_NS;
}

uint64_t tftp_session_bytes(const struct tftp_session *session)
{
	return session->acked >= session->last ? session->size : session->acked * session->blksize;
}

uint64_t tftp_session_offset(const struct tftp_session *session, uint64_t number)
{
	return (number - 1) * session->blksize;
}

uint32_t tftp_session_length(const struct tftp_session *session, uint64_t number)
{
	return number == session->last ? (uint32_t)(session->size % session->blksize)
				       : session->blksize;
}
