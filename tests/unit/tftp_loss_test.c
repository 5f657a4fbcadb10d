/* SPDX-License-Identifier: ISC */
/* Whole transfers over a network that loses, delays and doubles, in simulated time: the session on
 * one side, a client as RFC 1350 and RFC 7440 describe it on the other. The same at every run. */
#include "tests/unit/test.h"

#include <string.h>

#include "common/clock.h"
#include "tftpd/session.h"

#define MS NS_PER_MS
#define PACKETS 4096
#define CLIENT_TIMEOUT_NS NS_PER_S
#define OACK UINT16_MAX /* no block has this number: transfers are shorter */

struct network {
	unsigned loss_percent, doubled_percent, late_percent;
	uint64_t late_ns;	 /* so much later arrive those that others overtake, at most */
	uint64_t delay_ns;	 /* one way */
	uint64_t later_delay_ns; /* from block 500 on */
	uint32_t random;
	struct flight {
		uint64_t arrival_ns;
		uint16_t number;
		bool to_client;
	} flights[PACKETS];
	unsigned n;
};

struct client {
	uint32_t windowsize;
	uint64_t expected, last; /* block numbers */
	uint32_t in_window;	 /* arrived since the last ACK */
	bool begun, gap_told;
	uint64_t deadline_ns;
};

struct outcome {
	uint64_t duration_ns, data_packets;
	uint64_t arrived_ns; /* when the client had all; the server may wait longer for its ACK */
	enum tftp_action end;
};

static unsigned percent(struct network *network)
{
	network->random = network->random * 1664525u + 1013904223u;
	return (network->random >> 16) % 100;
}

static uint64_t lateness(struct network *network)
{
	if (network->late_percent == 0 || percent(network) >= network->late_percent)
		return 0;
	return network->late_ns * percent(network) / 100;
}

static void carry(struct network *network, uint64_t now_ns, uint16_t number, bool to_client)
{
	unsigned copies = percent(network) < network->doubled_percent ? 2 : 1;

	while (copies-- > 0 && percent(network) >= network->loss_percent) {
		assert_true(network->n < PACKETS);
		network->flights[network->n++] =
			(struct flight){ now_ns + network->delay_ns + lateness(network), number,
				to_client };
	}
}

static void acknowledge(struct client *client, struct network *network, uint64_t now_ns)
{
	carry(network, now_ns, (uint16_t)(client->expected - 1), false);
	client->in_window = 0;
	client->deadline_ns = now_ns + CLIENT_TIMEOUT_NS;
}

static void receive_packet(
	struct client *client, struct network *network, uint16_t number, uint64_t now_ns)
{
	if (number == OACK && client->expected == 1) {
		client->begun = true;
		acknowledge(client, network, now_ns);
		return;
	}
	if (number != (uint16_t)client->expected) {
		/* RFC 7440 section 4: tell once what came in order. In lock-step it's a block that
		 * came before: the ACK again. */
		if (!client->gap_told || client->windowsize == 1)
			acknowledge(client, network, now_ns);
		client->gap_told = true;
		return;
	}
	client->gap_told = false;
	if (++client->expected == 500)
		network->delay_ns = network->later_delay_ns;
	if (++client->in_window == client->windowsize || client->expected > client->last)
		acknowledge(client, network, now_ns);
}

static void end_patience(struct client *client, struct network *network, uint64_t now_ns)
{
	if (client->expected > client->last)
		client->deadline_ns = UINT64_MAX; /* it has all and leaves */
	else if (client->begun)
		acknowledge(client, network, now_ns);
	else
		client->deadline_ns = now_ns + CLIENT_TIMEOUT_NS;
}

static void send_output(struct network *network, const struct tftp_output *output,
	struct outcome *outcome, uint64_t now_ns)
{
	if (output->action == TFTP_SEND_OACK)
		carry(network, now_ns, OACK, true);
	for (uint32_t i = 0; output->action == TFTP_SEND_DATA && i < output->count; i++) {
		carry(network, now_ns, (uint16_t)(output->first + i), true);
		outcome->data_packets++;
	}
	outcome->end = output->action;
}

