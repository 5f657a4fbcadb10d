/* SPDX-License-Identifier: ISC */
#include "tests/soak/delay.h"

#include <stdlib.h>

struct packet *delay_new(struct delay *delay)
{
	struct packet *packet = delay->unused;

	if (!packet)
		return malloc(sizeof(*packet));
	delay->unused = packet->next;
	return packet;
}

void delay_done(struct delay *delay, struct packet *packet)
{
	packet->next = delay->unused;
	delay->unused = packet;
}

static void swap(struct delay *delay, size_t a, size_t b)
{
	struct packet *packet = delay->heap[a];

	delay->heap[a] = delay->heap[b];
	delay->heap[b] = packet;
}

static bool has_room(struct delay *delay)
{
	size_t room = delay->room ? delay->room * 2 : 1024;
	struct packet **heap;

	if (delay->n < delay->room)
		return true;
	heap = realloc(delay->heap, room * sizeof(struct packet *));
	if (!heap)
		return false;
	delay->heap = heap;
	delay->room = room;
	return true;
}

void delay_put(struct delay *delay, struct packet *packet)
{
	size_t at = delay->n;

	if (!has_room(delay)) {
		delay_done(delay, packet);
		return;
	}
	delay->heap[delay->n++] = packet;
	while (at > 0 && delay->heap[(at - 1) / 2]->due_ns > packet->due_ns) {
		swap(delay, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void sink(struct delay *delay)
{
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < delay->n &&
			delay->heap[child + 1]->due_ns < delay->heap[child]->due_ns)
			child++;
		if (child >= delay->n || delay->heap[child]->due_ns >= delay->heap[at]->due_ns)
			return;
		swap(delay, at, child);
		at = child;
	}
}

struct packet *delay_take(struct delay *delay, uint64_t now_ns)
{
	struct packet *packet;

	if (delay->n == 0 || delay->heap[0]->due_ns > now_ns)
		return NULL;
	packet = delay->heap[0];
	delay->heap[0] = delay->heap[--delay->n];
	sink(delay);
	return packet;
}

uint64_t delay_next_ns(const struct delay *delay)
{
	return delay->n ? delay->heap[0]->due_ns : UINT64_MAX;
}

void delay_free(struct delay *delay)
{
	for (size_t i = 0; i < delay->n; i++)
		delay_done(delay, delay->heap[i]);
	while (delay->unused) {
		struct packet *packet = delay->unused;

		delay->unused = packet->next;
		free(packet);
	}
	free(delay->heap);
	*delay = (struct delay){ 0 };
}
