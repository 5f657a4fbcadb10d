/* SPDX-License-Identifier: ISC */
/* Which image versions are removed, and which never. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PEER "10.77.0.50"
#define THIRD_HASH "3333333333333333333333333333333333333333333333333333333333333333"
#define FOURTH_HASH "4444444444444444444444444444444444444444444444444444444444444444"

/* From which call on the disk refuses everything, as for a process that was killed there; 0 never.
 * The linker takes these functions in place of the C library's. */
static unsigned calls_left;

static bool is_dead(void)
{
	if (calls_left == 0 || (calls_left != 1 && --calls_left > 0))
		return false;
	errno = EIO;
	return true;
}

int unlinkat(int directory, const char *path, int flags)
{
	return is_dead() ? -1 : (int)syscall(SYS_unlinkat, directory, path, flags);
}

int fsync(int fd)
{
	return is_dead() ? -1 : (int)syscall(SYS_fsync, fd);
}

static bool is_there(const struct world *world, const char *hash, const char *suffix)
{
	char path[240];

	snprintf(path, sizeof(path), "%s/share/images/base/%s%s", world->directory, hash, suffix);
	return access(path, F_OK) == 0;
}

/* Calls the API. Returns the HTTP status, and how many were removed and kept. */
static int sweep(struct world *world, bool dry_run, int *removed, int *kept)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_POST, "/v1/images/base/gc",
		dry_run ? "{\"dry_run\":true}" : "{}", &status);

	*removed = cJSON_GetArraySize(cJSON_GetObjectItem(json, "removed"));
	*kept = cJSON_GetArraySize(cJSON_GetObjectItem(json, "kept"));
	cJSON_Delete(json);
	return status;
}

static void only_what_nothing_needs_is_removed(void **state)
{
	struct world *world = *state;
	char *token, body[160];
	int removed, kept, status;

	/* rasp1 runs the first, then three others came. */
	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1a2b3c4d);
	token = world_fetch_token(world, PEER, "1a2b3c4d");
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"board\":{\"serial\":\"1a2b3c4d\"}}",
		token);
	free(token);
	cJSON_Delete(world_call(world, PEER, IPC_POST, "/v1/join", body, &status));
	assert_int_equal(status, 200);
	world_use_image(world, SECOND_HASH);
	world_use_image(world, THIRD_HASH);
	world_use_image(world, FOURTH_HASH);
	assert_int_equal(sweep(world, true, &removed, &kept), 200);
	assert_int_equal(removed, 1);
	assert_int_equal(kept, 3);
	assert_true(is_there(world, SECOND_HASH, ".squashfs"));
	assert_int_equal(sweep(world, false, &removed, &kept), 200);
	assert_int_equal(removed, 1);
	assert_false(is_there(world, SECOND_HASH, ".squashfs"));
	assert_false(is_there(world, SECOND_HASH, ".boot"));
	assert_true(is_there(world, FIRST_HASH, ".squashfs"));
	assert_true(is_there(world, THIRD_HASH, ".squashfs"));
	assert_true(is_there(world, FOURTH_HASH, ".boot"));
	assert_int_equal(world_count_events(world, "image.removed"), 1);
	assert_int_equal(sweep(world, false, &removed, &kept), 200);
	assert_int_equal(removed, 0);
}

static int pin(struct world *world, const char *verb, const char *hash)
{
	char path[64], body[96];
	int status;

	snprintf(path, sizeof(path), "/v1/images/base/%s", verb);
	snprintf(body, sizeof(body), "{\"hash\":\"%s\"}", hash);
	cJSON_Delete(world_call(world, NULL, IPC_POST, path, body, &status));
	return status;
}

/* Pinned once, however often it was said, and over a crash. */
static void a_pinned_version_is_kept_until_it_is_unpinned(void **state)
{
	struct world *world = *state;
	int removed, kept;

	world_use_image(world, FIRST_HASH);
	world_make_image(world, SECOND_HASH);
	assert_int_equal(pin(world, "pin", "22222222"), 200);
	assert_int_equal(pin(world, "pin", SECOND_HASH), 200);
	assert_int_equal(pin(world, "pin", "2222"), 404);
	assert_int_equal(pin(world, "pin", THIRD_HASH), 404);
	assert_int_equal(world_count_events(world, "image.pinned"), 1);
	world_crash(world);
	assert_int_equal(sweep(world, false, &removed, &kept), 200);
	assert_int_equal(removed, 0);
	assert_int_equal(pin(world, "unpin", "22222222"), 200);
	assert_int_equal(pin(world, "unpin", "22222222"), 200);
	assert_int_equal(world_count_events(world, "image.unpinned"), 1);
	assert_int_equal(sweep(world, false, &removed, &kept), 200);
	assert_int_equal(removed, 1);
	assert_false(is_there(world, SECOND_HASH, ".squashfs"));
}

