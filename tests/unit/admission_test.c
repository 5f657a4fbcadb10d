/* SPDX-License-Identifier: ISC */
/* Who is let in besides nodes.join: the window, and the list of announced boards. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/nodes/admission.h"

static char reason[ADMISSION_REASON_SIZE];

static int open_window(struct world *world, int64_t for_ms, int64_t count)
{
	return admission_open(&world->brambled, for_ms, count, reason);
}

static int expect(struct world *world, const char *board, const char *node, const char *role)
{
	struct registry_expected entry = { 0 };

	str_copy(entry.board, sizeof(entry.board), board);
	str_copy(entry.node, sizeof(entry.node), node);
	str_copy(entry.role, sizeof(entry.role), role);
	return admission_expect(&world->brambled, &entry, 1, reason);
}

static bool has_node(struct world *world, const char *name)
{
	struct registry_node node;

	return registry_get_node(world->brambled.registry, name, &node) == 0;
}

static void a_window_lets_boards_in(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_WINDOW;
	world_discover(world, 1, 0);
	assert_false(has_node(world, "rasp1"));
	assert_int_equal(open_window(world, 60000, 0), 0);
	world_discover(world, 1, 0);
	world_discover(world, 2, 0);
	assert_int_equal(world_commit(world), 0);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
	world_expect_node(world, "rasp2", 2, "booting", "10.77.0.51");
	assert_int_equal(admission_close(&world->brambled, reason), 0);
	world_discover(world, 3, 0);
	assert_false(has_node(world, "rasp3"));
	assert_int_equal(world_count_events(world, "admission.open"), 1);
	assert_int_equal(world_count_events(world, "admission.closed"), 1);
}

static void a_window_closes_by_time(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_APPROVE;
	assert_int_equal(open_window(world, 60000, 0), 0);
	world_crash(world); /* it lasts over a restart */
	world->brambled.settings.join = JOIN_APPROVE;
	assert_true(admission_window(&world->brambled).until_ms > clock_wall_ms());
	admission_tick(&world->brambled);
	assert_int_equal(world_count_events(world, "admission.closed"), 0);
	world->brambled.admit_until_ms = clock_wall_ms() - 1;
	world_discover(world, 1, 0);
	assert_false(has_node(world, "rasp1"));
	admission_tick(&world->brambled);
	admission_tick(&world->brambled);
	assert_int_equal(world_count_events(world, "admission.closed"), 1);
	/* The clock was set back by a week: open for ever would be wrong. */
	world->brambled.admit_until_ms = clock_wall_ms() + 8 * ADMISSION_LONGEST_MS;
	assert_int_equal(admission_window(&world->brambled).until_ms, 0);
}

static void a_window_closes_after_so_many_boards(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_LIST;
	assert_int_equal(open_window(world, 60000, 2), 0);
	world_discover(world, 1, 0);
	assert_int_equal(admission_window(&world->brambled).left, 1);
	world_discover(world, 2, 0);
	world_discover(world, 3, 0);
	assert_true(has_node(world, "rasp2"));
	assert_false(has_node(world, "rasp3"));
	assert_int_equal(world_commit(world), 0);
	world_crash(world);
	world->brambled.settings.join = JOIN_LIST;
	world_discover(world, 3, 0);
	assert_false(has_node(world, "rasp3"));
}

static void no_window_where_it_makes_no_sense(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_AUTO;
	assert_int_equal(open_window(world, 60000, 0), -EEXIST);
	world->brambled.settings.join = JOIN_DENY;
	assert_int_equal(open_window(world, 60000, 0), -EEXIST);
	assert_non_null(strstr(reason, "\"window\""));
}

