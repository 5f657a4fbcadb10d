/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/registry/private.h"
#include "provisioner/registry/registry.h"

#define KILLS 40
#define LONGEST 2000

struct world {
	char directory[64];
	char path[96];
	char note[REGISTRY_NOTE_SIZE];
	struct registry *registry;
};

static struct mac mac_of(unsigned number)
{
	return (struct mac){ { 0xdc, 0xa6, 0x32, 0, (uint8_t)(number >> 8), (uint8_t)number } };
}

static struct in_addr address_of(unsigned last)
{
	return (struct in_addr){ .s_addr = htonl(0x0a4d0000u + last) };
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void open_again(struct world *world)
{
	if (registry_open(world->path, &world->registry, world->note) != 0)
		fail_msg("%s", world->note);
}

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	str_copy(world->directory, sizeof(world->directory), "/tmp/registry_test.XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(world->path, sizeof(world->path), "%s/registry.db", world->directory);
	open_again(world);
	assert_string_equal(world->note, "");
	*state = world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;

	if (world->registry)
		registry_close(world->registry);
	nftw(world->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static void put_node(struct registry *registry, unsigned number)
{
	struct registry_node node = { .address = address_of(number),
		.role = "node",
		.image = "base",
		.has_board = true,
		.board = mac_of(number) };

	snprintf(node.name, sizeof(node.name), "rasp%u", number);
	assert_int_equal(registry_put_node(registry, &node), 0);
}

static int count_node(void *argument, const struct registry_node *node)
{
	(void)node;
	++*(unsigned *)argument;
	return 0;
}

static unsigned count_nodes(struct registry *registry)
{
	unsigned n = 0;

	assert_int_equal(registry_each_node(registry, count_node, &n), 0);
	return n;
}

/* --- records --- */

static void boards_are_kept(void **state)
{
	struct world *world = *state;
	struct registry_board board = { .mac = mac_of(1),
		.serial = "1a2b3c4d",
		.model = BOOT_MODEL_PI4,
		.revision = 0xc03111,
		.parked = true,
		.first_seen_ms = 5,
		.last_seen_ms = 6 };
	struct registry_board read;

	assert_int_equal(registry_get_board(world->registry, &board.mac, &read), -ENOENT);
	assert_int_equal(registry_put_board(world->registry, &board), 0);
	assert_int_equal(registry_commit(world->registry), 0);
	registry_close(world->registry);
	open_again(world);
	assert_int_equal(registry_get_board(world->registry, &board.mac, &read), 0);
	assert_memory_equal(&read.mac, &board.mac, sizeof(board.mac));
	assert_string_equal(read.serial, "1a2b3c4d");
	assert_int_equal(read.model, BOOT_MODEL_PI4);
	assert_int_equal(read.revision, 0xc03111);
	assert_true(read.parked);
	assert_int_equal(read.first_seen_ms, 5);
	assert_int_equal(read.last_seen_ms, 6);
}

static void boards_are_found_by_a_beginning(void **state)
{
	struct world *world = *state;
	struct registry_board one = { .mac = mac_of(1), .serial = "1a2b3c4d" };
	struct registry_board two = { .mac = mac_of(2), .serial = "1a2bffff" };
	struct registry_board found;

	assert_int_equal(registry_put_board(world->registry, &one), 0);
	assert_int_equal(registry_put_board(world->registry, &two), 0);
	assert_int_equal(registry_find_board(world->registry, "1a2b3", &found), 0);
	assert_memory_equal(&found.mac, &one.mac, sizeof(one.mac));
	assert_int_equal(registry_find_board(world->registry, "1A2BF", &found), 0);
	assert_memory_equal(&found.mac, &two.mac, sizeof(two.mac));
	assert_int_equal(registry_find_board(world->registry, "100000001a2b3c4d", &found), 0);
	assert_int_equal(registry_find_board(world->registry, "DC-A6-32-00-00-02", &found), 0);
	assert_memory_equal(&found.mac, &two.mac, sizeof(two.mac));
	assert_int_equal(registry_find_board(world->registry, "1a2b", &found), -EEXIST);
	assert_int_equal(registry_find_board(world->registry, "1a2", &found), -ENOENT);
	assert_int_equal(registry_find_board(world->registry, "ffff", &found), -ENOENT);
	assert_int_equal(registry_find_board(world->registry, "1a*2", &found), -ENOENT);
}

static void strangers_are_bounded(void **state)
{
	struct world *world = *state;
	struct registry_board board = { 0 };

	put_node(world->registry, 1);
	for (unsigned i = 1; i <= 20; i++) {
		board = (struct registry_board){ .mac = mac_of(i), .last_seen_ms = i };
		board.parked = i == 2;
		assert_int_equal(registry_put_board(world->registry, &board), 0);
	}
	board.mac = mac_of(3);
	assert_int_equal(
		registry_add_binding(world->registry, "rasp9", &board.mac, "was it", 1), 0);
	assert_int_equal(registry_trim_boards(world->registry, 5), 0);
	for (unsigned i = 1; i <= 20; i++) {
		board.mac = mac_of(i);
		assert_int_equal(registry_get_board(world->registry, &board.mac, &board),
			i <= 3 || i > 15 ? 0 : -ENOENT);
	}
}

static void addresses_are_bounded(void **state)
{
	struct world *world = *state;
	struct registry_board board = { .mac = mac_of(1) };
	struct in_addr address;

	assert_int_equal(registry_put_board(world->registry, &board), 0);
	for (unsigned i = 1; i <= 10; i++) {
		struct mac mac = mac_of(i);

		assert_int_equal(registry_put_address(world->registry, &mac, address_of(i), i), 0);
	}
	board.mac = mac_of(2);
	assert_int_equal(registry_touch_address(world->registry, &board.mac, 7200000), 0);
	assert_int_equal(registry_trim_addresses(world->registry, 3), 0);
	for (unsigned i = 1; i <= 10; i++) {
		struct mac mac = mac_of(i);

		assert_int_equal(registry_get_address(world->registry, &mac, &address),
			i <= 2 || i > 8 ? 0 : -ENOENT);
	}
}

static void the_lowest_free_address_is_chosen(void **state)
{
	struct world *world = *state;
	struct mac one = mac_of(1), two = mac_of(2), read;
	struct in_addr address;

	assert_int_equal(
		registry_free_address(world->registry, address_of(10), address_of(12), &address),
		0);
	assert_int_equal(address.s_addr, address_of(10).s_addr);
	assert_int_equal(registry_put_address(world->registry, &one, address_of(10), 100), 0);
	put_node(world->registry, 11); /* an address is a node's, without a MAC */
	assert_int_equal(
		registry_free_address(world->registry, address_of(10), address_of(12), &address),
		0);
	assert_int_equal(address.s_addr, address_of(12).s_addr);
	assert_int_equal(registry_put_address(world->registry, &two, address_of(12), 50), 0);
	assert_int_equal(registry_mac_of_address(world->registry, address_of(12), &read), 0);
	assert_memory_equal(&read, &two, sizeof(two));
	/* None is left: that of the stranger who was seen least lately. */
	assert_int_equal(
		registry_free_address(world->registry, address_of(10), address_of(12), &address),
		0);
	assert_int_equal(address.s_addr, address_of(12).s_addr);
	/* A board keeps its address before a stranger … */
	assert_int_equal(
		registry_put_board(world->registry, &(struct registry_board){ .mac = two }), 0);
	assert_int_equal(
		registry_free_address(world->registry, address_of(10), address_of(12), &address),
		0);
	assert_int_equal(address.s_addr, address_of(10).s_addr);
	/* … and one that was a node's before everything. */
	assert_int_equal(registry_add_binding(world->registry, "a", &one, "", 1), 0);
	assert_int_equal(registry_add_binding(world->registry, "a", &two, "", 1), 0);
	assert_int_equal(
		registry_free_address(world->registry, address_of(10), address_of(12), &address),
		-ENOSPC);
}

static void a_node_number_is_never_used_again(void **state)
{
	struct world *world = *state;
	struct registry_node node;

	put_node(world->registry, 1);
	put_node(world->registry, 2);
	assert_int_equal(registry_delete_node(world->registry, "rasp2"), 0);
	assert_int_equal(registry_delete_node(world->registry, "rasp2"), -ENOENT);
	assert_int_equal(registry_commit(world->registry), 0);
	put_node(world->registry, 3);
	assert_int_equal(registry_get_node(world->registry, "rasp3", &node), 0);
	assert_int_equal(node.id, 3);
}

static int count(void *argument, const struct registry_boot *boot)
{
	(void)boot;
	++*(unsigned *)argument;
	return 0;
}

static void old_boots_leave(void **state)
{
	struct world *world = *state;
	struct registry_boot boot = { .mac = mac_of(1), .stage = "dhcp", .node = "rasp1" };
	unsigned n = 0;

	for (unsigned i = 0; i < 2100; i++) {
		boot.id = 0;
		assert_int_equal(registry_put_boot(world->registry, &boot), 0);
	}
	assert_int_equal(registry_each_boot(world->registry, NULL, NULL, 10000, count, &n), 0);
	assert_int_equal(n, 2000);
	n = 0;
	assert_int_equal(registry_each_boot(world->registry, "rasp2", NULL, 10000, count, &n), 0);
	assert_int_equal(n, 0);
}

/* --- transactions --- */

static void a_rollback_undoes_everything_since_the_commit(void **state)
{
	struct world *world = *state;

	put_node(world->registry, 1);
	assert_true(registry_has_changes(world->registry));
	assert_int_equal(registry_commit(world->registry), 0);
	assert_false(registry_has_changes(world->registry));
	put_node(world->registry, 2);
	registry_rollback(world->registry);
	assert_int_equal(count_nodes(world->registry), 1);
}

/* A change of several writes, one of which fails: none of them happens, whoever goes on writing. */
static void a_failed_write_spoils_the_whole_transaction(void **state)
{
	struct world *world = *state;
	struct registry_node clash = { .name = "other", .address = address_of(1) };

	put_node(world->registry, 1);
	assert_int_equal(registry_commit(world->registry), 0);
	put_node(world->registry, 2);
	assert_int_equal(registry_put_node(world->registry, &clash), -EEXIST);
	assert_int_equal(
		registry_put_board(world->registry, &(struct registry_board){ .mac = mac_of(9) }),
		-EEXIST);
	assert_int_equal(registry_commit(world->registry), -EEXIST);
	assert_int_equal(count_nodes(world->registry), 1);
	put_node(world->registry, 3);
	assert_int_equal(registry_commit(world->registry), 0);
	assert_int_equal(count_nodes(world->registry), 2);
}

static void a_full_disk_is_refused_and_recovers(void **state)
{
	struct world *world = *state;
	struct registry_event event = { .kind = "test" };
	int result = 0;

	put_node(world->registry, 1);
	assert_int_equal(registry_commit(world->registry), 0);
	assert_int_equal(registry_execute(world->registry, "PRAGMA max_page_count = 30"), 0);
	memset(event.text, 'x', sizeof(event.text) - 1);
	put_node(world->registry, 2);
	for (unsigned i = 0; i < 2000 && result == 0; i++)
		result = registry_add_event(world->registry, &event);
	assert_int_equal(result, -ENOSPC);
	assert_int_equal(registry_commit(world->registry), -ENOSPC);
	assert_int_equal(count_nodes(world->registry), 1);
	assert_int_equal(registry_execute(world->registry, "PRAGMA max_page_count = 100000"), 0);
	put_node(world->registry, 2);
	assert_int_equal(registry_commit(world->registry), 0);
	registry_close(world->registry);
	open_again(world);
	assert_int_equal(count_nodes(world->registry), 2);
}

/* A writer that says which node it has made durable, until it is killed. */
static void write_until_killed(const struct world *world, int said, unsigned from)
{
	struct registry *registry;
	char note[REGISTRY_NOTE_SIZE];

	if (registry_open(world->path, &registry, note) != 0)
		_exit(1);
	for (unsigned i = from;; i++) {
		put_node(registry, i);
		if (registry_add_binding(registry, "x", &(struct mac){ { 0 } }, "", i) != 0 ||
			registry_commit(registry) != 0 || write(said, &i, sizeof(i)) != sizeof(i) ||
			(i % 7 == 0 && registry_backup(registry) != 0))
			_exit(1);
	}
}

static unsigned run_and_kill(struct world *world, unsigned from, useconds_t delay_us)
{
	unsigned last = from - 1, got;
	int pipes[2], status;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (pid == 0)
		write_until_killed(world, pipes[1], from);
	close(pipes[1]);
	/* Every second time at least one is acknowledged, however busy the machine is. */
	if (delay_us % 2 == 1)
		(void)poll(&(struct pollfd){ .fd = pipes[0], .events = POLLIN }, 1, 10000);
	usleep(delay_us);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(pipes[0], &got, sizeof(got)) == sizeof(got))
		last = got;
	close(pipes[0]);
	return last;
}

static void what_was_acknowledged_survives_sigkill(void **state)
{
	struct world *world = *state;
	unsigned last = 0;

	registry_close(world->registry);
	/* Longer where the machine is so busy that most die before they have written anything. */
	for (unsigned i = 0; i < KILLS || (last <= KILLS && i < LONGEST); i++) {
		unsigned now;

		last = run_and_kill(world, last + 1, 3000 + i % KILLS * 491);
		open_again(world);
		assert_string_equal(world->note, "");
		now = count_nodes(world->registry);
		/* The one that was being acknowledged may be there, no other. */
		assert_true(now == last || now == last + 1);
		last = now;
		registry_close(world->registry);
	}
	world->registry = NULL;
	assert_true(last >= KILLS / 2);
}

/* --- damage --- */

static void overwrite(const char *path, off_t from, const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, from), (ssize_t)size);
	close(fd);
}

