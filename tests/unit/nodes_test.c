/* SPDX-License-Identifier: ISC */
/* Boards that show up, and what the administrator does with them. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 160

static bool is_there(const struct world *world, const char *name)
{
	char path[PATH_ROOM];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", world->directory, name);
	return stat(path, &status) == 0;
}

static void get_board(struct world *world, unsigned number, struct registry_board *board)
{
	struct mac mac = world_mac(number);

	assert_int_equal(registry_get_board(world->brambled.registry, &mac, board), 0);
}

static int admit(struct world *world, unsigned number, const char *name)
{
	struct registry_board board;
	struct registry_node node;
	char reason[NODES_REASON_SIZE];
	int result;

	get_board(world, number, &board);
	result = nodes_admit(&world->brambled, &board, name, &node, reason);
	assert_int_equal(result == 0, reason[0] == '\0');
	return result;
}

static int replace(struct world *world, const char *name, unsigned number)
{
	struct registry_board board;
	struct registry_node node;
	char reason[NODES_REASON_SIZE];
	int result;

	get_board(world, number, &board);
	result = nodes_replace(&world->brambled, name, &board, &node, reason);
	assert_int_equal(result == 0, reason[0] == '\0');
	return result;
}

static int replace_by_next(struct world *world, const char *name)
{
	struct registry_node node;
	char reason[NODES_REASON_SIZE];

	return nodes_replace_by_next(&world->brambled, name, &node, reason);
}

static bool hosts_hold(const struct world *world, const char *part)
{
	char command[PATH_ROOM], line[256];
	bool found = false;
	FILE *file;

	snprintf(command, sizeof(command), "%s/run/dhcp-hosts", world->directory);
	file = fopen(command, "re");
	while (file && fgets(line, sizeof(line), file))
		found |= strstr(line, part) != NULL;
	if (file)
		fclose(file);
	return found;
}

static unsigned count_hosts(const struct world *world)
{
	char path[PATH_ROOM], line[256];
	unsigned n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/run/dhcp-hosts", world->directory);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		n += strchr(line, ',') != NULL;
	fclose(file);
	return n;
}

static void auto_makes_nodes_in_order(void **state)
{
	struct world *world = *state;

	for (unsigned i = 1; i <= 3; i++)
		world_discover(world, i, 0x1000 + i);
	assert_int_equal(world_commit(world), 0);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
	world_expect_node(world, "rasp3", 3, "booting", "10.77.0.52");
	assert_true(is_there(world, "share/nodes/rasp1/.bramble"));
	assert_true(hosts_hold(world, "dc:a6:32:00:00:03,10.77.0.52,rasp3"));
	world_crash(world);
	world_expect_node(world, "rasp2", 2, "booting", "10.77.0.51");
}

static void the_lowest_number_is_taken_again(void **state)
{
	struct world *world = *state;
	char reason[NODES_REASON_SIZE];

	for (unsigned i = 1; i <= 3; i++)
		world_discover(world, i, 0);
	assert_int_equal(nodes_forget(&world->brambled, "rasp2", reason), 0);
	world_discover(world, 4, 0);
	world_expect_node(world, "rasp2", 4, "booting", "10.77.0.51");
}

static void a_repeated_discover_is_one_boot(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);

	for (unsigned i = 0; i < 5; i++)
		world_discover(world, 1, 0x1001);
	assert_int_equal(world_count_events(world, "boot.started"), 1);
	assert_int_equal(world_count_events(world, "board.seen"), 1);
	/* bramble-init's own DHCP, and the system's, belong to the boot that is going on. */
	world_dhcp(world, DHCP_DISCOVER, &mac, "bramble-init");
	world_dhcp(world, DHCP_REQUEST, &mac, "");
	assert_int_equal(world_count_events(world, "boot.started"), 1);
}

