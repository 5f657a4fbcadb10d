/* SPDX-License-Identifier: ISC */
#include "common/verity.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

#define MAGIC "bramble-verity 1\n"

uint64_t verity_blocks_over(uint64_t blocks)
{
	return (blocks + VERITY_HASHES_IN_BLOCK - 1) / VERITY_HASHES_IN_BLOCK;
}

uint64_t verity_tree_blocks(uint64_t blocks)
{
	uint64_t all = 0;

	/* The root is the hash of the last block, which may be the only one of data. */
	while (blocks > 1) {
		blocks = verity_blocks_over(blocks);
		all += blocks;
	}
	return all;
}

/* Cuts the value of "NAME value\n" out of a text. NULL: there is no such line. */
static char *next_value(char **text, const char *name)
{
	size_t length = strlen(name);
	char *value = *text, *end = strchr(value, '\n');

	if (!end || strncmp(value, name, length) != 0 || value[length] != ' ')
		return NULL;
	*end = '\0';
	*text = end + 1;
	return value + length + 1;
}

static bool is_empty(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

int verity_parse(const uint8_t block[static VERITY_BLOCK], uint64_t blocks, struct verity *verity)
{
	struct verity found = { 0 };
	char text[256], *rest = text + strlen(MAGIC);
	const char *count, *root;

	if (memcmp(block, MAGIC, strlen(MAGIC)) != 0)
		return -ENODATA;
	memcpy(text, block, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	count = next_value(&rest, "blocks");
	root = count ? next_value(&rest, "root") : NULL;
	if (!root || !str_is_hash(root, strlen(root)) ||
		str_parse_u64(count, 1, VERITY_BLOCKS_LIMIT, &found.blocks) != 0)
		return -EBADMSG;
	if (found.blocks + verity_tree_blocks(found.blocks) + 1 != blocks ||
		!is_empty(block + (rest - text), (size_t)(VERITY_BLOCK - (rest - text))))
		return -EBADMSG;
	str_copy(found.root, sizeof(found.root), root);
	*verity = found;
	return 0;
}

void verity_format(const struct verity *verity, uint8_t block[static VERITY_BLOCK])
{
	memset(block, 0, VERITY_BLOCK);
	snprintf((char *)block, VERITY_BLOCK, MAGIC "blocks %" PRIu64 "\nroot %s\n", verity->blocks,
		verity->root);
}

int verity_read(int fd, struct verity *verity)
{
	uint8_t block[VERITY_BLOCK];
	struct stat status;
	uint64_t blocks;
	int result = file_status(fd, &status);

	if (result != 0)
		return result;
	blocks = (uint64_t)status.st_size / VERITY_BLOCK;
	if (blocks < 1 || (uint64_t)status.st_size % VERITY_BLOCK != 0)
		return -ENODATA;
	if (pread(fd, block, sizeof(block), (off_t)((blocks - 1) * VERITY_BLOCK)) !=
		(ssize_t)sizeof(block))
		return -EIO;
	return verity_parse(block, blocks, verity);
}

int verity_parse_argument(const char *text, struct verity *verity)
{
	const char *colon = strchr(text, ':');
	char count[24];
	int n = colon ? snprintf(count, sizeof(count), "%.*s", (int)(colon - text), text) : -1;
	struct verity found = { 0 };

	if (n < 0 || (size_t)n >= sizeof(count) || !str_is_hash(colon + 1, strlen(colon + 1)) ||
		str_parse_u64(count, 1, VERITY_BLOCKS_LIMIT, &found.blocks) != 0)
		return -EINVAL;
	str_copy(found.root, sizeof(found.root), colon + 1);
	*verity = found;
	return 0;
}

void verity_format_argument(const struct verity *verity, char out[static VERITY_ARGUMENT_SIZE])
{
	snprintf(out, VERITY_ARGUMENT_SIZE, "%" PRIu64 ":%s", verity->blocks, verity->root);
}
