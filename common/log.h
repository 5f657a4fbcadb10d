/* SPDX-License-Identifier: ISC */
/*
 * Logging: one line per event on standard error. Under systemd (JOURNAL_STREAM names our stderr) a
 * line begins with a priority in the form "<N>" (sd-daemon(3)); otherwise with a wall-clock time
 * and the level. Control bytes from outside are shown as \xNN, so that a line stays a line.
 */
#ifndef BRAMBLE_LOG_H
#define BRAMBLE_LOG_H

#include <stdarg.h>

/* syslog(3) priorities, so that they can be handed to the journal as they are. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* Name the program (kept by reference) and the most detailed level that is written. */
void log_init(const char *program, enum log_level most_detailed);

/* Parse "error" … "debug". Returns 0, or -EINVAL and leaves *level alone. */
int log_parse_level(const char *text, enum log_level *level);

/* The level in force, e.g. to hand it to a child process. Never NULL. */
const char *log_level_name(void);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