static void announced_boards_become_what_was_said(void **state)
{
	struct world *world = *state;
	struct registry_node node;

	world->brambled.settings.join = JOIN_LIST;
	assert_int_equal(expect(world, "DC-A6-32-00-00-01", "kitchen", "storage"), 0);
	assert_int_equal(expect(world, "100000001A2B3C4D", "", ""), 0);
	world_discover(world, 1, 0);
	world_discover(world, 2, 0x1a2b3c4d);
	world_discover(world, 3, 0);
	assert_int_equal(world_commit(world), 0);
	world_expect_node(world, "kitchen", 1, "booting", "10.77.0.50");
	world_expect_node(world, "rasp1", 2, "booting", "10.77.0.51");
	assert_false(has_node(world, "rasp2"));
	assert_int_equal(registry_get_node(world->brambled.registry, "kitchen", &node), 0);
	assert_string_equal(node.role, "storage");
	/* Each announcement is for one board. */
	assert_false(registry_is_promised(world->brambled.registry, "kitchen"));
	assert_int_equal(admission_forget(&world->brambled, "1a2b3c4d", reason), -ENOENT);
}

/* Its serial isn't told before its MAC, but the one follows from the other. */
static void a_pi_3_is_known_by_its_serial(void **state)
{
	struct world *world = *state;
	const struct registry_board board = { .mac = { { 0xb8, 0x27, 0xeb, 0xb2, 0xc3, 0xd4 } } };
	const struct registry_board other = { .mac = { { 0xdc, 0xa6, 0x32, 0xb2, 0xc3, 0xd4 } } };
	struct registry_expected found;

	assert_int_equal(expect(world, "a1b2c3d4", "rasp9", ""), 0);
	assert_int_equal(registry_find_expected(world->brambled.registry, &board, &found), 0);
	assert_string_equal(found.node, "rasp9");
	assert_int_equal(registry_find_expected(world->brambled.registry, &other, &found), -ENOENT);
}

static void a_promised_name_is_kept(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_AUTO;
	assert_int_equal(expect(world, "dc:a6:32:00:00:09", "rasp1", ""), 0);
	world_discover(world, 1, 0);
	assert_int_equal(world_commit(world), 0);
	world_expect_node(world, "rasp2", 1, "booting", "10.77.0.50");
	world_discover(world, 9, 0);
	assert_int_equal(world_commit(world), 0);
	world_expect_node(world, "rasp1", 9, "booting", "10.77.0.51");
}

static void an_occupied_node_is_not_taken(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_AUTO;
	world_discover(world, 1, 0);
	assert_int_equal(expect(world, "dc:a6:32:00:00:02", "rasp1", ""), 0);
	world_discover(world, 2, 0);
	assert_int_equal(world_commit(world), 0);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
	assert_false(has_node(world, "rasp2"));
}

static void a_wrong_entry_announces_nothing(void **state)
{
	struct world *world = *state;
	const struct registry_expected list[] = { { .board = "dc:a6:32:00:00:01", .node = "a" },
		{ .board = "dc:a6:32:00:00", .node = "b" } };

	assert_int_equal(admission_expect(&world->brambled, list, 2, reason), -EINVAL);
	assert_non_null(strstr(reason, "entry 2"));
	assert_false(registry_is_promised(world->brambled.registry, "a"));
	assert_int_equal(expect(world, "dc:a6:32:00:00:01", "No", ""), -EINVAL);
}

static void deny_admits_nobody(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_DENY;
	assert_int_equal(expect(world, "dc:a6:32:00:00:01", "rasp1", ""), 0);
	world_discover(world, 1, 0);
	assert_false(has_node(world, "rasp1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_window_lets_boards_in),
		TEST(a_window_closes_by_time),
		TEST(a_window_closes_after_so_many_boards),
		TEST(no_window_where_it_makes_no_sense),
		TEST(announced_boards_become_what_was_said),
		TEST(a_pi_3_is_known_by_its_serial),
		TEST(a_promised_name_is_kept),
		TEST(an_occupied_node_is_not_taken),
		TEST(a_wrong_entry_announces_nothing),
		TEST(deny_admits_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
