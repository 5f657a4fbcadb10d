/* SPDX-License-Identifier: ISC */
/*
 * The suite's words: a case is one rule with the section that sets it. Most are a table's line: a
 * request as it goes over the wire, and which answers keep the rule; the others have a function.
 * Each runs in a thread of its own, on connections of its own, within a time of its own.
 */
#ifndef BRAMBLE_CONFORMANCE_HTTP_SUITE_H
#define BRAMBLE_CONFORMANCE_HTTP_SUITE_H

#include <netinet/in.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/conformance/suite.h"

#define CASE_SECONDS 20u /* more than any case takes against a server that keeps the rules */

/* What becomes of the connection after the answer. */
enum after {
	AFTER_ANY,    /* either: if it stays, the next request on it is answered properly */
	AFTER_OPEN,   /* it stays */
	AFTER_CLOSED, /* the server closes it, having said no more */
};

enum load {
	LOAD_TOGETHER,
	LOAD_ALONE, /* when all others are over: it occupies the server */
};

/* In `statuses`: the server may also close the connection without an answer. */
#define NO_ANSWER 1u

struct test;
struct answer;

struct http_case {
	const char *section; /* "9112.5.2": RFC and section */
	enum level level;
	const char *name;		/* what holds */
	void (*run)(struct test *test); /* NULL: send `request`, expect what follows */

	const char *request;
	const char *other;    /* more for one's own function */
	size_t request_size;  /* 0 = up to its NUL */
	unsigned statuses[8]; /* any of these */
	const char *field;    /* must be in the answer, unless its status is NO_ANSWER … */
	const char *value;    /* … with this value; NULL: any */
	const char *absent;   /* this field must not be there */
	bool content;	      /* the content is `size` bytes of the tree's files from `first` on */
	uint64_t first, size;
	enum after after;
	enum load load;
};

struct http_group {
	const char *title;
	const struct http_case *cases;
	size_t n;
};

#define GROUP(name, text, table)                                                                   \
	const struct http_group name = {                                                           \
		.title = (text), .cases = (table), .n = sizeof(table) / sizeof((table)[0])         \
	}

extern const struct http_group method_group, range_group, condition_group, line_group, field_group,
	host_group, length_group, coding_group, path_group, limit_group, connection_group,
	expect_group, time_group;

#define TEST_SOCKETS 512

/* One run of a case. */
struct test {
	const struct http_case *self;
	const struct target *target;
	unsigned number; /* of the case in the suite, 1 … */
	uint64_t end_ns; /* all must be over */
	enum status status;
	char reason[REASON_SIZE];
	int sockets[TEST_SOCKETS]; /* all that were opened */
	unsigned socket_count;
	struct answer *answers;
	jmp_buf over;
};

/* End the test. A case that returns has passed. */
_Noreturn void test_pass(struct test *test, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void test_fail(struct test *test, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void test_skip(struct test *test, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* For the report, if the case passes. */
void test_observe(struct test *test, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
