/* SPDX-License-Identifier: ISC */
#include "httpd/date.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FIXED "%a, %d %b %Y %H:%M:%S GMT"
#define RFC850 "%A, %d-%b-%y %H:%M:%S GMT"
#define ASCTIME "%a %b %e %H:%M:%S %Y"
#define LAST INT64_C(253402300799) /* the end of the year 9999 */

void date_format(int64_t seconds, char out[static DATE_TEXT_SIZE])
{
	time_t time = (time_t)(seconds < 0 ? 0 : seconds > LAST ? LAST : seconds);
	struct tm parts;

	/* The program sets no locale, so names are English. */
	if (!gmtime_r(&time, &parts) || strftime(out, DATE_TEXT_SIZE, FIXED, &parts) == 0)
		out[0] = '\0';
}

static bool is_written(const char *text, const struct tm *parts)
{
	char fixed[64], day[64], clock[64], asctime[64], rfc850[160];

	if (strftime(fixed, sizeof(fixed), FIXED, parts) == 0 ||
		strftime(day, sizeof(day), "%A, %d-%b", parts) == 0 ||
		strftime(clock, sizeof(clock), "%H:%M:%S GMT", parts) == 0 ||
		strftime(asctime, sizeof(asctime), ASCTIME, parts) == 0)
		return false;
	snprintf(rfc850, sizeof(rfc850), "%s-%02d %s", day, parts->tm_year % 100, clock);
	return strcmp(text, fixed) == 0 || strcmp(text, rfc850) == 0 || strcmp(text, asctime) == 0;
}

int date_parse(const char *text, int64_t *seconds)
{
	static const char *const forms[] = { FIXED, RFC850, ASCTIME };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm parts = { 0 }, again;
		const char *end = strptime(text, forms[i], &parts);
		time_t time;

		if (!end || *end)
			continue;
		/* strptime() takes more than dates of this form; written again they are the same.
		 */
		time = timegm(&parts);
		if (gmtime_r(&time, &again) && is_written(text, &again)) {
			*seconds = time;
			return 0;
		}
	}
	return -EINVAL;
}