/* Take the packet that arrives first, if one arrives until `now`. */
static bool take(struct network *network, uint64_t until_ns, struct flight *out)
{
	unsigned first = 0;

	for (unsigned i = 1; i < network->n; i++) {
		if (network->flights[i].arrival_ns < network->flights[first].arrival_ns)
			first = i;
	}
	if (network->n == 0 || network->flights[first].arrival_ns > until_ns)
		return false;
	*out = network->flights[first];
	memmove(network->flights + first, network->flights + first + 1,
		(--network->n - first) * sizeof(network->flights[0]));
	return true;
}

static struct tftp_output receive_ack(
	struct tftp_session *session, uint16_t number, uint64_t now_ns)
{
	const struct tftp_reply reply = { .opcode = TFTP_ACK, .block = number };

	return tftp_session_receive(session, &reply, now_ns);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct outcome transfer(struct network *network, uint32_t windowsize, uint64_t blocks)
{
	const struct tftp_request request = {
		.options = TFTP_OPTION_BLKSIZE, .blksize = 1024, .windowsize = windowsize
	};
	struct client client = { .windowsize = windowsize,
		.expected = 1,
		.last = blocks,
		.deadline_ns = CLIENT_TIMEOUT_NS };
	struct outcome outcome = { .end = TFTP_WAIT };
	struct tftp_session session;
	struct tftp_output output = tftp_session_start(&session, &request, blocks * 1024 - 1, 0);
	uint64_t now = 0;

	send_output(network, &output, &outcome, 0);
	while (outcome.end < TFTP_FINISHED) {
		uint64_t until = earlier(session.deadline_ns, client.deadline_ns);
		struct flight flight;

		if (take(network, until, &flight)) {
			now = flight.arrival_ns;
			if (flight.to_client) {
				receive_packet(&client, network, flight.number, now);
				if (client.expected > blocks && outcome.arrived_ns == 0)
					outcome.arrived_ns = now;
				continue;
			}
			output = receive_ack(&session, flight.number, now);
		} else {
			now = until;
			if (now == client.deadline_ns)
				end_patience(&client, network, now);
			output = tftp_session_timeout(&session, now);
		}
		send_output(network, &output, &outcome, now);
	}
	assert_int_equal(client.expected, blocks + 1);
	outcome.duration_ns = now;
	return outcome;
}

/* 2,000 blocks each; the bounds are what the rules lead to, with room for luck. */
static void arrives_whole_in_due_time(void **state)
{
	static const struct {
		uint32_t windowsize;
		unsigned loss, doubled, delay_us, later_delay_us;
		unsigned longest_ms, most_packets;
	} cases[] = {
		{ 1, 0, 0, 100, 100, 410, 2000 },
		{ 16, 0, 0, 100, 100, 30, 2000 },
		{ 64, 0, 0, 100, 100, 10, 2000 },
		/* every packet twice: no Sorcerer's Apprentice */
		{ 1, 0, 100, 100, 100, 410, 2000 },
		{ 1, 5, 0, 100, 100, 12000, 2400 },
		{ 4, 5, 0, 100, 100, 9000, 2900 },
		{ 16, 5, 0, 100, 100, 5000, 4000 },
		{ 64, 5, 0, 100, 100, 5000, 8000 },
		{ 1, 20, 0, 1000, 1000, 80000, 4000 },
		{ 16, 20, 0, 1000, 1000, 90000, 12000 },
		{ 16, 10, 5, 1000, 1000, 60000, 12000 },
		{ 1, 1, 0, 150000, 150000, 640000, 2200 },
		/* the round trip becomes five times the shortest period */
		{ 1, 0, 0, 100, 50000, 155000, 2010 },
		{ 16, 0, 0, 100, 50000, 10000, 2100 },
		{ 16, 1, 0, 100, 50000, 60000, 4000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct network network;
		struct outcome outcome;

		network = (struct network){ .loss_percent = cases[i].loss,
			.doubled_percent = cases[i].doubled,
			.delay_ns = cases[i].delay_us * UINT64_C(1000),
			.later_delay_ns = cases[i].later_delay_us * UINT64_C(1000),
			.random = 1 };
		outcome = transfer(&network, cases[i].windowsize, 2000);
		print_message("# window %2u, loss %2u %%, delay %6u us: %6u ms, %5u packets\n",
			cases[i].windowsize, cases[i].loss, cases[i].delay_us,
			(unsigned)(outcome.duration_ns / MS), (unsigned)outcome.data_packets);
		assert_int_equal(outcome.end, TFTP_FINISHED);
		assert_in_range(outcome.duration_ns, 1, cases[i].longest_ms * MS);
		assert_in_range(outcome.data_packets, 2000, cases[i].most_packets);
	}
}

/* No chain of losses makes a transfer slow for good: 8 of 100 packets are lost, and one doubled. */
static void no_luck_is_too_bad(void **state)
{
	static const uint32_t windowsizes[] = { 1, 4, 16, 32, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof(windowsizes) / sizeof(windowsizes[0]); i++) {
		uint64_t longest_ns = 0;

		for (uint32_t seed = 1; seed <= 500; seed++) {
			static struct network network;
			struct outcome outcome;

			network = (struct network){ .loss_percent = 8,
				.doubled_percent = 1,
				.delay_ns = 500000,
				.later_delay_ns = 500000,
				.random = seed * 7919 };
			outcome = transfer(&network, windowsizes[i], 368);
			assert_int_equal(outcome.end, TFTP_FINISHED);
			longest_ns =
				outcome.duration_ns > longest_ns ? outcome.duration_ns : longest_ns;
		}
		print_message("# window %2u, 500 transfers: the longest %6u ms\n", windowsizes[i],
			(unsigned)(longest_ns / MS));
		assert_in_range(longest_ns, 1, 15000 * MS);
	}
}

/* Nor does any disorder: of three packets one is overtaken, so that nearly no window is sent once
 * only, and no round trip can be measured from its first sending. */
static void no_disorder_is_too_great(void **state)
{
	static const uint32_t windowsizes[] = { 1, 4, 8, 16, 64 };
	static const unsigned late_ms[] = { 1, 5, 20 };

	(void)state;
	for (size_t i = 0; i < 15; i++) {
		uint32_t windowsize = windowsizes[i / 3];
		uint64_t longest_ns = 0;
		uint32_t worst = 0;

		for (uint32_t seed = 5001; seed <= 5300; seed++) {
			static struct network network;
			struct outcome outcome;

			network = (struct network){ .loss_percent = 3,
				.doubled_percent = 3,
				.late_percent = 33,
				.late_ns = late_ms[i % 3] * MS,
				.delay_ns = 200000,
				.later_delay_ns = 200000,
				.random = seed * 7919 };
			outcome = transfer(&network, windowsize, 361);
			assert_int_equal(outcome.end, TFTP_FINISHED);
			if (outcome.arrived_ns > longest_ns) {
				longest_ns = outcome.arrived_ns;
				worst = seed;
			}
		}
		print_message("# window %2u, late by %2u ms, 300 transfers: the longest %6u ms "
			      "(seed %u)\n",
			windowsize, late_ms[i % 3], (unsigned)(longest_ns / MS), (unsigned)worst);
		assert_in_range(longest_ns, 1, 8000 * MS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrives_whole_in_due_time),
		cmocka_unit_test(no_luck_is_too_bad),
		cmocka_unit_test(no_disorder_is_too_great),
	};

	return cmocka_run_group_tests_name("tftp-loss", tests, NULL, NULL);
}
