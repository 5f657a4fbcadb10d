/* SPDX-License-Identifier: ISC */
/* Image versions on a share: published whole or not at all. */
#include "tests/unit/image_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/cache.h"

#define CONTENT "not really a squashfs"
/* printf 'not really a squashfs' | sha256sum */
#define CONTENT_HASH "b21acadd35c9b46f07f2d74a5e4887c82d8530a2093af05a6774de9ea4881650"

static void put(const char *directory, const char *name, const char *content)
{
	assert_int_equal(image_world_put(directory, name, content), 0);
}

static void make_work(struct world *world)
{
	char boot[WORKSHOP_PATH_SIZE + 8];

	put(world->shop.work, "image.squashfs", CONTENT);
	snprintf(boot, sizeof(boot), "%s/boot", world->shop.work);
	assert_int_equal(mkdir(boot, 0755), 0);
	put(boot, "manifest", "made for a test");
}

static void begin(struct world *world)
{
	if (image_begin(&world->shop, world->share) != 0)
		fail_msg("%s", world->shop.failure.text);
}

static void publish(struct world *world)
{
	bool existed;

	make_work(world);
	if (image_publish(&world->shop, world->share, IMAGE_SQUASHFS, &world->version, &existed) !=
		0)
		fail_msg("%s", world->shop.failure.text);
	assert_false(existed);
}

static int count(void *context, const struct image_version *version)
{
	assert_string_equal(version->name, "base");
	(*(unsigned *)context)++;
	return 0;
}

static unsigned versions(const struct world *world)
{
	unsigned found = 0;

	assert_int_equal(image_each(world->share, NULL, count, &found), 0);
	return found;
}

static void a_version_is_named_by_its_content(void **state)
{
	struct world *world = *state;
	char hash[HASH_TEXT_SIZE];
	struct stat status;

	begin(world);
	publish(world);
	assert_int_equal(image_hash_file(world->version.root, hash), 0);
	assert_string_equal(hash, world->version.hash);
	assert_non_null(strstr(world->version.root, hash));
	assert_int_equal(stat(world->version.root, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0444);
	assert_int_equal(stat(world->version.boot, &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	assert_int_equal(versions(world), 1);
}

static void what_a_crash_left_is_swept_and_is_no_version(void **state)
{
	struct world *world = *state;
	char crashed[WORKSHOP_PATH_SIZE], lost[512];

	snprintf(crashed, sizeof(crashed), "%s/images/base/.build-crashed/root/etc", world->share);
	assert_int_equal(file_make_directories(crashed, 0755), 0);
	assert_int_equal(versions(world), 0);
	begin(world);
	assert_int_equal(access(crashed, F_OK), -1);
	make_work(world);
	assert_int_equal(versions(world), 0);

	/* Killed between the two renames: the set is there, the root isn't. */
	snprintf(lost, sizeof(lost), "%s/images/base/" CONTENT_HASH ".boot", world->share);
	assert_int_equal(mkdir(lost, 0755), 0);
	put(lost, "manifest", "of the crashed build");
	assert_int_equal(versions(world), 0);
}

static void the_set_of_a_crashed_build_is_replaced(void **state)
{
	struct world *world = *state;
	char *text;
	size_t size;
	char path[WORKSHOP_PATH_SIZE + 16];

	begin(world);
	publish(world);
	snprintf(path, sizeof(path), "%s/manifest", world->version.boot);
	assert_int_equal(unlink(world->version.root), 0);
	assert_int_equal(file_replace(path, "old", 3, 0644), 0);
	cache_remove_tree(world->shop.work);
	assert_int_equal(mkdir(world->shop.work, 0755), 0);
	publish(world);
	assert_int_equal(file_read(path, 100, &text, &size), 0);
	assert_string_equal(text, "made for a test");
	free(text);
}

static void a_damaged_version_is_replaced(void **state)
{
	struct world *world = *state;
	char hash[HASH_TEXT_SIZE];

	begin(world);
	publish(world);
	assert_int_equal(truncate(world->version.root, 3), 0);
	cache_remove_tree(world->shop.work);
	assert_int_equal(mkdir(world->shop.work, 0755), 0);
	publish(world);
	assert_int_equal(image_hash_file(world->version.root, hash), 0);
	assert_string_equal(hash, world->version.hash);
}

static void a_second_build_of_the_image_is_kept_out_until_the_first_ends(void **state)
{
	struct world *world = *state;
	struct workshop *second = calloc(1, sizeof(*second));

	assert_non_null(second);
	second->recipe = &world->recipe;
	begin(world);
	assert_int_equal(image_begin(second, world->share), -EBUSY);
	assert_non_null(strstr(second->failure.text, "another build of image base is running"));
	assert_int_equal(access(world->shop.work, F_OK), 0);
	free(second);
}

static void files_of_others_are_no_versions(void **state)
{
	static const char *const names[] = { "x.squashfs", CONTENT_HASH, CONTENT_HASH ".img",
		CONTENT_HASH ".squashfs.tmp", CONTENT_HASH "0.squashfs", ".squashfs" };
	struct world *world = *state;
	char directory[128];

	begin(world);
	snprintf(directory, sizeof(directory), "%s/images/base", world->share);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		put(directory, names[i], "x");
	assert_int_equal(versions(world), 0);
}

static void a_damaged_root_is_found(void **state)
{
	struct world *world = *state;
	struct failure failure = { 0 };

	begin(world);
	publish(world);
	assert_int_equal(truncate(world->version.root, 3), 0);
	assert_int_equal(image_check(&world->version, &failure), -EIO);
	assert_non_null(strstr(failure.text, "the root is damaged"));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, image_world_make, image_world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_version_is_named_by_its_content),
		IN_WORLD(what_a_crash_left_is_swept_and_is_no_version),
		IN_WORLD(the_set_of_a_crashed_build_is_replaced),
		IN_WORLD(a_damaged_version_is_replaced),
		IN_WORLD(a_second_build_of_the_image_is_kept_out_until_the_first_ends),
		IN_WORLD(files_of_others_are_no_versions),
		IN_WORLD(a_damaged_root_is_found),
	};

	return cmocka_run_group_tests_name("image_store", tests, NULL, NULL);
}
