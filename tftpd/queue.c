/* SPDX-License-Identifier: ISC */
#include "tftpd/queue.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#define FEW 4u /* so many never wait */
#define KEEPS_PLACE_NS (60 * NS_PER_S)
#define SILENT_NS (2 * NS_PER_S) /* so long a client that is there isn't */
#define NEXT_FILE_NS                                                                               \
	(3 * NS_PER_S) /* within this a board asks for its next file; it starts over               \
			  after 5 s (MODEL_RESTART in release notes of the EEPROM) */
#define KNOWS_FILES_NS (3600 * NS_PER_S)
#define WAYS 4u	      /* places in which a board may be remembered */
#define FORGETTING 32 /* measurements */
#define SETTLED 5     /* measurements */
#define SHORTEST_HOLD_NS (10 * NS_PER_S)
#define LONGEST_HOLD_NS (60 * NS_PER_S)

/* Parts of the limit: a file that runs takes so much at most; so much is left when it ends, since
 * its first request may have been lost and a round trip be slow. */
#define RUN_NS(limit) ((limit) / 10 * 4)
#define RESERVE_NS(limit) ((limit) / 8)
#define MEASURE_NS(limit) ((limit) / 30 > 500 * NS_PER_MS ? (limit) / 30 : 500 * NS_PER_MS)
#define SEEN_AFTER_NS(limit) ((limit) / 20)

void tftp_queue_init(struct tftp_queue *queue, uint64_t limit_ns)
{
	memset(queue, 0, sizeof(*queue));
	queue->limit_ns = limit_ns;
	queue->running = UINT_MAX;
	queue->holds_ns = SHORTEST_HOLD_NS;
	TAILQ_INIT(&queue->by_board);
	TAILQ_INIT(&queue->by_age);
}

/* Who starts over although it had what boards fetch doesn't come before others again. */
static bool has_all(const struct tftp_queue *queue, const struct tftp_seen *seen)
{
	return seen->fetched > queue->whole - queue->whole / 8;
}

/* Its place in the order of arrival. */
static struct tftp_seen *find_board(
	struct tftp_queue *queue, struct in_addr address, uint64_t now_ns)
{
	const uint32_t hash = ntohl(address.s_addr) * UINT32_C(2654435761) >> 16;
	struct tftp_seen *places = &queue->seen[hash % (TFTP_BOARDS / WAYS) * WAYS];
	struct tftp_seen *seen = places;

	for (unsigned i = 0; i < WAYS; i++) {
		if (places[i].board && places[i].address.s_addr == address.s_addr) {
			seen = &places[i];
			break;
		}
		if (places[i].last_ns < seen->last_ns)
			seen = &places[i];
	}
	if (seen->board == 0 || seen->address.s_addr != address.s_addr ||
		now_ns - seen->last_ns > KEEPS_PLACE_NS ||
		(now_ns - seen->last_ns > NEXT_FILE_NS && has_all(queue, seen)))
		*seen = (struct tftp_seen){ .address = address, .board = ++queue->boards_seen };
	else if (now_ns - seen->last_ns > NEXT_FILE_NS)
		seen->fetched = 0; /* it has started over */
	seen->last_ns = now_ns;
	return seen;
}

/* After a while without transfers. */
static void begin_to_measure(struct tftp_queue *queue, uint64_t now_ns)
{
	if (now_ns - queue->measured_ns > KNOWS_FILES_NS)
		queue->largest = queue->whole = 0;
	queue->closed = false;
	queue->running = UINT_MAX;
	queue->floor = 0;
	queue->measured_ns = now_ns;
	queue->bytes = queue->packets = 0;
}

void tftp_queue_join(struct tftp_queue *queue, struct tftp_place *place, struct in_addr address,
	uint64_t size, bool limited, uint64_t now_ns)
{
	const struct tftp_seen *seen = find_board(queue, address, now_ns);
	struct tftp_place *before = TAILQ_LAST(&queue->by_board, tftp_places);

	*place = (struct tftp_place){ .limited = limited,
		.size = size,
		.left = size,
		.since_ns = now_ns,
		.heard_ns = now_ns,
		.board = seen->board,
		.fetched = seen->fetched };
	while (before && before->board > place->board)
		before = TAILQ_PREV(before, tftp_places, by_board);
	if (before)
		TAILQ_INSERT_AFTER(&queue->by_board, before, place, by_board);
	else
		TAILQ_INSERT_HEAD(&queue->by_board, place, by_board);
	if (limited)
		TAILQ_INSERT_TAIL(&queue->by_age, place, by_age);
	if (queue->n++ == 0)
		begin_to_measure(queue, now_ns);
	if (size > queue->largest)
		queue->largest = size;
}

