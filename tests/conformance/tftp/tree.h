/* SPDX-License-Identifier: ISC */
/* The directory that the tested server serves. What is in a file follows from its name, so that the
 * suite needs no access to it. */
#ifndef BRAMBLE_CONFORMANCE_TFTP_TREE_H
#define BRAMBLE_CONFORMANCE_TFTP_TREE_H

#include <stddef.h>
#include <stdint.h>

#define TREE_BIG 33554433u			/* bytes: 65,537 blocks of 512 */
#define TREE_HUGE (UINT64_C(4294967296) + 513u) /* sparse; only its size is asked */

struct tree_file {
	const char *name;
	uint64_t size;
	const char *pattern; /* repeated up to the tail; NULL: noise */
	const char *tail;    /* the last bytes */
};

/* NULL if the tree has no such file. */
const struct tree_file *tree_find(const char *name);

/* Bytes offset … offset + n - 1 of the file (within its size). */
void tree_fill(const struct tree_file *file, uint64_t offset, uint8_t *out, size_t n);

/* For cases that change a file while it is sent: write a file with the content of `like`. Returns 0
 * or -errno. */
int tree_write(const char *path, const struct tree_file *like);

#endif
