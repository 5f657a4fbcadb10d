/* SPDX-License-Identifier: ISC */
/* Serials and MACs that contradict what is known. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void get_board(struct world *world, unsigned number, struct registry_board *board)
{
	struct mac mac = world_mac(number);

	assert_int_equal(registry_get_board(world->brambled.registry, &mac, board), 0);
}

static void a_serial_that_contradicts_is_refused(void **state)
{
	struct world *world = *state;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	world_discover(world, 2, 0x1002);
	assert_int_equal(world_fetch(world, "10.77.0.51", "00001002/start4.elf", NULL, NULL), 0);
	/* The same MAC with another serial, by DHCP: nothing but what the known one asks for. */
	world_discover(world, 2, 0x1003);
	assert_int_equal(world_count_events(world, "board.conflict"), 1);
	assert_int_equal(world_fetch(world, "10.77.0.51", "start4.elf", NULL, NULL), EACCES);
	assert_int_equal(world_fetch(world, "10.77.0.51", "cmdline.txt", NULL, NULL), EACCES);
	assert_int_equal(
		world_fetch(world, "10.77.0.51", "00001003/start4.elf", NULL, NULL), EACCES);
	assert_int_equal(world_fetch(world, "10.77.0.51", "00001002/start4.elf", NULL, NULL), 0);
	assert_int_equal(world_count_events(world, "board.conflict"), 1);
	/* A serial that another MAC has, first seen so. */
	world_discover(world, 3, 0x1001);
	assert_int_equal(world_count_events(world, "board.conflict"), 2);
	assert_int_equal(world_fetch(world, "10.77.0.52", "start4.elf", NULL, NULL), EACCES);
	/* The first board is not troubled. */
	assert_int_equal(world_fetch(world, "10.77.0.50", "00001001/start4.elf", NULL, NULL), 0);
}

/* A second board with its MAC doesn't end what it has begun. */
static void a_boot_goes_on_beside_a_second_board_with_its_mac(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);
	const struct registry_boot *boot;
	char body[128], *token;
	int64_t id;
	int status;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1001);
	token = world_fetch_token(world, "10.77.0.50", "00001001");
	id = timeline_boot(&world->brambled, &mac)->id;
	world_discover(world, 1, 0x1009);
	boot = timeline_boot(&world->brambled, &mac);
	assert_int_equal(boot->id, id);
	assert_string_equal(boot->cause, "identity-conflict");
	assert_int_equal(world_count_events(world, "board.conflict"), 1);
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	cJSON_Delete(world_call(world, "10.77.0.50", IPC_POST, "/v1/join", body, &status));
	assert_int_equal(status, 200);
	world_expect_node(world, "rasp1", 1, "joined", "10.77.0.50");
	assert_null(timeline_boot(&world->brambled, &mac));
	free(token);
}

/* A Pi 3's DHCP says nothing of its serial: a second one with its MAC is found out by the first
 * file that it asks for in its own directory. */
static void a_second_pi_3_is_told_by_its_files(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);
	char body[128], *token;
	int status;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0);
	assert_int_equal(world_fetch(world, "10.77.0.50", "0000100a/start4.elf", NULL, NULL), 0);
	token = world_fetch_token(world, "10.77.0.50", "0000100a");
	world_discover(world, 1, 0);
	assert_int_equal(world_count_events(world, "board.conflict"), 0);
	assert_int_equal(
		world_fetch(world, "10.77.0.50", "0000100b/start4.elf", NULL, NULL), EACCES);
	assert_int_equal(world_count_events(world, "board.conflict"), 1);
	assert_string_equal(timeline_boot(&world->brambled, &mac)->cause, "identity-conflict");
	assert_int_equal(
		world_fetch(world, "10.77.0.50", "0000100b/cmdline.txt", NULL, NULL), EACCES);
	assert_int_equal(world_fetch(world, "10.77.0.50", "cmdline.txt", NULL, NULL), EACCES);
	/* The one that is known goes on, and joins with the token that it had. */
	assert_int_equal(world_fetch(world, "10.77.0.50", "0000100a/start4.elf", NULL, NULL), 0);
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	cJSON_Delete(world_call(world, "10.77.0.50", IPC_POST, "/v1/join", body, &status));
	assert_int_equal(status, 200);
	world_expect_node(world, "rasp1", 1, "joined", "10.77.0.50");
	free(token);
}

/* Should two boards have come to the same serial, neither is believed. */
static void a_serial_belongs_to_one(void **state)
{
	struct world *world = *state;
	struct registry_board board;

	world_discover(world, 1, 0x1001);
	world_discover(world, 2, 0x1002);
	get_board(world, 2, &board);
	str_copy(board.serial, sizeof(board.serial), "00001001");
	assert_int_equal(registry_put_board(world->brambled.registry, &board), 0);
	world_discover(world, 2, 0x1001);
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_count_events(world, "board.conflict"), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_serial_that_contradicts_is_refused),
		TEST(a_boot_goes_on_beside_a_second_board_with_its_mac),
		TEST(a_second_pi_3_is_told_by_its_files),
		TEST(a_serial_belongs_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