static void approve_parks_until_admitted(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 1, 0x1a2b3c4d);
	assert_int_equal(world_commit(world), 0);
	assert_int_equal(world_count_events(world, "node.created"), 0);
	assert_true(hosts_hold(world, "dc:a6:32:00:00:01,10.77.0.50"));
	assert_int_equal(admit(world, 1, NULL), 0);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
	assert_true(hosts_hold(world, "rasp1"));
	assert_int_equal(admit(world, 1, NULL), 0); /* again: nothing changes */
	assert_int_equal(admit(world, 1, "other"), -EEXIST);
	world_crash(world);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
}

static void names_are_checked(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 1, 0);
	world_discover(world, 2, 0);
	assert_int_equal(admit(world, 1, "Kitchen"), -EINVAL);
	assert_int_equal(admit(world, 1, "../../etc"), -EINVAL);
	assert_int_equal(admit(world, 1, ""), -EINVAL);
	assert_int_equal(admit(world, 1, "kitchen"), 0);
	assert_int_equal(admit(world, 2, "kitchen"), -EEXIST);
	world_expect_node(world, "kitchen", 1, "booting", "10.77.0.50");
}

static void deny_gives_nothing(void **state)
{
	struct world *world = *state;
	struct mac pc = { { 0x52, 0x54, 0, 0, 0, 1 } };

	world->brambled.settings.join = JOIN_DENY;
	world_discover(world, 1, 0);
	world_dhcp(world, DHCP_DISCOVER, &pc, "MSFT 5.0");
	assert_int_equal(world_commit(world), 0);
	assert_false(hosts_hold(world, "dc:a6:32:00:00:01"));
	assert_true(hosts_hold(world, "52:54:00:00:00:01,10.77.0.50"));
	assert_int_equal(world_fetch(world, "10.77.0.50", "start4.elf", NULL, NULL), EHOSTUNREACH);
	assert_int_equal(admit(world, 1, NULL), 0);
	assert_true(hosts_hold(world, "dc:a6:32:00:00:01,10.77.0.51,rasp1"));
}

static int count_board(void *argument, const struct registry_board *board)
{
	(void)board;
	++*(unsigned *)argument;
	return 0;
}

static void invented_boards_are_bounded(void **state)
{
	struct world *world = *state;
	unsigned n = 0;

	world->brambled.settings.join = JOIN_DENY;
	for (unsigned i = 0; i < 1300; i++)
		world_discover(world, i, 0);
	assert_int_equal(registry_each_board(world->brambled.registry, count_board, &n), 0);
	assert_true(n > 900 && n <= 1024);
}

/* A board that was parked under "approve" isn't answered any more under "deny". */
static void deny_takes_hosts_away(void **state)
{
	struct world *world = *state;

	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 1, 0);
	assert_int_equal(world_commit(world), 0);
	assert_true(hosts_hold(world, "dc:a6:32:00:00:01"));
	world->brambled.settings.join = JOIN_DENY;
	world->brambled.publish_due = true;
	assert_int_equal(world_commit(world), 0);
	assert_false(hosts_hold(world, "dc:a6:32:00:00:01"));
}

static void a_swap_moves_the_identity(void **state)
{
	struct world *world = *state;
	struct registry_board old;
	struct in_addr address;
	struct mac mac = world_mac(1);

	world_discover(world, 1, 0x1001);
	world_discover(world, 2, 0x1002);
	assert_int_equal(replace(world, "rasp1", 2), 0);
	world_expect_node(world, "rasp1", 2, "new", "10.77.0.50");
	world_expect_node(world, "rasp2", 0, "vacant", "10.77.0.51");
	get_board(world, 1, &old);
	assert_true(old.parked);
	/* The old board has an address that is nobody's. */
	assert_int_equal(addresses_of(&world->brambled, &mac, &address), 0);
	assert_int_equal(address.s_addr, world_address("10.77.0.52").s_addr);
	assert_true(hosts_hold(world, "dc:a6:32:00:00:02,10.77.0.50,rasp1"));
	world_crash(world);
	world_expect_node(world, "rasp1", 2, "new", "10.77.0.50");
	/* It stays parked, also under "auto". */
	world_discover(world, 1, 0x1001);
	assert_int_equal(world_fetch(world, "10.77.0.52", "start4.elf", NULL, NULL), EACCES);
	/* Until it is admitted: as the vacant node, and with its address. */
	assert_int_equal(admit(world, 1, "rasp2"), 0);
	world_expect_node(world, "rasp2", 1, "booting", "10.77.0.51");
}

