/* SPDX-License-Identifier: ISC */
/* Lines of passwd(5), group(5) and shadow(5): texts in, fresh texts out (NULL: out of memory).
 * Pure.
 */
#ifndef BRAMBLE_AGENT_ACCOUNTS_H
#define BRAMBLE_AGENT_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>

/* With `line` (without newline) in the place of the one of `name`, or at the end; NULL: without. */
char *accounts_set_line(const char *text, const char *name, const char *line);

/* The line of `name` without its newline; false when there is none or it doesn't fit. */
bool accounts_get_line(const char *text, const char *name, char *out, size_t size);

/* With the user as a member of exactly those groups, a list with commas. */
char *accounts_set_member(const char *text, const char *user, const char *groups);

/* Is `word` in the list with commas? */
bool accounts_lists(const char *list, const char *word, size_t length);

#endif