void tftp_queue_note_ack(
	struct tftp_queue *queue, struct tftp_place *place, uint64_t left, uint64_t now_ns)
{
	if (left < place->left)
		queue->bytes += place->left - left;
	queue->packets++;
	place->left = left;
	place->heard_ns = now_ns;
}

/* Its client has given it up, or isn't there any more. */
static bool is_over(const struct tftp_queue *queue, const struct tftp_place *place, uint64_t now_ns)
{
	return place->turn == TFTP_TURNED_AWAY || now_ns - place->heard_ns > SILENT_NS ||
	       (place->limited && now_ns - place->since_ns > queue->limit_ns);
}

void tftp_queue_leave(
	struct tftp_queue *queue, struct tftp_place *place, struct in_addr address, uint64_t now_ns)
{
	struct tftp_seen *seen;

	TAILQ_REMOVE(&queue->by_board, place, by_board);
	if (place->limited)
		TAILQ_REMOVE(&queue->by_age, place, by_age);
	queue->n--;
	if (is_over(queue, place, now_ns))
		return;
	seen = find_board(queue, address, place->heard_ns);
	seen->last_ns = now_ns;
	seen->fetched += place->size - place->left;
	if (seen->fetched > queue->whole)
		queue->whole = seen->fetched;
}

static void raise(uint64_t *reference, uint64_t value)
{
	*reference -= *reference / FORGETTING;
	if (*reference < value)
		*reference = value;
}

/* A link has a limit of bytes, a processor one of packets, and the boards' blocks differ: a sum is
 * lower when both are. */
static bool is_below(const struct tftp_rate *rate, const struct tftp_rate *other)
{
	return rate->bytes < other->bytes - other->bytes / 6 &&
	       rate->packets < other->packets - other->packets / 6;
}

/* What was acknowledged since the last time. */
static void measure(struct tftp_queue *queue, uint64_t now_ns)
{
	const uint64_t elapsed_us = (now_ns - queue->measured_ns) / 1000;

	queue->rate.bytes = queue->bytes * 1000000 / elapsed_us;
	queue->rate.packets = queue->packets * 1000000 / elapsed_us;
	raise(&queue->reference.bytes, queue->rate.bytes);
	raise(&queue->reference.packets, queue->rate.packets);
	queue->bytes = queue->packets = 0;
	queue->measured_ns = now_ns;
}

static uint64_t left_ns(
	const struct tftp_queue *queue, const struct tftp_place *place, uint64_t now_ns)
{
	const uint64_t end_ns = place->since_ns + queue->limit_ns;

	return end_ns > now_ns ? end_ns - now_ns : 0;
}

/* At the pace of the file so far, does the rest come in time? */
static bool is_late(const struct tftp_queue *queue, const struct tftp_place *place, uint64_t now_ns)
{
	const uint64_t got = place->size - place->left,
		       left_ms = left_ns(queue, place, now_ns) / NS_PER_MS;
	const uint64_t reserve_ms = RESERVE_NS(queue->limit_ns) / NS_PER_MS;
	const uint64_t age_ms = (now_ns - place->since_ns) / NS_PER_MS;

	return left_ms < reserve_ms || place->left * age_ms > got * (left_ms - reserve_ms);
}

/* Would many limits be missed if all went on like this? One or two files are late because packets
 * of theirs were lost. */
static bool is_in_danger(const struct tftp_queue *queue, uint64_t now_ns)
{
	const struct tftp_place *place;
	unsigned n = 0, late = 0;

	for (place = TAILQ_FIRST(&queue->by_age); place; place = TAILQ_NEXT(place, by_age)) {
		if (is_over(queue, place, now_ns) ||
			now_ns - place->since_ns < SEEN_AFTER_NS(queue->limit_ns))
			continue;
		n++;
		late += is_late(queue, place, now_ns);
	}
	return late > 0 && 2 * late >= n;
}

/* So many can have their files in a part of the limit. */
static unsigned count_fitting(const struct tftp_queue *queue)
{
	const uint64_t fitting = queue->rate.bytes * (RUN_NS(queue->limit_ns) / NS_PER_MS) / 1000 /
				 (queue->largest + 1);
	const unsigned least = queue->floor > FEW ? queue->floor : FEW;

	return fitting > least ? fitting < UINT_MAX ? (unsigned)fitting : UINT_MAX : least;
}