static void the_next_board_takes_over(void **state)
{
	struct world *world = *state;

	world_discover(world, 1, 0x1001);
	assert_int_equal(replace_by_next(world, "rasp1"), 0);
	world_expect_node(world, "rasp1", 0, "vacant", "10.77.0.50");
	world_discover(world, 1, 0x1001); /* not the old one */
	world_expect_node(world, "rasp1", 0, "vacant", "10.77.0.50");
	world_crash(world);
	world_discover(world, 2, 0x1002);
	world_expect_node(world, "rasp1", 2, "booting", "10.77.0.50");
	world_discover(world, 3, 0x1003); /* only one */
	world_expect_node(world, "rasp2", 3, "booting", "10.77.0.53");
}

static void a_waiting_board_is_the_next(void **state)
{
	struct world *world = *state;
	struct registry_board board;

	world_discover(world, 1, 0);
	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 2, 0);
	assert_int_equal(replace_by_next(world, "rasp1"), 0);
	world_expect_node(world, "rasp1", 2, "booting", "10.77.0.50");
	world_discover(world, 3, 0);
	world_discover(world, 4, 0);
	assert_int_equal(replace_by_next(world, "rasp1"), -EEXIST); /* which of the two? */
	world_expect_node(world, "rasp1", 2, "booting", "10.77.0.50");
	/* Not those that were there once upon a time. */
	for (unsigned i = 3; i <= 4; i++) {
		get_board(world, i, &board);
		board.last_seen_ms = 1;
		assert_int_equal(registry_put_board(world->brambled.registry, &board), 0);
	}
	assert_int_equal(replace_by_next(world, "rasp1"), 0);
	world_expect_node(world, "rasp1", 0, "vacant", "10.77.0.50");
}

static void forgetting_keeps_the_data(void **state)
{
	struct world *world = *state;
	char reason[NODES_REASON_SIZE], file[PATH_ROOM];
	struct registry_board board;

	world_discover(world, 1, 0);
	assert_int_equal(world_commit(world), 0);
	snprintf(file, sizeof(file), "%s/share/nodes/rasp1/precious", world->directory);
	assert_int_equal(mkdir(file, 0755), 0);
	assert_int_equal(nodes_forget(&world->brambled, "rasp9", reason), -ENOENT);
	assert_int_equal(nodes_forget(&world->brambled, "rasp1", reason), 0);
	assert_false(is_there(world, "share/nodes/rasp1"));
	get_board(world, 1, &board);
	assert_true(board.parked);
	/* The next rasp1 begins with an empty directory. */
	world_discover(world, 2, 0);
	assert_true(is_there(world, "share/nodes/rasp1"));
	assert_false(is_there(world, "share/nodes/rasp1/precious"));
}

