/* SPDX-License-Identifier: ISC */
/* Apart from file.c, so that a node's static programs don't need libsodium. */
#include "common/file.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/str.h"

#define HASH_CHUNK (256u * 1024u)

int file_hash(int fd, char out[static 65])
{
	crypto_hash_sha256_state state;
	uint8_t digest[crypto_hash_sha256_BYTES];
	uint8_t *chunk = malloc(HASH_CHUNK);
	off_t offset = 0;
	ssize_t n;

	if (!chunk)
		return -ENOMEM;
	crypto_hash_sha256_init(&state);
	while ((n = pread(fd, chunk, HASH_CHUNK, offset)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		crypto_hash_sha256_update(&state, chunk, (size_t)n);
		offset += n;
	}
	free(chunk);
	if (n < 0)
		return -errno;
	crypto_hash_sha256_final(&state, digest);
	str_format_hex(digest, sizeof(digest), out);
	return 0;
}
