/* SPDX-License-Identifier: ISC */
/* Pieces of text become lines. Pure. */
#ifndef BRAMBLE_PROVISIONER_CONSOLE_LINES_H
#define BRAMBLE_PROVISIONER_CONSOLE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define CONSOLE_LINE_SIZE 256 /* shown; longer ones are several */

struct console_lines {
	char text[CONSOLE_LINE_SIZE]; /* of a line that hasn't ended */
	size_t length;
};

/* Take a piece: `each` gets every line that ends in it, made visible and without its end; empty
 * ones are left out. Control bytes other than line ends and escape sequences of terminals are shown
 * as \xNN. Fuzzed. */
void console_lines_feed(struct console_lines *lines, const char *piece, size_t length,
	void (*each)(void *argument, const char *line), void *argument);

/* The line that hasn't ended is one all the same. */
void console_lines_end(struct console_lines *lines, void (*each)(void *argument, const char *line),
	void *argument);

/* Is this how the firmware of a Pi 4 or 5 begins (raspberrypi/rpi-eeprom: the first line of every
 * log)? */
bool console_is_power_on(const char *line);

#endif
