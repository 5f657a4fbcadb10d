/* SPDX-License-Identifier: ISC */
/*
 * The header section of a request as bytes (RFC 9112 sections 2 to 5). Strict where the RFC leaves
 * it open: who reads a line's end, a folded field or a doubtful blank otherwise than the proxy in
 * front of it takes for a request what isn't one. Pure; fuzzed.
 */
#ifndef BRAMBLE_HTTPD_HEAD_H
#define BRAMBLE_HTTPD_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "httpd/request.h"

#define HEAD_SIZE 16384u    /* request line, fields, line ends; longer: 431 */
#define HEAD_FIELDS 100u    /* more: 431 */
#define HEAD_EMPTY_LINES 4u /* before the request line (RFC 9112 section 2.2); more: 400 */

/* Begin with a zeroed struct. All texts lie in the buffer. */
struct head {
	char *method, *target; /* NULL until the request line was read; a token, visible ASCII */
	bool is_1_0;
	struct request_headers fields;
	struct request_refusal refusal;
	size_t length; /* of a complete one, with the empty line at its end */

	/* How far it was read */
	size_t scanned, line;
	unsigned fields_seen, empty_lines;
};

enum head_state { HEAD_INCOMPLETE, HEAD_COMPLETE, HEAD_REFUSED };

/* Read on, in a buffer of HEAD_SIZE bytes of which `used` are there: between calls bytes may be
 * appended, and it may not move. What is read is cut up by NULs. It takes each byte once, and
 * refuses at the first that can't be right. */
enum head_state head_read(struct head *head, char *buffer, size_t used);

#endif
