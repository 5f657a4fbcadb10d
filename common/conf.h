/* SPDX-License-Identifier: ISC */
/*
 * Configuration files by a table: libconfig reads the text, the table says which settings exist, their type
 * and their limits, and where the value goes. Whatever the table doesn't name is an error with file and line.
 */
#ifndef BRAMBLE_CONF_H
#define BRAMBLE_CONF_H

#include <stddef.h>
#include <stdint.h>

enum conf_type {
	CONF_STRING,  /* char[size] in the struct; min..max bounds its length */
	CONF_INTEGER, /* int64_t, min..max */
	CONF_BOOLEAN, /* bool */
	CONF_CHOICE,  /* int: index into `choices` */
};

struct conf_setting {
	const char *path; /* "lan.interface": group and name, as in libconfig */
	enum conf_type type;
	size_t offset; /* of the value in the caller's struct */
	size_t size;   /* CONF_STRING: room with NUL */
	int64_t min, max;
	const char *const *choices; /* NULL-terminated */
	const char *fallback;       /* value as text when the file doesn't set it; NULL = must be set */
	/* Extra check of a string; returns NULL or what is wrong with it ("is not an IPv4 address"). */
	const char *(*check)(const char *value);
	const char *help; /* one line, for the manual and for error messages: what is allowed */
};

struct conf_error {
	char text[512]; /* "FILE:LINE: setting: what is wrong; what is allowed" */
};

/* Read `path` into `out` by `table` (ended by an entry with path == NULL). Lists of groups (e.g. `roles`)
 * are not covered. All or nothing: on failure *out is unchanged. Returns 0 or -errno with `error` filled
 * (-ENOENT … from reading; -EINVAL for content). Files over 1 MiB and @include are refused. */
int conf_load(const char *path, const struct conf_setting *table, void *out, size_t out_size,
	struct conf_error *error);

/* The same from memory; `name` stands for the file in messages. Fuzzed. */
int conf_parse(const char *name, const char *text, const struct conf_setting *table, void *out,
	size_t out_size, struct conf_error *error);

#endif
