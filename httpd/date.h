/* SPDX-License-Identifier: ISC */
/* Dates of HTTP (RFC 9110 section 5.6.7). Pure; fuzzed. */
#ifndef BRAMBLE_HTTPD_DATE_H
#define BRAMBLE_HTTPD_DATE_H

#include <stdint.h>

#define DATE_TEXT_SIZE 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* `seconds` since 1970, years 1970 to 9999; other times are shown as the nearest of these. */
void date_format(int64_t seconds, char out[static DATE_TEXT_SIZE]);

/* The form above, and the two obsolete ones. Returns 0 or -EINVAL. */
int date_parse(const char *text, int64_t *seconds);

#endif
