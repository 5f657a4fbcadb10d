/* SPDX-License-Identifier: ISC */
#include "rootfs/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

#define TERMINAL_INTERVAL_NS (250 * NS_PER_MS)
#define LOG_INTERVAL_NS (10 * NS_PER_S)
#define TELL_INTERVAL_NS (500 * NS_PER_MS)
#define RESULT_SIZE 512

double progress_seconds(const struct progress *progress)
{
	return (double)(clock_monotonic_ns() - progress->began_ns) / (double)NS_PER_S;
}

static void tell(struct progress *progress, const char *result)
{
	progress->told_ns = clock_monotonic_ns();
	if (progress->changed)
		progress->changed(progress->context, progress, result);
}

void progress_init(struct progress *progress)
{
	memset(progress, 0, sizeof(*progress));
	progress->terminal = isatty(STDERR_FILENO) == 1;
}

void progress_begin(struct progress *progress, const char *step)
{
	progress->step = step;
	progress->note[0] = '\0';
	progress->began_ns = clock_monotonic_ns();
	progress->shown_ns = progress->began_ns;
	if (progress->terminal)
		fprintf(stderr, "\r\033[K  %-12s", step);
	tell(progress, NULL);
}

void progress_tick(struct progress *progress)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t interval = progress->terminal ? TERMINAL_INTERVAL_NS : LOG_INTERVAL_NS;

	if (progress->step && now - progress->told_ns >= TELL_INTERVAL_NS)
		tell(progress, NULL);
	if (!progress->step || now - progress->shown_ns < interval)
		return;
	progress->shown_ns = now;
	fprintf(stderr,
		progress->terminal ? "\r\033[K  %-12s %4.0f s  %.60s" : "  %-12s %4.0f s  %s\n",
		progress->step, progress_seconds(progress), progress->note);
}

void progress_note(struct progress *progress, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(progress->note, sizeof(progress->note), format, arguments);
	va_end(arguments);
	progress_tick(progress);
}

void progress_end(struct progress *progress, const char *format, ...)
{
	char result[RESULT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(result, sizeof(result), format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s  %-12s %6.1f s  %s\n", progress->terminal ? "\r\033[K" : "",
		progress->step, progress_seconds(progress), result);
	tell(progress, result);
	progress->step = NULL;
}

void progress_break(struct progress *progress)
{
	if (progress->terminal && progress->step)
		fputs("\r\033[K", stderr);
	progress->step = NULL;
}
