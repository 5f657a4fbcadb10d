/* SPDX-License-Identifier: ISC */
/* Numbers, times and texts as a person reads them. Pure; every result ends with NUL. */
#ifndef BRAMBLE_CLI_TEXT_H
#define BRAMBLE_CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TEXT_UNIT_SIZE 32 /* room for a formatted number or time */

/* "512 B", "12.3 kB", "33.0 MB", "1.2 GB": powers of 1000. */
void text_bytes(uint64_t bytes, char out[static TEXT_UNIT_SIZE]);

/* "0.42 s", "12.3 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". Negative counts as 0. */
void text_duration(int64_t ms, char out[static TEXT_UNIT_SIZE]);

/* "just now", "12 s ago", "3 min ago", "5 h ago", "2 d ago"; from `then` to `now`, both ms since
 * 1970. */
void text_age(int64_t then_ms, int64_t now_ms, char out[static TEXT_UNIT_SIZE]);

/* "2026-11-23 21:07:25" in the local time zone. */
void text_time(int64_t ms, char out[static TEXT_UNIT_SIZE]);

/* Copy what a terminal may safely show: printable ASCII and well-formed UTF-8 stay; control bytes
 * (also C1), malformed bytes and characters that turn or hide text become \xNN. A backslash stays:
 * texts from outside had theirs escaped when they came in. Truncates between characters. Returns
 * the columns it takes. */
size_t text_visible(char *out, size_t size, const char *text);

/* Columns of a text that text_visible made. */
size_t text_columns(const char *visible);

/* Bytes of the first `columns` columns of a text that text_visible made. */
size_t text_bytes_of_columns(const char *visible, size_t columns);

#endif