static void close_and_damage(struct world *world)
{
	char noise[4096];

	registry_close(world->registry);
	world->registry = NULL;
	memset(noise, 0x5a, sizeof(noise));
	for (off_t page = 1; page < 6; page++)
		overwrite(world->path, page * 4096, noise, sizeof(noise));
}

static bool is_there(const struct world *world, const char *beginning)
{
	char command[160];
	struct stat status;

	snprintf(command, sizeof(command), "%s/%s", world->directory, beginning);
	return stat(command, &status) == 0;
}

static unsigned kept_aside;
static int count_aside(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)ftw;
	kept_aside += type == FTW_F && strstr(path, ".corrupt-") != NULL;
	return 0;
}

static void damage_is_repaired_from_the_backup(void **state)
{
	struct world *world = *state;

	assert_true(registry_lacks_backup(world->registry));
	put_node(world->registry, 1);
	assert_int_equal(registry_backup(world->registry), -EBUSY);
	assert_int_equal(registry_commit(world->registry), 0);
	assert_int_equal(registry_backup(world->registry), 0);
	assert_false(registry_lacks_backup(world->registry));
	put_node(world->registry, 2);
	assert_int_equal(registry_commit(world->registry), 0);
	assert_true(registry_lacks_backup(world->registry));
	close_and_damage(world);
	open_again(world);
	assert_non_null(strstr(world->note, "was damaged"));
	assert_int_equal(count_nodes(world->registry), 1);
	kept_aside = 0;
	nftw(world->directory, count_aside, 8, FTW_PHYS);
	assert_int_equal(kept_aside, 1);
	assert_false(is_there(world, "registry.db.restored"));
	/* And it is a registry like any other. */
	put_node(world->registry, 3);
	assert_int_equal(registry_commit(world->registry), 0);
	registry_close(world->registry);
	open_again(world);
	assert_string_equal(world->note, "");
	assert_int_equal(count_nodes(world->registry), 2);
}

