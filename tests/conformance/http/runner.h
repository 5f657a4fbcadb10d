/* SPDX-License-Identifier: ISC */
/* Runs cases, each in a thread of its own, many at once. */
#ifndef BRAMBLE_CONFORMANCE_HTTP_RUNNER_H
#define BRAMBLE_CONFORMANCE_HTTP_RUNNER_H

#include "tests/conformance/http/suite.h"

struct result {
	const struct http_case *http_case;
	const char *group;
	char id[24]; /* section and number in it: "9112.5.2-03" */
	enum status status;
	char reason[REASON_SIZE];
	unsigned milliseconds;
};

/* All cases of all groups, in order; the caller frees *results. Returns how many, 0 when out of
 * memory. */
size_t runner_list(struct result **results);

/* Run the cases whose id or name contains `only` (NULL: all); the others become not
 * applicable. */
void runner_run(const struct target *target, struct result *results, size_t n, const char *only);

#endif
