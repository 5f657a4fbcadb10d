/* SPDX-License-Identifier: ISC */
/* A root file system changed from outside: nothing reaches the host. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/cache.h"
#include "rootfs/clean.h"
#include "rootfs/tree.h"
#include "rootfs/units.h"

struct world {
	char directory[64];
	char outside[96]; /* stands for the host */
	char path[96];	  /* of the root */
	int root;
	struct workshop shop;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	snprintf(world->directory, sizeof(world->directory), "/tmp/tree_test.XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(world->outside, sizeof(world->outside), "%s/outside", world->directory);
	snprintf(world->path, sizeof(world->path), "%s/root", world->directory);
	assert_int_equal(mkdir(world->outside, 0755), 0);
	assert_int_equal(mkdir(world->path, 0755), 0);
	world->root = open(world->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(world->root >= 0);
	*state = world;
	return 0;
}

static int remove_world(void **state)
{
	struct world *world = *state;

	close(world->root);
	assert_int_equal(cache_remove_tree(world->directory), 0);
	free(world);
	return 0;
}

static void expect_text(const struct world *world, const char *path, const char *expected)
{
	char *text;

	assert_int_equal(tree_read(world->root, path, &text), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void files_are_written_replaced_and_removed(void **state)
{
	struct world *world = *state;
	struct stat status;
	char path[128];

	assert_int_equal(tree_write(world->root, "etc/a/b", "one", 3, 0640), 0);
	assert_int_equal(tree_write(world->root, "etc/a/b", "two", 3, 0600), 0);
	expect_text(world, "etc/a/b", "two");
	snprintf(path, sizeof(path), "%s/etc/a/b", world->path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(tree_remove(world->root, "etc/a/b"), 0);
	assert_int_equal(tree_remove(world->root, "etc/a/b"), 0);
	assert_int_equal(tree_make_directory(world->root, "usr/lib/modules"), 0);
	assert_int_equal(tree_make_directory(world->root, "usr/lib/modules"), 0);
	assert_int_equal(tree_write(world->root, "top", "x", 1, 0644), 0);
	expect_text(world, "top", "x");
}

/* Links as a package could bring them, all meant from inside the root. */
static void links_never_lead_to_the_host(void **state)
{
	struct world *world = *state;
	char host[192];
	struct stat status;

	assert_int_equal(tree_link(world->root, "var", world->outside), 0);
	assert_true(tree_write(world->root, "var/file", "x", 1, 0644) < 0);
	assert_int_equal(tree_link(world->root, "up", "../../../../../../.."), 0);
	assert_int_equal(tree_write(world->root, "up/in-the-root", "x", 1, 0644), 0);
	expect_text(world, "in-the-root", "x");

	/* A link under the name itself is replaced, not followed. */
	snprintf(host, sizeof(host), "%s/resolv.conf", world->outside);
	assert_int_equal(file_replace(host, "host", 4, 0644), 0);
	assert_int_equal(tree_link(world->root, "etc/resolv.conf", host), 0);
	assert_int_equal(tree_write(world->root, "etc/resolv.conf", "node", 4, 0644), 0);
	expect_text(world, "etc/resolv.conf", "node");
	assert_int_equal(stat(host, &status), 0);
	assert_int_equal(status.st_size, 4);
	snprintf(host, sizeof(host), "%s/file", world->outside);
	assert_int_equal(access(host, F_OK), -1);
}

static void removing_a_tree_does_not_follow_links(void **state)
{
	struct world *world = *state;
	char kept[192];

	snprintf(kept, sizeof(kept), "%s/kept", world->outside);
	assert_int_equal(file_replace(kept, "x", 1, 0644), 0);
	assert_int_equal(tree_link(world->root, "a/link", world->outside), 0);
	assert_int_equal(tree_write(world->root, "a/b/c", "x", 1, 0000), 0);
	assert_int_equal(cache_remove_tree(world->path), 0);
	assert_int_equal(access(world->path, F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(cache_remove_tree(world->path), 0);
}

static void a_tree_is_known_by_everything_in_it(void **state)
{
	struct world *world = *state;
	char path[128], first[HASH_TEXT_SIZE], second[HASH_TEXT_SIZE];

	snprintf(path, sizeof(path), "%s/a", world->path);
	assert_int_equal(tree_write(world->root, "a", "one", 3, 0644), 0);
	assert_int_equal(tree_link(world->root, "l", "a"), 0);
	assert_int_equal(tree_hash(world->path, first), 0);
	assert_int_equal(tree_hash(world->path, second), 0);
	assert_string_equal(first, second);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(tree_hash(world->path, second), 0);
	assert_string_not_equal(first, second);
	assert_int_equal(tree_write(world->root, "a", "two", 3, 0644), 0);
	assert_int_equal(tree_hash(world->path, second), 0);
	assert_string_not_equal(first, second);
	assert_int_equal(tree_write(world->root, "a", "one", 3, 0644), 0);
	assert_int_equal(tree_hash(world->path, second), 0);
	assert_string_equal(first, second);
	assert_int_equal(tree_link(world->root, "l", "b"), 0);
	assert_int_equal(tree_hash(world->path, second), 0);
	assert_string_not_equal(first, second);
}

static char *write_unit(const struct world *world, const char *text)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/x.service", world->directory);
	assert_int_equal(file_replace(path, text, strlen(text), 0644), 0);
	return path;
}

static void a_unit_is_installed_and_wanted(void **state)
{
	struct world *world = *state;
	const char *text = "[Service]\nExecStart=-/usr/bin/x --flag\n[Install]\n"
			   "WantedBy=multi-user.target  other.target\nWantedBy=third.target\n";
	static const char *const targets[] = { "multi-user", "other", "third" };

	assert_int_equal(tree_write(world->root, "usr/bin/x", "x", 1, 0755), 0);
	if (units_install(&world->shop, world->root, write_unit(world, text)) != 0)
		fail_msg("%s", world->shop.failure.text);
	expect_text(world, "usr/lib/systemd/system/x.service", text);
	for (size_t i = 0; i < 3; i++) {
		char path[128];

		snprintf(path, sizeof(path), "etc/systemd/system/%s.target.wants/x.service",
			targets[i]);
		expect_text(world, path, text);
	}
	assert_int_equal(units_mask(&world->shop, world->root, "y.timer"), 0);
}

static void a_unit_without_its_program_is_refused(void **state)
{
	struct world *world = *state;
	char *unit = write_unit(
		world, "[Service]\nExecStart=/usr/bin/x\n[Install]\nWantedBy=multi-user.target\n");

	assert_int_equal(units_install(&world->shop, world->root, unit), -ENOENT);
	assert_non_null(strstr(world->shop.failure.text, "x.service starts /usr/bin/x"));
	assert_int_equal(tree_write(world->root, "usr/bin/x", "x", 1, 0644), 0);
	assert_int_equal(units_install(&world->shop, world->root, unit), -EACCES);
}

static void a_unit_that_nothing_wants_cannot_be_enabled(void **state)
{
	struct world *world = *state;

	assert_int_equal(units_install(&world->shop, world->root, write_unit(world, "[Service]\n")),
		-EINVAL);
	memset(&world->shop.failure, 0, sizeof(world->shop.failure));
	assert_int_equal(units_enable(&world->shop, world->root, "gone.service"), -ENOENT);
	assert_non_null(
		strstr(world->shop.failure.text, "gone.service, which neither a package nor"));
}

static void what_tells_of_the_hour_of_a_build_goes(void **state)
{
	static const struct {
		const char *path;
		bool stays;
	} cases[] = {
		{ "etc/ssh/ssh_host_rsa_key", false },
		{ "etc/ssh/sshd_config", true },
		{ "etc/passwd-", false },
		{ "etc/passwd", true },
		{ "var/log/apt/history.log", false },
		{ "var/cache/ldconfig/aux-cache", false },
		{ "usr/lib/python3/x/__pycache__/y.cpython-311.pyc", false },
		{ "usr/lib/python3/x/y.py", true },
		{ "opt/var/log/x", true },
		{ "root/.bash_history", false },
		{ "root/.bashrc", true },
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tree_write(world->root, cases[i].path, "x", 1, 0644), 0);
	assert_int_equal(tree_link(world->root, "var/log/link", "../../etc/passwd"), 0);
	assert_int_equal(clean_root(world->path), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if ((tree_find(world->root, cases[i].path) == 0) != cases[i].stays)
			fail_msg("%s", cases[i].path);
	assert_int_equal(tree_find(world->root, "var/log/apt"), 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(what_tells_of_the_hour_of_a_build_goes),
		IN_WORLD(files_are_written_replaced_and_removed),
		IN_WORLD(links_never_lead_to_the_host),
		IN_WORLD(removing_a_tree_does_not_follow_links),
		IN_WORLD(a_tree_is_known_by_everything_in_it),
		IN_WORLD(a_unit_is_installed_and_wanted),
		IN_WORLD(a_unit_without_its_program_is_refused),
		IN_WORLD(a_unit_that_nothing_wants_cannot_be_enabled),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
