/* SPDX-License-Identifier: ISC */
/*
 * What libconfig doesn't check in a text: libconfig 1.5 takes 4294967297 for 1, cuts a string at
 * "\x00", reads any file by @include, and doesn't say which setting is there twice. A small scanner
 * over the same tokens finds these. For common/conf.c only. Pure.
 */
#ifndef BRAMBLE_CONF_TEXT_H
#define BRAMBLE_CONF_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define CONF_PATH_SIZE 128

struct conf_scan {
	const char *at;
	unsigned line;		   /* 1 … */
	char path[CONF_PATH_SIZE]; /* of the last name seen, with its groups: "lan.interface"; ""
				      none */
	size_t group_length;	   /* bytes of path that are open groups */
	char list[CONF_PATH_SIZE]; /* path of the list that is open, "" none */
	bool at_name;		   /* the last token was a name */
};

void conf_scan_begin(struct conf_scan *scan, const char *text);

/* Go on by one token. Returns what is wrong with it, or NULL; at the end *scan->at is NUL. */
const char *conf_scan_token(struct conf_scan *scan);

/* Go on to the next thing that is wrong. Returns what is wrong at scan->line and scan->path, or
 * NULL at the end of the text. */
const char *conf_scan_next(struct conf_scan *scan);

/* Is the text well-formed UTF-8 (RFC 3629)? Else *line says where it isn't. */
bool conf_text_is_utf8(const char *text, unsigned *line);

/* The text of line `line` (1 …) without blanks at its ends, visible; "" when there is none. */
void conf_text_line(const char *text, unsigned line, char *out, size_t size);

#endif
