/* SPDX-License-Identifier: ISC */
#include "provisioner/json_text.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4096u
#define ESCAPED 6u /* "\u0001" */
#define DIGITS 20u /* of an int64_t, with its sign */

/* Is there room for so many bytes more? */
static bool has_room(struct json_text *json, size_t more)
{
	size_t room = json->room ? json->room : FIRST_ROOM;
	char *grown;

	if (json->failed)
		return false;
	if (json->room - json->used >= more)
		return true;
	while (room - json->used < more)
		room *= 2;
	grown = realloc(json->data, room);
	if (!grown) {
		json->failed = true;
		return false;
	}
	json->data = grown;
	json->room = room;
	return true;
}

static void put(struct json_text *json, const char *bytes, size_t n)
{
	if (!has_room(json, n))
		return;
	memcpy(json->data + json->used, bytes, n);
	json->used += n;
}

/* The byte as it stands in a string (RFC 8259, section 7). Returns how many bytes that is. */
static size_t escape(unsigned char c, char out[static ESCAPED])
{
	static const char hex[] = "0123456789abcdef", plain[] = "\b\f\n\r\t\"\\",
			  letters[] = "bfnrt\"\\";
	const char *found = strchr(plain, c);

	if (found) {
		out[0] = '\\';
		out[1] = letters[found - plain];
		return 2;
	}
	out[0] = '\\';
	out[1] = 'u';
	out[2] = out[3] = '0';
	out[4] = hex[c >> 4];
	out[5] = hex[c & 0xf];
	return ESCAPED;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}

static void put_string(struct json_text *json, const char *value)
{
	size_t n = strlen(value);
	char *out;

	if (!has_room(json, ESCAPED * n + 2))
		return;
	out = json->data + json->used;
	*out++ = '"';
	while (n > 0) {
		size_t plain = 0;

		while (plain < n && is_plain((unsigned char)value[plain]))
			plain++;
		memcpy(out, value, plain);
		out += plain;
		value += plain;
		n -= plain;
		if (n > 0) {
			out += escape((unsigned char)*value++, out);
			n--;
		}
	}
	*out++ = '"';
	json->used = (size_t)(out - json->data);
}

/* What stands before each value. */
static void introduce(struct json_text *json, const char *name)
{
	if (json->follows)
		put(json, ",", 1);
	json->follows = true;
	if (!name)
		return;
	put(json, "\"", 1);
	put(json, name, strlen(name));
	put(json, "\":", 2);
}

void json_text_begin(struct json_text *json, const char *name, char bracket)
{
	introduce(json, name);
	put(json, &bracket, 1);
	json->follows = false;
}

void json_text_end(struct json_text *json, char bracket)
{
	put(json, &bracket, 1);
	json->follows = true;
}

void json_text_string(struct json_text *json, const char *name, const char *value)
{
	introduce(json, name);
	put_string(json, value);
}

void json_text_integer(struct json_text *json, const char *name, int64_t value)
{
	char digits[DIGITS];
	size_t at = DIGITS;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	introduce(json, name);
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		digits[--at] = '-';
	put(json, digits + at, DIGITS - at);
}

void json_text_bool(struct json_text *json, const char *name, bool value)
{
	introduce(json, name);
	put(json, value ? "true" : "false", value ? 4 : 5);
}

void json_text_raw(struct json_text *json, const char *name, const char *text)
{
	introduce(json, name);
	put(json, text, strlen(text));
}

void json_text_null(struct json_text *json, const char *name)
{
	introduce(json, name);
	put(json, "null", 4);
}

char *json_text_take(struct json_text *json)
{
	char *text;

	put(json, "", 1);
	if (json->failed)
		free(json->data);
	text = json->failed ? NULL : json->data;
	*json = (struct json_text){ .data = NULL };
	return text;
}
