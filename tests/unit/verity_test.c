/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/verity.h"

#define ROOT "004cf38e8fe1fd47837cded45a5d633f2a40ce732ffeeb65f125a06598eaf873"

/* As veritysetup lays them out. */
static void a_tree_has_a_block_for_128_and_one_for_128_of_those(void **state)
{
	(void)state;
	assert_int_equal(verity_tree_blocks(1), 0);
	assert_int_equal(verity_tree_blocks(2), 1);
	assert_int_equal(verity_tree_blocks(128), 1);
	assert_int_equal(verity_tree_blocks(129), 3);
	assert_int_equal(verity_tree_blocks(22215), 177);
}

static const struct verity example = { .blocks = 22215, .root = ROOT };

static void what_is_written_is_read(void **state)
{
	uint8_t block[VERITY_BLOCK];
	struct verity verity = { 0 };

	(void)state;
	verity_format(&example, block);
	assert_int_equal(verity_parse(block, 22215 + 177 + 1, &verity), 0);
	assert_int_equal(verity.blocks, 22215);
	assert_string_equal(verity.root, ROOT);
}

static void a_damaged_block_is_not_taken_for_none(void **state)
{
	uint8_t block[VERITY_BLOCK];
	struct verity verity = { 0 };
	static const size_t places[] = { 18, 24, 31, 36, 40, 98, 99, 100, 120, 4095 };

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		verity_format(&example, block);
		block[places[i]] ^= 0x80;
		assert_int_equal(verity_parse(block, 22215 + 177 + 1, &verity), -EBADMSG);
	}
	verity_format(&example, block);
	assert_int_equal(verity_parse(block, 22215 + 177 + 2, &verity), -EBADMSG);
	block[0] ^= 1;
	assert_int_equal(verity_parse(block, 22215 + 177 + 1, &verity), -ENODATA);
	assert_int_equal(verity.blocks, 0);
}

static void a_file_says_what_it_has(void **state)
{
	const struct verity small = { .blocks = 2, .root = ROOT };
	uint8_t block[VERITY_BLOCK];
	struct verity verity = { 0 };
	char path[] = "/tmp/verity-test-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(verity_read(fd, &verity), -ENODATA);
	assert_int_equal(ftruncate(fd, 3 * VERITY_BLOCK), 0);
	assert_int_equal(verity_read(fd, &verity), -ENODATA);
	verity_format(&small, block);
	assert_int_equal(pwrite(fd, block, sizeof(block), 3 * VERITY_BLOCK), sizeof(block));
	assert_int_equal(verity_read(fd, &verity), 0);
	assert_int_equal(verity.blocks, 2);
	assert_int_equal(ftruncate(fd, 4 * VERITY_BLOCK + 1), 0);
	assert_int_equal(verity_read(fd, &verity), -ENODATA);
	close(fd);
}

static void the_argument_is_taken_whole_or_not(void **state)
{
	static const char *const wrong[] = { "", ":", "22215", ":" ROOT, "0:" ROOT, "-1:" ROOT,
		"22215:" ROOT "0", "22215:004c", "22215:" ROOT ":", "1 2:" ROOT,
		"99999999999999999999999999:" ROOT };
	char text[VERITY_ARGUMENT_SIZE];
	struct verity verity = { 0 };

	(void)state;
	verity_format_argument(&example, text);
	assert_string_equal(text, "22215:" ROOT);
	assert_int_equal(verity_parse_argument(text, &verity), 0);
	assert_int_equal(verity.blocks, 22215);
	assert_string_equal(verity.root, ROOT);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(verity_parse_argument(wrong[i], &verity), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_has_a_block_for_128_and_one_for_128_of_those),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_damaged_block_is_not_taken_for_none),
		cmocka_unit_test(a_file_says_what_it_has),
		cmocka_unit_test(the_argument_is_taken_whole_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
