/* SPDX-License-Identifier: ISC */
/* The directory that the tested server serves. Byte n of each file is tree_byte(n), so that the
 * suite needs no access to it. Beside it, outside, lies a secret. */
#ifndef BRAMBLE_CONFORMANCE_HTTP_TREE_H
#define BRAMBLE_CONFORMANCE_HTTP_TREE_H

#include <stddef.h>
#include <stdint.h>

#define TREE_BYTES 1000u  /* size of /bytes */
#define TREE_BIG 5000000u /* of /big */
#define TREE_SECRET "the secret of the conformance suite"

unsigned char tree_byte(uint64_t position);

/* Write a file of `size` bytes, in place. Returns 0 or -errno. */
int tree_write(const char *path, uint64_t size);

#endif
