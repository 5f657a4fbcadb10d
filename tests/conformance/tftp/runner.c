/* SPDX-License-Identifier: ISC */
/* Runs cases, each in a process of its own, many at once, each bounded in time. */
#include "tests/conformance/tftp/suite.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/conformance/tftp/exchange.h"

#define AT_ONCE 40u /* on loopback, where each has an address of its own */
#define FAR_AT_ONCE 4u
#define CONFIRM_AT_ONCE 8u
#define HEAVY_AT_ONCE 2u
#define DEFAULT_SECONDS 15u

static const struct conformance_group *const groups[] = { &rfc1350_transfer_group,
	&rfc1350_ending_group, &rfc1350_tid_group, &rfc1350_request_group, &rfc1123_group,
	&rfc2347_group, &rfc2348_group, &rfc2349_group, &rfc7440_group, &rfc7440_gap_group,
	&security_name_group, &security_file_group, &security_traffic_group };

const char suite_program[] = "tftp-conformance";
const bool suite_confirms = true;

struct verdict {
	enum status status;
	char reason[REASON_SIZE];
};

struct running {
	struct result *result; /* NULL: free */
	pid_t pid;
	int fd;
	uint64_t begin_ns, end_ns;
};

struct runner {
	const struct target *target;
	struct result *results;
	size_t n;
	bool *begun;
	struct running running[AT_ONCE];
	unsigned at_once, busy, heavy;
};

/* In the case's process */

static _Noreturn void end_test(struct test *test, enum status status)
{
	struct verdict verdict = { .status = status };

	memcpy(verdict.reason, test->reason, sizeof(verdict.reason));
	exchange_leave_all(test);
	_exit(write(test->result_fd, &verdict, sizeof(verdict)) == sizeof(verdict) ? 0 : 1);
}

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
	end_test(test, STATUS_PASS);
}

void test_fail(struct test *test, const char *format, ...)
{
	TAKE_REASON(test, format);
	end_test(test, STATUS_FAIL);
}

void test_skip(struct test *test, const char *format, ...)
{
	TAKE_REASON(test, format);
	end_test(test, STATUS_NOT_APPLICABLE);
}

/* In the suite's process */

SUITE_CASES(groups, struct conformance_case)

static const struct conformance_case *case_of(const struct result *result)
{
	return result->conformance_case;
}

static unsigned seconds_of(const struct conformance_case *c)
{
	return c->seconds ? c->seconds : DEFAULT_SECONDS;
}

static void start(struct runner *runner, struct running *slot, struct result *result)
{
	struct test test = { .self = case_of(result),
		.target = runner->target,
		.number = (unsigned)(result - runner->results) + 1 };
	int pipes[2];

	if (pipe(pipes) != 0) {
		snprintf(result->reason, sizeof(result->reason), "no pipe: %s", strerror(errno));
		return;
	}
	*slot = (struct running){ .result = result, .fd = pipes[0] };
	slot->begin_ns = clock_monotonic_ns();
	slot->end_ns = slot->begin_ns + seconds_of(test.self) * NS_PER_S;
	slot->pid = fork();
	if (slot->pid == 0) {
		close(pipes[0]);
		test.result_fd = pipes[1];
		test.self->run(&test);
		end_test(&test, STATUS_PASS);
	}
	close(pipes[1]);
	runner->busy++;
	runner->heavy += test.self->load == LOAD_HEAVY;
}

static void finish(struct runner *runner, struct running *slot)
{
	struct result *result = slot->result;
	struct verdict verdict;
	int status;

	result->status = STATUS_FAIL;
	result->milliseconds = (unsigned)((clock_monotonic_ns() - slot->begin_ns) / NS_PER_MS);
	if (slot->pid < 0 || read(slot->fd, &verdict, sizeof(verdict)) != sizeof(verdict)) {
		snprintf(result->reason, sizeof(result->reason), "no verdict within %u s",
			seconds_of(case_of(result)));
	} else {
		result->status = verdict.status;
		memcpy(result->reason, verdict.reason, sizeof(result->reason));
	}
	close(slot->fd);
	if (slot->pid > 0) {
		kill(slot->pid, SIGKILL);
		waitpid(slot->pid, &status, 0);
	}
	runner->busy--;
	runner->heavy -= case_of(result)->load == LOAD_HEAVY;
	slot->result = NULL;
}

