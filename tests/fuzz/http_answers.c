/* SPDX-License-Identifier: ISC */
#include "tests/fuzz/http_answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/str.h"
#include "tests/fuzz/world.h"

#define LINE_SIZE 1024u

struct header {
	int status;
	unsigned lengths; /* how many Content-Length */
	uint64_t length, first;
	bool is_file, has_range;
};

/* "HTTP/1.1 200 OK" */
static int status_of(const char *line)
{
	if (strlen(line) < 13 || strncmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
		line[9] < '1' || line[9] > '5' || line[12] != ' ')
		return -1;
	for (size_t i = 10; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -1;
	}
	return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}

/* The value of "Name: value", or NULL when this is no field. */
static const char *value_of(const char *line)
{
	const char *colon = strchr(line, ':');

	if (!colon || colon == line)
		return NULL;
	for (const char *p = line; *p; p++) {
		if (*p < ' ' || *p >= 0x7f || (p < colon && *p == ' '))
			return NULL;
	}
	return colon + 1 + strspn(colon + 1, " ");
}

static bool has_name(const char *line, const char *name)
{
	return strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':';
}

/* A number behind `before`; moves *at behind it. */
static bool take_number(const char **at, const char *before, uint64_t *number)
{
	size_t length = strlen(before);
	char *end;

	if (strncmp(*at, before, length) != 0 || (*at)[length] < '0' || (*at)[length] > '9')
		return false;
	*number = strtoull(*at + length, &end, 10);
	*at = end;
	return true;
}

/* "bytes 5-9/100", or "bytes " and an asterisk in an answer 416. */
static bool read_range(struct header *header, const char *value)
{
	uint64_t first, last, size;
	const char *at = value;

	header->has_range = true;
	if (!take_number(&at, "bytes ", &first) || !take_number(&at, "-", &last) ||
		!take_number(&at, "/", &size))
		return header->status == 416 && strncmp(value, "bytes */", 8) == 0;
	header->first = first;
	header->length =
		last - first + 1; /* compared with Content-Length, which is before or behind */
	return header->status == 206 && first <= last && last < size;
}

static bool read_field(struct header *header, const char *line)
{
	const char *value = value_of(line);

	if (!value)
		return false;
	if (has_name(line, "Content-Length")) {
		uint64_t length;

		if (str_parse_u64(value, 0, UINT64_MAX, &length) != 0)
			return false;
		if (header->has_range && header->status == 206 && header->length != length)
			return false;
		header->length = length;
		header->lengths++;
	} else if (has_name(line, "Content-Range")) {
		uint64_t length = header->length;

		if (!read_range(header, value))
			return false;
		if (header->lengths > 0) {
			if (header->status == 206 && header->length != length)
				return false;
			header->length = length;
		}
	} else if (has_name(line, "Content-Type")) {
		header->is_file = strcmp(value, "application/octet-stream") == 0;
	} else if (has_name(line, "Transfer-Encoding")) {
		return false; /* every length is known here */
	}
	return true;
}

/* Take one line with CR LF out of the bytes. Returns false when there is none. */
static bool take_line(const uint8_t **bytes, size_t *length, char line[static LINE_SIZE])
{
	const uint8_t *end = memmem(*bytes, *length, "\r\n", 2);
	size_t n = end ? (size_t)(end - *bytes) : 0;

	if (!end || n >= LINE_SIZE || memchr(*bytes, '\0', n))
		return false;
	memcpy(line, *bytes, n);
	line[n] = '\0';
	*bytes += n + 2;
	*length -= n + 2;
	return true;
}

static const char *read_header(const uint8_t **bytes, size_t *length, struct header *header)
{
	char line[LINE_SIZE];

	*header = (struct header){ .status = -1 };
	if (!take_line(bytes, length, line) || (header->status = status_of(line)) < 0)
		return "no status line";
	for (;;) {
		if (!take_line(bytes, length, line))
			return "a header without an end";
		if (*line == '\0')
			break;
		if (!read_field(header, line))
			return "a wrong field";
	}
	if (header->lengths > 1)
		return "two lengths";
	if (header->status == 206 && !header->has_range)
		return "a part that doesn't say which";
	return NULL;
}

static bool has_body(const struct header *header)
{
	return header->status >= 200 && header->status != 204 && header->status != 304;
}

static const char *read_body(
	const uint8_t **bytes, size_t *length, const struct header *header, bool heads, bool whole)
{
	static const char next[] = "HTTP/1.";
	size_t n = *length < header->length ? *length : (size_t)header->length;

	if (!has_body(header))
		return NULL;
	if (header->lengths == 0)
		return "no length";
	if (heads && (*length == 0 || (*length > 7 && memcmp(*bytes, next, 7) == 0)))
		return NULL;
	if (n < header->length && whole)
		return "a body that is broken off";
	for (size_t i = 0; header->is_file && i < n; i++) {
		if ((*bytes)[i] != fuzz_byte(header->first + i))
			return "other bytes than the file's";
	}
	*bytes += n;
	*length -= n;
	return NULL;
}

int answers_read(
	const uint8_t *bytes, size_t length, bool heads, bool whole, int *statuses, unsigned room)
{
	int n = 0;

	while (length > 0) {
		const uint8_t *begin = bytes;
		const size_t left = length;
		struct header header;
		const char *why;

		if (!whole && !memmem(bytes, length, "\r\n\r\n", 4))
			return n;
		why = read_header(&bytes, &length, &header);
		if (!why)
			why = read_body(&bytes, &length, &header, heads, whole);
		if (why) {
			fprintf(stderr, "answer %d: %s\n%.*s\n", n, why,
				(int)(left < 500 ? left : 500), (const char *)begin);
			return -1;
		}
		if ((unsigned)n < room)
			statuses[n] = header.status;
		n++;
	}
	return n;
}
