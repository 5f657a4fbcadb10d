/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "rootfs/http.h"
#include "rootfs/init/init.h"
#include "rootfs/json.h"

#define REPORT_MS 2000
#define CLOCK_MS 3000

/* syslog(3) priorities. A console that is told to be quiet (kernel argument "quiet") shows errors
 * alone. */
enum priority {
	PRIORITY_ERROR = 3,
	PRIORITY_NOTICE = 5,
};

/*
 * By the kernel's log, which goes to every console (HDMI and serial) and later into the journal.
 * Without the newline the kernel would hold a line back until the next one comes, as it might be
 * continued (printk's LOG_CONT): the last words of a board that hangs would never be read.
 */
static void say(enum priority priority, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
static void say(enum priority priority, const char *format, va_list arguments)
{
	char text[512], line[600];
	int fd;

	vsnprintf(text, sizeof(text), format, arguments);
	snprintf(line, sizeof(line), "<%d>bramble: %s\n", priority, text);
	fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, line, strlen(line));
		close(fd);
	}
}

void init_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(PRIORITY_NOTICE, format, arguments);
	va_end(arguments);
}

void init_complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(PRIORITY_ERROR, format, arguments);
	va_end(arguments);
}

void init_report(
	const struct init_arguments *arguments, const char *stage, const char *detail, bool failed)
{
	char body[1024];
	struct http_answer answer;
	struct json_writer writer;

	if (arguments->token[0] == '\0')
		return; /* a board that waits to be admitted has nothing to report with */
	json_begin(&writer, body, sizeof(body));
	json_text(&writer, "token", arguments->token);
	json_text(&writer, "stage", stage);
	json_text(&writer, "detail", detail);
	json_boolean(&writer, "failed", failed);
	if (json_end(&writer) == 0)
		(void)http_call(arguments->router, arguments->port, "/v1/boot/stage", body,
			REPORT_MS, &answer);
}

int init_set_clock(const struct init_arguments *arguments)
{
	struct http_answer answer;
	struct timespec now;
	char text[24];
	uint64_t ns;
	int result =
		http_call(arguments->router, arguments->port, "/v1/time", NULL, CLOCK_MS, &answer);

	if (result != 0)
		return result;
	if (answer.status != 200 || json_get(answer.body, "time_ns", text, sizeof(text)) != 0 ||
		str_parse_u64(text, 0, INT64_MAX, &ns) != 0)
		return -EBADMSG;
	now.tv_sec = (time_t)(ns / NS_PER_S);
	now.tv_nsec = (long)(ns % NS_PER_S);
	return clock_settime(CLOCK_REALTIME, &now) == 0 ? 0 : -errno;
}
