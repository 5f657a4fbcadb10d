/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provisioner/cluster/copy.h"
#include "provisioner/cluster/volumes.h"
#include "provisioner/settings/settings.h"

static struct settings settings;

static int make_share(void **state)
{
	(void)state;
	snprintf(settings.share, sizeof(settings.share), "/tmp/volumes_test.XXXXXX");
	return mkdtemp(settings.share) ? 0 : -1;
}

static int remove_share(void **state)
{
	(void)state;
	return copy_remove_tree(settings.share);
}

static mode_t mode_of(const char *path)
{
	char whole[768];
	struct stat status;

	snprintf(whole, sizeof(whole), "%s%s", settings.share, path);
	return lstat(whole, &status) == 0 ? status.st_mode & 07777 : 0;
}

static void a_directory_is_made_for_all_pods_and_found_again(void **state)
{
	char path[VOLUMES_PATH_SIZE], whole[768];

	(void)state;
	assert_int_equal(volumes_make_directory(&settings, "web", "data-0", path), 0);
	assert_string_equal(path, "/shared/volumes/web/data-0");
	assert_int_equal(mode_of(path), 0777);
	assert_int_equal(mode_of("/shared/volumes/web"), 0755);
	snprintf(whole, sizeof(whole), "%s%s", settings.share, path);
	assert_int_equal(chmod(whole, 0700), 0);
	assert_int_equal(volumes_make_directory(&settings, "web", "data-0", path), 0);
	assert_int_equal(mode_of(path), 0700); /* whose it is now is none of our business */
}

static void names_are_no_paths(void **state)
{
	static const char *const bad[] = { "", ".", "..", "../x", "a/b", "/a", ".a", "A" };
	char path[VOLUMES_PATH_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(volumes_make_directory(&settings, bad[i], "a", path), -EINVAL);
		assert_int_equal(volumes_make_directory(&settings, "a", bad[i], path), -EINVAL);
	}
	assert_int_equal(volumes_make_directory(&settings, "a.b", "a", path), -EINVAL);
	assert_int_equal(volumes_make_directory(&settings, "a", "a.b", path), 0);
}

/* Nodes can write there. */
static void no_link_is_followed(void **state)
{
	char path[VOLUMES_PATH_SIZE], link[512], outside[512];

	(void)state;
	snprintf(outside, sizeof(outside), "%s/outside", settings.share);
	assert_int_equal(mkdir(outside, 0700), 0);
	assert_int_equal(volumes_make_directory(&settings, "a", "b", path), 0);
	snprintf(link, sizeof(link), "%s/shared/volumes/evil", settings.share);
	assert_int_equal(symlink(outside, link), 0);
	assert_true(volumes_make_directory(&settings, "evil", "b", path) < 0);
	snprintf(link, sizeof(link), "%s/shared/volumes/a/c", settings.share);
	assert_int_equal(symlink(outside, link), 0);
	assert_true(volumes_make_directory(&settings, "a", "c", path) < 0);
	assert_int_equal(mode_of("/outside"), 0700);
	assert_int_equal(mode_of("/outside/b"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_share, remove_share)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_directory_is_made_for_all_pods_and_found_again),
		TEST(names_are_no_paths),
		TEST(no_link_is_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
