/* SPDX-License-Identifier: ISC */
/* Publishing an image version is stopped at each of its steps, by a crash and by a full disk: the
 * share then holds the old versions, or those and the new one, each whole; the next build goes on.
 */
#include "tests/unit/image_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "rootfs/cache.h"

#define CRASHED 9
#define FAILED 8

enum mishap {
	MISHAP_CRASH, /* nothing after this step happens any more */
	MISHAP_FULL,  /* this step fails: ENOSPC */
};

static enum mishap mishap;
static unsigned steps_left; /* until the mishap; 0 none */

/* What the code under test asks of the kernel goes through these: the linker takes them in place of
 * the C library's. Returns false when the step fails. */
static bool step(void)
{
	if (steps_left == 0 || --steps_left > 0)
		return true;
	if (mishap == MISHAP_CRASH)
		_exit(CRASHED);
	errno = ENOSPC;
	return false;
}

int rename(const char *from, const char *to)
{
	return step() ? (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0) : -1;
}

int mkdir(const char *path, mode_t mode)
{
	return step() ? mkdirat(AT_FDCWD, path, mode) : -1;
}

int chmod(const char *path, mode_t mode)
{
	return step() ? fchmodat(AT_FDCWD, path, mode, 0) : -1;
}

int remove(const char *path)
{
	if (!step())
		return -1;
	if (unlinkat(AT_FDCWD, path, 0) == 0)
		return 0;
	return errno == EISDIR ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : -1;
}

int fsync(int fd)
{
	return step() ? (int)syscall(SYS_fsync, fd) : -1;
}

int syncfs(int fd)
{
	return step() ? (int)syscall(SYS_syncfs, fd) : -1;
}

/* In a process of its own, as bramble-image: returns its exit status. The mishap comes at the
 * `at`-th step behind the making of the parts. */
static int build(struct world *world, const char *content, enum mishap what, unsigned at)
{
	char boot[WORKSHOP_PATH_SIZE + 8];
	struct image_version version;
	int status = 0;
	bool existed;
	pid_t child = fork();

	if (child > 0) {
		assert_int_equal(waitpid(child, &status, 0), child);
		return WEXITSTATUS(status);
	}
	if (image_begin(&world->shop, world->share) != 0)
		_exit(1);
	snprintf(boot, sizeof(boot), "%s/boot", world->shop.work);
	if (image_world_put(world->shop.work, "image.squashfs", content) != 0 ||
		mkdir(boot, 0755) != 0 || image_world_put(boot, "manifest", content) != 0 ||
		image_world_put(boot, "kernel8.img", content) != 0)
		_exit(2);
	mishap = what;
	steps_left = at;
	_exit(image_publish(&world->shop, world->share, IMAGE_SQUASHFS, &version, &existed) == 0
			? 0
			: FAILED);
}

static int check_version(void *context, const struct image_version *version)
{
	static const char *const names[] = { "manifest", "kernel8.img" };
	unsigned *count = context;
	char hash[HASH_TEXT_SIZE], path[WORKSHOP_PATH_SIZE + 16];

	(*count)++;
	assert_int_equal(image_hash_file(version->root, hash), 0);
	assert_string_equal(hash, version->hash);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", version->boot, names[i]);
		assert_int_equal(image_hash_file(path, hash), 0);
		assert_string_equal(hash, version->hash); /* the same content everywhere */
	}
	return 0;
}

static unsigned versions(const struct world *world)
{
	unsigned count = 0;

	assert_int_equal(image_each(world->share, "base", check_version, &count), 0);
	return count;
}

/* Stop at every step in turn until one run meets no mishap. Returns how many steps there are. */
static unsigned stop_everywhere(struct world *world, enum mishap what, int expected)
{
	for (unsigned at = 1;; at++) {
		unsigned before = versions(world);
		char content[32];
		int status;

		snprintf(content, sizeof(content), "version %d.%u", (int)what, at);
		status = build(world, content, what, at);
		if (status == 0)
			return at - 1;
		assert_int_equal(status, expected);
		assert_in_range(versions(world), before, before + 1);
		assert_int_equal(build(world, content, what, 0), 0);
		assert_int_equal(versions(world), before + 1);
	}
}

