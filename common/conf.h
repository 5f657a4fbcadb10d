/* SPDX-License-Identifier: ISC */
/*
 * Configuration files by a table: libconfig reads the text, the table says which settings exist,
 * their type and their limits, and where the value goes. Whatever the table doesn't name is an
 * error with file and line.
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
	CONF_LINES,   /* an array of texts: char[size], each with a newline behind it */
	CONF_LIST,    /* a list of groups: struct[max] in the struct, each of `size` bytes */
};

struct conf_setting {
	const char *path; /* "lan.interface": group and name, as in libconfig */
	enum conf_type type;
	size_t offset; /* of the value in the caller's struct */
	size_t size;   /* CONF_STRING, CONF_LINES: room with NUL; CONF_LIST: of one element */
	int64_t min, max;
	const char *const *choices; /* NULL-terminated */
	const char *fallback; /* value as text when the file doesn't set it; NULL = must be set */
	/* Extra check of a string; returns NULL or what is wrong with it ("is not an IPv4
	 * address"). */
	const char *(*check)(const char *value);
	const char *help; /* one line, for the manual and for error messages: what is allowed */
	/* CONF_LIST: the settings of one element, their paths and offsets within it. No lists in
	 * lists. */
	const struct conf_setting *items;
	size_t count_offset; /* CONF_LIST: of the size_t that says how many there are */
};

struct conf_error {
	char text[512]; /* "FILE:LINE: setting: what is wrong; what is allowed" */
};

/* Every error of a file, in the order of its lines; what is missing comes last. */
#define CONF_REPORT_LIMIT 32
struct conf_report {
	size_t count; /* kept errors; further ones are dropped */
	struct conf_error errors[CONF_REPORT_LIMIT];
};

/* Read `path` into `out` by `table` (ended by an entry with path == NULL). All or nothing: on
 * failure *out is unchanged; on success what the table doesn't name is zero. Returns 0 or -errno
 * with `error` (the first one) filled: -ENOENT … from reading; -EINVAL for content. Files over 1
 * MiB, NUL bytes, text that isn't UTF-8 and @include are refused. */
int conf_load(const char *path, const struct conf_setting *table, void *out, size_t out_size,
	struct conf_error *error);

/* The same from memory; `name` stands for the file in messages. Fuzzed. */
int conf_parse(const char *name, const char *text, const struct conf_setting *table, void *out,
	size_t out_size, struct conf_error *error);

/* The same, with every error. Returns 0 with an empty report, or -EINVAL (-ENOMEM with an empty
 * one). */
int conf_parse_report(const char *name, const char *text, const struct conf_setting *table,
	void *out, size_t out_size, struct conf_report *report);

/* Read a file as conf_load does; the caller frees *text. Returns 0 or -errno with `error`. */
int conf_read(const char *path, char **text, struct conf_error *error);

/* For checks of settings against each other, after parsing: say in `error` what is wrong with
 * setting `path`, with the line on which `text` sets it (without a line where it is a fallback).
 * "nodes.roles.[2].name" is a setting of the third element of a list. */
void conf_explain(const char *name, const char *text, const char *path, const char *what,
	struct conf_error *error);

/* On which lines a text sets its settings. NULL without memory, or when it isn't well-formed. */
struct conf_places;
struct conf_places *conf_places_new(const char *text);
/* `path` as conf_explain takes it; 0 = the text doesn't set it. */
unsigned conf_places_line(const struct conf_places *places, const char *path);
void conf_places_free(struct conf_places *places);

/* What a setting may be, in words, e.g. "a whole number from 1 to 65535". Always NUL-terminated. */
void conf_describe_allowed(const struct conf_setting *setting, char *out, size_t size);

/* A setting's value in the caller's struct as the file would write it: "eth0" in quotes, 69, true.
 * A list that isn't empty is told by the number of its elements. Always NUL-terminated. */
void conf_format_value(
	const struct conf_setting *setting, const void *values, char *out, size_t size);

#endif
