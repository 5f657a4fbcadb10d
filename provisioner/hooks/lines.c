/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "provisioner/hooks/hooks.h"

static void finish_line(struct hooks_lines *lines)
{
	lines->text[lines->used] = '\0';
	lines->used = 0;
	if (lines->taken == HOOKS_LINES) {
		lines->dropped++;
		return;
	}
	lines->taken++;
	lines->line(lines->argument, lines->text);
}

void hooks_lines_take(struct hooks_lines *lines, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			finish_line(lines);
			continue;
		}
		if (lines->used == sizeof(lines->text) - 1)
			finish_line(lines);
		lines->text[lines->used++] = bytes[i];
	}
}

void hooks_lines_end(struct hooks_lines *lines)
{
	char text[64];

	if (lines->used > 0)
		finish_line(lines);
	if (lines->dropped == 0)
		return;
	snprintf(text, sizeof(text), "(%u more lines were left out)", lines->dropped);
	lines->line(lines->argument, text);
	lines->dropped = 0;
}
