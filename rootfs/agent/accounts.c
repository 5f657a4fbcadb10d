/* SPDX-License-Identifier: ISC */
#include "rootfs/agent/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_line_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	return strncmp(line, name, length) == 0 && line[length] == ':';
}

static const char *end_of(const char *line)
{
	return line + strcspn(line, "\n");
}

bool accounts_get_line(const char *text, const char *name, char *out, size_t size)
{
	for (const char *line = text; *line;) {
		const char *end = end_of(line);

		if (is_line_of(line, name) && (size_t)(end - line) < size) {
			memcpy(out, line, (size_t)(end - line));
			out[end - line] = '\0';
			return true;
		}
		line = *end ? end + 1 : end;
	}
	return false;
}

char *accounts_set_line(const char *text, const char *name, const char *line)
{
	size_t used = 0, size = strlen(text) + (line ? strlen(line) : 0) + 3;
	char *out = malloc(size);
	bool placed = false;

	if (!out)
		return NULL;
	out[0] = '\0';
	while (*text) {
		const char *end = end_of(text);
		bool is_it = is_line_of(text, name);

		if (is_it && line && !placed)
			used += (size_t)snprintf(out + used, size - used, "%s\n", line);
		else if (!is_it)
			used += (size_t)snprintf(
				out + used, size - used, "%.*s\n", (int)(end - text), text);
		placed = placed || is_it;
		text = *end ? end + 1 : end;
	}
	if (line && !placed)
		snprintf(out + used, size - used, "%s\n", line);
	return out;
}

bool accounts_lists(const char *list, const char *word, size_t length)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == length && strncmp(list, word, n) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

/* A line of group(5) with the user in its list of members, or not. Returns the bytes written. */
static size_t put_group(
	char *out, const char *line, size_t length, const char *user, bool is_member)
{
	const char *members = line + length;
	size_t used;
	bool any = false;

	while (members > line && members[-1] != ':')
		members--;
	used = (size_t)(members - line);
	memcpy(out, line, used);
	for (const char *p = members; p < line + length;) {
		size_t n = 0;

		while (p + n < line + length && p[n] != ',')
			n++;
		if (n > 0 && !(n == strlen(user) && strncmp(p, user, n) == 0 && !is_member)) {
			if (any)
				out[used++] = ',';
			memcpy(out + used, p, n);
			used += n;
			any = true;
			is_member = is_member && !(n == strlen(user) && !strncmp(p, user, n));
		}
		p += n + 1;
	}
	if (is_member) {
		if (any)
			out[used++] = ',';
		for (const char *p = user; *p; p++)
			out[used++] = *p;
	}
	out[used++] = '\n';
	return used;
}

char *accounts_set_member(const char *text, const char *user, const char *groups)
{
	size_t used = 0, lines = 1;
	char *out;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	out = malloc(strlen(text) + lines * (strlen(user) + 2) + 1);
	while (out && *text) {
		const char *end = end_of(text);
		size_t name = strcspn(text, ":\n");

		used += put_group(out + used, text, (size_t)(end - text), user,
			accounts_lists(groups, text, name));
		text = *end ? end + 1 : end;
	}
	if (out)
		out[used] = '\0';
	return out;
}
