/* SPDX-License-Identifier: ISC */
/*
 * Does a server's sandbox hold, and is each part of it needed? Each attempt is made by the server's
 * own program, from its main() on: only the loop in which it would serve is replaced (--wrap, see
 * build.mk) by the attempt. Of the functions that give up rights any may be left out, the same way.
 *
 * An attempt counts if it fails in the whole sandbox, succeeds in one that lacks just what
 * is said to stop it, and fails with each of that alone.
 */
#include "tests/escape/escape.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/calls.h"
#include "common/sandbox.h"

#define ALL (USER | RIGHTS | LANDLOCK | CALLS | DESCRIPTORS)
#define NO_ATTEMPT_MADE 255
#define PATIENCE_S 10
#define LEAST_ATTEMPTS 40
#define CALL_NUMBERS 1024

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
int __real_sandbox_close_others(int keep);
int __wrap_sandbox_close_others(int keep);
int __real_sandbox_become(const char *user);
int __wrap_sandbox_become(const char *user);
int __real_sandbox_forbid_new_rights(void);
int __wrap_sandbox_forbid_new_rights(void);
int __real_sandbox_deny_files(int root);
int __wrap_sandbox_deny_files(int root);
int __real_calls_allow_only(const struct call_table tables[], size_t n);
int __wrap_calls_allow_only(const struct call_table tables[], size_t n);
int __wrap_event_base_dispatch(struct event_base *base);

/* Of the process that tries. */
static unsigned in_force;
static const struct attempt *current;

static struct {
	unsigned number, failed, decided;
	int abi;
} test;

static const struct {
	enum defence defence;
	const char *name;
} names[] = {
	{ USER, "user" },
	{ RIGHTS, "no_new_privs" },
	{ LANDLOCK, "Landlock" },
	{ CALLS, "seccomp" },
	{ DESCRIPTORS, "close_range" },
};

int __wrap_sandbox_close_others(int keep)
{
	return in_force & DESCRIPTORS ? __real_sandbox_close_others(keep) : 0;
}

int __wrap_sandbox_become(const char *user)
{
	if (current && current->prepare)
		current->prepare();
	return in_force & USER ? __real_sandbox_become(user) : 0;
}

int __wrap_sandbox_forbid_new_rights(void)
{
	return in_force & RIGHTS ? __real_sandbox_forbid_new_rights() : 0;
}

int __wrap_sandbox_deny_files(int root)
{
	return in_force & LANDLOCK ? __real_sandbox_deny_files(root) : 0;
}

/* How many different calls a server is left; the exit status of count_calls()'s process. */
static int distinct(const struct call_table tables[], size_t n)
{
	static bool seen[CALL_NUMBERS];
	int count = 0;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < tables[i].n; k++) {
			int number = tables[i].calls[k].number;

			if (number < 0 || number >= CALL_NUMBERS)
				return NO_ATTEMPT_MADE; /* not of this architecture */
			count += !seen[number];
			seen[number] = true;
		}
	}
	return count;
}

int __wrap_calls_allow_only(const struct call_table tables[], size_t n)
{
	if (!current)
		_exit(distinct(tables, n));
	return in_force & CALLS ? __real_calls_allow_only(tables, n) : 0;
}

/* The server is ready. */
int __wrap_event_base_dispatch(struct event_base *base)
{
	(void)base;
	_exit(-current->run());
}

/* What a careless parent leaves open. */
static void leave_open(void)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	getsockname(scene.tcp, (struct sockaddr *)&peer, &size);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&peer, size) == 0)
		dup2(fd, INHERITED_CONNECTION);
	dup2(open(scene.secret, O_RDONLY | O_CLOEXEC), INHERITED_FILE);
	dup2(open(scene.directory, O_PATH | O_DIRECTORY | O_CLOEXEC), INHERITED_DIRECTORY);
	dup2(INHERITED_FILE, STDIN_FILENO);
}

/* 3 becomes the server's listening socket. */
static void give_socket(enum way way)
{
	int type = way & (TFTPD_IPC | TFTPD_ROOT) ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(AF_INET, type, 0);

	if (type == SOCK_STREAM)
		listen(fd, 16);
	if (fd != 3)
		dup2(fd, 3);
}

static _Noreturn void run_server(enum way way)
{
	const bool is_ipc = way & (TFTPD_IPC | HTTPD_IPC);
	const char *arguments[] = { "server", "--user", SERVER_USER, "--log-level", "error",
		"--listen-fd", "3", is_ipc ? "--ipc" : "--root", is_ipc ? scene.ipc : scene.root,
		NULL };

	alarm(PATIENCE_S);
	leave_open();
	give_socket(way);
	__real_main(
		(int)(sizeof(arguments) / sizeof(arguments[0])) - 1, (char **)(uintptr_t)arguments);
	_exit(NO_ATTEMPT_MADE);
}

/* Returns what waitpid() says. */
static int try(enum way way, const struct attempt *attempt, unsigned defences)
{
	int status = 0;
	pid_t child;

	scene_reset();
	child = fork();
	if (child == 0) {
		in_force = defences;
		current = attempt;
		run_server(way);
	}
	waitpid(child, &status, 0);
	scene_drain();
	return status;
}

static bool has_escaped(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* It failed by an error of the system, or ended by the kernel's hand. */
static bool was_stopped(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS;
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 &&
	       WEXITSTATUS(status) != NO_ATTEMPT_MADE;
}

static const char *describe(int status)
{
	if (WIFSIGNALED(status))
		return strsignal(WTERMSIG(status));
	if (WEXITSTATUS(status) == NO_ATTEMPT_MADE)
		return "the server didn't start";
	return WEXITSTATUS(status) == 0 ? "escaped" : strerror(WEXITSTATUS(status));
}

static void format_names(unsigned defences, char out[static 64])
{
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(defences & names[i].defence))
			continue;
		if (*out)
			strncat(out, ", ", 63 - strlen(out));
		strncat(out, names[i].name, 63 - strlen(out));
	}
}

