/* SPDX-License-Identifier: ISC */
/* The end of a file on the share, and the kernel's argument: what is taken is bounded, and written
 * back it is the same. */
#include <stdlib.h>
#include <string.h>

#include "common/verity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_block(const uint8_t *data, size_t size)
{
	uint8_t block[VERITY_BLOCK] = { 0 }, again[VERITY_BLOCK];
	struct verity verity;

	memcpy(block, data, size < sizeof(block) ? size : sizeof(block));
	for (uint64_t blocks = 3; blocks < 600; blocks++) {
		if (verity_parse(block, blocks, &verity) != 0)
			continue;
		must(str_is_hash(verity.root, strlen(verity.root)));
		must(verity.blocks > 0 && verity.blocks < blocks);
		verity_format(&verity, again);
		must(verity_parse(again, blocks, &verity) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), again[VERITY_ARGUMENT_SIZE];
	struct verity verity;

	memcpy(text, data, size);
	text[size] = '\0';
	if (verity_parse_argument(text, &verity) == 0) {
		must(verity.blocks > 0 && verity.blocks <= VERITY_BLOCKS_LIMIT);
		verity_format_argument(&verity, again);
		must(verity_parse_argument(again, &verity) == 0);
	}
	free(text);
	check_block(data, size);
	return 0;
}
