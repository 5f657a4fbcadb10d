/* SPDX-License-Identifier: ISC */
/* Which blocks of a sealed root aren't what its hash tree says: those that a node's kernel refuses
 * (the kernel's Documentation/admin-guide/device-mapper/verity.rst, Hash Tree). */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "common/verity.h"
#include "provisioner/image/image.h"

#define HASH_SIZE crypto_hash_sha256_BYTES
/* Data, and hashes until one block holds them all: 128^5 is more than VERITY_BLOCKS_LIMIT. */
#define LEVELS 6

struct level {
	uint64_t first, count; /* blocks of the file */
};

struct search {
	int fd;
	struct verity verity;
	struct level levels[LEVELS]; /* [0] the data, [n - 1] the block whose hash is the root */
	size_t n;
	uint8_t above[VERITY_BLOCK]; /* hashes of the level above */
	uint64_t above_number;	     /* which block of the file that is, 0 none */
	void (*each)(void *context, uint64_t block, uint64_t blocks);
	void *context;
};

/* The file has the uppermost level first, behind the data. */
static void lay_levels(struct search *search)
{
	uint64_t count = search->verity.blocks;
	uint64_t end = count + verity_tree_blocks(count);

	search->levels[search->n++] = (struct level){ 0, count };
	while (count > 1 && search->n < LEVELS) {
		count = verity_blocks_over(count);
		end -= count;
		search->levels[search->n++] = (struct level){ end, count };
	}
}

static int read_block(int fd, uint64_t number, uint8_t block[static VERITY_BLOCK])
{
	ssize_t length = pread(fd, block, VERITY_BLOCK, (off_t)(number * VERITY_BLOCK));

	if (length < 0)
		return -errno;
	return length == VERITY_BLOCK ? 0 : -EIO;
}

/* What the tree says of a level's block. */
static int expect(
	struct search *search, size_t level, uint64_t index, char out[static HASH_TEXT_SIZE])
{
	uint64_t number;
	int result = 0;

	if (level + 1 == search->n) {
		str_copy(out, HASH_TEXT_SIZE, search->verity.root);
		return 0;
	}
	number = search->levels[level + 1].first + index / VERITY_HASHES_IN_BLOCK;
	if (number != search->above_number)
		result = read_block(search->fd, number, search->above);
	search->above_number = result == 0 ? number : 0;
	str_format_hex(search->above + index % VERITY_HASHES_IN_BLOCK * HASH_SIZE, HASH_SIZE, out);
	return result;
}

static int search_level(struct search *search, size_t level)
{
	const struct level *blocks = &search->levels[level];
	char expected[HASH_TEXT_SIZE], found[HASH_TEXT_SIZE];
	uint8_t block[VERITY_BLOCK], digest[HASH_SIZE];
	int result = 0;

	for (uint64_t i = 0; result == 0 && i < blocks->count; i++) {
		result = read_block(search->fd, blocks->first + i, block);
		if (result == 0)
			result = expect(search, level, i, expected);
		if (result != 0)
			break;
		crypto_hash_sha256(digest, block, sizeof(block));
		str_format_hex(digest, sizeof(digest), found);
		if (strcmp(found, expected) != 0)
			search->each(search->context, blocks->first + i, search->verity.blocks);
	}
	return result;
}

int image_find_blocks(
	int fd, void (*each)(void *context, uint64_t block, uint64_t blocks), void *context)
{
	struct search search = { .fd = fd, .each = each, .context = context };
	int result = verity_read(fd, &search.verity);

	if (result != 0)
		return result;
	lay_levels(&search);
	for (size_t level = search.n; result == 0 && level > 0; level--)
		result = search_level(&search, level - 1);
	return result;
}
