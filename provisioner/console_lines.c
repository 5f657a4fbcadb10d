/* SPDX-License-Identifier: ISC */
#include "provisioner/console_lines.h"

#include <string.h>

#include "common/str.h"

void console_lines_end(
	struct console_lines *lines, void (*each)(void *argument, const char *line), void *argument)
{
	char visible[CONSOLE_LINE_SIZE];

	while (lines->length > 0 && lines->text[lines->length - 1] == ' ')
		lines->length--;
	if (lines->length > 0) {
		str_copy_visible(visible, sizeof(visible), lines->text, lines->length);
		each(argument, visible);
	}
	lines->length = 0;
}

void console_lines_feed(struct console_lines *lines, const char *piece, size_t length,
	void (*each)(void *argument, const char *line), void *argument)
{
	for (size_t i = 0; i < length; i++) {
		char byte = piece[i] == '\t' ? ' ' : piece[i];

		/* Some senders end a piece by NUL. */
		if (byte == '\n' || byte == '\r' || byte == '\0') {
			if (byte != '\0')
				console_lines_end(lines, each, argument);
			continue;
		}
		if (lines->length == CONSOLE_LINE_SIZE - 1)
			console_lines_end(lines, each, argument);
		lines->text[lines->length++] = byte;
	}
}

bool console_is_power_on(const char *line)
{
	static const char first[] = "RPi: BOOTLOADER ";

	return strncmp(line, first, sizeof(first) - 1) == 0;
}
