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
#define CLOCK_MS 5000

/* By the kernel's log, which goes to every console (HDMI and serial) and later into the journal. */
void init_say(const char *format, ...)
{
	char text[512], line[600];
	va_list arguments;
	int fd;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	snprintf(line, sizeof(line), "<5>bramble: %s", text);
	fd = open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, line, strlen(line));
		close(fd);
	}
}

void init_report(
	const struct init_arguments *arguments, const char *stage, const char *detail, bool failed)
{
	char body[1024];
	struct http_answer answer;
	struct json_writer writer;

	json_begin(&writer, body, sizeof(body));
	json_text(&writer, "token", arguments->token);
	json_text(&writer, "stage", stage);
	json_text(&writer, "detail", detail);
	json_boolean(&writer, "failed", failed);
	if (json_end(&writer) == 0)
		(void)http_call(arguments->router, "/v1/boot/stage", body, REPORT_MS, &answer);
}

int init_set_clock(struct in_addr router)
{
	struct http_answer answer;
	struct timespec now;
	char text[24];
	uint64_t ns;
	int result = http_call(router, "/v1/time", NULL, CLOCK_MS, &answer);

	if (result != 0)
		return result;
	if (answer.status != 200 || json_get(answer.body, "time_ns", text, sizeof(text)) != 0 ||
		str_parse_u64(text, 0, INT64_MAX, &ns) != 0)
		return -EBADMSG;
	now.tv_sec = (time_t)(ns / NS_PER_S);
	now.tv_nsec = (long)(ns % NS_PER_S);
	return clock_settime(CLOCK_REALTIME, &now) == 0 ? 0 : -errno;
}
