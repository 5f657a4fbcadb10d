/* SPDX-License-Identifier: ISC */
#include "tftpd/turns.h"

#include <errno.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/log.h"

/* A moment is nobody's concern; the least of nodes.stuck_after_s is. */
#define TOLD_EVERY_NS (2 * NS_PER_S)

/* Turns have changed. None ends here: the caller may hold any of them. */
static void set_paces(struct tftp_transfers *all, uint64_t now_ns)
{
	for (struct tftp_transfer *t = all->first; t; t = t->next) {
		const bool waits = t->place.turn == TFTP_WAITS;

		if (!t->queued || waits == t->waits)
			continue;
		t->waits = waits;
		t->told_ns = now_ns;
		tftp_session_set_pace(&t->session, waits ? TFTP_PACE_NS : 0, now_ns);
		tftp_transfer_arm(t);
	}
}

static void decide(struct tftp_transfers *all, uint64_t now_ns)
{
	if (tftp_queue_decide(&all->queue, now_ns))
		set_paces(all, now_ns);
}

/* Who waits, and that a long transfer goes on. */
static void tell(struct tftp_transfer *transfer, uint64_t now_ns)
{
	const struct ipc_waits waits = { .transfer = transfer->id,
		.waits = transfer->waits,
		.before = tftp_queue_before(&transfer->all->queue, &transfer->place) };

	if (!transfer->queued || now_ns - transfer->place.heard_ns > TOLD_EVERY_NS ||
		now_ns - transfer->told_ns < TOLD_EVERY_NS)
		return;
	transfer->told_ns = now_ns;
	source_tell_waits(transfer->all->source, &waits);
}

static void tell_log(const struct tftp_queue *queue)
{
	if (queue->closed)
		log_notice("more boards load than can have their files in time: of %u files %u run "
			   "at once, %.1f MB/s",
			queue->n, queue->running, (double)queue->rate.bytes / 1e6);
	else
		log_notice("files come in time: nobody waits");
}

static void on_tick(evutil_socket_t socket, short what, void *argument)
{
	struct tftp_transfers *all = argument;
	const uint64_t now_ns = clock_monotonic_ns();
	const bool closed = all->queue.closed;
	struct tftp_transfer *next;

	(void)socket;
	(void)what;
	tftp_queue_tick(&all->queue, now_ns);
	if (closed != all->queue.closed)
		tell_log(&all->queue);
	decide(all, now_ns);
	for (struct tftp_transfer *t = all->first; t; t = next) {
		next = t->next;
		if (t->queued && t->place.turn == TFTP_TURNED_AWAY)
			tftp_transfer_turn_away(t);
		else
			tell(t, now_ns);
	}
}

int tftp_turns_open(struct tftp_transfers *all, uint64_t limit_ns)
{
	tftp_queue_init(&all->queue, limit_ns);
	all->tick = event_new(all->base, -1, EV_PERSIST, on_tick, all);
	return all->tick ? 0 : -ENOMEM;
}

void tftp_turns_close(struct tftp_transfers *all)
{
	if (all->tick)
		event_free(all->tick);
}

void tftp_turns_join(struct tftp_transfer *transfer)
{
	struct tftp_transfers *all = transfer->all;
	const struct timeval period = { .tv_usec = TFTP_TICK_NS / 1000 };
	const uint64_t now_ns = clock_monotonic_ns();

	if (all->queue.n == 0)
		event_add(all->tick, &period);
	tftp_queue_join(&all->queue, &transfer->place, transfer->peer.sin_addr,
		transfer->session.size, transfer->options & TFTP_OPTION_BLKSIZE, now_ns);
	transfer->queued = true;
	transfer->told_ns = now_ns;
	decide(all, now_ns);
}

void tftp_turns_note_ack(struct tftp_transfer *transfer)
{
	const uint64_t got = tftp_session_bytes(&transfer->session), size = transfer->place.size;

	tftp_queue_note_ack(&transfer->all->queue, &transfer->place, got < size ? size - got : 0,
		clock_monotonic_ns());
}

void tftp_turns_leave(struct tftp_transfer *transfer)
{
	struct tftp_transfers *all = transfer->all;
	const uint64_t now_ns = clock_monotonic_ns();

	if (!transfer->queued)
		return;
	transfer->queued = false;
	tftp_queue_leave(&all->queue, &transfer->place, transfer->peer.sin_addr, now_ns);
	if (all->queue.n == 0)
		event_del(all->tick);
	decide(all, now_ns);
}
