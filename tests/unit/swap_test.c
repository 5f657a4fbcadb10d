/* SPDX-License-Identifier: ISC */
/* An unknown board where a node is silent, and taking a swap back. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/nodes/swap.h"

#define SERIAL(number) (0x10000000u + (number))

static char reason[NODES_REASON_SIZE];

static void get_node(struct world *world, const char *name, struct registry_node *node)
{
	assert_int_equal(registry_get_node(world->brambled.registry, name, node), 0);
}

/* A node that has joined, and then nothing was heard of it for two hours. */
static void make_silent_node(struct world *world, unsigned number, const char *name)
{
	struct mac mac = world_mac(number);
	struct registry_node node;

	world_discover(world, number, SERIAL(number));
	get_node(world, name, &node);
	timeline_end(&world->brambled, &mac, "switched off");
	assert_int_equal(registry_put_heartbeat(
				 world->brambled.registry, node.id, clock_wall_ms() - 7200000),
		0);
	assert_int_equal(world_commit(world), 0);
	world_crash(world); /* heartbeats are read at the start */
	world->brambled.started_ns = clock_monotonic_ns() - 7200 * NS_PER_S;
}

static bool has_board(struct world *world, const char *name, unsigned number)
{
	struct mac mac = world_mac(number);
	struct registry_node node;

	return registry_get_node(world->brambled.registry, name, &node) == 0 && node.has_board &&
	       memcmp(&node.board, &mac, sizeof(mac)) == 0;
}

static void the_only_unknown_board_takes_the_only_silent_node(void **state)
{
	struct world *world = *state;

	make_silent_node(world, 1, "rasp1");
	world_discover(world, 2, SERIAL(2));
	assert_int_equal(world_commit(world), 0);
	world_expect_node(world, "rasp1", 2, "booting", "10.77.0.50");
	assert_int_equal(world_count_events(world, "node.swapped"), 1);
}

static void under_approve_it_is_proposed(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(2);
	const struct registry_boot *boot;

	make_silent_node(world, 1, "rasp1");
	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 2, SERIAL(2));
	assert_true(has_board(world, "rasp1", 1));
	boot = timeline_boot(&world->brambled, &mac);
	assert_non_null(boot);
	/* What the event and the list say as well. */
	assert_non_null(strstr(boot->reason, "`bramble node replace rasp1 --board 10000002`"));
}

static const char command[] = "bramble node replace rasp1 --board 10000002";

/* "" when nothing is proposed. */
static void read_proposal(struct world *world, char out[static 128])
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, "/v1/nodes", "", &status);
	const cJSON *node = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "nodes"), 0);

	assert_int_equal(status, 200);
	snprintf(out, 128, "%s", world_text(node, "proposed"));
	cJSON_Delete(json);
}

static bool status_warns_of(struct world *world, const char *what)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, "/v1/status", "", &status);
	char *text = cJSON_Print(cJSON_GetObjectItemCaseSensitive(json, "warnings"));
	bool warns = strstr(text, what) != NULL;

	cJSON_free(text);
	cJSON_Delete(json);
	return warns;
}

static void a_proposal_is_told_once_and_stands_until_it_is_accepted(void **state)
{
	struct world *world = *state;
	struct registry_board board;
	struct registry_node node;
	char proposal[128];

	make_silent_node(world, 1, "rasp1");
	world->brambled.settings.join = JOIN_APPROVE;
	for (unsigned i = 0; i < 3; i++)
		world_discover(world, 2, SERIAL(2));
	assert_int_equal(world_count_events(world, "node.swap-proposed"), 1);
	read_proposal(world, proposal);
	assert_string_equal(proposal, command);
	assert_true(status_warns_of(world, command));
	assert_int_equal(registry_find_board(world->brambled.registry, "10000002", &board), 0);
	assert_int_equal(nodes_replace(&world->brambled, "rasp1", &board, &node, reason), 0);
	assert_true(has_board(world, "rasp1", 2));
	read_proposal(world, proposal);
	assert_string_equal(proposal, "");
	assert_false(status_warns_of(world, "bramble node replace"));
	assert_int_equal(nodes_undo(&world->brambled, "rasp1", &node, reason), 0);
	assert_true(has_board(world, "rasp1", 1));
}

