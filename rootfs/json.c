/* SPDX-License-Identifier: ISC */
#include "rootfs/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put(struct json_writer *writer, char c)
{
	if (writer->used + 1 >= writer->size) {
		writer->full = true;
		return;
	}
	writer->out[writer->used++] = c;
	writer->out[writer->used] = '\0';
}

static void put_all(struct json_writer *writer, const char *text)
{
	while (*text)
		put(writer, *text++);
}

static void put_string(struct json_writer *writer, const char *text)
{
	put(writer, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		/* The router shows it to people: bytes that could disturb a terminal don't leave
		 * the node. */
		if (c < 0x20 || c >= 0x7f) {
			put(writer, '?');
			continue;
		}
		if (c == '"' || c == '\\')
			put(writer, '\\');
		put(writer, (char)c);
	}
	put(writer, '"');
}

static void put_name(struct json_writer *writer, const char *name)
{
	if (writer->used > 0 && writer->out[writer->used - 1] != '{')
		put(writer, ',');
	put_string(writer, name);
	put(writer, ':');
}

void json_begin(struct json_writer *writer, char *out, size_t size)
{
	*writer = (struct json_writer){ .out = out, .size = size };
	put(writer, '{');
}

void json_text(struct json_writer *writer, const char *name, const char *value)
{
	put_name(writer, name);
	put_string(writer, value);
}

void json_number(struct json_writer *writer, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	put_name(writer, name);
	put_all(writer, text);
}

void json_boolean(struct json_writer *writer, const char *name, bool value)
{
	put_name(writer, name);
	put_all(writer, value ? "true" : "false");
}

void json_open(struct json_writer *writer, const char *name)
{
	put_name(writer, name);
	put(writer, '{');
}

void json_close(struct json_writer *writer)
{
	put(writer, '}');
}

int json_end(struct json_writer *writer)
{
	put(writer, '}');
	return writer->full ? -ENOSPC : 0;
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* One string behind its opening quote, into out (NULL: skip it). Returns what follows it, or NULL.
 */
static const char *take_string(const char *p, char *out, size_t size)
{
	size_t used = 0;

	for (; *p != '"'; p++) {
		if (*p == '\\') {
			p++;
			if (*p != '"' && *p != '\\' && *p != '/')
				return NULL;
		}
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (out && used + 1 >= size)
			return NULL;
		if (out)
			out[used++] = *p;
	}
	if (out)
		out[used] = '\0';
	return p + 1;
}

static const char *take_value(const char *p, char *out, size_t size)
{
	size_t n;

	if (*p == '"')
		return take_string(p + 1, out, size);
	n = strspn(p, "-+.0123456789abcdefghijklmnopqrstuvwxyzE");
	if (n == 0 || (out && n >= size))
		return NULL;
	if (out) {
		memcpy(out, p, n);
		out[n] = '\0';
	}
	return p + n;
}

/* Returns what follows the pair, or NULL; *found when it was the one. */
static const char *take_pair(const char *p, const char *name, char *out, size_t size, bool *found)
{
	char key[64];

	if (*p != '"')
		return NULL;
	p = take_string(p + 1, key, sizeof(key));
	if (!p)
		return NULL;
	p = skip_blanks(p);
	if (*p != ':')
		return NULL;
	*found = strcmp(key, name) == 0;
	p = take_value(skip_blanks(p + 1), *found ? out : NULL, size);
	return p ? skip_blanks(p) : NULL;
}

int json_get(const char *text, const char *name, char *out, size_t size)
{
	const char *p = skip_blanks(text);
	bool found = false;

	if (*p != '{')
		return -EBADMSG;
	p = skip_blanks(p + 1);
	if (*p == '}')
		return -ENOENT;
	for (;;) {
		p = take_pair(p, name, out, size, &found);
		if (!p)
			return -EBADMSG;
		if (found)
			return 0;
		if (*p == '}')
			return -ENOENT;
		if (*p != ',')
			return -EBADMSG;
		p = skip_blanks(p + 1);
	}
}
