/* SPDX-License-Identifier: ISC */
/*
 * The suite's words: a case is one rule with the section that sets it; a test is one run of a case,
 * in a process of its own, which ends with a verdict and one line that says what was seen.
 */
#ifndef BRAMBLE_CONFORMANCE_TFTP_SUITE_H
#define BRAMBLE_CONFORMANCE_TFTP_SUITE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/conformance/suite.h"

enum load {
	LOAD_LIGHT, /* beside many others */
	LOAD_HEAVY, /* millions of bytes: few at once */
	LOAD_ALONE, /* after all others, beside none: it occupies the server */
};

struct test;

struct conformance_case {
	const char *section; /* "1350.4": RFC and section; "security" */
	enum level level;
	const char *name; /* what holds */
	void (*run)(struct test *test);
	const char *text; /* what one function of several cases is told: */
	uint64_t number, other;
	unsigned seconds; /* it may take at most; 0 = 15 */
	enum load load;
};

struct conformance_group {
	const char *title;
	const struct conformance_case *cases;
	size_t n;
};

#define GROUP_TABLE(name, text, table)                                                             \
	const struct conformance_group name = {                                                    \
		.title = (text), .cases = (table), .n = sizeof(table) / sizeof((table)[0])         \
	}

extern const struct conformance_group rfc1350_transfer_group, rfc1350_ending_group,
	rfc1350_tid_group, rfc1350_request_group, rfc1123_group, rfc2347_group, rfc2348_group,
	rfc2349_group, rfc7440_group, rfc7440_gap_group, security_name_group,
	security_traffic_group, security_file_group;

struct exchange;

/* One run of a case. */
struct test {
	const struct conformance_case *self;
	const struct target *target;
	unsigned number; /* of the case in the suite, 1 … */
	char reason[REASON_SIZE];
	struct exchange *exchanges; /* all that were opened */
	int result_fd;
};

/* End the test. A case that returns has passed, with what test_observe() said last. */
void test_pass(struct test *test, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
void test_fail(struct test *test, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
void test_skip(struct test *test, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
void test_observe(struct test *test, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
