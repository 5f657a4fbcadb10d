/* SPDX-License-Identifier: ISC */
#include "common/conf_text.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "common/str.h"

void conf_scan_begin(struct conf_scan *scan, const char *text)
{
	*scan = (struct conf_scan){ .at = text, .line = 1 };
}

/* Step over one byte, counting lines. */
static void step(struct conf_scan *scan)
{
	if (*scan->at == '\n')
		scan->line++;
	scan->at++;
}

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

/* A comment of either kind, or any other single byte. */
static void skip_comment_or_byte(struct conf_scan *scan)
{
	bool to_end_of_line = scan->at[0] == '#' || (scan->at[0] == '/' && scan->at[1] == '/');

	if (to_end_of_line) {
		scan->at += strcspn(scan->at, "\n");
		return;
	}
	if (scan->at[0] != '/' || scan->at[1] != '*') {
		step(scan);
		return;
	}
	scan->at += 2;
	while (*scan->at && (scan->at[0] != '*' || scan->at[1] != '/'))
		step(scan);
	if (*scan->at)
		scan->at += 2;
}

static const char *scan_string(struct conf_scan *scan)
{
	const char *wrong = NULL;
	unsigned first_line = scan->line;

	for (step(scan); *scan->at && *scan->at != '"'; step(scan)) {
		if (*scan->at != '\\' || scan->at[1] == '\0')
			continue;
		if (tolower((unsigned char)scan->at[1]) == 'x' && scan->at[2] == '0' &&
			scan->at[3] == '0')
			wrong = "\"\\x00\" would cut the text short";
		step(scan);
	}
	if (*scan->at == '\0') {
		scan->line = first_line;
		return "the text has no closing \"";
	}
	step(scan);
	return wrong;
}

static void scan_name(struct conf_scan *scan)
{
	size_t used = scan->group_length;

	if (used > 0 && used < CONF_PATH_SIZE - 1)
		scan->path[used++] = '.';
	for (; is_name_byte(*scan->at); scan->at++) {
		if (used < CONF_PATH_SIZE - 1)
			scan->path[used++] = *scan->at;
	}
	scan->path[used] = '\0';
}

/* An element of a list that isn't the first has lost its path with the one before. */
static void open_group(struct conf_scan *scan)
{
	if (scan->group_length < strlen(scan->list))
		memcpy(scan->path, scan->list, sizeof(scan->path));
	scan->group_length = strlen(scan->path);
}

static void close_group(struct conf_scan *scan)
{
	char *dot;

	scan->path[scan->group_length] = '\0';
	dot = strrchr(scan->path, '.');
	scan->group_length = dot ? (size_t)(dot - scan->path) : 0;
	scan->path[scan->group_length] = '\0';
}

static unsigned digit_value(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(tolower((unsigned char)c) - 'a') + 10;
}

/* libconfig keeps numbers in an int, with the suffix L in a long long; it doesn't check that they
 * fit. */
static bool integer_fits(const char *token, size_t length)
{
	bool hex = length > 2 && token[0] == '0' && (token[1] == 'x' || token[1] == 'X');
	uint64_t limit = memchr(token, 'L', length) ? INT64_MAX : INT32_MAX;
	unsigned base = hex ? 16 : 10;
	uint64_t value = 0;

	for (size_t i = hex ? 2 : 0; i < length && isxdigit((unsigned char)token[i]); i++) {
		unsigned digit = digit_value(token[i]);

		if (digit >= base)
			break;
		if (value > (limit - digit) / base)
			return false;
		value = value * base + digit;
	}
	return true;
}

static const char *scan_number(struct conf_scan *scan)
{
	const char *start = scan->at;
	size_t length;

	while (isalnum((unsigned char)*scan->at) || *scan->at == '.')
		scan->at++;
	length = (size_t)(scan->at - start);
	if (memchr(start, '.', length) || integer_fits(start, length))
		return NULL;
	return "the number is too large";
}

const char *conf_scan_token(struct conf_scan *scan)
{
	char c = *scan->at;

	scan->at_name = isalpha((unsigned char)c) || c == '*';
	if (scan->at_name) {
		scan_name(scan);
	} else if (c == '"') {
		return scan_string(scan);
	} else if (isdigit((unsigned char)c)) {
		return scan_number(scan);
	} else if (c == '@') {
		scan->path[0] = '\0';
		step(scan);
		return "@include and the like are not supported; a configuration is one file";
	} else if (c == '{') {
		open_group(scan);
		step(scan);
	} else if (c == '(' || c == ')') {
		if (c == '(')
			memcpy(scan->list, scan->path, sizeof(scan->list));
		else
			scan->list[0] = '\0';
		step(scan);
	} else if (c == '}') {
		close_group(scan);
		step(scan);
	} else if (c != '\0') {
		skip_comment_or_byte(scan);
	}
	return NULL;
}

const char *conf_scan_next(struct conf_scan *scan)
{
	const char *wrong = NULL;

	while (*scan->at && !wrong)
		wrong = conf_scan_token(scan);
	return wrong;
}

/* Length of the UTF-8 sequence at p, 0 if it is malformed (RFC 3629 section 4). */
static size_t utf8_length(const unsigned char *p)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	length = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		low = 0xa0; /* overlong */
	else if (p[0] == 0xed)
		high = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f; /* above U+10FFFF */
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

bool conf_text_is_utf8(const char *text, unsigned *line)
{
	const unsigned char *p = (const unsigned char *)text;

	for (*line = 1; *p;) {
		size_t length = utf8_length(p);

		if (length == 0)
			return false;
		if (*p == '\n')
			++*line;
		p += length;
	}
	return true;
}

void conf_text_line(const char *text, unsigned line, char *out, size_t size)
{
	size_t length;

	for (unsigned i = 1; i < line && text; i++) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	if (!text)
		text = "";
	text += strspn(text, " \t\r");
	length = strcspn(text, "\n");
	while (length > 0 && strchr(" \t\r", text[length - 1]))
		length--;
	str_copy_visible(out, size, text, length);
}
