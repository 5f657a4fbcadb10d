/* SPDX-License-Identifier: ISC */
/* Choosing, going back, pinning, letting go and sweeping are stopped at each of their writes, by a
 * crash and by a full disk: afterwards all is as before or as wanted, and the same call again ends
 * it. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CRASHED 9
#define REFUSED 8
#define STEPS_LIMIT 200 /* more than any verb takes: else one never comes to its end */
#define STATE_SIZE 1024
#define THIRD_HASH "3333333333333333333333333333333333333333333333333333333333333333"
#define FOURTH_HASH "4444444444444444444444444444444444444444444444444444444444444444"

enum mishap {
	MISHAP_CRASH, /* nothing after this step happens any more */
	MISHAP_FULL,  /* neither this step nor a later one finds space */
};

static enum mishap mishap;
static unsigned steps_left; /* until the mishap; 0 none */

/* What the code under test and SQLite ask of the kernel goes through these: the linker takes them
 * in place of the C library's. Returns false when the step fails. */
static bool step(bool takes_space)
{
	if (steps_left == 0 || (steps_left > 1 && --steps_left > 0))
		return true;
	if (mishap == MISHAP_CRASH)
		_exit(CRASHED);
	errno = ENOSPC;
	return !takes_space;
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
	return step(true) ? syscall(SYS_pwrite64, fd, data, size, offset) : -1;
}

int ftruncate64(int fd, off64_t size)
{
	return step(true) ? (int)syscall(SYS_ftruncate, fd, size) : -1;
}

