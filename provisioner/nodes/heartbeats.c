/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/heartbeats.h"

#include <errno.h>
#include <stdlib.h>

#include "common/clock.h"
#include "provisioner/nodes/by_node.h"

#define WRITE_NS (60 * NS_PER_S)
#define MISSED_INTERVALS 3

struct pulse {
	uint32_t node;
	uint64_t heard_ns; /* 0 = not since brambled's start */
	int64_t heard_ms;
	bool unwritten;
	bool absent; /* that was told */
};

struct heartbeats {
	struct by_node pulses;
	uint64_t write_ns;
};

int heartbeats_start(struct brambled *brambled)
{
	brambled->heartbeats = calloc(1, sizeof(*brambled->heartbeats));
	if (!brambled->heartbeats)
		return -ENOMEM;
	brambled->heartbeats->pulses.size = sizeof(struct pulse);
	brambled->heartbeats->write_ns = clock_monotonic_ns() + WRITE_NS;
	return 0;
}

static void write_all(struct brambled *brambled)
{
	const struct by_node *table = &brambled->heartbeats->pulses;
	struct pulse *pulses = table->records;

	for (size_t i = 0; i < table->n; i++) {
		struct pulse *pulse = &pulses[i];

		if (pulse->unwritten)
			pulse->unwritten = registry_put_heartbeat(brambled->registry, pulse->node,
						   pulse->heard_ms) != 0;
	}
}

void heartbeats_stop(struct brambled *brambled)
{
	if (!brambled->heartbeats)
		return;
	write_all(brambled);
	by_node_free(&brambled->heartbeats->pulses);
	free(brambled->heartbeats);
	brambled->heartbeats = NULL;
}

/* NULL: out of memory. */
static struct pulse *find(struct brambled *brambled, uint32_t node)
{
	return by_node_get_or_add(&brambled->heartbeats->pulses, node);
}

int64_t heartbeats_silence_ms(struct brambled *brambled, const struct registry_node *node)
{
	const struct pulse *pulse = find(brambled, node->id);
	uint64_t since = pulse && pulse->heard_ns ? pulse->heard_ns : brambled->started_ns;

	return (int64_t)((clock_monotonic_ns() - since) / NS_PER_MS);
}

int64_t heartbeats_hear(struct brambled *brambled, const struct registry_node *node)
{
	int64_t silence = heartbeats_silence_ms(brambled, node);
	struct pulse *pulse = find(brambled, node->id);

	if (!pulse)
		return silence;
	pulse->heard_ns = clock_monotonic_ns();
	pulse->heard_ms = clock_wall_ms();
	pulse->unwritten = true;
	pulse->absent = false;
	return silence;
}

bool heartbeats_is_absent(struct brambled *brambled, const struct registry_node *node)
{
	const struct settings *s = &brambled->settings;
	int64_t limit_s = s->absent_after_s ? s->absent_after_s : MISSED_INTERVALS * s->heartbeat_s;

	return heartbeats_silence_ms(brambled, node) > 1000 * limit_s;
}

int64_t heartbeats_last_ms(struct brambled *brambled, const struct registry_node *node)
{
	const struct pulse *pulse = find(brambled, node->id);

	return pulse && pulse->heard_ms ? pulse->heard_ms : node->heartbeat_ms;
}

struct absentees {
	struct brambled *brambled;
	unsigned n;
	struct registry_node nodes[16]; /* further ones with the next tick */
};

static int note_absent(void *argument, const struct registry_node *node)
{
	struct absentees *absentees = argument;
	struct pulse *pulse;

	if (!node->has_board || !node->joined || absentees->n == 16 ||
		!heartbeats_is_absent(absentees->brambled, node))
		return 0;
	pulse = find(absentees->brambled, node->id);
	if (!pulse || pulse->absent)
		return 0;
	pulse->absent = true;
	absentees->nodes[absentees->n++] = *node;
	return 0;
}

void heartbeats_tick(struct brambled *brambled)
{
	struct absentees absentees = { .brambled = brambled };
	uint64_t now = clock_monotonic_ns();

	(void)registry_each_node(brambled->registry, note_absent, &absentees);
	for (unsigned i = 0; i < absentees.n; i++) {
		const struct registry_node *node = &absentees.nodes[i];

		brambled_event(brambled, "node.absent", node->name,
			"%s hasn't been heard for %lld s: is it switched off?", node->name,
			(long long)(heartbeats_silence_ms(brambled, node) / 1000));
	}
	if (now < brambled->heartbeats->write_ns)
		return;
	brambled->heartbeats->write_ns = now + WRITE_NS;
	write_all(brambled);
}
