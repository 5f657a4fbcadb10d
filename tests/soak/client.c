/* SPDX-License-Identifier: ISC */
#include "tests/soak/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/str.h"

#define ASK_AGAIN_NS NS_PER_S
#define ACK_AGAIN_NS NS_PER_S
#define REQUESTS 15u
#define PAUSE_NS (5 * NS_PER_S)
#define DALLY_NS (300 * NS_PER_MS)
#define REPAIR_NS (2 * NS_PER_MS)
#define STUCK_NS (35 * NS_PER_S)    /* the server gives up after 30 s without progress */
#define TOO_LONG_NS (45 * NS_PER_S) /* and so much for each block, besides the network's delay: */
#define BLOCK_NS (20 * NS_PER_MS)
#define HEADER 4u

enum { RRQ = 1, DATA = 3, ACK, ERROR, OACK };

static void fail(struct client *client, const char *fault)
{
	client->state = CLIENT_FAULT;
	client->fault = fault;
}

static void transmit(
	struct client *client, uint16_t port, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
	client->sent_ns = now_ns;
	client->send(client, port, bytes, length);
}

static size_t put_text(uint8_t *bytes, size_t used, const char *text)
{
	size_t length = strlen(text) + 1;

	memcpy(bytes + used, text, length);
	return used + length;
}

static size_t put_option(uint8_t *bytes, size_t used, const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", (unsigned)value);
	return put_text(bytes, put_text(bytes, used, name), text);
}

static void ask(struct client *client, uint64_t now_ns)
{
	const struct soak_plan *plan = &client->plan;
	uint8_t bytes[256] = { 0, RRQ };
	size_t used = put_text(bytes, put_text(bytes, 2, client->name), "octet");

	if (plan->blksize)
		used = put_option(bytes, used, "blksize", plan->blksize);
	if (plan->windowsize)
		used = put_option(bytes, used, "windowsize", plan->windowsize);
	if (plan->tsize)
		used = put_option(bytes, used, "tsize", 0);
	if (plan->timeout)
		used = put_option(bytes, used, "timeout", 3);
	client->requests++;
	transmit(client, 0, bytes, used, now_ns);
}

static void acknowledge(struct client *client, uint64_t now_ns)
{
	const uint8_t bytes[] = { 0, ACK, (uint8_t)(client->blocks >> 8), (uint8_t)client->blocks };

	client->unacked = 0;
	transmit(client, client->port, bytes, sizeof(bytes), now_ns);
}

/* Returns true if the transfer went another way just now. */
static bool meet_fate(struct client *client, uint64_t now_ns)
{
	static const uint8_t error[] = "\0\5\0\0Early terminate";

	if (client->blocks < client->plan.fate_at || client->plan.fate == SOAK_FINISH)
		return false;
	switch (client->plan.fate) {
	case SOAK_FINISH:
		return false;
	case SOAK_PAUSE:
		client->plan.fate = SOAK_FINISH;
		client->state = CLIENT_PAUSING;
		client->news_ns = now_ns;
		return true;
	case SOAK_ABORT:
		transmit(client, client->port, error, sizeof(error), now_ns);
		client->state = CLIENT_ABORTED;
		return true;
	case SOAK_CLOSE:
		client->state = CLIENT_CLOSED;
		return true;
	case SOAK_SILENT:
		client->state = CLIENT_SILENT;
		return true;
	}
	return false;
}

static void finish(struct client *client)
{
	if (client->has_tsize && client->size != client->tsize)
		fail(client, "the OACK's tsize is wrong");
	else
		client->state = client->plan.dallies ? CLIENT_DALLYING : CLIENT_COMPLETE;
}

static bool keep(struct client *client, const uint8_t *bytes, size_t length)
{
	if (client->size + length > client->room) {
		size_t room = (client->size + length) * 2;
		uint8_t *more = realloc(client->data, room);

		if (!more) {
			fail(client, "no memory (of the test)");
			return false;
		}
		client->data = more;
		client->room = room;
	}
	if (length)
		memcpy(client->data + client->size, bytes, length);
	client->size += length;
	return true;
}

static void receive_next(
	struct client *client, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
	if (!keep(client, bytes, length))
		return;
	client->blocks++;
	client->unacked++;
	client->news_ns = now_ns;
	client->whole = length < client->blksize;
	if (!client->whole && meet_fate(client, now_ns))
		return;
	if (client->whole || client->unacked >= client->window)
		acknowledge(client, now_ns);
	if (client->whole)
		finish(client);
}

/* A block that isn't the next one: RFC 7440 section 4 has the client tell what it has. In lock-step
 * too: the ACK may have been lost. */
static void receive_other(struct client *client, uint16_t ahead, uint64_t now_ns)
{
	if (client->window == 1 && ahead < 0x8000) {
		fail(client, "a block was skipped in lock-step");
		return;
	}
	if (client->repaired_ns >= client->news_ns && now_ns - client->repaired_ns < REPAIR_NS)
		return;
	client->repaired_ns = now_ns;
	acknowledge(client, now_ns);
}

static void receive_data(struct client *client, uint16_t number, const uint8_t *bytes,
	size_t length, uint64_t now_ns)
{
	uint16_t ahead = (uint16_t)(number - (uint16_t)(client->blocks + 1));

	if (length > client->blksize)
		fail(client, "a block is longer than agreed");
	else if (ahead < 0x8000 && ahead >= client->window)
		fail(client, "a block is beyond the window");
	else if (ahead != 0 || client->whole)
		receive_other(client, ahead, now_ns);
	else
		receive_next(client, bytes, length, now_ns);
}