static void open_for(struct tftp_queue *queue, uint64_t until_ns)
{
	queue->closed = false;
	queue->running = UINT_MAX;
	queue->floor = 0;
	queue->open_until_ns = until_ns;
}

/* All have run: is it time to let some wait? */
static void consider_closing(struct tftp_queue *queue, uint64_t now_ns)
{
	if (queue->n <= FEW || now_ns < queue->open_until_ns || !is_in_danger(queue, now_ns))
		return;
	queue->closed = true;
	queue->probes = false;
	queue->settling = 1;
	queue->settled = 0;
	queue->reference = queue->rate;
	queue->running = count_fitting(queue);
}

/* Perhaps too few run to fill the link: let more run, and see whether the sum rises. */
static void probe(struct tftp_queue *queue)
{
	queue->probes = true;
	queue->before = queue->rate;
	queue->floor_before = queue->floor;
	queue->floor = 2 * queue->running;
	queue->settling = 1;
	queue->settled = 0;
}

/* It rose: so many are needed. Else the link is slower than it was, or the boards ask for less. */
static void judge_probe(struct tftp_queue *queue, uint64_t now_ns)
{
	queue->probes = false;
	if (!is_below(&queue->before, &queue->rate)) {
		queue->floor = queue->floor_before;
		queue->reference = queue->rate;
	} else if (queue->floor >= queue->n) {
		open_for(queue, now_ns + queue->holds_ns);
		if (queue->holds_ns < LONGEST_HOLD_NS)
			queue->holds_ns *= 2;
	}
}

/* Some have waited: is it good for anything? */
static void consider_opening(struct tftp_queue *queue, uint64_t now_ns)
{
	if (queue->settling > 0) {
		queue->settling--;
		return;
	}
	if (queue->probes)
		judge_probe(queue, now_ns);
	if (!queue->closed)
		return;
	if (is_below(&queue->rate, &queue->reference)) {
		probe(queue);
	} else {
		queue->floor -= (queue->floor + 7) / 8;
		if (++queue->settled == SETTLED)
			queue->holds_ns = SHORTEST_HOLD_NS;
	}
	queue->running = count_fitting(queue);
	if (queue->running >= queue->n && !queue->probes)
		open_for(queue, now_ns);
}

static uint64_t time_for(uint64_t bytes, uint64_t bytes_per_s)
{
	return bytes_per_s ? bytes * 1000 / bytes_per_s * NS_PER_MS : 0;
}

/* What a board fetches in all, as far as it has been seen. */
static uint64_t whole_of_board(const struct tftp_queue *queue)
{
	const uint64_t least = queue->largest + queue->largest / 3, most = 2 * queue->largest;

	return queue->whole < least ? least : queue->whole < most ? queue->whole : most;
}

static bool has_begun(const struct tftp_place *place, uint64_t whole)
{
	return place->fetched + place->size - place->left > whole / 16;
}

/* Bytes that those with a limit still want who have begun, and how many these are. */
static uint64_t bytes_promised(
	const struct tftp_queue *queue, uint64_t whole, uint64_t now_ns, unsigned *n)
{
	const struct tftp_place *place;
	uint64_t bytes = 0;

	*n = 0;
	for (place = TAILQ_FIRST(&queue->by_age); place; place = TAILQ_NEXT(place, by_age)) {
		const uint64_t got = place->fetched + place->size - place->left;

		if (is_over(queue, place, now_ns) || !has_begun(place, whole))
			continue;
		++*n;
		bytes += got < whole ? whole - got : 0;
	}
	return bytes;
}

/* Those with a limit that may run: who has begun, and of the others no more than can have all their
 * files within the limits. Else many would fetch much in vain. */
static void admit_limited(struct tftp_queue *queue, uint64_t now_ns)
{
	const uint64_t whole = whole_of_board(queue);
	struct tftp_place *place;
	unsigned n;
	uint64_t bytes = bytes_promised(queue, whole, now_ns, &n);

	for (place = TAILQ_FIRST(&queue->by_board); place; place = TAILQ_NEXT(place, by_board)) {
		place->admitted = true;
		if (!place->limited || queue->running == UINT_MAX || has_begun(place, whole) ||
			is_over(queue, place, now_ns))
			continue;
		bytes += whole;
		place->admitted = n < FEW || time_for(bytes, queue->rate.bytes) <= queue->limit_ns;
		n += place->admitted;
	}
}

