/* SPDX-License-Identifier: ISC */
#include "rootfs/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *failure, int result, const char *format, ...)
{
	va_list arguments;

	if (failure->text[0])
		return result;
	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	return result;
}

int failure_path(struct failure *failure, char *out, unsigned size, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(out, size, format, arguments);
	va_end(arguments);
	if (n >= 0 && (unsigned)n < size)
		return 0;
	return failure_set(failure, -ENAMETOOLONG, "a path is too long: %.200s", out);
}
