/* SPDX-License-Identifier: ISC */
#include "rootfs/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
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

void json_decimal(struct json_writer *writer, const char *name, double value)
{
	char text[32];

	if (!isfinite(value) || fabs(value) > 1e15)
		value = 0;
	snprintf(text, sizeof(text), "%.2f", value);
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

/* What an escape stands for; NUL: none that is used here. */
static char escaped(char letter)
{
	switch (letter) {
	case '"':
	case '\\':
	case '/':
		return letter;
	case 'n':
		return '\n';
	case 't':
		return '\t';
	default:
		return '\0';
	}
}

/* One string behind its opening quote, into out (NULL: skip it). Returns what follows it, or NULL.
 */
static const char *take_string(const char *p, char *out, size_t size)
{
	size_t used = 0;

	for (; *p != '"'; p++) {
		char byte = *p;

		if (byte == '\\') {
			byte = escaped(*++p);
			if (byte == '\0')
				return NULL;
		} else if ((unsigned char)byte < 0x20) {
			return NULL;
		}
		if (out && used + 1 >= size)
			return NULL;
		if (out)
			out[used++] = byte;
	}
	if (out)
		out[used] = '\0';
	return p + 1;
}

static size_t count_digits(const char *p)
{
	return strspn(p, "0123456789");
}

/* The length of the number at p (RFC 8259 section 6), 0 if there is none. */
static size_t number_length(const char *p)
{
	const char *start = p;
	size_t n;

	if (*p == '-')
		p++;
	n = count_digits(p);
	if (n == 0 || (n > 1 && *p == '0'))
		return 0;
	p += n;
	if (*p == '.') {
		n = count_digits(p + 1);
		if (n == 0)
			return 0;
		p += 1 + n;
	}
	if (*p == 'e' || *p == 'E') {
		p += p[1] == '+' || p[1] == '-' ? 2 : 1;
		n = count_digits(p);
		if (n == 0)
			return 0;
		p += n;
	}
	return (size_t)(p - start);
}

/* The length of the number or word at p, 0 if there is none. */
static size_t literal_length(const char *p)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	}
	return number_length(p);
}

/* Into out (NULL: skip it); null leaves *found false. Returns what follows the value, or NULL. */
static const char *take_value(const char *p, char *out, size_t size, bool *found)
{
	size_t n;

	if (*p == '"') {
		*found = out != NULL;
		return take_string(p + 1, out, size);
	}
	n = literal_length(p);
	if (n == 0 || (out && n >= size))
		return NULL;
	if (out && *p != 'n') {
		memcpy(out, p, n);
		out[n] = '\0';
		*found = true;
	}
	return p + n;
}

/* One pair; its value goes into out if it is the one. Returns what follows the pair, or NULL. */
static const char *take_pair(const char *p, const char *name, char *out, size_t size, bool *found)
{
	char key[64];
	bool is_wanted;

	if (*p != '"')
		return NULL;
	p = take_string(p + 1, key, sizeof(key));
	if (!p)
		return NULL;
	p = skip_blanks(p);
	is_wanted = strcmp(key, name) == 0;
	if (*p != ':' || (is_wanted && *found))
		return NULL;
	p = take_value(skip_blanks(p + 1), is_wanted ? out : NULL, size,
		is_wanted ? found : &(bool){ false });
	return p ? skip_blanks(p) : NULL;
}

/* Returns what follows the object, or NULL. */
static const char *take_object(const char *p, const char *name, char *out, size_t size, bool *found)
{
	if (*p != '{')
		return NULL;
	p = skip_blanks(p + 1);
	if (*p == '}')
		return skip_blanks(p + 1);
	for (;;) {
		p = take_pair(p, name, out, size, found);
		if (!p)
			return NULL;
		if (*p == '}')
			return skip_blanks(p + 1);
		if (*p != ',')
			return NULL;
		p = skip_blanks(p + 1);
	}
}

int json_get(const char *text, const char *name, char *out, size_t size)
{
	bool found = false;
	const char *rest = take_object(skip_blanks(text), name, out, size, &found);

	if (rest && *rest == '\0' && found)
		return 0;
	out[0] = '\0';
	return rest && *rest == '\0' ? -ENOENT : -EBADMSG;
}
