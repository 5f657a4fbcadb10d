/* SPDX-License-Identifier: ISC */
/* The cases of a suite, and which of them were chosen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/suite.h"

/* The how manieth of its section? */
static unsigned number_of(const struct result *results, size_t n, const char *section)
{
	size_t length = strlen(section);
	unsigned number = 1;

	for (size_t i = 0; i < n; i++)
		number += strncmp(results[i].id, section, length) == 0 &&
			  results[i].id[length] == '-';
	return number;
}

size_t suite_list(struct result **results)
{
	struct result one;
	const char *section;
	size_t total = 0;

	while (suite_case(total, &one, &section))
		total++;
	*results = total > 0 ? calloc(total, sizeof(**results)) : NULL;
	if (!*results)
		return 0;
	for (size_t i = 0; i < total; i++) {
		struct result *result = &(*results)[i];

		(void)suite_case(i, result, &section);
		snprintf(result->id, sizeof(result->id), "%.16s-%02u", section,
			number_of(*results, i, section));
	}
	return total;
}

bool suite_chooses(struct result *result, const char *only)
{
	if (!only || strstr(result->id, only) || strstr(result->name, only))
		return true;
	result->status = STATUS_NOT_APPLICABLE;
	snprintf(result->reason, sizeof(result->reason), "not chosen");
	return false;
}
