/* SPDX-License-Identifier: ISC */
#ifndef BRAMBLE_CONFORMANCE_REPORT_H
#define BRAMBLE_CONFORMANCE_REPORT_H

#include <stddef.h>

#include "tests/conformance/suite.h"

/* Each prints all results to standard output. */
void report_table(const struct result *results, size_t n);
void report_tap(const struct result *results, size_t n);
void report_json(const struct result *results, size_t n);

/* How many cases have this status. */
size_t report_count(const struct result *results, size_t n, enum status status);

#endif
