/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

void text_bytes(uint64_t bytes, char out[static TEXT_UNIT_SIZE])
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	uint64_t unit = 1000;
	size_t i = 0;

	if (bytes < 1000) {
		snprintf(out, TEXT_UNIT_SIZE, "%" PRIu64 " B", bytes);
		return;
	}
	/* 999.95 kB would be rounded to 1000.0 kB: from there on it is the next unit. */
	while (i + 1 < sizeof(units) / sizeof(units[0]) && bytes >= unit * 1000 - unit / 20) {
		unit *= 1000;
		i++;
	}
	snprintf(out, TEXT_UNIT_SIZE, "%.1f %s", (double)bytes / (double)unit, units[i]);
}

void text_duration(int64_t ms, char out[static TEXT_UNIT_SIZE])
{
	int64_t s;

	if (ms < 0)
		ms = 0;
	s = (ms + 500) / 1000;
	if (ms < 9995)
		snprintf(out, TEXT_UNIT_SIZE, "%.2f s", (double)ms / 1000);
	else if (ms < 59950)
		snprintf(out, TEXT_UNIT_SIZE, "%.1f s", (double)ms / 1000);
	else if (s < 3600)
		snprintf(out, TEXT_UNIT_SIZE, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else if (s < 24 * 3600)
		snprintf(out, TEXT_UNIT_SIZE, "%" PRId64 " h %" PRId64 " min", s / 3600,
			s / 60 % 60);
	else
		snprintf(out, TEXT_UNIT_SIZE, "%" PRId64 " d %" PRId64 " h", s / 86400,
			s / 3600 % 24);
}

void text_age(int64_t then_ms, int64_t now_ms, char out[static TEXT_UNIT_SIZE])
{
	int64_t s = (now_ms - then_ms) / 1000;

	if (s < 1)
		snprintf(out, TEXT_UNIT_SIZE, "just now");
	else if (s < 120)
		snprintf(out, TEXT_UNIT_SIZE, "%" PRId64 " s ago", s);
	else if (s < 120 * 60)
		snprintf(out, TEXT_UNIT_SIZE, "%" PRId64 " min ago", s / 60);
	else if (s < 48 * 3600)
		snprintf(out, TEXT_UNIT_SIZE, "%" PRId64 " h ago", s / 3600);
	else
		snprintf(out, TEXT_UNIT_SIZE, "%" PRId64 " d ago", s / 86400);
}

void text_time(int64_t ms, char out[static TEXT_UNIT_SIZE])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;

	if (!localtime_r(&seconds, &local) ||
		strftime(out, TEXT_UNIT_SIZE, "%Y-%m-%d %H:%M:%S", &local) == 0)
		snprintf(out, TEXT_UNIT_SIZE, "?");
}

/* The character at p and its length in bytes, or 0 where it isn't well-formed UTF-8 (RFC 3629). */
static size_t decode(const unsigned char *p, uint32_t *character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t value = p[0];

	if (p[0] > 0xf4 || length == 0)
		return 0;
	if (length > 1)
		value = p[0] & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3f);
	}
	if (value < least[length] || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
		return 0;
	*character = value;
	return length;
}

/* Controls, and characters by which a text could hide, or turn the direction of, what stands beside
 * it. */
static bool is_shown(uint32_t c)
{
	return c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c != 0xad &&
	       !(c >= 0x0300 && c < 0x0370) && !(c >= 0x200b && c <= 0x200f) &&
	       !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff &&
	       c < 0xe0000;
}

size_t text_visible(char *out, size_t size, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = (const unsigned char *)text;
	size_t used = 0, columns = 0;

	while (*p) {
		uint32_t character = 0;
		size_t length;

		/* Nearly all of it is. */
		if (*p >= 0x20 && *p < 0x7f && used + 1 < size) {
			out[used++] = (char)*p++;
			columns++;
			continue;
		}
		length = decode(p, &character);
		bool shown = length > 0 && is_shown(character);
		size_t need = shown ? length : 4;

		if (used + need >= size)
			break;
		if (shown) {
			memcpy(out + used, p, length);
			columns++;
		} else {
			const char escaped[4] = { '\\', 'x', hex[*p >> 4], hex[*p & 0xf] };

			memcpy(out + used, escaped, sizeof(escaped));
			columns += 4;
		}
		used += need;
		p += shown ? length : 1;
	}
	out[used] = '\0';
	return columns;
}

size_t text_columns(const char *visible)
{
	size_t columns = 0;

	for (; *visible; visible++)
		columns += ((unsigned char)*visible & 0xc0) != 0x80;
	return columns;
}

size_t text_bytes_of_columns(const char *visible, size_t columns)
{
	size_t bytes = 0;

	while (visible[bytes]) {
		bool begins = ((unsigned char)visible[bytes] & 0xc0) != 0x80;

		if (begins && columns-- == 0)
			break;
		bytes++;
	}
	return bytes;
}
