/* SPDX-License-Identifier: ISC */
#include "tests/unit/many.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/nodeconf/force.h"

#define BOOTS 2000
#define STEPS_OF_BOOT 8
#define EVENTS 20000

static struct in_addr address_of(unsigned i)
{
	return (struct in_addr){ .s_addr = htonl((10u << 24) + (77u << 16) + 256 + i) };
}

static struct mac mac_of(unsigned i)
{
	return (struct mac){ { 0xdc, 0xa6, 0x32, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
		(uint8_t)i } };
}

static void add_node(struct world *world, unsigned i, const cJSON *beat, int64_t now_ms)
{
	struct registry *registry = world->brambled.registry;
	struct registry_board board = { .mac = mac_of(i),
		.model = BOOT_MODEL_PI4,
		.revision = 0xc03111,
		.first_seen_ms = now_ms - i,
		.last_seen_ms = now_ms };
	struct registry_node node = { .address = address_of(i),
		.role = "node",
		.has_board = true,
		.board = board.mac,
		.joined = true,
		.created_ms = now_ms,
		.heartbeat_ms = now_ms };

	snprintf(board.serial, sizeof(board.serial), "%08x", 0x10000000 + i);
	snprintf(node.name, sizeof(node.name), "rasp%u", i);
	memset(node.image_hash, '1', sizeof(node.image_hash) - 1);
	assert_int_equal(registry_put_board(registry, &board), 0);
	assert_int_equal(registry_put_address(registry, &board.mac, node.address, now_ms), 0);
	assert_int_equal(registry_put_node(registry, &node), 0);
	assert_int_equal(
		registry_add_binding(registry, node.name, &board.mac, "join = auto", now_ms), 0);
	heartbeats_hear(&world->brambled, &node);
	health_hear(&world->brambled, &node, NULL);
	nodeconf_hear(&world->brambled, &node, beat);
}

static void add_boot(struct world *world, unsigned i, int64_t now_ms)
{
	struct registry_boot boot = { .mac = mac_of(i),
		.stage = "joined",
		.files = 10,
		.bytes = 15000000,
		.started_ms = now_ms - 30000,
		.changed_ms = now_ms,
		.ended_ms = now_ms };
	struct registry_step step = { .at_ms = now_ms, .stage = "kernel", .detail = "kernel8.img" };

	snprintf(boot.node, sizeof(boot.node), "rasp%u", i);
	assert_int_equal(registry_put_boot(world->brambled.registry, &boot), 0);
	for (unsigned k = 0; k < STEPS_OF_BOOT; k++)
		assert_int_equal(registry_add_step(world->brambled.registry, boot.id, &step), 0);
}

static void add_event(struct world *world, unsigned i, int64_t now_ms)
{
	struct registry_event event = { .at_ms = now_ms, .kind = "node.joined" };

	snprintf(event.subject, sizeof(event.subject), "rasp%u", i);
	snprintf(event.text, sizeof(event.text), "rasp%u joined after 31.0 s", i);
	assert_int_equal(registry_add_event(world->brambled.registry, &event), 0);
}

void many_fill(struct world *world, unsigned nodes)
{
	const int64_t now_ms = clock_wall_ms();
	cJSON *beat = cJSON_CreateObject();
	struct registry_board parked = { .mac = { { 0xdc, 0xa6, 0x33, 0, 0, 1 } },
		.model = BOOT_MODEL_PI4,
		.first_seen_ms = now_ms,
		.last_seen_ms = now_ms };

	world->brambled.settings.range_first = address_of(0);
	world->brambled.settings.range_last = address_of(2 * nodes);
	/* It has applied a configuration before. */
	cJSON_AddStringToObject(beat, "config", "0123456789abcdef");
	for (unsigned i = 1; i <= nodes; i++)
		add_node(world, i, beat, now_ms);
	cJSON_Delete(beat);
	for (unsigned i = 0; i < BOOTS && i < 2 * nodes; i++)
		add_boot(world, i % nodes + 1, now_ms);
	for (unsigned i = 0; i < EVENTS && i < 2 * nodes; i++)
		add_event(world, i % nodes + 1, now_ms);
	assert_int_equal(registry_put_board(world->brambled.registry, &parked), 0);
	world_use_image(world, FIRST_HASH);
	assert_int_equal(world_commit(world), 0);
}
