/* SPDX-License-Identifier: ISC */
/* Backups of the registry, what they repair, and registries of every older schema. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provisioner/registry/backups.h"
#include "provisioner/registry/private.h"

#define LISTED 64

struct world {
	char directory[64], path[160];
	char note[REGISTRY_NOTE_SIZE];
	struct registry *registry;
	size_t n; /* by list() */
	struct backup list[LISTED];
};

static const struct mac board_mac = { { 0xdc, 0xa6, 0x32, 0, 0, 1 } };

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	str_copy(world->directory, sizeof(world->directory), "/tmp/backups_test.XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(world->path, sizeof(world->path), "%s/registry.db", world->directory);
	*state = world;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void close_registry(struct world *world)
{
	if (world->registry)
		registry_close(world->registry);
	world->registry = NULL;
}

static int remove_world(void **state)
{
	struct world *world = *state;

	close_registry(world);
	nftw(world->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(world);
	return 0;
}

static void open_registry(struct world *world)
{
	if (registry_open(world->path, &world->registry, world->note) != 0)
		fail_msg("%s", world->note);
}

/* An image is the least thing that there can be. */
static void put_image(struct world *world, const char *name)
{
	struct registry_image image = { .current = "aa" };

	str_copy(image.name, sizeof(image.name), name);
	assert_int_equal(registry_put_image(world->registry, &image), 0);
	assert_int_equal(registry_commit(world->registry), 0);
}

static bool has_image(struct world *world, const char *name)
{
	struct registry_image image;

	return registry_get_image(world->registry, name, &image) == 0;
}

static int take_backup(void *argument, const struct backup *backup)
{
	struct world *world = argument;

	assert_true(world->n < LISTED);
	world->list[world->n++] = *backup;
	return 0;
}

static void list(struct world *world)
{
	world->n = 0;
	assert_int_equal(backup_each(world->registry, take_backup, world), 0);
}

static void make_path(const struct world *world, const char *name, char out[static 160])
{
	if (strcmp(name, BACKUP_LATEST) == 0)
		snprintf(out, 160, "%.90s.backup", world->path);
	else
		snprintf(out, 160, "%.60s/backups/%.47s.db", world->directory, name);
}

static void damage(const char *path)
{
	static const char noise[] = "this is no page of a database";
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (off_t page = 0; page < 6; page++)
		assert_int_equal(
			pwrite(fd, noise, sizeof(noise), page * 4096), (ssize_t)sizeof(noise));
	close(fd);
}

/* A generation of another time: a copy of what is the latest. */
static void keep_as(struct world *world, const char *name)
{
	char latest[160], path[160];

	make_path(world, BACKUP_LATEST, latest);
	make_path(world, name, path);
	assert_int_equal(link(latest, path), 0);
}

static void a_backup_is_kept_and_described(void **state)
{
	struct world *world = *state;
	struct backup_content content;
	char name[BACKUP_NAME_SIZE], path[160];

	open_registry(world);
	put_image(world, "base");
	list(world);
	assert_int_equal(world->n, 0);
	assert_int_equal(backup_keep(world->registry, "manual", name), 0);
	assert_true(backup_is_name(name));
	list(world);
	assert_int_equal(world->n, 2);
	assert_string_equal(world->list[0].name, BACKUP_LATEST);
	assert_string_equal(world->list[1].name, name);
	assert_true(world->list[1].bytes > 4096);
	assert_true(llabs(world->list[1].made_ms - world->list[0].made_ms) < 10000);
	assert_int_equal(backup_inspect(world->registry, name, &content), 0);
	assert_true(content.sound);
	assert_int_equal(content.schema, registry_newest_schema());
	assert_int_equal(content.nodes, 0);
	/* Later changes don't reach it. */
	put_image(world, "other");
	assert_int_equal(registry_backup(world->registry), 0);
	close_registry(world);
	make_path(world, name, path);
	str_copy(world->path, sizeof(world->path), path);
	open_registry(world);
	assert_true(has_image(world, "base"));
	assert_false(has_image(world, "other"));
}

static void damage_of_a_backup_is_seen(void **state)
{
	struct world *world = *state;
	struct backup_content content;
	char name[BACKUP_NAME_SIZE], path[160];

	open_registry(world);
	assert_int_equal(backup_keep(world->registry, "manual", name), 0);
	make_path(world, name, path);
	damage(path);
	assert_int_equal(backup_inspect(world->registry, name, &content), 0);
	assert_false(content.sound);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(backup_inspect(world->registry, name, &content), 0);
	assert_false(content.sound);
	assert_int_equal(backup_inspect(world->registry, "latest2", &content), -ENOENT);
	assert_int_equal(
		backup_inspect(world->registry, "2026-01-01T000000Z-daily", &content), -ENOENT);
}

static void only_names_of_backups_are_names(void **state)
{
	static const char *const wrong[] = { "", "late", "../registry", "2026-11-24T162751Z-",
		"2026-11-24T162751Z-../x", "2026-13-24T162751Z-daily", "2026-11-24T162751-daily",
		"2026-11-24T162751Z-daily/..", "2026-11-24T162751Z-Daily",
		"2026-11-24T162751Z-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

	(void)state;
	assert_true(backup_is_name("latest"));
	assert_true(backup_is_name("2026-11-24T162751Z-before-restore"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (backup_is_name(wrong[i]))
			fail_msg("\"%s\"", wrong[i]);
	}
}

static void one_a_day_is_kept_and_old_ones_leave(void **state)
{
	struct world *world = *state;
	char name[BACKUP_NAME_SIZE], path[160];
	size_t daily = 0, manual = 0;

	open_registry(world);
	assert_int_equal(registry_backup(world->registry), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(backup_keep_daily(world->registry), 0);
	list(world);
	assert_int_equal(world->n, 2);
	for (int i = 1; i <= 28; i++) {
		snprintf(name, sizeof(name), "2020-02-%02dT000000Z-daily", i);
		keep_as(world, name);
	}
	for (int i = 0; i < BACKUP_KEPT_OTHERS + 3; i++)
		assert_int_equal(backup_keep(world->registry, "manual", name), 0);
	list(world);
	for (size_t i = 1; i < world->n; i++) {
		daily += strstr(world->list[i].name, "-daily") != NULL;
		manual += strstr(world->list[i].name, "-manual") != NULL;
		if (i > 1)
			assert_true(strcmp(world->list[i].name, world->list[i - 1].name) < 0);
	}
	assert_int_equal(daily, BACKUP_KEPT_DAILY);
	assert_int_equal(manual, BACKUP_KEPT_OTHERS);
	/* The oldest went, not the newest. */
	make_path(world, "2020-02-28T000000Z-daily", path);
	assert_int_equal(access(path, F_OK), 0);
	make_path(world, "2020-02-01T000000Z-daily", path);
	assert_int_not_equal(access(path, F_OK), 0);
}

/* "before" lies in a generation, "base" in the newest backup. */
static void make_generations(struct world *world)
{
	char name[BACKUP_NAME_SIZE];

	open_registry(world);
	put_image(world, "before");
	assert_int_equal(backup_keep(world->registry, "manual", name), 0);
	put_image(world, "base");
	assert_int_equal(registry_backup(world->registry), 0);
	close_registry(world);
}

static void a_generation_helps_when_the_newest_backup_is_damaged(void **state)
{
	struct world *world = *state;
	char path[160];

	make_generations(world);
	damage(world->path);
	make_path(world, BACKUP_LATEST, path);
	damage(path);
	open_registry(world);
	assert_true(has_image(world, "before"));
	assert_false(has_image(world, "base"));
	assert_non_null(strstr(world->note, "was damaged"));
	assert_non_null(strstr(world->note, "-manual.db took its place (1 newer ones"));
	close_registry(world);
	open_registry(world);
	assert_string_equal(world->note, "");
}

static void a_generation_keeps_a_missing_registry_from_beginning_anew(void **state)
{
	struct world *world = *state;
	char path[160];

	make_generations(world);
	assert_int_equal(unlink(world->path), 0);
	make_path(world, BACKUP_LATEST, path);
	assert_int_equal(unlink(path), 0);
	open_registry(world);
	assert_true(has_image(world, "before"));
	assert_non_null(strstr(world->note, "was missing"));
}

static void when_every_backup_is_damaged_nothing_is_touched(void **state)
{
	struct world *world = *state;
	struct stat before, after;
	char path[160];

	make_generations(world);
	open_registry(world);
	list(world);
	close_registry(world);
	for (size_t i = 0; i < world->n; i++) {
		make_path(world, world->list[i].name, path);
		damage(path);
	}
	damage(world->path);
	assert_int_equal(stat(world->path, &before), 0);
	assert_int_equal(registry_open(world->path, &world->registry, world->note), -EUCLEAN);
	world->registry = NULL;
	assert_non_null(strstr(world->note, "none of them is sound"));
	assert_non_null(strstr(world->note, "won't begin with an empty registry"));
	assert_int_equal(stat(world->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

/* --- older schemas --- */

/* What the first schema can hold; the later ones only add to it. */
static const char first_content[] =
	"INSERT INTO boards(mac, serial, model, revision, parked, first_seen, last_seen)"
	" VALUES(x'dca632000001', '1a2b3c4d', 2, 12595473, 1, 1000, 2000);"
	"INSERT INTO addresses VALUES(x'dca632000001', 172818482, 2000);"
	"INSERT INTO nodes(id, name, address, role, board, wants_next, image, image_hash, joined,"
	"  created, heartbeat) VALUES(7, 'rasp7', 172818482, 'node', x'dca632000001', 0, 'base',"
	"  'abc', 1, 1000, 3000);"
	"INSERT INTO bindings(node, board, at, text)"
	" VALUES('rasp7', x'dca632000001', 1500, 'joined by itself');"
	"INSERT INTO boots(mac, node, token, stage, reason, image_hash, bytes, files,"
	"  retransmissions, started, changed, ended)"
	" VALUES(x'dca632000001', 'rasp7', 't', 'joined', '', 'abc', 1, 2, 3, 4, 5, 6);"
	"INSERT INTO steps VALUES(1, 4, 'dhcp', 'DISCOVER', 0, 0, 0);"
	"INSERT INTO events(at, kind, subject, text) VALUES(1, 'node.joined', 'rasp7', 'it "
	"joined');"
	"INSERT INTO images(name, current, previous) VALUES('base', 'abc', 'def');";

/* What a version added. */
static const char *const added[] = {
	[2] = "INSERT INTO forgotten VALUES('rasp9', 5);",
	[3] = "INSERT INTO expected VALUES('c0ffee01', 'rasp8', 'node');"
	      "INSERT INTO facts VALUES('admission.until', 99);",
	[4] = "UPDATE nodes SET cordoned = 1, note = 'top shelf';"
	      "UPDATE boards SET note = 'loud fan';",
};

static void make_old(struct world *world, int version)
{
	struct registry old = { 0 };

	assert_int_equal(sqlite3_open(world->path, &old.db), SQLITE_OK);
	assert_int_equal(registry_migrate(&old, version), 0);
	assert_int_equal(registry_execute(&old, first_content), 0);
	for (int i = 2; i <= version && i < (int)(sizeof(added) / sizeof(added[0])); i++)
		assert_int_equal(registry_execute(&old, added[i]), 0);
	registry_close_file(&old);
}

static int count_forgotten(void *argument, const char *name, int64_t at_ms)
{
	assert_string_equal(name, "rasp9");
	assert_int_equal(at_ms, 5);
	++*(int *)argument;
	return 0;
}

static int see_binding(void *argument, int64_t at_ms, const struct mac *mac, const char *text)
{
	assert_int_equal(at_ms, 1500);
	assert_memory_equal(mac, &board_mac, sizeof(*mac));
	assert_string_equal(text, "joined by itself");
	++*(int *)argument;
	return 0;
}

static void expect_first_content(struct world *world)
{
	struct registry_node node;
	struct registry_board board;
	struct registry_boot boot;
	struct registry_image image;
	struct in_addr address;
	int bindings = 0;

	assert_int_equal(registry_get_node(world->registry, "rasp7", &node), 0);
	assert_int_equal(node.id, 7);
	assert_true(node.has_board && node.joined);
	assert_string_equal(node.image_hash, "abc");
	assert_int_equal(node.heartbeat_ms, 3000);
	assert_int_equal(registry_get_board(world->registry, &board_mac, &board), 0);
	assert_string_equal(board.serial, "1a2b3c4d");
	assert_int_equal(board.revision, 12595473);
	assert_true(board.parked);
	assert_int_equal(registry_get_address(world->registry, &board_mac, &address), 0);
	assert_int_equal(address.s_addr, node.address.s_addr);
	assert_int_equal(
		registry_each_binding(world->registry, "rasp7", see_binding, &bindings), 0);
	assert_int_equal(bindings, 1);
	assert_int_equal(registry_get_boot(world->registry, 1, &boot), 0);
	assert_string_equal(boot.stage, "joined");
	assert_int_equal(registry_get_image(world->registry, "base", &image), 0);
	assert_string_equal(image.previous, "def");
}

static void expect_added_content(struct world *world, int version)
{
	struct registry_node node;
	struct registry_board board;
	int64_t until = 0;
	int forgotten = 0;

	assert_int_equal(registry_each_forgotten(world->registry, count_forgotten, &forgotten), 0);
	assert_int_equal(forgotten, version >= 2);
	(void)registry_get_fact(world->registry, "admission.until", &until);
	assert_int_equal(until, version >= 3 ? 99 : 0);
	assert_int_equal(registry_is_promised(world->registry, "rasp8"), version >= 3);
	assert_int_equal(registry_get_node(world->registry, "rasp7", &node), 0);
	assert_int_equal(node.cordoned, version >= 4);
	assert_string_equal(node.note, version >= 4 ? "top shelf" : "");
	assert_int_equal(registry_get_board(world->registry, &board_mac, &board), 0);
	assert_string_equal(board.note, version >= 4 ? "loud fan" : "");
}

/* It works as if it had always been of this version. */
static void expect_working(struct world *world)
{
	struct registry_node node = { .name = "rasp8", .address.s_addr = 1, .note = "new" };
	struct registry_order order = { .node = 7, .verb = "reboot" };

	assert_int_equal(registry_put_node(world->registry, &node), 0);
	assert_int_equal(node.id, 8);
	assert_int_equal(registry_put_order(world->registry, &order), 0);
	assert_int_equal(registry_commit(world->registry), 0);
	assert_int_equal(registry_check_integrity(world->registry), 0);
}

static void every_older_schema_is_brought_up_to_date(void **state)
{
	struct world *world = *state;

	for (int version = 1; version <= registry_newest_schema(); version++) {
		struct backup_content content;
		int now = 0;

		make_old(world, version);
		open_registry(world);
		assert_string_equal(world->note, "");
		assert_int_equal(registry_schema_version(world->registry, &now), 0);
		assert_int_equal(now, registry_newest_schema());
		expect_first_content(world);
		expect_added_content(world, version);
		expect_working(world);
		/* What it was before is kept, in its old schema. */
		list(world);
		assert_int_equal(world->n, version < now ? 2 : 0);
		if (version < now) {
			assert_non_null(strstr(world->list[1].name, "-before-upgrade"));
			assert_int_equal(
				backup_inspect(world->registry, world->list[1].name, &content), 0);
			assert_true(content.sound);
			assert_int_equal(content.schema, version);
		}
		close_registry(world);
		nftw(world->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
		assert_int_equal(mkdir(world->directory, 0700), 0);
	}
}

static void a_backup_of_an_older_schema_repairs_too(void **state)
{
	struct world *world = *state;
	char path[160];

	make_old(world, 1);
	make_path(world, BACKUP_LATEST, path);
	assert_int_equal(rename(world->path, path), 0);
	open_registry(world);
	assert_non_null(strstr(world->note, "was missing"));
	expect_first_content(world);
	expect_working(world);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_backup_is_kept_and_described),
		TEST(damage_of_a_backup_is_seen),
		TEST(only_names_of_backups_are_names),
		TEST(one_a_day_is_kept_and_old_ones_leave),
		TEST(a_generation_helps_when_the_newest_backup_is_damaged),
		TEST(a_generation_keeps_a_missing_registry_from_beginning_anew),
		TEST(when_every_backup_is_damaged_nothing_is_touched),
		TEST(every_older_schema_is_brought_up_to_date),
		TEST(a_backup_of_an_older_schema_repairs_too),
	};

	return cmocka_run_group_tests_name("registry-backups", tests, NULL, NULL);
}
