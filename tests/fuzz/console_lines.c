/* SPDX-License-Identifier: ISC */
/* Any pieces: lines are bounded and visible, and their text doesn't depend on where the pieces are
 * cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/console_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	size_t lines;
	size_t hash;
};

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void add(void *argument, const char *line)
{
	struct sum *sum = argument;
	size_t length = strlen(line);

	must(length > 0 && length < CONSOLE_LINE_SIZE);
	for (size_t i = 0; i < length; i++) {
		must(line[i] >= ' ' && line[i] < 0x7f);
		sum->hash = sum->hash * 31 + (unsigned char)line[i];
	}
	sum->lines++;
	(void)console_is_power_on(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct console_lines whole = { .length = 0 }, cut = { .length = 0 };
	struct sum first = { 0, 0 }, second = { 0, 0 };
	size_t at = size ? data[0] % size : 0;

	console_lines_feed(&whole, (const char *)data, size, add, &first);
	console_lines_end(&whole, add, &first);
	console_lines_feed(&cut, (const char *)data, at, add, &second);
	console_lines_feed(&cut, (const char *)data + at, size - at, add, &second);
	console_lines_end(&cut, add, &second);
	must(first.lines == second.lines && first.hash == second.hash);
	must(first.lines <= size);
	return 0;
}
