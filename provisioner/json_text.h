/* SPDX-License-Identifier: ISC */
/* JSON written as text at once, for long answers: a tree of cJSON costs many times its text.
 * RFC 8259; numbers are integers, and text is bytes that are UTF-8 already. */
#ifndef BRAMBLE_JSON_TEXT_H
#define BRAMBLE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero at first. */
struct json_text {
	char *data; /* NUL-terminated by json_text_take() */
	size_t used, room;
	bool follows; /* something stands before, within the same brackets */
	bool failed;  /* out of memory: what is written now is nothing */
};

/* `name` is that of a member, without characters to be escaped; NULL within an array, and for the
 * outermost. `bracket` is '{' or '[', and its counterpart for the end. */
void json_text_begin(struct json_text *json, const char *name, char bracket);
void json_text_end(struct json_text *json, char bracket);

void json_text_string(struct json_text *json, const char *name, const char *value);
void json_text_integer(struct json_text *json, const char *name, int64_t value);
void json_text_bool(struct json_text *json, const char *name, bool value);
/* What is JSON already. */
void json_text_raw(struct json_text *json, const char *name, const char *text);
void json_text_null(struct json_text *json, const char *name);

/* The text, the caller's to free, or NULL: out of memory. `json` is as new. */
char *json_text_take(struct json_text *json);

#endif
