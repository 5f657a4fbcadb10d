/* SPDX-License-Identifier: ISC */
/* Options by a table: "--limit 5", "--limit=5", "-f"; anywhere among the words, until "--". Pure.
 */
#ifndef BRAMBLE_CLI_ARGS_H
#define BRAMBLE_CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#define ARGS_ERROR_SIZE 256

struct args_option {
	const char *name;   /* "limit" for --limit */
	char letter;	    /* 'f' for -f, or '\0' */
	bool *flag;	    /* set to true when the option is there; or: */
	const char **value; /* set to the option's value, a part of argv */
	const char *help; /* one line; for an option with a value it begins with the value's name */
};

/* Take the options out of argv[0..argc-1], leaving the other words at its beginning. `options` ends
 * with name == NULL. With `stop_at_word` everything from the first word on stays as it is. An
 * option may be given once. Returns the number of words that are left, or -1 with what is wrong in
 * `error`. */
int args_parse(int argc, char **argv, const struct args_option *options, bool stop_at_word,
	char error[static ARGS_ERROR_SIZE]);

/* Seconds of "90s", "10m" or "2h", at most a day; 0 when it is something else. */
int64_t args_parse_duration(const char *text);

#endif
