/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/patterns.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

#define DIGITS 9 /* of a number in a range */

/* A number without leading zeros ("0" itself has none); NULL when there is none. */
static const char *take_number(const char *text, unsigned long *number)
{
	size_t length = strspn(text, "0123456789");

	if (length == 0 || length > DIGITS || (text[0] == '0' && length > 1))
		return NULL;
	*number = strtoul(text, NULL, 10);
	return text + length;
}

/* "[3-12]" at `text`: what stands behind it, or NULL when that is no range of numbers. */
static const char *take_range(const char *text, unsigned long *first, unsigned long *last)
{
	const char *end = *text == '[' ? take_number(text + 1, first) : NULL;

	end = end && *end == '-' ? take_number(end + 1, last) : NULL;
	return end && *end == ']' ? end + 1 : NULL;
}

/* A range with fewer digits than two at its end is what glob(7) means as well. */
bool patterns_match(const char *pattern, const char *name)
{
	const char *bracket = strchr(pattern, '['), *rest, *end;
	unsigned long first, last, number;
	char before[NODE_NAME_SIZE], head[NODE_NAME_SIZE];
	size_t length;

	rest = bracket ? take_range(bracket, &first, &last) : NULL;
	if (!rest)
		return fnmatch(pattern, name, 0) == 0;
	length = (size_t)(bracket - pattern);
	if (length >= sizeof(before))
		return false;
	memcpy(before, pattern, length);
	before[length] = '\0';
	/* Wherever a whole number stands in the name. */
	for (const char *p = name; *p && (size_t)(p - name) < sizeof(head); p++) {
		if (p > name && isdigit((unsigned char)p[-1]))
			continue;
		end = take_number(p, &number);
		if (!end || number < first || number > last)
			continue;
		memcpy(head, name, (size_t)(p - name));
		head[p - name] = '\0';
		if (fnmatch(before, head, 0) == 0 && patterns_match(rest, end))
			return true;
	}
	return false;
}
