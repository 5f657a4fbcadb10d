/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/str.h"
#include "provisioner/cli/commands.h"

#define WIDTH_LEAST 40
#define WIDTH_LIMIT 1000

/* Columns of the terminal; COLUMNS overrides it; 0 (no limit) for a file or a pipe. */
static size_t find_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width;

	if (columns && str_parse_u64(columns, WIDTH_LEAST, WIDTH_LIMIT, &width) == 0)
		return (size_t)width;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST)
		return size.ws_col;
	return isatty(STDOUT_FILENO) ? 80 : 0;
}

/* no-color.org; a dumb terminal shows none either */
static bool wants_color(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
	       strcmp(term, "dumb") != 0;
}

int main(int argc, char **argv)
{
	struct cli cli = {
		.in = stdin,
		.out = stdout,
		.error = stderr,
		.color = wants_color(),
		.interactive = isatty(STDIN_FILENO) && isatty(STDERR_FILENO),
		.width = find_width(),
	};

	return (int)commands_run(&cli, argc, argv);
}
