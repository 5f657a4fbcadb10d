/* SPDX-License-Identifier: ISC */
/* Runs cases, each in a thread of its own, many at once. */
#include "tests/conformance/http/suite.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/conformance/http/wire.h"

#define AT_ONCE 24u

static const struct http_group *const groups[] = { &method_group, &range_group, &condition_group,
	&line_group, &field_group, &host_group, &length_group, &coding_group, &path_group,
	&limit_group, &connection_group, &expect_group, &time_group };

const char suite_program[] = "http-conformance";
const bool suite_confirms = false;

/* The cases to run, and the next that nobody has begun. */
struct runner {
	const struct target *target;
	struct result *results;
	size_t n, next;
	enum load load;
	const char *only;
	pthread_mutex_t lock;
};

#define TAKE_REASON(test, format)                                                                  \
	do {                                                                                       \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, format);                                                       \
		vsnprintf((test)->reason, sizeof((test)->reason), format, arguments);              \
		va_end(arguments);                                                                 \
	} while (0)

void test_observe(struct test *test, const char *format, ...)
{
	TAKE_REASON(test, format);
}

void test_pass(struct test *test, const char *format, ...)
{
	TAKE_REASON(test, format);
	test->status = STATUS_PASS;
	longjmp(test->over, 1);
}

void test_fail(struct test *test, const char *format, ...)
{
	TAKE_REASON(test, format);
	test->status = STATUS_FAIL;
	longjmp(test->over, 1);
}

void test_skip(struct test *test, const char *format, ...)
{
	TAKE_REASON(test, format);
	test->status = STATUS_NOT_APPLICABLE;
	longjmp(test->over, 1);
}

SUITE_CASES(groups, struct http_case)

static const struct http_case *case_of(const struct result *result)
{
	return result->conformance_case;
}

static void run_case(const struct target *target, unsigned number, struct result *result)
{
	struct test *test = calloc(1, sizeof(*test));
	uint64_t begin_ns = clock_monotonic_ns();

	if (!test)
		return;
	test->self = case_of(result);
	test->target = target;
	test->number = number;
	test->end_ns = begin_ns + CASE_SECONDS * NS_PER_S;
	test->status = STATUS_PASS;
	if (setjmp(test->over) == 0) {
		if (test->self->run)
			test->self->run(test);
		else
			wire_run_case(test);
	}
	for (unsigned i = 0; i < test->socket_count; i++)
		close(test->sockets[i]);
	wire_free_answers(test);
	result->status = test->status;
	memcpy(result->reason, test->reason, sizeof(result->reason));
	result->milliseconds = (unsigned)((clock_monotonic_ns() - begin_ns) / NS_PER_MS);
	free(test);
}

static struct result *take(struct runner *runner)
{
	struct result *result = NULL;

	pthread_mutex_lock(&runner->lock);
	while (!result && runner->next < runner->n) {
		struct result *next = &runner->results[runner->next++];

		if (case_of(next)->load == runner->load && suite_chooses(next, runner->only))
			result = next;
	}
	pthread_mutex_unlock(&runner->lock);
	return result;
}

static void *work(void *argument)
{
	struct runner *runner = argument;
	struct result *result;

	while ((result = take(runner)))
		run_case(runner->target, (unsigned)(result - runner->results) + 1, result);
	return NULL;
}

static void run_all(struct runner *runner, enum load load, unsigned at_once)
{
	pthread_t threads[AT_ONCE];
	unsigned n = 0;

	runner->load = load;
	runner->next = 0;
	while (n < at_once && pthread_create(&threads[n], NULL, work, runner) == 0)
		n++;
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	if (n == 0)
		work(runner);
}

void suite_run(const struct target *target, struct result *results, size_t n, const char *only)
{
	struct runner runner = { .target = target,
		.results = results,
		.n = n,
		.only = only,
		.lock = PTHREAD_MUTEX_INITIALIZER };

	for (size_t i = 0; i < n; i++)
		results[i].status = STATUS_FAIL;
	run_all(&runner, LOAD_TOGETHER, AT_ONCE);
	run_all(&runner, LOAD_ALONE, 1);
}