/* Killed between the commit and the renaming: that is made up for. */
static void forgetting_is_finished_after_a_crash(void **state)
{
	struct world *world = *state;
	struct registry *registry = world->brambled.registry;

	world_discover(world, 1, 0);
	assert_int_equal(world_commit(world), 0);
	/* As nodes_forget() does, up to the commit. */
	assert_int_equal(registry_delete_node(registry, "rasp1"), 0);
	assert_int_equal(registry_put_forgotten(registry, "rasp1", 77), 0);
	assert_int_equal(world_commit(world), 0);
	assert_true(is_there(world, "share/nodes/rasp1"));
	world_crash(world);
	assert_false(is_there(world, "share/nodes/rasp1"));
	assert_true(is_there(world, "share/nodes/rasp1.forgotten-77"));
	/* Killed again before that was noted: the next rasp1 keeps what is its own. */
	world_discover(world, 1, 0);
	assert_int_equal(world_commit(world), 0);
	world_crash(world);
	assert_true(is_there(world, "share/nodes/rasp1"));
	/* Without a start in between it is made up for when the name is used again. */
	registry = world->brambled.registry;
	assert_int_equal(registry_delete_node(registry, "rasp1"), 0);
	assert_int_equal(registry_put_forgotten(registry, "rasp1", 78), 0);
	world_discover(world, 2, 0);
	assert_true(is_there(world, "share/nodes/rasp1.forgotten-78"));
	assert_true(is_there(world, "share/nodes/rasp1"));
}

static void a_full_disk_changes_nothing(void **state)
{
	struct world *world = *state;
	char reason[NODES_REASON_SIZE];

	world_discover(world, 1, 0x1001);
	world_discover(world, 2, 0x1002);
	assert_int_equal(world_commit(world), 0);
	world_fill_disk(world, true);
	while (world->brambled.registry_warning[0] == '\0') {
		brambled_event(&world->brambled, "filler", "", "%0200d", 0);
		(void)world_commit(world);
	}
	assert_non_null(strstr(world->brambled.registry_warning, "can't be written"));
	if (replace(world, "rasp1", 2) == 0)
		fail_msg("a change was made on a full disk");
	if (nodes_forget(&world->brambled, "rasp2", reason) == 0)
		fail_msg("a node was forgotten on a full disk");
	assert_true(reason[0] != '\0');
	assert_true(is_there(world, "share/nodes/rasp2"));
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
	world_fill_disk(world, false);
	assert_int_equal(replace(world, "rasp1", 2), 0);
	world_expect_node(world, "rasp1", 2, "new", "10.77.0.50");
	assert_string_equal(world->brambled.registry_warning, "");
}

/* The data directory can't be made: there is no half of a node, and nobody else is concerned. */
static void a_failed_change_is_undone_alone(void **state)
{
	struct world *world = *state;
	struct registry_node node;
	char path[PATH_ROOM];
	FILE *file;

	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 1, 0);
	snprintf(path, sizeof(path), "%s/share/nodes", world->directory);
	file = fopen(path, "we");
	assert_non_null(file);
	fclose(file);
	world->brambled.settings.join = JOIN_AUTO;
	world_discover(world, 2, 0);
	assert_int_equal(world_commit(world), 0);
	assert_int_equal(admit(world, 1, NULL), -ENOTDIR);
	assert_int_equal(world_commit(world), 0);
	assert_int_equal(registry_get_node(world->brambled.registry, "rasp1", &node), -ENOENT);
	assert_int_equal(world_count_events(world, "node.created"), 0);
	assert_int_equal(world_count_events(world, "board.seen"), 2);
	assert_int_equal(unlink(path), 0);
	world_discover(world, 2, 0);
	world_expect_node(world, "rasp1", 2, "booting", "10.77.0.51");
}

static void no_address_is_left(void **state)
{
	struct world *world = *state;
	struct registry_node node;
	unsigned n = 0;

	for (unsigned i = 1; i <= 15; i++)
		world_discover(world, i, 0);
	assert_int_equal(world_commit(world), 0);
	for (unsigned i = 1; i <= 15; i++) {
		struct mac mac = world_mac(i);

		n += registry_node_of_board(world->brambled.registry, &mac, &node) == 0;
	}
	assert_int_equal(n, 11); /* 10.77.0.50 … 60 */
}