/* A process that dies leaves what it wrote to the kernel: nothing has to reach the disk here. */
int fsync(int fd)
{
	(void)fd;
	return step(true) ? 0 : -1;
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int unlink(const char *path)
{
	return step(false) ? (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0) : -1;
}

int unlinkat(int directory, const char *path, int flags)
{
	return step(false) ? (int)syscall(SYS_unlinkat, directory, path, flags) : -1;
}

/* What an administrator asks for. */
static const struct verb {
	const char *path, *body;
	unsigned least_steps;
	bool sweeps; /* what is gone stays gone, also when the event that tells it found no space */
} verbs[] = {
	{ "/v1/images", "{\"name\":\"base\",\"hash\":\"" FOURTH_HASH "\"}", 3, false },
	{ "/v1/images/base/rollback", "{}", 3, false },
	{ "/v1/images/base/pin", "{\"hash\":\"44444444\"}", 3, false },
	{ "/v1/images/base/unpin", "{\"hash\":\"33333333\"}", 3, false },
	/* The root, the directory, ten files, it, the event. */
	{ "/v1/images/base/gc", "{}", 14, true },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* The second is current, the first was before, the third is pinned, the fourth nobody needs. */
static struct world *make(void)
{
	char reason[IMAGES_REASON_SIZE], hash[HASH_TEXT_SIZE];
	struct world *world;
	void *state;

	assert_int_equal(world_make(&state), 0);
	world = state;
	world_use_image(world, FIRST_HASH);
	world_use_image(world, SECOND_HASH);
	world_make_image(world, THIRD_HASH);
	world_make_image(world, FOURTH_HASH);
	assert_int_equal(images_pin(&world->brambled, "base", THIRD_HASH, true, hash, reason), 0);
	return world;
}

static void discard(struct world *world)
{
	void *state = world;

	assert_int_equal(world_remove(&state), 0);
}

static int ask(struct world *world, const struct verb *verb)
{
	int status;

	cJSON_Delete(world_call(world, NULL, IPC_POST, verb->path, verb->body, &status));
	return status;
}

/* Is its root there? Then all of it must be. */
static bool is_version(struct world *world, const char *hash)
{
	char path[240], root[IMAGES_PATH_SIZE], reason[IMAGES_REASON_SIZE];
	struct boot_set *set;

	snprintf(path, sizeof(path), "%s/share/images/base/%s.squashfs", world->directory, hash);
	if (access(path, F_OK) != 0)
		return false;
	images_forget(&world->brambled, hash);
	if (images_open(&world->brambled, "base", hash, &set, root, reason) != 0)
		fail_msg("%s", reason);
	return true;
}

/* What an administrator sees of it, as a text. */
static void describe(struct world *world, char out[static STATE_SIZE])
{
	static const char *const kinds[] = { "image.current", "image.pinned", "image.unpinned" };
	struct registry_image image;
	size_t n;

	assert_int_equal(registry_get_image(world->brambled.registry, "base", &image), 0);
	n = (size_t)snprintf(out, STATE_SIZE, "current %.4s previous %.4s pinned", image.current,
		image.previous);
	for (size_t i = 0; i < image.n_pinned; i++)
		n += (size_t)snprintf(out + n, STATE_SIZE - n, " %.4s", image.pinned[i]);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		n += (size_t)snprintf(out + n, STATE_SIZE - n, " %s %u", kinds[i],
			world_count_events(world, kinds[i]));
	for (int digit = '1'; digit <= '4'; digit++) {
		char hash[HASH_TEXT_SIZE] = "";

		memset(hash, digit, HASH_TEXT_SIZE - 1);
		n += (size_t)snprintf(out + n, STATE_SIZE - n, " %c%s", digit,
			is_version(world, hash) ? "" : "-");
	}
}

/* In a process of its own, as brambled that dies in it. Returns its exit status; on a full disk
 * what it was refused must not be seen by who asks next. */
static int attempt(struct world *world, const struct verb *verb, unsigned at, const char *old)
{
	char state[STATE_SIZE];
	int status = 0;
	pid_t child;

	world_stop(world);
	child = fork();
	if (child == 0) {
		world_start(world);
		steps_left = at;
		status = ask(world, verb);
		steps_left = 0;
		describe(world, state);
		_exit(status == 200 ? 0 : verb->sweeps || strcmp(state, old) == 0 ? REFUSED : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	world_start(world);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect_either(const char *state, const char *old, const char *new, unsigned at)
{
	if (strcmp(state, old) != 0 && strcmp(state, new) != 0)
		fail_msg("stopped at step %u it is neither\n  %s\nnor\n  %s\nbut\n  %s", at, old,
			new, state);
}

static void stop_everywhere(const struct verb *verb, int expected)
{
	char old[STATE_SIZE], new[STATE_SIZE], state[STATE_SIZE];
	struct world *world = make();
	unsigned at = 1;
	int status;

	describe(world, old);
	assert_int_equal(ask(world, verb), 200);
	describe(world, new);
	assert_string_not_equal(old, new);
	discard(world);
	for (;; at++) {
		assert_in_range(at, 1, STEPS_LIMIT);
		world = make();
		status = attempt(world, verb, at, old);
		describe(world, state);
		if (status == 0)
			break;
		assert_int_equal(status, expected);
		expect_either(state, old, new, at);
		if (strcmp(state, old) == 0) {
			assert_int_equal(ask(world, verb), 200);
			describe(world, state);
		}
		assert_string_equal(state, new);
		discard(world);
	}
	assert_string_equal(state, new);
	discard(world);
	assert_true(at > verb->least_steps);
}

static void a_crash_at_any_write_leaves_old_or_new(void **state)
{
	mishap = MISHAP_CRASH;
	for (size_t i = 0; i < VERBS; i++)
		stop_everywhere(&verbs[i], CRASHED);
	(void)state;
}

static void a_disk_full_at_any_write_leaves_old_or_new(void **state)
{
	mishap = MISHAP_FULL;
	for (size_t i = 0; i < VERBS; i++)
		stop_everywhere(&verbs[i], REFUSED);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_at_any_write_leaves_old_or_new),
		cmocka_unit_test(a_disk_full_at_any_write_leaves_old_or_new),
	};

	return cmocka_run_group_tests_name("images_crash", tests, NULL, NULL);
}