/* What stops it here. */
static unsigned defences_of(const struct attempt *attempt, enum way way)
{
	unsigned defences = attempt->stopped_by;

	if (attempt->allowed_in & way)
		defences &= ~(unsigned)CALLS;
	if (test.abi == 0 || test.abi < attempt->abi)
		defences &= ~(unsigned)LANDLOCK;
	return defences;
}

static bool report(bool good, const char *way, const struct attempt *attempt, const char *more)
{
	test.failed += !good;
	printf("%s %u - %s: %s (%s)\n", good ? "ok" : "not ok", ++test.number, way, attempt->name,
		more);
	return good;
}

static void skip(const char *way, const struct attempt *attempt, const char *why)
{
	printf("ok %u # SKIP %s: %s (%s)\n", ++test.number, way, attempt->name, why);
}

/* Returns false after a message if one of the defences alone doesn't stop it. */
static bool stops_alone(enum way way, const struct attempt *attempt, unsigned defences)
{
	bool good = true;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		enum defence one = names[i].defence;
		int status;

		if (!(defences & one) || (attempt->alone && !(attempt->alone & one)))
			continue;
		status = try(way, attempt, one | attempt->together);
		if (was_stopped(status))
			continue;
		good = false;
		printf("# %s alone doesn't stop it: %s\n", names[i].name, describe(status));
	}
	return good;
}

static void decide(enum way way, const char *way_name, const struct attempt *attempt)
{
	unsigned defences = defences_of(attempt, way);
	char list[64], more[160];
	int without = try(way, attempt, ALL & ~defences), with;

	format_names(defences, list);
	if (!has_escaped(without)) {
		int bare = try(way, attempt, 0);

		snprintf(more, sizeof(more), "this system doesn't do that: %s", describe(bare));
		if (!has_escaped(bare) && !WIFSIGNALED(bare)) {
			skip(way_name, attempt, more);
			return;
		}
		snprintf(more, sizeof(more), "without %s: %s", list, describe(without));
		report(false, way_name, attempt, more);
		return;
	}
	if (defences == 0) {
		snprintf(more, sizeof(more), "stopped by Landlock's ABI %d and later only",
			attempt->abi);
		skip(way_name, attempt, more);
		return;
	}
	with = try(way, attempt, ALL);
	snprintf(more, sizeof(more), "%s: %s", list, describe(with));
	test.decided += report(
		was_stopped(with) && stops_alone(way, attempt, defences), way_name, attempt, more);
}

static void count_calls(enum way way, const char *way_name, int most)
{
	int status = try(way, NULL, 0);
	int count = WIFEXITED(status) ? WEXITSTATUS(status) : NO_ATTEMPT_MADE;
	bool good = count > 0 && count <= most;

	test.failed += !good;
	printf("%s %u - %s: %d system calls are left, at most %d\n", good ? "ok" : "not ok",
		++test.number, way_name, count, most);
}

static void try_all(enum way way, const char *way_name, int most_calls, const char *only)
{
	const struct attempt_table *tables[] = { &file_attempts, &process_attempts,
		&network_attempts, &kernel_attempts };
	bool enough;

	test.decided = 0;
	count_calls(way, way_name, most_calls);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (size_t k = 0; k < tables[i]->n; k++) {
			const struct attempt *attempt = &tables[i]->attempts[k];

			if (!(attempt->not_in & way) && (!only || strstr(attempt->name, only)))
				decide(way, way_name, attempt);
		}
	}
	enough = only || test.decided >= LEAST_ATTEMPTS;
	test.failed += !enough;
	printf("%s %u - %s: %u attempts were made, at least %d\n", enough ? "ok" : "not ok",
		++test.number, way_name, test.decided, LEAST_ATTEMPTS);
}

/* What the attempts execute. */
static int be_executed(const char *what)
{
	if (strcmp(what, "--be-root") == 0)
		return geteuid() == 0 ? 0 : EPERM;
	return 0;
}

static bool is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
	return true;
#endif
#endif
	return false;
}

int __wrap_main(int argc, char **argv)
{
	const bool is_tftpd = strstr(argv[0], "tftpd") != NULL;
	int result;

	if (argc == 2 && strncmp(argv[1], "--be-", 5) == 0)
		return be_executed(argv[1]);
	if (geteuid() != 0 || is_sanitized()) {
		printf("1..0 # SKIP %s\n", geteuid() ? "needs root" : "no sandbox under ASan");
		return EXIT_SUCCESS;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	result = scene_set();
	if (result != 0) {
		printf("not ok 1 - the scene can't be set: %s\n1..1\n", strerror(-result));
		scene_clear();
		return EXIT_FAILURE;
	}
	test.abi = sandbox_landlock_abi();
	printf("# Landlock ABI %d\n", test.abi);
	if (is_tftpd) {
		try_all(TFTPD_IPC, "tftpd --ipc", 24, argv[1]);
		try_all(TFTPD_ROOT, "tftpd --root", 24, argv[1]);
	} else {
		try_all(HTTPD_IPC, "httpd --ipc", 45, argv[1]);
		try_all(HTTPD_ROOT, "httpd --root", 45, argv[1]);
	}
	scene_clear();
	printf("1..%u\n", test.number);
	return test.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
