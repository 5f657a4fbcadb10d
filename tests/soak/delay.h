/* SPDX-License-Identifier: ISC */
/* Packets on their way, in the order of their arrival (a binary heap). */
#ifndef BRAMBLE_SOAK_DELAY_H
#define BRAMBLE_SOAK_DELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOAK_PACKET_SIZE 2048u

struct packet {
	uint64_t due_ns;
	unsigned slot, generation; /* whose it is; of another generation: of nobody any more */
	bool inbound;
	uint16_t port; /* the server's; 0 outbound: where requests go */
	unsigned epoch;
	uint16_t length;
	struct packet *next; /* while unused */
	uint8_t bytes[SOAK_PACKET_SIZE];
};

struct delay {
	struct packet **heap;
	size_t n, room;
	struct packet *unused;
};

/* A packet to fill in; NULL without memory. */
struct packet *delay_new(struct delay *delay);
/* Hand it over. Without memory it is lost. */
void delay_put(struct delay *delay, struct packet *packet);
/* The next one that is due, or NULL; give it back by delay_done(). */
struct packet *delay_take(struct delay *delay, uint64_t now_ns);
void delay_done(struct delay *delay, struct packet *packet);
/* Time of the next, UINT64_MAX if there is none. */
uint64_t delay_next_ns(const struct delay *delay);
void delay_free(struct delay *delay);

#endif
