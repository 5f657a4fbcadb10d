/* SPDX-License-Identifier: ISC */
/*
 * A TFTP session against a model client over a network that does what the input says: deliver,
 * lose, double, reorder, wait, forge. In simulated time. What must hold, whatever happens:
 *   - what the client takes is the file, byte for byte, in order;
 *   - an answer is at most one window, and a duplicate ACK brings none in lock-step;
 *   - without progress few packets are sent, and the session is over after half a minute;
 *   - over a network that has become good, an honest client gets everything.
 */
#include <assert.h>
#include <string.h>

#include "common/clock.h"
#include "tftpd/session.h"

#define FLIGHTS 512u
#define CLIENT_PERIOD_NS NS_PER_S
#define SILENCE_NS (30 * NS_PER_S)
#define MOST_STEPS 200000u
/* Periods of 20 ms that double up to 8 s, or stay at 1 s if asked: within 30 s. */
#define MOST_TIMEOUTS 45u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct packet {
	bool oack;
	uint16_t block;
	uint64_t offset; /* of the block's bytes in the file */
	uint32_t length;
};

struct queue {
	struct packet packets[FLIGHTS];
	unsigned n;
};

struct client {
	bool begun, done, honest;
	uint32_t blksize, windowsize, in_window;
	uint64_t expected, received; /* block, bytes */
	uint64_t deadline_ns;
	bool gap_told;
};

struct world {
	struct tftp_session session;
	struct client client;
	struct queue to_client, to_server;
	bool netascii, over;
	enum tftp_action end;
	uint64_t now, size;
	/* sent by the server, and why */
	uint64_t windows, progress, acks, timeouts, quiet_timeouts, asked, started_ns;
	uint64_t highest; /* block that was ever sent */
	uint64_t acked, progress_ns;
};

static void put(struct queue *queue, struct packet packet)
{
	if (queue->n < FLIGHTS) /* else it is lost */
		queue->packets[queue->n++] = packet;
}

static bool take(struct queue *queue, struct packet *out)
{
	if (queue->n == 0)
		return false;
	*out = queue->packets[0];
	memmove(queue->packets, queue->packets + 1, --queue->n * sizeof(*out));
	return true;
}

/* The server's answer goes on its way. */
static void send_data(struct world *world, const struct tftp_output *output)
{
	struct tftp_session *session = &world->session;

	assert(output->first == session->acked + 1);
	assert(output->count >= 1 && output->count <= session->windowsize);
	world->windows++;
	for (uint64_t n = output->first; n < output->first + output->count; n++) {
		struct packet packet = { .block = (uint16_t)n };
		uint64_t left;

		if (n > session->last) {
			assert(world->netascii); /* the text ended within this window */
			return;
		}
		packet.offset = tftp_session_offset(session, n);
		assert(packet.offset <= world->size);
		left = world->size - packet.offset;
		packet.length = left < session->blksize ? (uint32_t)left : session->blksize;
		if (packet.length < session->blksize && world->netascii)
			tftp_session_end_at(session, n, packet.length);
		assert(tftp_session_length(session, n) == packet.length);
		put(&world->to_client, packet);
		if (n > world->highest)
			world->highest = n;
	}
}

static void note_progress(struct world *world)
{
	const struct tftp_session *session = &world->session;

	assert(session->acked >= world->acked && session->acked <= world->highest);
	assert(tftp_session_bytes(session) <= world->size || session->last == UINT64_MAX);
	if (session->acked == world->acked && session->heard == (world->progress > 0))
		return;
	world->acked = session->acked;
	world->progress++;
	world->quiet_timeouts = 0;
	world->progress_ns = world->now;
}

static void perform(struct world *world, const struct tftp_output *output)
{
	note_progress(world);
	switch (output->action) {
	case TFTP_WAIT:
		break;
	case TFTP_SEND_OACK:
		put(&world->to_client, (struct packet){ .oack = true });
		break;
	case TFTP_SEND_DATA:
		send_data(world, output);
		break;
	case TFTP_FINISHED:
	case TFTP_ABORTED:
	case TFTP_LOST:
		world->over = true;
		world->end = output->action;
		return;
	}
	/* Each value acknowledged brings one window, and with windows one more for a gap. */
	assert(world->windows <= 1 + world->timeouts + world->asked +
					 world->progress * (world->session.windowsize > 1 ? 2 : 1) +
					 (world->session.windowsize > 1));
	assert(world->session.deadline_ns <= world->progress_ns + SILENCE_NS);
}

