/* SPDX-License-Identifier: ISC */
/* Two Brambles on one LAN: nobody can tell whose an unknown board is. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/dhcpwatch/probe.h"
#include "provisioner/dhcpwatch/watch.h"
#include "provisioner/second.h"

/* What bramble-dhcpwatch tells of a Bramble's question. */
static void ask(struct world *world, const char *router, bool own)
{
	struct probe probe = { .router = world_address(router),
		.mac = { { 0x52, 0x54, 0, 1, 2, 3 } } };
	struct dhcp_packet packet;
	struct ipc_dhcp record;

	probe_make(&probe, 1, &packet);
	watch_describe(&packet, &record);
	record.own = own;
	sightings_see_dhcp(&world->brambled, &record);
}

static const char *cause_of_first_boot(struct world *world)
{
	static char cause[REGISTRY_CAUSE_SIZE];
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, "/v1/boots/1", NULL, &status);

	str_copy(cause, sizeof(cause), world_text(json, "cause"));
	cJSON_Delete(json);
	return cause;
}

static int count(void *argument, const struct registry_board *board)
{
	(void)board;
	++*(unsigned *)argument;
	return 0;
}

static unsigned count_boards(struct world *world)
{
	unsigned n = 0;

	assert_int_equal(registry_each_board(world->brambled.registry, count, &n), 0);
	return n;
}

static void our_own_question_is_nothing(void **state)
{
	struct world *world = *state;

	ask(world, "10.77.0.1", true);
	assert_false(second_is_there(&world->brambled));
	assert_int_equal(count_boards(world), 0);
	assert_int_equal(world_count_events(world, "lan.conflict"), 0);
}

static void another_one_is_told_once_with_both_parties(void **state)
{
	struct world *world = *state;

	ask(world, "10.77.0.2", false);
	ask(world, "10.77.0.2", false);
	assert_true(second_is_there(&world->brambled));
	assert_non_null(strstr(world->brambled.second_warning, "10.77.0.1 here"));
	assert_non_null(strstr(world->brambled.second_warning, "10.77.0.2 (52:54:00:01:02:03)"));
	assert_int_equal(world_count_events(world, "lan.conflict"), 1);
	assert_int_equal(count_boards(world), 0); /* it is no board */
}

static void an_unknown_board_joins_neither(void **state)
{
	struct world *world = *state;
	struct in_addr address;
	struct mac mac = world_mac(1);
	struct registry_board board;
	struct registry_node node;
	char reason[NODES_REASON_SIZE];

	ask(world, "10.77.0.2", false);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_count_events(world, "node.created"), 0);
	assert_string_equal(cause_of_first_boot(world), "second-bramble");
	/* No address from us: if it is the other's node, it shall get that one's. */
	assert_int_equal(addresses_of(&world->brambled, &mac, &address), -ENOENT);
	assert_int_equal(registry_get_board(world->brambled.registry, &mac, &board), 0);
	assert_int_equal(nodes_admit(&world->brambled, &board, NULL, &node, reason), 0);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
}

static void nodes_boot_as_ever(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);

	world_discover(world, 1, 0x1001);
	timeline_end(&world->brambled, &mac, "switched off");
	ask(world, "10.77.0.2", false);
	world_discover(world, 1, 0x1001);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
}

static void when_it_is_gone_boards_join_again(void **state)
{
	struct world *world = *state;

	ask(world, "10.77.0.2", false);
	world_discover(world, 1, 0x1001);
	second_tick(&world->brambled);
	assert_true(second_is_there(&world->brambled));
	world->brambled.second_ns = clock_monotonic_ns() - 300 * NS_PER_S;
	second_tick(&world->brambled);
	assert_false(second_is_there(&world->brambled));
	assert_int_equal(world_count_events(world, "lan.clear"), 1);
	world_discover(world, 1, 0x1001);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(our_own_question_is_nothing),
		TEST(another_one_is_told_once_with_both_parties),
		TEST(an_unknown_board_joins_neither),
		TEST(nodes_boot_as_ever),
		TEST(when_it_is_gone_boards_join_again),
	};

	return cmocka_run_group_tests_name("second", tests, NULL, NULL);
}