/* One option of an OACK. Returns false if it may not be there like this. */
static bool take_option(struct client *client, const char *name, uint64_t value)
{
	const struct soak_plan *plan = &client->plan;

	if (strcmp(name, "blksize") == 0) {
		client->blksize = (uint32_t)value;
		return plan->blksize && value >= 8 && value <= plan->blksize;
	}
	if (strcmp(name, "windowsize") == 0) {
		client->window = (uint32_t)value;
		return plan->windowsize && value >= 1 && value <= plan->windowsize;
	}
	if (strcmp(name, "tsize") == 0) {
		client->has_tsize = true;
		client->tsize = value;
		return plan->tsize;
	}
	return strcmp(name, "timeout") == 0 && plan->timeout && value == 3;
}

static void receive_oack(
	struct client *client, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
	size_t at = 2;

	while (at < length) {
		const char *name = (const char *)bytes + at, *value = name + strlen(name) + 1;
		uint64_t number;

		/* bytes[length] is NUL: the reader of the socket sees to it. */
		if (value >= (const char *)bytes + length ||
			str_parse_u64(value, 0, UINT64_MAX, &number) != 0 ||
			!take_option(client, name, number)) {
			fail(client, "the OACK says what it may not");
			return;
		}
		at = (size_t)(value - (const char *)bytes) + strlen(value) + 1;
	}
	if (!client->oack_seen)
		client->news_ns = now_ns;
	client->oack_seen = true;
	if (client->blocks == 0 && !meet_fate(client, now_ns))
		acknowledge(client, now_ns);
}

static bool wants_oack(const struct soak_plan *plan)
{
	return plan->blksize || plan->windowsize || plan->tsize || plan->timeout;
}

/* The first packet of a session: from now on its port is the only one. */
static void latch(struct client *client, uint16_t port, unsigned epoch)
{
	client->port = port;
	client->opened = epoch;
	client->state = CLIENT_RECEIVING;
}

void client_receive(struct client *client, uint16_t port, const uint8_t *bytes, size_t length,
	unsigned epoch, uint64_t now_ns)
{
	if (client->state >= CLIENT_COMPLETE)
		return;
	/* What comes meanwhile fills a small client's queue, but for the end it learns of. */
	if (client->state == CLIENT_PAUSING && (length < HEADER || bytes[1] != ERROR))
		return;
	if (length < HEADER || bytes[0] != 0) {
		fail(client, "a packet that isn't TFTP");
		return;
	}
	if (client->state == CLIENT_ASKING)
		latch(client, port, epoch);
	if (port != client->port)
		return; /* of a session that is over */
	if (bytes[1] == ERROR && client->state != CLIENT_DALLYING) {
		client->error = (uint16_t)(bytes[2] << 8 | bytes[3]);
		client->state = CLIENT_REFUSED;
	} else if (bytes[1] == OACK && wants_oack(&client->plan)) {
		receive_oack(client, bytes, length, now_ns);
	} else if (bytes[1] == DATA && wants_oack(&client->plan) && !client->oack_seen) {
		/* Overtook the OACK, which was acknowledged by nobody: impossible. */
		fail(client, "DATA before the OACK was acknowledged");
	} else if (bytes[1] == DATA) {
		receive_data(client, (uint16_t)(bytes[2] << 8 | bytes[3]), bytes + HEADER,
			length - HEADER, now_ns);
	} else if (bytes[1] != ERROR) {
		fail(client, "a packet that a server doesn't send");
	}
}

void client_start(
	struct client *client, const struct soak_plan *plan, const char *name, uint64_t now_ns)
{
	struct client fresh = { .plan = *plan,
		.name = name,
		.send = client->send,
		.owner = client->owner,
		.data = client->data,
		.room = client->room,
		.blksize = 512,
		.window = 1,
		.asked_ns = now_ns,
		.news_ns = now_ns };

	*client = fresh;
	ask(client, now_ns);
	if (plan->repeats)
		ask(client, now_ns);
}

static void tick_waiting(struct client *client, uint64_t now_ns)
{
	if (client->state == CLIENT_ASKING && now_ns - client->sent_ns >= ASK_AGAIN_NS) {
		if (client->requests >= REQUESTS)
			fail(client, "the server doesn't answer");
		else
			ask(client, now_ns);
	} else if (client->state == CLIENT_RECEIVING && now_ns - client->sent_ns >= ACK_AGAIN_NS) {
		acknowledge(client, now_ns);
	}
}

/* Nobody may need longer than this for what is here. */
static uint64_t longest_ns(const struct client *client)
{
	const struct soak_profile *profile = client->plan.profile;
	uint64_t round_trip_us = 2 * ((uint64_t)profile->delay_us + profile->jitter_us);

	return TOO_LONG_NS + (client->blocks + 1) * (BLOCK_NS + round_trip_us * 1000);
}

void client_tick(struct client *client, uint64_t now_ns)
{
	if (client->state == CLIENT_DALLYING) {
		if (now_ns - client->news_ns >= DALLY_NS)
			client->state = CLIENT_COMPLETE;
		return;
	}
	if (client->state == CLIENT_PAUSING) {
		if (now_ns - client->news_ns < PAUSE_NS)
			return;
		client->state = CLIENT_RECEIVING;
		client->news_ns = now_ns;
		acknowledge(client, now_ns);
		return;
	}
	if (client->state >= CLIENT_COMPLETE)
		return;
	if (client->state == CLIENT_RECEIVING && now_ns - client->news_ns >= STUCK_NS)
		fail(client, "stuck: nothing new for 35 s");
	else if (now_ns - client->asked_ns >= longest_ns(client))
		fail(client, "stuck: it takes too long");
	else
		tick_waiting(client, now_ns);
}
