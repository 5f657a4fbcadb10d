/* SPDX-License-Identifier: ISC */
/* Runs cases, each in a process of its own, many at once, each bounded in time. */
#ifndef BRAMBLE_CONFORMANCE_TFTP_RUNNER_H
#define BRAMBLE_CONFORMANCE_TFTP_RUNNER_H

#include "tests/conformance/tftp/suite.h"

struct result {
	const struct conformance_case *conformance_case;
	const char *group;
	char id[24]; /* section and number in it: "1350.4-03" */
	enum status status;
	char reason[REASON_SIZE];
	char first_reason[REASON_SIZE]; /* of a failure that was repeated */
	unsigned milliseconds;
};

/* All cases of all groups, in order; the caller frees *results. Returns how many, 0 when out of
 * memory. */
size_t runner_list(struct result **results);

/* Run the cases whose id or name contains `only` (NULL: all); the others become not applicable.
 * `confirm`: those that failed run once more, few at a time, and the second verdict counts: what
 * failed only because the machine was busy says nothing about the server. The reason tells. */
void runner_run(const struct target *target, struct result *results, size_t n, const char *only,
	bool confirm);

#endif
