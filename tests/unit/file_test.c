/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

struct world {
	char directory[64];
	char path[96];
	int dirfd;
};

static int make_world(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	snprintf(world->directory, sizeof(world->directory), "/tmp/bramble-file-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(world->path, sizeof(world->path), "%s/file", world->directory);
	world->dirfd = open(world->directory, O_PATH | O_DIRECTORY);
	*state = world;
	return 0;
}

static int end_world(void **state)
{
	struct world *world = *state;

	unlinkat(world->dirfd, "file", 0);
	unlinkat(world->dirfd, "link", 0);
	unlinkat(world->dirfd, "inner", 0);
	unlinkat(world->dirfd, "fifo", 0);
	unlinkat(world->dirfd, "a/b/c", AT_REMOVEDIR);
	unlinkat(world->dirfd, "a/b", AT_REMOVEDIR);
	unlinkat(world->dirfd, "a", AT_REMOVEDIR);
	close(world->dirfd);
	/* Fails, and the test with it, if anything was left behind. */
	assert_int_equal(rmdir(world->directory), 0);
	free(world);
	return 0;
}

static void assert_content(const char *path, const char *expected)
{
	char *data;
	size_t size;

	assert_int_equal(file_read(path, 100, &data, &size), 0);
	assert_int_equal(size, strlen(expected));
	assert_string_equal(data, expected);
	free(data);
}

static void replaces_the_whole_file_with_its_mode(void **state)
{
	struct world *world = *state;
	struct stat status;

	assert_int_equal(file_replace(world->path, "a longer text", 13, 0644), 0);
	assert_int_equal(file_replace(world->path, "short", 5, 0600), 0);
	assert_content(world->path, "short");
	assert_int_equal(stat(world->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void a_failed_replacement_leaves_nothing_behind(void **state)
{
	struct world *world = *state;

	/* A directory can't be replaced by a file: the rename fails after the new file was written.
	 */
	assert_int_equal(mkdir(world->path, 0700), 0);
	assert_true(file_replace(world->path, "x", 1, 0600) < 0);
	assert_int_equal(rmdir(world->path), 0);
	assert_int_equal(file_replace("/nonexistent-directory/x", "x", 1, 0600), -ENOENT);
}

static void an_equal_file_is_left_alone(void **state)
{
	struct world *world = *state;
	struct stat before, after;
	bool changed;

	assert_int_equal(file_replace_if_different(world->path, "same", 4, 0644, &changed), 0);
	assert_true(changed);
	assert_int_equal(stat(world->path, &before), 0);
	assert_int_equal(file_replace_if_different(world->path, "same", 4, 0644, &changed), 0);
	assert_false(changed);
	assert_int_equal(stat(world->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(file_replace_if_different(world->path, "samesame", 8, 0644, &changed), 0);
	assert_true(changed);
	assert_content(world->path, "samesame");
}

static void reading_is_bounded(void **state)
{
	struct world *world = *state;
	char *data;
	size_t size;

	assert_int_equal(file_replace(world->path, "12345", 5, 0644), 0);
	assert_int_equal(file_read(world->path, 4, &data, &size), -EFBIG);
	assert_int_equal(file_read(world->path, 5, &data, &size), 0);
	free(data);
}

static void sealed_memory_cannot_be_written(void **state)
{
	char text[8] = "";
	int fd = file_sealed("test", "text", 4);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 4);
	assert_string_equal(text, "text");
	assert_int_equal(pwrite(fd, "X", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fcntl(fd, F_GET_SEALS) & F_SEAL_SEAL, F_SEAL_SEAL);
	close(fd);
}

static void opening_beneath_never_leaves_the_directory(void **state)
{
	struct world *world = *state;
	uint64_t size = 0;
	int fd;

	assert_int_equal(file_replace(world->path, "12345", 5, 0644), 0);
	fd = file_open_beneath(world->dirfd, "file", &size);
	assert_true(fd >= 0);
	assert_int_equal(size, 5);
	close(fd);
	assert_int_equal(symlinkat("/etc/hostname", world->dirfd, "link"), 0);
	assert_int_equal(symlinkat("file", world->dirfd, "inner"), 0);
	assert_true(file_open_beneath(world->dirfd, "inner", &size) < 0);
	assert_int_equal(mkfifoat(world->dirfd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(world->dirfd, "a", 0700), 0);
	assert_true(file_open_beneath(world->dirfd, "link", &size) < 0);
	assert_true(file_open_beneath(world->dirfd, "fifo", &size) < 0);
	assert_true(file_open_beneath(world->dirfd, "a", &size) < 0);
	assert_true(file_open_beneath(world->dirfd, "../../etc/hostname", &size) < 0);
	assert_true(file_open_beneath(world->dirfd, "a/../../../etc/hostname", &size) < 0);
	assert_true(file_open_beneath(world->dirfd, "/etc/hostname", &size) < 0);
	assert_int_equal(file_open_beneath(world->dirfd, "missing", &size), -ENOENT);
}

static void hashes_like_sha256sum(void **state)
{
	char hash[65];
	int fd = file_sealed("hash", "abc", 3);

	(void)state;
	assert_int_equal(file_hash(fd, hash), 0);
	/* FIPS 180-2 appendix B.1 */
	assert_string_equal(
		hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	close(fd);
}

static void makes_all_missing_directories(void **state)
{
	struct world *world = *state;
	char path[128];
	struct stat status;

	snprintf(path, sizeof(path), "%s/a/b/c", world->directory);
	assert_int_equal(file_make_directories(path, 0755), 0);
	assert_int_equal(file_make_directories(path, 0755), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_true(S_ISDIR(status.st_mode));
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)
	const struct CMUnitTest tests[] = {
		IN_WORLD(replaces_the_whole_file_with_its_mode),
		IN_WORLD(a_failed_replacement_leaves_nothing_behind),
		IN_WORLD(an_equal_file_is_left_alone),
		IN_WORLD(reading_is_bounded),
		cmocka_unit_test(sealed_memory_cannot_be_written),
		IN_WORLD(opening_beneath_never_leaves_the_directory),
		cmocka_unit_test(hashes_like_sha256sum),
		IN_WORLD(makes_all_missing_directories),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
