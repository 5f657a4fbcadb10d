/* SPDX-License-Identifier: ISC */
#include "common/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/str.h"

#define LINE_SIZE 1024

static struct {
	const char *program;
	enum log_level most_detailed;
	bool journal;
} logger = { .program = "bramble", .most_detailed = LOG_LEVEL_INFO };

static const struct {
	const char *name;
	enum log_level level;
} levels[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "notice", LOG_LEVEL_NOTICE },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

/* systemd.exec(5): $JOURNAL_STREAM is "DEVICE:INODE" of the stream that is connected to the
 * journal. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat status;

	if (!stream || fstat(STDERR_FILENO, &status) != 0)
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	return strcmp(stream, ours) == 0;
}

void log_init(const char *program, enum log_level most_detailed)
{
	logger.program = program;
	logger.most_detailed = most_detailed;
	logger.journal = stderr_is_journal();
}

int log_parse_level(const char *text, enum log_level *level)
{
	for (size_t i = 0; i < LEVELS; i++) {
		if (strcmp(levels[i].name, text) == 0) {
			*level = levels[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *level_name(enum log_level level)
{
	for (size_t i = 0; i < LEVELS; i++) {
		if (levels[i].level == level)
			return levels[i].name;
	}
	return "info";
}

const char *log_level_name(void)
{
	return level_name(logger.most_detailed);
}

static int format_prefix(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm local;
	char clock[16];

	if (logger.journal)
		return snprintf(line, size, "<%d>", (int)level);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	strftime(clock, sizeof(clock), "%H:%M:%S", &local);
	return snprintf(line, size, "%s.%03ld %s %s: ", clock, now.tv_nsec / 1000000,
		logger.program, level_name(level));
}

void log_write(enum log_level level, const char *format, ...)
{
	char text[LINE_SIZE], line[LINE_SIZE + 64];
	size_t used;
	va_list arguments;

	if (level > logger.most_detailed)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	used = (size_t)format_prefix(line, sizeof(line) - 1, level);
	str_copy_visible(line + used, sizeof(line) - 1 - used, text, strlen(text));
	used = strlen(line);
	line[used++] = '\n';
	/* One write, so that lines of several processes don't mix. There is nowhere to report a
	 * failure. */
	if (write(STDERR_FILENO, line, used) < 0)
		return;
}
