/* SPDX-License-Identifier: ISC */
/*
 * lab-shell: run a command in the root shell on a virtual machine's serial console, by typing. The
 * shell's own echo and messages of the kernel come over the same line, so the result stands between
 * two marks that appear in what is typed only in pieces.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"

#define OUTPUT_SIZE (1024 * 1024)
#define RETYPE_MS 3000 /* nobody may have been listening yet */
#define INTERRUPT_MS 500
#define EXIT_NO_ANSWER 124

struct console {
	int fd;
	char *text; /* since the last time something was typed */
	size_t length;
};

static int open_console(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !str_copy(address.sun_path, sizeof(address.sun_path), path) ||
		connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Ctrl-U throws away what an earlier try may have left on the line. */
static bool type(struct console *console, const char *command, unsigned mark)
{
	char line[8192];
	int n = snprintf(line, sizeof(line),
		"\025printf '\\nBEGIN%%s\\n' %u; { %s\n}; printf '\\nEND%%s %%d\\n' %u $?\n", mark,
		command, mark);

	console->length = 0;
	return n > 0 && (size_t)n < sizeof(line) && write(console->fd, line, (size_t)n) == n;
}

/* Returns false when the machine is gone. */
static bool read_more(struct console *console, unsigned wait_ms)
{
	struct pollfd ready = { .fd = console->fd, .events = POLLIN };
	ssize_t n;

	if (poll(&ready, 1, (int)wait_ms) <= 0)
		return true;
	if (console->length >= OUTPUT_SIZE - 1)
		console->length = 0;
	n = read(console->fd, console->text + console->length, OUTPUT_SIZE - 1 - console->length);
	if (n <= 0)
		return false;
	console->length += (size_t)n;
	console->text[console->length] = '\0';
	return true;
}

/* Print what stands between the marks, without carriage returns. Returns the exit status or -1. */
static int find_result(const struct console *console, unsigned mark)
{
	char begin[32], end[32];
	const char *from, *to, *rest;

	snprintf(begin, sizeof(begin), "BEGIN%u\r\n", mark);
	snprintf(end, sizeof(end), "\nEND%u ", mark);
	from = console->length ? strstr(console->text, begin) : NULL;
	to = from ? strstr(from, end) : NULL;
	if (!to || !strchr(to + 1, '\n'))
		return -1;
	rest = to + strlen(end);
	for (from += strlen(begin); from < to; from++)
		if (*from != '\r')
			putchar(*from);
	return (int)strtol(rest, NULL, 10) & 0xff;
}

/* Gets the shell out of what an earlier try has left open, half of which it missed while it
 * started. It may throw away what comes behind too soon. */
static void interrupt(struct console *console)
{
	if (write(console->fd, "\003", 1) == 1)
		poll(NULL, 0, INTERRUPT_MS);
}

/* Type the command, again and again if told so, until its result is there. */
static int run(struct console *console, const char *command, unsigned mark, unsigned retype_ms,
	uint64_t deadline)
{
	uint64_t now, retype = 0;
	bool again = false;

	while ((now = clock_monotonic_ns()) < deadline) {
		int status;

		if (now >= retype) {
			if (again)
				interrupt(console);
			again = true;
			if (!type(console, command, mark))
				return EXIT_NO_ANSWER;
			retype = retype_ms == 0 ? UINT64_MAX : now + retype_ms * NS_PER_MS;
		}
		if (!read_more(console, 200))
			return EXIT_NO_ANSWER;
		status = find_result(console, mark);
		if (status >= 0)
			return status;
	}
	return EXIT_NO_ANSWER;
}

int main(int argc, char **argv)
{
	struct console console = { .fd = -1 };
	uint64_t timeout_s, deadline;
	unsigned mark;
	int status;

	if (argc != 4 || str_parse_u64(argv[2], 1, 3600, &timeout_s) != 0) {
		fprintf(stderr, "usage: lab-shell SOCKET TIMEOUT_S COMMAND\n"
				"exit status: the command's, or 124 when nobody answers\n");
		return 2;
	}
	console.fd = open_console(argv[1]);
	console.text = calloc(1, OUTPUT_SIZE);
	if (console.fd < 0 || !console.text) {
		fprintf(stderr, "lab-shell: %s: %s\n", argv[1], strerror(errno));
		free(console.text);
		return EXIT_NO_ANSWER;
	}
	mark = (unsigned)getpid() * 10;
	deadline = clock_monotonic_ns() + timeout_s * NS_PER_S;
	/* First see that somebody listens, so that the command itself is typed only once. The
	 * kernel speaks on the same console: it is told to be quiet, or its lines mix with the
	 * command's.
	 */
	status = run(&console, "dmesg -n 1 2>&-; :", mark, RETYPE_MS, deadline);
	if (status == 0)
		status = run(&console, argv[3], mark + 1, 0, deadline);
	if (status == EXIT_NO_ANSWER)
		fprintf(stderr, "lab-shell: no shell answers at %s\n", argv[1]);
	close(console.fd);
	free(console.text);
	return status;
}
