/* SPDX-License-Identifier: ISC */
/* Why a build stopped, in words for a person: said once, where the whole story is known. */
#ifndef BRAMBLE_ROOTFS_FAILURE_H
#define BRAMBLE_ROOTFS_FAILURE_H

#define FAILURE_TEXT_SIZE 4096

struct failure {
	char text[FAILURE_TEXT_SIZE]; /* "" = nothing failed yet */
};

/* Keep the text, unless an earlier one is there (it is nearer to the cause). Returns `result`. */
int failure_set(struct failure *failure, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* snprintf into a path of `size` bytes that must fit. Returns 0 or -ENAMETOOLONG. */
int failure_path(struct failure *failure, char *out, unsigned size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