static void a_crash_at_any_step_leaves_old_or_new(void **state)
{
	assert_int_equal(build(*state, "first", MISHAP_CRASH, 0), 0);
	/* chmod, syncfs, two renames, fsync of the directory */
	assert_int_equal(stop_everywhere(*state, MISHAP_CRASH, CRASHED), 5);
}

static void a_full_disk_at_any_step_leaves_old_or_new(void **state)
{
	assert_int_equal(build(*state, "first", MISHAP_FULL, 0), 0);
	assert_int_equal(stop_everywhere(*state, MISHAP_FULL, FAILED), 5);
}

/* The set of a crashed build goes first, file by file. */
static void a_crash_while_a_half_version_is_replaced_leaves_old_or_new(void **state)
{
	struct world *world = *state;
	unsigned at = 0;
	int status;

	do {
		/* Killed between the two renames: the set is there, the root isn't. */
		assert_int_equal(build(world, "half", MISHAP_CRASH, 4), CRASHED);
		assert_int_equal(versions(world), 0);
		status = build(world, "half", MISHAP_CRASH, ++at);
		assert_in_range(versions(world), 0, 1);
	} while (status == CRASHED && versions(world) == 0);
	assert_true(at >= 7);
}

/* A part of a build goes into the cache. Returns the exit status of who did it. */
static int keep_part(struct world *world, enum mishap what, unsigned at)
{
	char entry[WORKSHOP_PATH_SIZE], part[WORKSHOP_PATH_SIZE + 8];
	bool there;
	int status = 0;
	pid_t child = fork();

	if (child > 0) {
		assert_int_equal(waitpid(child, &status, 0), child);
		return WEXITSTATUS(status);
	}
	if (cache_open(&world->shop) != 0 ||
		cache_entry(&world->shop, "kernel", "0123", "", entry, sizeof(entry), &there) != 0)
		_exit(1);
	if (there)
		_exit(0);
	snprintf(part, sizeof(part), "%s.tmp", entry);
	if (mkdir(part, 0755) != 0 || image_world_put(part, "vmlinuz", "a kernel") != 0)
		_exit(2);
	mishap = what;
	steps_left = at;
	_exit(cache_commit(&world->shop, "kernel", entry) == 0 ? 0 : FAILED);
}

static void stop_keeping_everywhere(struct world *world, enum mishap what, int expected)
{
	char kept[WORKSHOP_PATH_SIZE + 32], file[WORKSHOP_PATH_SIZE + 64];
	unsigned at = 1;
	int status;

	snprintf(world->shop.cache, sizeof(world->shop.cache), "%s/cache", world->share);
	snprintf(kept, sizeof(kept), "%s/kernel-0123", world->shop.cache);
	snprintf(file, sizeof(file), "%s/vmlinuz", kept);
	while ((status = keep_part(world, what, at)) != 0) {
		assert_int_equal(status, expected);
		assert_int_equal(access(kept, F_OK), access(file, F_OK));
		assert_int_equal(keep_part(world, what, 0), 0);
		assert_int_equal(access(file, F_OK), 0);
		assert_int_equal(cache_remove_tree(kept), 0);
		at++;
	}
	/* syncfs, rename, fsync of the directory */
	assert_int_equal(at - 1, 3);
	assert_int_equal(cache_remove_tree(world->shop.cache), 0);
}

static void a_part_is_in_the_cache_whole_or_not_at_all(void **state)
{
	stop_keeping_everywhere(*state, MISHAP_CRASH, CRASHED);
	stop_keeping_everywhere(*state, MISHAP_FULL, FAILED);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, image_world_make, image_world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_crash_at_any_step_leaves_old_or_new),
		IN_WORLD(a_full_disk_at_any_step_leaves_old_or_new),
		IN_WORLD(a_crash_while_a_half_version_is_replaced_leaves_old_or_new),
		IN_WORLD(a_part_is_in_the_cache_whole_or_not_at_all),
	};

	return cmocka_run_group_tests_name("image_crash", tests, NULL, NULL);
}
