/* SPDX-License-Identifier: ISC */
/* Which blocks of a root that veritysetup(8) sealed have changed. */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/verity.h"
#include "provisioner/image/image.h"
#include "rootfs/seal.h"

#define FOUND_LIMIT 4

struct world {
	struct workshop shop;
	char path[64];
	int fd;
	unsigned count; /* of blocks that were found; the first stand in `found` */
	uint64_t found[FOUND_LIMIT];
};

/* A root of so many blocks, each of which is another. */
static struct world *seal(uint64_t blocks)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	progress_init(&world->shop.progress);
	snprintf(world->path, sizeof(world->path), "/tmp/image_blocks_test.XXXXXX");
	world->fd = mkstemp(world->path);
	assert_true(world->fd >= 0);
	assert_int_equal(ftruncate(world->fd, (off_t)(blocks * VERITY_BLOCK)), 0);
	for (uint64_t i = 0; i < blocks; i++)
		assert_int_equal(
			pwrite(world->fd, &i, sizeof(i), (off_t)(i * VERITY_BLOCK)), sizeof(i));
	if (root_seal(&world->shop, world->path) != 0)
		fail_msg("%s", world->shop.failure.text);
	return world;
}

static void discard(struct world *world)
{
	close(world->fd);
	unlink(world->path);
	free(world);
}

static void note(void *context, uint64_t block, uint64_t blocks)
{
	struct world *world = context;

	(void)blocks;
	if (world->count < FOUND_LIMIT)
		world->found[world->count] = block;
	world->count++;
}

/* One bit, at this byte of the block. */
static void change(struct world *world, uint64_t block, unsigned byte)
{
	const off_t at = (off_t)(block * VERITY_BLOCK + byte);
	uint8_t value;

	assert_int_equal(pread(world->fd, &value, 1, at), 1);
	value ^= 0x10;
	assert_int_equal(pwrite(world->fd, &value, 1, at), 1);
}

static void expect(struct world *world, unsigned count, uint64_t first, uint64_t second)
{
	world->count = 0;
	assert_int_equal(image_find_blocks(world->fd, note, world), 0);
	assert_int_equal(world->count, count);
	if (count > 0)
		assert_int_equal(world->found[0], first);
	if (count > 1)
		assert_int_equal(world->found[1], second);
}

/* No block of hashes, one level, two, three. */
static void nothing_is_found_in_a_whole_one(void **state)
{
	static const uint64_t sizes[] = { 1, 128, 129, 128 * 128 + 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct world *world = seal(sizes[i]);

		expect(world, 0, 0, 0);
		change(world, sizes[i] - 1, 4095);
		expect(world, 1, sizes[i] - 1, 0);
		discard(world);
	}
}

static void each_block_that_changed_is_found(void **state)
{
	struct world *world = seal(200);

	(void)state;
	change(world, 199, 0);
	change(world, 127, 4095);
	expect(world, 2, 127, 199);
	discard(world);
}

/* Behind the 200 of data: the uppermost, and two with the hashes of data. */
static void a_block_of_the_tree_is_found_before_what_lies_below_it(void **state)
{
	struct world *world = seal(200);

	(void)state;
	change(world, 202, 4095); /* behind the last hash */
	expect(world, 1, 202, 0);
	change(world, 202, 4095);
	change(world, 201, 5 * 32); /* the hash of block 5 */
	expect(world, 2, 201, 5);
	discard(world);
	world = seal(200);
	change(world, 200, 4095);
	expect(world, 1, 200, 0);
	discard(world);
}

static void without_the_last_block_nothing_can_be_said(void **state)
{
	struct world *world = seal(200);

	(void)state;
	change(world, 203, 20);
	assert_int_equal(image_find_blocks(world->fd, note, world), -EBADMSG);
	assert_int_equal(ftruncate(world->fd, 203 * VERITY_BLOCK), 0);
	assert_int_equal(image_find_blocks(world->fd, note, world), -ENODATA);
	assert_int_equal(world->count, 0);
	discard(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_found_in_a_whole_one),
		cmocka_unit_test(each_block_that_changed_is_found),
		cmocka_unit_test(a_block_of_the_tree_is_found_before_what_lies_below_it),
		cmocka_unit_test(without_the_last_block_nothing_can_be_said),
	};

	return cmocka_run_group_tests_name("image_blocks", tests, NULL, NULL);
}