/* The board has fetched its kernel, but not yet its command line. */
static void what_a_boot_began_with_is_kept(void **state)
{
	struct world *world = *state;
	int removed, kept;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1a2b3c4d);
	free(world_read(world, PEER, "1a2b3c4d/config.txt"));
	assert_int_equal(world_commit(world), 0);
	world_use_image(world, SECOND_HASH);
	world_use_image(world, THIRD_HASH);
	assert_int_equal(sweep(world, false, &removed, &kept), 200);
	assert_int_equal(removed, 0);
	free(world_read(world, PEER, "1a2b3c4d/cmdline.txt"));
}

/* Killed between the root and the rest. */
static void what_an_interrupted_one_left_is_removed(void **state)
{
	struct world *world = *state;
	char path[240];
	int removed, kept;

	world_use_image(world, FIRST_HASH);
	world_make_image(world, SECOND_HASH);
	snprintf(path, sizeof(path), "%s/share/images/base/%s.squashfs", world->directory,
		SECOND_HASH);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(sweep(world, false, &removed, &kept), 200);
	assert_int_equal(removed, 1);
	assert_false(is_there(world, SECOND_HASH, ".boot"));
}

/* Killed at each call in turn: what is needed is whole, what is left of the rest is no version, and
 * the next sweep ends it. */
static void a_crash_at_any_call_leaves_no_half_version(void **state)
{
	static const char *const needed[] = { THIRD_HASH, FOURTH_HASH };
	char root[IMAGES_PATH_SIZE], reason[IMAGES_REASON_SIZE];
	struct world *world = *state;
	unsigned at = 1;
	bool died = true;
	struct boot_set *set;
	int removed, kept;

	world_use_image(world, THIRD_HASH);
	world_use_image(world, FOURTH_HASH);
	for (; died; at++) {
		world_make_image(world, SECOND_HASH);
		calls_left = at + 1;
		(void)sweep(world, false, &removed, &kept);
		died = calls_left == 1;
		calls_left = 0;
		world_crash(world);
		for (size_t i = 0; i < 2; i++)
			assert_int_equal(images_open(&world->brambled, "base", needed[i], &set,
						 root, reason),
				0);
		/* A version that can be chosen at all is whole. */
		if (is_there(world, SECOND_HASH, ".squashfs"))
			assert_int_equal(images_open(&world->brambled, "base", SECOND_HASH, &set,
						 root, reason),
				0);
		assert_int_equal(sweep(world, false, &removed, &kept), 200);
		assert_false(is_there(world, SECOND_HASH, ".squashfs"));
		assert_false(is_there(world, SECOND_HASH, ".boot"));
	}
	/* The root, the directory, ten files and their directory; the two after are none. */
	assert_int_equal(at - 2, 13);
}

/* For development: its boot set must not go without it. */
static void a_tree_is_left_whole(void **state)
{
	struct world *world = *state;
	char path[240], root[240];
	int removed, kept;

	world_use_image(world, FIRST_HASH);
	world_make_image(world, SECOND_HASH);
	snprintf(root, sizeof(root), "%s/share/images/base/%s.squashfs", world->directory,
		SECOND_HASH);
	snprintf(path, sizeof(path), "%s/share/images/base/%s.tree", world->directory, SECOND_HASH);
	assert_int_equal(unlink(root), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(sweep(world, false, &removed, &kept), 200);
	assert_int_equal(removed, 0);
	assert_true(is_there(world, SECOND_HASH, ".boot"));
}

static void nothing_is_removed_while_a_version_is_built(void **state)
{
	struct world *world = *state;
	char path[240];
	int fd, removed, kept;

	world_use_image(world, FIRST_HASH);
	world_make_image(world, SECOND_HASH);
	snprintf(path, sizeof(path), "%s/share/images/base/.lock", world->directory);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
	assert_int_equal(sweep(world, false, &removed, &kept), 409);
	assert_true(is_there(world, SECOND_HASH, ".squashfs"));
	close(fd);
	assert_int_equal(sweep(world, false, &removed, &kept), 200);
	assert_false(is_there(world, SECOND_HASH, ".squashfs"));
}

static void other_files_and_images_are_left_alone(void **state)
{
	struct world *world = *state;
	char path[240];
	int status, removed, kept;
	cJSON *json;

	world_use_image(world, FIRST_HASH);
	snprintf(path, sizeof(path), "%s/share/images/base/notes.squashfs", world->directory);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	assert_int_equal(sweep(world, false, &removed, &kept), 200);
	assert_int_equal(removed, 0);
	assert_int_equal(access(path, F_OK), 0);
	json = world_call(world, NULL, IPC_POST, "/v1/images/other/gc", "{}", &status);
	assert_int_equal(status, 404);
	cJSON_Delete(json);
	json = world_call(world, PEER, IPC_POST, "/v1/images/base/gc", "{}", &status);
	assert_int_equal(status, 403);
	cJSON_Delete(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_nothing_needs_is_removed),
		TEST(a_pinned_version_is_kept_until_it_is_unpinned),
		TEST(what_a_boot_began_with_is_kept),
		TEST(what_an_interrupted_one_left_is_removed),
		TEST(a_crash_at_any_call_leaves_no_half_version),
		TEST(a_tree_is_left_whole),
		TEST(nothing_is_removed_while_a_version_is_built),
		TEST(other_files_and_images_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