static void receive(struct world *world, const uint8_t bytes[static 4])
{
	struct tftp_reply reply;
	struct tftp_output output;

	if (world->over || tftp_parse_reply(bytes, 4, &reply) != 0)
		return;
	world->acks++;
	output = tftp_session_receive(&world->session, &reply, world->now);
	assert(reply.opcode != TFTP_ERROR || output.action == TFTP_ABORTED);
	perform(world, &output);
}

/* The request comes once more. */
static void ask_again(struct world *world)
{
	struct tftp_output output;

	if (world->over)
		return;
	output = tftp_session_ask_again(&world->session, world->now);
	if (output.action == TFTP_WAIT)
		return;
	assert(!world->session.heard);
	world->asked++;
	world->progress_ns = world->now;
	perform(world, &output);
}

static void acknowledge(struct world *world)
{
	struct client *client = &world->client;

	put(&world->to_server, (struct packet){ .block = (uint16_t)(client->expected - 1) });
	client->in_window = 0;
	client->deadline_ns = world->now + CLIENT_PERIOD_NS;
}

/* RFC 1350, RFC 7440 section 4. */
static void client_take(struct world *world, const struct packet *packet)
{
	struct client *client = &world->client;

	if (packet->oack) {
		client->begun = true;
		if (client->expected == 1)
			acknowledge(world);
		return;
	}
	if (packet->block != (uint16_t)client->expected || client->done) {
		if (!client->gap_told || client->windowsize == 1)
			acknowledge(world);
		client->gap_told = true;
		return;
	}
	assert(packet->offset == client->received);
	assert(packet->length <= client->blksize);
	client->begun = true;
	client->gap_told = false;
	client->received += packet->length;
	client->expected++;
	client->done = packet->length < client->blksize;
	assert(!client->done || client->received == world->size);
	if (++client->in_window == client->windowsize || client->done)
		acknowledge(world);
}

static void deliver_to_client(struct world *world)
{
	struct packet packet;

	if (take(&world->to_client, &packet))
		client_take(world, &packet);
}

static void deliver_to_server(struct world *world)
{
	struct packet packet;

	if (take(&world->to_server, &packet)) {
		const uint8_t ack[4] = { 0, TFTP_ACK, (uint8_t)(packet.block >> 8),
			(uint8_t)packet.block };

		receive(world, ack);
	}
}

/* Timers that are due at world->now. */
static void fire(struct world *world)
{
	struct tftp_output output;

	if (!world->over && world->now < world->session.deadline_ns) {
		output = tftp_session_timeout(&world->session, world->now);
		assert(output.action == TFTP_WAIT);
	} else if (!world->over) {
		world->timeouts++;
		world->quiet_timeouts++;
		assert(world->quiet_timeouts <= MOST_TIMEOUTS);
		assert(world->session.heard || world->quiet_timeouts <= 3);
		output = tftp_session_timeout(&world->session, world->now);
		assert(output.action != TFTP_WAIT);
		assert(output.action >= TFTP_FINISHED || world->session.deadline_ns > world->now);
		perform(world, &output);
	}
	if (world->now < world->client.deadline_ns)
		return;
	if (world->client.begun && !world->client.done)
		acknowledge(world);
	world->client.deadline_ns = world->client.done ? UINT64_MAX : world->now + CLIENT_PERIOD_NS;
}

static uint64_t next_event(const struct world *world)
{
	uint64_t next = world->over ? UINT64_MAX : world->session.deadline_ns;

	return world->client.deadline_ns < next ? world->client.deadline_ns : next;
}

static void pass_time(struct world *world, uint64_t ns)
{
	const uint64_t until = world->now + ns;

	while (next_event(world) <= until && !world->over) {
		world->now = next_event(world) > world->now ? next_event(world) : world->now;
		fire(world);
	}
	world->now = until;
	if (!world->over)
		fire(world);
}

/* The next packet of a queue, as the network treats it. */
static void disturb(struct queue *queue, unsigned how)
{
	struct packet packet;

	if (!take(queue, &packet) || how == 0)
		return;	    /* lost */
	put(queue, packet); /* late */
	if (how == 1)
		put(queue, packet);
}

