/* SPDX-License-Identifier: ISC */
/* Many boards at once: how often brambled makes the registry durable. Each time costs an fsync. */
#include "tests/unit/brambled_world.h"

#include <stdio.h>
#include <stdlib.h>

#include "provisioner/registry/private.h"

#define BOARDS 10u

static int count_commit(void *argument)
{
	(*(unsigned *)argument)++;
	return 0;
}

static unsigned number_after(unsigned *commits)
{
	unsigned n = *commits;

	*commits = 0;
	return n;
}

static void discover_all(struct world *world)
{
	for (unsigned board = 1; board <= BOARDS; board++)
		world_discover(world, board, 0x1000 + board);
}

static void fetch(struct world *world, unsigned board, const char *name)
{
	char peer[ADDRESS_TEXT_SIZE], path[64];

	snprintf(peer, sizeof(peer), "10.77.0.%u", 49 + board);
	snprintf(path, sizeof(path), "%08x/%s", 0x1000 + board, name);
	free(world_read(world, peer, path));
}

static void fetch_all(struct world *world, const char *name)
{
	for (unsigned board = 1; board <= BOARDS; board++)
		fetch(world, board, name);
}

/* The second of a storm, between two ticks of brambled: all boards were here before. */
static void a_storm_of_known_boards_is_written_in_batches(void **state)
{
	static const char *const files[] = { "start4.elf", "fixup4.dat", "config.txt", "initramfs8",
		"bcm2711-rpi-4-b.dtb", "kernel8.img" };
	struct world *world = *state;
	unsigned commits = 0, tokens;

	world_use_image(world, FIRST_HASH);
	discover_all(world);
	fetch_all(world, "cmdline.txt");
	assert_int_equal(world_commit(world), 0);
	sqlite3_commit_hook(world->brambled.registry->db, count_commit, &commits);
	discover_all(world);
	assert_int_equal(number_after(&commits), 0);
	assert_int_equal(world_commit(world), 0);
	assert_in_range(number_after(&commits), 1, 1);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fetch_all(world, files[i]);
	assert_int_equal(number_after(&commits), 0);
	/* A token that a board has must last: one for each boot, and no more. */
	fetch_all(world, "cmdline.txt");
	tokens = number_after(&commits);
	print_message("# %u boots: %u commits for their tokens\n", BOARDS, tokens);
	assert_in_range(tokens, 1, BOARDS);
	assert_int_equal(world_commit(world), 0);
	assert_in_range(number_after(&commits), 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_storm_of_known_boards_is_written_in_batches, world_make, world_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
