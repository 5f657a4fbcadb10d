/* SPDX-License-Identifier: ISC */
/* Flat JSON objects, as the node API speaks them (docs/api.md): enough for static programs of a few
 * kilobytes. */
#ifndef BRAMBLE_ROOTFS_JSON_H
#define BRAMBLE_ROOTFS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_writer {
	char *out;
	size_t size, used;
	bool full; /* something didn't fit: don't send it */
};

/* Begin an object in out[size]. */
void json_begin(struct json_writer *writer, char *out, size_t size);
void json_text(struct json_writer *writer, const char *name, const char *value);
void json_number(struct json_writer *writer, const char *name, int64_t value);
/* With two decimals; what is no finite number is 0. */
void json_decimal(struct json_writer *writer, const char *name, double value);
void json_boolean(struct json_writer *writer, const char *name, bool value);
/* An object in an object; ended by json_close. */
void json_open(struct json_writer *writer, const char *name);
void json_close(struct json_writer *writer);
/* End the object. Returns 0 or -ENOSPC. */
int json_end(struct json_writer *writer);

/* The value of `name` in a flat object: a string without its quotes (escapes \" \\ \/ \n \t only),
 * or a number, true or false as text. The whole text must be one flat JSON object (RFC 8259).
 * Returns 0; -ENOENT when it is absent or null; -EBADMSG when the text is something else, has the
 * name twice, or the value doesn't fit. Unless 0 is returned, out is "". Fuzzed. */
int json_get(const char *text, const char *name, char *out, size_t size);

#endif