/* One step of the input; returns the bytes that it took. */
static size_t step(struct world *world, const uint8_t *bytes, size_t length)
{
	const unsigned what = bytes[0] & 7u, argument = bytes[0] >> 3;

	switch (what) {
	case 0:
		for (unsigned i = 0; i <= argument; i++)
			deliver_to_client(world);
		return 1;
	case 1:
		for (unsigned i = 0; i <= argument; i++)
			deliver_to_server(world);
		return 1;
	case 2:
		disturb(&world->to_client, argument % 3);
		return 1;
	case 3:
		disturb(&world->to_server, argument % 3);
		return 1;
	case 4:
		pass_time(world, (UINT64_C(1) << argument) * 1000);
		return 1;
	case 5: /* a whole round of a good network */
		for (unsigned i = 0; i <= argument; i++) {
			deliver_to_client(world);
			deliver_to_server(world);
		}
		return 1;
	case 6:
		(void)tftp_session_is_left(&world->session, argument & 1, world->now);
		ask_again(world);
		if (!world->over)
			tftp_session_set_pace(
				&world->session, argument & 2 ? 400 * NS_PER_MS : 0, world->now);
		pass_time(world, argument * 100 * NS_PER_MS);
		return 1;
	default:
		break;
	}
	if (length < 5)
		return length;
	world->client.honest = false;
	receive(world, bytes + 1);
	return 5;
}

static void begin(struct world *world, const uint8_t head[static 6])
{
	const bool netascii = head[0] & 0x80;
	const struct tftp_request request = { .options = head[0] & 0x40 ? 0 : head[0] & 15u,
		.blksize = 8u + head[1],
		.windowsize = 1u + head[2] % 64u,
		.timeout_s = 1u + head[5] % 4,
		.netascii = netascii };
	struct tftp_output output;

	memset(world, 0, sizeof(*world));
	world->netascii = netascii;
	world->size = (uint64_t)(head[3] << 8 | head[4]) % (request.blksize * 400u);
	/* Near the block whose number on the wire is 0 again. */
	if (head[0] & 0x40)
		world->size += request.blksize * UINT64_C(65530);
	world->client = (struct client){ .honest = true,
		.blksize = request.blksize,
		.windowsize = request.windowsize,
		.expected = 1,
		.deadline_ns = CLIENT_PERIOD_NS };
	output = tftp_session_start(&world->session, &request, world->size, 0);
	assert((output.action == TFTP_SEND_OACK) == (request.options != 0));
	perform(world, &output);
	if (head[0] & 0x40) {
		world->session.acked = world->acked = 65528;
		world->client.expected = 65529;
		world->client.received = 65528 * (uint64_t)request.blksize;
		world->session.sent = world->highest = 65528;
		world->to_client.n = 0;
	}
}

/* From now on nothing is lost. */
static void end_well(struct world *world)
{
	/* Who was silent for long may be given up just now. */
	const bool in_time = world->session.heard && world->now < world->progress_ns + 2 * NS_PER_S;
	const bool wanted = !world->over && world->client.honest && in_time;
	unsigned steps = 0;

	while (!world->over) {
		steps++;
		assert(steps < MOST_STEPS);
		while (world->to_client.n > 0 || world->to_server.n > 0) {
			steps++;
			assert(steps < MOST_STEPS);
			deliver_to_client(world);
			deliver_to_server(world);
		}
		if (!world->over && next_event(world) > world->now)
			world->now = next_event(world);
		fire(world);
	}
	assert(!wanted || (world->end == TFTP_FINISHED && world->client.done));
}

/* The client is gone: the server gives up. */
static void end_alone(struct world *world)
{
	while (!world->over) {
		world->now = world->session.deadline_ns;
		world->client.deadline_ns = UINT64_MAX;
		fire(world);
		assert(world->now <= world->progress_ns + SILENCE_NS);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct world world;
	size_t at = 6;

	if (length < at)
		return 0;
	begin(&world, bytes);
	while (at < length && !world.over)
		at += step(&world, bytes + at, length - at);
	if (bytes[0] & 0x20)
		end_alone(&world);
	else
		end_well(&world);
	return 0;
}