static void without_a_backup_damage_is_an_error(void **state)
{
	struct world *world = *state;
	struct stat before, after;

	put_node(world->registry, 1);
	close_and_damage(world);
	assert_int_equal(stat(world->path, &before), 0);
	assert_int_equal(registry_open(world->path, &world->registry, world->note), -EUCLEAN);
	world->registry = NULL;
	assert_non_null(strstr(world->note, world->path));
	assert_non_null(strstr(world->note, "won't begin with an empty registry"));
	assert_int_equal(stat(world->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_size, after.st_size);
}

static void a_damaged_backup_is_not_put_in_place(void **state)
{
	struct world *world = *state;
	char backup[128];

	put_node(world->registry, 1);
	assert_int_equal(registry_commit(world->registry), 0);
	assert_int_equal(registry_backup(world->registry), 0);
	snprintf(backup, sizeof(backup), "%s.backup", world->path);
	overwrite(backup, 4096, "this is no page of a database", 29);
	close_and_damage(world);
	assert_int_equal(registry_open(world->path, &world->registry, world->note), -EUCLEAN);
	world->registry = NULL;
	assert_non_null(strstr(world->note, "it is damaged too"));
	assert_true(is_there(world, "registry.db"));
}

static void every_truncation_is_noticed(void **state)
{
	struct world *world = *state;
	struct stat whole;

	for (unsigned i = 1; i < 200; i++)
		put_node(world->registry, i);
	assert_int_equal(registry_commit(world->registry), 0);
	assert_int_equal(registry_backup(world->registry), 0);
	registry_close(world->registry);
	assert_int_equal(stat(world->path, &whole), 0);
	for (off_t size = 0; size < whole.st_size; size += size < 200 ? 100 : whole.st_size / 7) {
		assert_int_equal(truncate(world->path, size), 0);
		open_again(world);
		assert_non_null(strstr(world->note, "was damaged"));
		assert_int_equal(count_nodes(world->registry), 199);
		registry_close(world->registry);
	}
	world->registry = NULL;
}

static void a_missing_file_is_restored_too(void **state)
{
	struct world *world = *state;

	put_node(world->registry, 1);
	assert_int_equal(registry_commit(world->registry), 0);
	assert_int_equal(registry_backup(world->registry), 0);
	registry_close(world->registry);
	assert_int_equal(unlink(world->path), 0);
	open_again(world);
	assert_non_null(strstr(world->note, "was missing"));
	assert_int_equal(count_nodes(world->registry), 1);
}

static void a_newer_schema_is_refused(void **state)
{
	struct world *world = *state;

	assert_int_equal(registry_execute(world->registry, "PRAGMA user_version = 77"), 0);
	registry_close(world->registry);
	assert_int_equal(
		registry_open(world->path, &world->registry, world->note), -EPROTONOSUPPORT);
	world->registry = NULL;
	assert_non_null(strstr(world->note, "newer Bramble"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(boards_are_kept),
		TEST(boards_are_found_by_a_beginning),
		TEST(strangers_are_bounded),
		TEST(addresses_are_bounded),
		TEST(the_lowest_free_address_is_chosen),
		TEST(a_node_number_is_never_used_again),
		TEST(old_boots_leave),
		TEST(a_rollback_undoes_everything_since_the_commit),
		TEST(a_failed_write_spoils_the_whole_transaction),
		TEST(a_full_disk_is_refused_and_recovers),
		TEST(what_was_acknowledged_survives_sigkill),
		TEST(damage_is_repaired_from_the_backup),
		TEST(without_a_backup_damage_is_an_error),
		TEST(a_damaged_backup_is_not_put_in_place),
		TEST(every_truncation_is_noticed),
		TEST(a_missing_file_is_restored_too),
		TEST(a_newer_schema_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
