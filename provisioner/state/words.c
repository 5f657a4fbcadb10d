/* SPDX-License-Identifier: ISC */
#include "provisioner/state/words.h"

#include <string.h>
#include <time.h>

#define LAST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static const char *const models[] = {
	[BOOT_MODEL_UNKNOWN] = NULL,
	[BOOT_MODEL_PI3] = "pi3",
	[BOOT_MODEL_PI4] = "pi4",
	[BOOT_MODEL_PI5] = "pi5",
	[BOOT_MODEL_PC] = "pc",
};
#define MODELS (sizeof(models) / sizeof(models[0]))

/* A number of so many digits, and what stands behind it. There are 30,000 times in a long text. */
static char *put_number(char *out, int number, int digits, char behind)
{
	for (int i = digits; i-- > 0; number /= 10)
		out[i] = (char)('0' + number % 10);
	out[digits] = behind;
	return out + digits + 1;
}

void words_format_time(int64_t ms, char out[static WORDS_TIME_SIZE])
{
	time_t seconds;
	struct tm tm;

	if (ms < 0)
		ms = 0;
	if (ms > LAST_MS)
		ms = LAST_MS;
	seconds = (time_t)(ms / 1000);
	gmtime_r(&seconds, &tm);
	out = put_number(out, tm.tm_year + 1900, 4, '-');
	out = put_number(out, tm.tm_mon + 1, 2, '-');
	out = put_number(out, tm.tm_mday, 2, 'T');
	out = put_number(out, tm.tm_hour, 2, ':');
	out = put_number(out, tm.tm_min, 2, ':');
	out = put_number(out, tm.tm_sec, 2, '.');
	out = put_number(out, (int)(ms % 1000), 3, 'Z');
	*out = '\0';
}

bool words_parse_time(const char *text, int64_t *ms)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	char again[WORDS_TIME_SIZE];
	struct tm tm = { 0 };

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	}
	if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return false;
	*ms = (int64_t)timegm(&tm) * 1000 + (text[20] - '0') * 100 + (text[21] - '0') * 10 +
	      (text[22] - '0');
	/* February 30th and the like come back as another day. */
	words_format_time(*ms, again);
	return strcmp(again, text) == 0;
}

const char *words_model(enum boot_model model)
{
	return (size_t)model < MODELS ? models[model] : NULL;
}

bool words_parse_model(const char *text, enum boot_model *model)
{
	for (size_t i = 0; i < MODELS; i++) {
		if (models[i] && strcmp(models[i], text) == 0) {
			*model = (enum boot_model)i;
			return true;
		}
	}
	return false;
}

/* Bytes of the well-formed UTF-8 character (RFC 3629) of more than one byte that begins here; 0 if
 * none does, or one of the control characters C1. */
static size_t character(const unsigned char *p)
{
	size_t length = p[0] >= 0xc2 && p[0] <= 0xdf   ? 2
			: p[0] >= 0xe0 && p[0] <= 0xef ? 3
			: p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
						       : 0;

	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ||
		(p[0] == 0xc2 && p[1] < 0xa0))
		return 0;
	return length;
}

size_t words_quote(char *out, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = (const unsigned char *)text;
	char *to = out;

	*to++ = '"';
	while (*p) {
		size_t length = *p >= 0x20 && *p < 0x7f ? 1 : character(p);

		if (length == 0) {
			*to++ = '\\';
			*to++ = 'x';
			*to++ = hex[*p >> 4];
			*to++ = hex[*p++ & 0xf];
			continue;
		}
		if (*p == '"' || *p == '\\')
			*to++ = '\\';
		memcpy(to, p, length);
		to += length;
		p += length;
	}
	*to++ = '"';
	*to = '\0';
	return (size_t)(to - out);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* From behind the opening quote; unquotes in place. Returns what stands behind the closing one, or
 * NULL. */
static char *unquote(char *from, const char **what)
{
	char *to = from;

	while (*from && *from != '"') {
		if (*from != '\\') {
			*to++ = *from++;
		} else if (from[1] == '"' || from[1] == '\\') {
			*to++ = from[1];
			from += 2;
		} else {
			int high = from[1] == 'x' ? hex_value(from[2]) : -1,
			    low = high >= 0 ? hex_value(from[3]) : -1;

			if (low < 0 || high + low == 0) {
				*what = "behind a \\ stands \", \\, or x and two of 0-9a-f, not 00";
				return NULL;
			}
			*to++ = (char)(high * 16 + low);
			from += 4;
		}
	}
	if (*from != '"') {
		*what = "the closing quote is missing";
		return NULL;
	}
	*to = '\0';
	return from + 1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int words_split(char *line, char *words[static WORDS_LIMIT], const char **what)
{
	int n = 0;

	for (;;) {
		while (is_blank(*line))
			line++;
		if (*line == '\0')
			return n;
		if (n == WORDS_LIMIT) {
			*what = "too many words; a text with blanks stands in quotes";
			return -1;
		}
		if (*line == '"') {
			words[n++] = line + 1;
			line = unquote(line + 1, what);
			if (!line)
				return -1;
			if (*line && !is_blank(*line)) {
				*what = "something follows the closing quote";
				return -1;
			}
			continue;
		}
		words[n++] = line;
		while (*line && !is_blank(*line))
			line++;
		if (*line)
			*line++ = '\0';
	}
}