static void a_proposal_falls_when_the_node_is_heard(void **state)
{
	struct world *world = *state;
	struct registry_node node;
	char proposal[128];

	make_silent_node(world, 1, "rasp1");
	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 2, SERIAL(2));
	get_node(world, "rasp1", &node);
	(void)heartbeats_hear(&world->brambled, &node);
	read_proposal(world, proposal);
	assert_string_equal(proposal, "");
	assert_false(status_warns_of(world, "bramble node replace"));
}

static void two_silent_nodes_are_no_swap(void **state)
{
	struct world *world = *state;

	make_silent_node(world, 1, "rasp1");
	world->brambled.settings.swap_after_s = 0; /* else it would be a swap itself */
	make_silent_node(world, 2, "rasp2");
	world->brambled.settings.swap_after_s = 3600;
	world_discover(world, 3, SERIAL(3));
	assert_true(has_board(world, "rasp3", 3));
}

static void two_unknown_boards_are_no_swap(void **state)
{
	struct world *world = *state;

	make_silent_node(world, 1, "rasp1");
	world->brambled.settings.join = JOIN_APPROVE;
	world->brambled.settings.swap_after_s = 0;
	world_discover(world, 2, SERIAL(2));
	world->brambled.settings.join = JOIN_AUTO;
	world->brambled.settings.swap_after_s = 3600;
	world_discover(world, 3, SERIAL(3));
	assert_true(has_board(world, "rasp1", 1));
	assert_true(has_board(world, "rasp2", 3));
}

static void another_model_is_no_swap(void **state)
{
	struct world *world = *state;

	make_silent_node(world, 1, "rasp1");
	world_discover(world, 2, 0); /* it doesn't tell its model */
	assert_true(has_board(world, "rasp1", 1));
	assert_true(has_board(world, "rasp2", 2));
}

static void a_node_that_is_heard_keeps_its_board(void **state)
{
	struct world *world = *state;
	struct registry_node node;

	make_silent_node(world, 1, "rasp1");
	get_node(world, "rasp1", &node);
	(void)heartbeats_hear(&world->brambled, &node);
	world_discover(world, 2, SERIAL(2));
	assert_true(has_board(world, "rasp2", 2));
}

static void a_node_that_boots_keeps_its_board(void **state)
{
	struct world *world = *state;

	make_silent_node(world, 1, "rasp1");
	world_discover(world, 1, SERIAL(1));
	world_discover(world, 2, SERIAL(2));
	assert_true(has_board(world, "rasp1", 1));
	assert_true(has_board(world, "rasp2", 2));
}

static void a_swap_can_be_undone(void **state)
{
	struct world *world = *state;
	struct registry_node node;

	make_silent_node(world, 1, "rasp1");
	world_discover(world, 2, SERIAL(2));
	assert_int_equal(nodes_undo(&world->brambled, "rasp1", &node, reason), 0);
	assert_true(has_board(world, "rasp1", 1));
	world_crash(world);
	assert_true(has_board(world, "rasp1", 1));
	world_discover(world, 2, SERIAL(2)); /* it was set aside: it doesn't try again */
	assert_true(has_board(world, "rasp1", 1));
	assert_int_equal(nodes_undo(&world->brambled, "rasp1", &node, reason), 0);
	assert_true(has_board(world, "rasp1", 2));
}

static void waiting_for_the_next_board_can_be_undone(void **state)
{
	struct world *world = *state;
	struct registry_node node;

	world_discover(world, 1, SERIAL(1));
	assert_int_equal(nodes_undo(&world->brambled, "rasp1", &node, reason), -ENOENT);
	assert_int_equal(nodes_replace_by_next(&world->brambled, "rasp1", &node, reason), 0);
	assert_true(node.wants_next);
	assert_int_equal(nodes_undo(&world->brambled, "rasp1", &node, reason), 0);
	assert_false(node.wants_next);
	assert_true(has_board(world, "rasp1", 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_only_unknown_board_takes_the_only_silent_node),
		TEST(under_approve_it_is_proposed),
		TEST(a_proposal_is_told_once_and_stands_until_it_is_accepted),
		TEST(a_proposal_falls_when_the_node_is_heard),
		TEST(two_silent_nodes_are_no_swap),
		TEST(two_unknown_boards_are_no_swap),
		TEST(another_model_is_no_swap),
		TEST(a_node_that_is_heard_keeps_its_board),
		TEST(a_node_that_boots_keeps_its_board),
		TEST(a_swap_can_be_undone),
		TEST(waiting_for_the_next_board_can_be_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
