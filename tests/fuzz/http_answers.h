/* SPDX-License-Identifier: ISC */
/* A strict reader of what an HTTP server has sent (RFC 9112): status lines, fields, lengths, and
 * the bytes of files (fuzz_byte). */
#ifndef BRAMBLE_FUZZ_HTTP_ANSWERS_H
#define BRAMBLE_FUZZ_HTTP_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read all of it. `heads`: HEAD may have been asked, whose answers have a length and nothing
 * behind it; `whole`: the last one isn't broken off. The first `room`
 * statuses go to `statuses`. Returns how many answers there are, or -1 after a line that says what
 * is wrong. */
int answers_read(
	const uint8_t *bytes, size_t length, bool heads, bool whole, int *statuses, unsigned room);

#endif