/* The last one, by age, whose time would run out if it and all before it weren't served from now
 * on. */
static const struct tftp_place *find_pressed(const struct tftp_queue *queue, uint64_t now_ns)
{
	const unsigned running = queue->running < queue->n ? queue->running : queue->n;
	const struct tftp_place *place, *pressed = NULL;
	uint64_t bytes = 0;

	for (place = TAILQ_FIRST(&queue->by_age); place; place = TAILQ_NEXT(place, by_age)) {
		uint64_t wanted;

		if (is_over(queue, place, now_ns) || !place->admitted)
			continue;
		bytes += place->left;
		wanted = place->left * running > bytes ? place->left * running : bytes;
		if (time_for(wanted + wanted / 4, queue->rate.bytes) +
				RESERVE_NS(queue->limit_ns) >=
			left_ns(queue, place, now_ns))
			pressed = place;
	}
	return pressed;
}

/* Those whose time runs out go first, the eldest request before the others. Returns the room that
 * is left. */
static unsigned let_hurry(struct tftp_queue *queue, uint64_t now_ns)
{
	const struct tftp_place *pressed = find_pressed(queue, now_ns);
	struct tftp_place *place;
	unsigned room = queue->running;

	for (place = TAILQ_FIRST(&queue->by_age); place; place = TAILQ_NEXT(place, by_age))
		room -= place->hurries && room > 0 && !is_over(queue, place, now_ns);
	if (!pressed)
		return room;
	for (place = TAILQ_FIRST(&queue->by_age); place; place = TAILQ_NEXT(place, by_age)) {
		if (!place->hurries && room > 0 && place->admitted &&
			!is_over(queue, place, now_ns)) {
			place->hurries = true;
			room--;
		}
		if (place == pressed)
			break;
	}
	return room;
}

static void assign(struct tftp_queue *queue, uint64_t now_ns)
{
	struct tftp_place *place;
	unsigned room;

	admit_limited(queue, now_ns);
	room = let_hurry(queue, now_ns);
	queue->waiting = 0;
	for (place = TAILQ_FIRST(&queue->by_board); place; place = TAILQ_NEXT(place, by_board)) {
		const bool may = place->admitted && room > 0;

		if (is_over(queue, place, now_ns))
			continue;
		place->turn = place->hurries || may ? TFTP_RUNS : TFTP_WAITS;
		room -= !place->hurries && may;
		queue->waiting += place->turn == TFTP_WAITS;
	}
}

/* The one that came last of those that wait and whose time has nearly run out. */
static void turn_one_away(struct tftp_queue *queue, uint64_t now_ns)
{
	struct tftp_place *place;

	for (place = TAILQ_LAST(&queue->by_board, tftp_places); place;
		place = TAILQ_PREV(place, tftp_places, by_board)) {
		if (place->turn == TFTP_WAITS && place->limited &&
			left_ns(queue, place, now_ns) < RESERVE_NS(queue->limit_ns)) {
			place->turn = TFTP_TURNED_AWAY;
			return;
		}
	}
}

void tftp_queue_tick(struct tftp_queue *queue, uint64_t now_ns)
{
	if (now_ns - queue->measured_ns >= MEASURE_NS(queue->limit_ns)) {
		measure(queue, now_ns);
		if (queue->closed)
			consider_opening(queue, now_ns);
		else
			consider_closing(queue, now_ns);
	}
	turn_one_away(queue, now_ns);
}

/* Nobody has to wait: neither does who was silent when the others were told, and is there again. */
static bool let_all_run(struct tftp_queue *queue)
{
	struct tftp_place *place;
	bool changed = false;

	for (place = TAILQ_FIRST(&queue->by_board); place; place = TAILQ_NEXT(place, by_board)) {
		if (place->turn != TFTP_WAITS)
			continue;
		place->turn = TFTP_RUNS;
		changed = true;
	}
	return changed;
}

bool tftp_queue_decide(struct tftp_queue *queue, uint64_t now_ns)
{
	if (queue->waiting == 0 && queue->running >= queue->n)
		return let_all_run(queue);
	assign(queue, now_ns);
	return true;
}

unsigned tftp_queue_before(const struct tftp_queue *queue, const struct tftp_place *place)
{
	const struct tftp_place *other;
	unsigned n = 0;

	for (other = TAILQ_FIRST(&queue->by_board); other; other = TAILQ_NEXT(other, by_board))
		n += other->board < place->board;
	return n;
}
