/* SPDX-License-Identifier: ISC */
/*
 * What lies in an image's file behind its squashfs: the hash tree of dm-verity (the kernel's
 * Documentation/admin-guide/device-mapper/verity.rst: hash type 1, SHA-256, blocks of 4096 bytes,
 * no salt, no superblock), and as the last block a text that says so:
 *
 *	bramble-verity 1
 *	blocks 22215
 *	root 004cf38e...
 *
 * and NUL bytes. The version's id is the hash of the whole file, so it covers the tree as well. Who
 * mounts the file must know `blocks` and `root` from elsewhere: from the kernel's command line.
 */
#ifndef BRAMBLE_VERITY_H
#define BRAMBLE_VERITY_H

#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

#define VERITY_BLOCK 4096u
#define VERITY_BLOCKS_LIMIT (UINT64_C(1) << 32) /* 16 TB of squashfs */
#define VERITY_ARGUMENT_SIZE 88

struct verity {
	uint64_t blocks; /* of data; the tree begins behind them; 0 = there is no tree */
	char root[HASH_TEXT_SIZE];
};

/* How many blocks of hashes lie over so many blocks, of data or of hashes. */
#define VERITY_HASHES_IN_BLOCK (VERITY_BLOCK / 32) /* SHA-256 */
uint64_t verity_blocks_over(uint64_t blocks);
/* How many blocks the tree over so many blocks of data has. */
uint64_t verity_tree_blocks(uint64_t blocks);

/* Read the last block of a file that has `blocks` blocks in all. 0, -ENODATA (it is no such block),
 * -EBADMSG (it is one, but damaged, or of another file). Pure; fuzzed. */
int verity_parse(const uint8_t block[static VERITY_BLOCK], uint64_t blocks, struct verity *verity);
/* Make that block. */
void verity_format(const struct verity *verity, uint8_t block[static VERITY_BLOCK]);

/* The same from a file. Also -errno. */
int verity_read(int fd, struct verity *verity);

/* "22215:004cf38e…", as in the kernel argument bramble.verity. 0 or -EINVAL. */
int verity_parse_argument(const char *text, struct verity *verity);
void verity_format_argument(const struct verity *verity, char out[static VERITY_ARGUMENT_SIZE]);

#endif
