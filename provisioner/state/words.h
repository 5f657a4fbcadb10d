/* SPDX-License-Identifier: ISC */
/* The words of the text form: how times, models and free texts are written and read. Pure. */
#ifndef BRAMBLE_STATE_WORDS_H
#define BRAMBLE_STATE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/boot.h"

#define WORDS_TIME_SIZE 25 /* "2026-11-24T16:27:51.123Z" */
#define WORDS_LIMIT 4	   /* on a line */

/* Milliseconds since 1970, UTC, until the end of the year 9999. Times outside are shown as the
 * nearest. */
void words_format_time(int64_t ms, char out[static WORDS_TIME_SIZE]);
/* The whole text or nothing. */
bool words_parse_time(const char *text, int64_t *ms);

/* "pi3" …, or NULL for the unknown one. */
const char *words_model(enum boot_model model);
bool words_parse_model(const char *text, enum boot_model *model);

/* Write `text` in quotes to `out`: '"' and '\' behind a '\', control bytes and what isn't UTF-8 as
 * \xNN. `out` has room for 4 bytes for each of the text, and 3. Returns how many were written,
 * without the NUL. */
size_t words_quote(char *out, const char *text);

/* Split a line (it is changed) at blanks into at most WORDS_LIMIT words, which point into it; one
 * in quotes is unquoted. A quoted word may not hold NUL. Returns their number, or -1 with *what
 * saying what is wrong. */
int words_split(char *line, char *words[static WORDS_LIMIT], const char **what);

#endif