/* May this case begin now? Those that run alone come when nothing else is left. */
static bool may_begin(const struct runner *runner, size_t i, bool others_left)
{
	switch (case_of(&runner->results[i])->load) {
	case LOAD_LIGHT:
		return true;
	case LOAD_HEAVY:
		return runner->heavy < HEAVY_AT_ONCE;
	case LOAD_ALONE:
		return runner->busy == 0 && !others_left;
	}
	return false;
}

/* The case to begin next: of those that may, one that takes long; n if there is none. */
static size_t choose(const struct runner *runner)
{
	size_t best = runner->n;
	bool others_left = false;

	for (size_t i = 0; i < runner->n; i++)
		others_left |=
			!runner->begun[i] && case_of(&runner->results[i])->load != LOAD_ALONE;
	for (size_t i = 0; i < runner->n; i++) {
		const struct conformance_case *c = case_of(&runner->results[i]);

		if (!runner->begun[i] && may_begin(runner, i, others_left) &&
			(best == runner->n ||
				(c->load != LOAD_ALONE &&
					seconds_of(c) >
						seconds_of(case_of(&runner->results[best])))))
			best = i;
	}
	return best;
}

static void begin_more(struct runner *runner)
{
	for (size_t slot = 0; slot < runner->at_once; slot++) {
		size_t next;

		if (runner->running[slot].result)
			continue;
		next = choose(runner);
		if (next == runner->n)
			return;
		runner->begun[next] = true;
		start(runner, &runner->running[slot], &runner->results[next]);
		if (case_of(&runner->results[next])->load == LOAD_ALONE)
			return;
	}
}

/* Wait until a case ends or its time is over. */
static void wait_some(struct runner *runner)
{
	struct pollfd fds[AT_ONCE];
	uint64_t now = clock_monotonic_ns(), end = now + NS_PER_S;

	for (size_t i = 0; i < AT_ONCE; i++) {
		const struct running *slot = &runner->running[i];

		fds[i] = (struct pollfd){ .fd = slot->result ? slot->fd : -1, .events = POLLIN };
		if (slot->result && slot->end_ns < end)
			end = slot->end_ns;
	}
	poll(fds, AT_ONCE, end > now ? (int)((end - now) / NS_PER_MS) + 1 : 0);
	now = clock_monotonic_ns();
	for (size_t i = 0; i < AT_ONCE; i++) {
		struct running *slot = &runner->running[i];

		if (!slot->result)
			continue;
		if (!fds[i].revents && now >= slot->end_ns)
			kill(slot->pid, SIGKILL);
		if (fds[i].revents || now >= slot->end_ns)
			finish(runner, slot);
	}
}

static void run_all(struct runner *runner)
{
	begin_more(runner);
	while (runner->busy > 0) {
		wait_some(runner);
		begin_more(runner);
	}
}

/* Run again what failed. */
static void confirm_failures(struct runner *runner)
{
	runner->at_once = runner->at_once < CONFIRM_AT_ONCE ? runner->at_once : CONFIRM_AT_ONCE;
	for (size_t i = 0; i < runner->n; i++) {
		struct result *result = &runner->results[i];

		runner->begun[i] = result->status != STATUS_FAIL;
		if (!runner->begun[i])
			memcpy(result->first_reason, result->reason, sizeof(result->first_reason));
	}
	run_all(runner);
	for (size_t i = 0; i < runner->n; i++) {
		struct result *result = &runner->results[i];

		if (result->status == STATUS_PASS && result->first_reason[0])
			snprintf(result->reason, sizeof(result->reason),
				"when repeated; at first: %.150s", result->first_reason);
	}
}

void suite_run(const struct target *target, struct result *results, size_t n, const char *only)
{
	const bool near = exchange_is_loopback(target->server.sin_addr);
	struct runner runner = { .target = target,
		.results = results,
		.n = n,
		.at_once = near ? AT_ONCE : FAR_AT_ONCE };

	runner.begun = calloc(n, sizeof(*runner.begun));
	if (!runner.begun)
		return;
	for (size_t i = 0; i < n; i++) {
		results[i].status = STATUS_FAIL;
		runner.begun[i] = !suite_chooses(&results[i], only);
	}
	run_all(&runner);
	if (target->confirm)
		confirm_failures(&runner);
	free(runner.begun);
}