static void strangers_give_way_to_boards(void **state)
{
	struct world *world = *state;
	struct mac pc = { { 0x52, 0x54, 0, 0, 0, 0 } };

	world->brambled.settings.range_last = world_address("10.77.200.1");
	for (unsigned i = 0; i < 1300; i++) {
		pc.octet[4] = (uint8_t)(i >> 8);
		pc.octet[5] = (uint8_t)i;
		world_dhcp(world, DHCP_DISCOVER, &pc, "");
	}
	assert_int_equal(world_commit(world), 0);
	assert_true(count_hosts(world) > 900 && count_hosts(world) <= 1024);
	world_discover(world, 1, 0);
	assert_int_equal(world_commit(world), 0);
	assert_true(hosts_hold(world, "rasp1"));
}

/* What dnsmasq is told is durable. */
static void nothing_is_published_before_it_is_durable(void **state)
{
	struct world *world = *state;

	world_discover(world, 1, 0);
	brambled_publish(&world->brambled);
	assert_true(hosts_hold(world, "rasp1"));
	world_crash(world);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
}

/* What a rollback takes from a boot is written again, under a number of its own. */
static void boots_survive_a_rollback(void **state)
{
	struct world *world = *state;
	struct mac one = world_mac(1), two = world_mac(2);

	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 1, 0);
	brambled_rollback(&world->brambled);
	world_discover(world, 2, 0);
	assert_int_equal(world_commit(world), 0);
	world_crash(world);
	assert_non_null(timeline_boot(&world->brambled, &one));
	assert_non_null(timeline_boot(&world->brambled, &two));
}

static void a_changed_network_is_told_of(void **state)
{
	struct world *world = *state;
	struct mac pc = { { 0x52, 0x54, 0, 0, 0, 1 } };
	struct in_addr address;

	world_discover(world, 1, 0);
	world_dhcp(world, DHCP_DISCOVER, &pc, "");
	addresses_check(&world->brambled);
	assert_string_equal(world->brambled.node_warning, "");
	assert_int_equal(addresses_of(&world->brambled, &pc, &address), 0);
	world->brambled.settings.router = world_address("192.168.7.1");
	addresses_check(&world->brambled);
	assert_non_null(strstr(world->brambled.node_warning, "rasp1 keeps its address 10.77.0.50"));
	assert_int_equal(addresses_of(&world->brambled, &pc, &address), -ENOENT);
	world_expect_node(world, "rasp1", 1, "booting", "10.77.0.50");
}

static void another_dhcp_server_is_reported(void **state)
{
	struct world *world = *state;
	struct ipc_dhcp offer = { .message = DHCP_OFFER, .mac = world_mac(1) };

	offer.server = world->brambled.settings.router;
	sightings_see_dhcp(&world->brambled, &offer);
	assert_string_equal(world->brambled.dhcp_warning, "");
	offer.server = world_address("10.77.0.99");
	sightings_see_dhcp(&world->brambled, &offer);
	sightings_see_dhcp(&world->brambled, &offer);
	assert_non_null(strstr(world->brambled.dhcp_warning, "10.77.0.99"));
	assert_int_equal(world_count_events(world, "lan.conflict"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(auto_makes_nodes_in_order),
		TEST(the_lowest_number_is_taken_again),
		TEST(a_repeated_discover_is_one_boot),
		TEST(approve_parks_until_admitted),
		TEST(names_are_checked),
		TEST(deny_gives_nothing),
		TEST(invented_boards_are_bounded),
		TEST(deny_takes_hosts_away),
		TEST(a_swap_moves_the_identity),
		TEST(the_next_board_takes_over),
		TEST(a_waiting_board_is_the_next),
		TEST(forgetting_keeps_the_data),
		TEST(forgetting_is_finished_after_a_crash),
		TEST(a_full_disk_changes_nothing),
		TEST(a_failed_change_is_undone_alone),
		TEST(no_address_is_left),
		TEST(strangers_give_way_to_boards),
		TEST(nothing_is_published_before_it_is_durable),
		TEST(boots_survive_a_rollback),
		TEST(a_changed_network_is_told_of),
		TEST(another_dhcp_server_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
