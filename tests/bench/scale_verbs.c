/* SPDX-License-Identifier: ISC */
/*
 * The command beside this program is run as an administrator runs it, while this process answers
 * as brambled does. What counts is the processor time of both: what the machine does besides
 * doesn't.
 */
#include "tests/bench/scale_verbs.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "provisioner/server.h"

#define WORDS 8
#define ROUNDS 3

static const char *const verbs[][WORDS] = {
	{ "status" },
	{ "node", "list" },
	{ "node", "list", "rasp[1-9]" },
	{ "node", "list", "--json" },
	{ "node", "show", "rasp5000" },
	{ "node", "note", "rasp5000", "top shelf" },
	{ "node", "cordon", "rasp5000" },
	{ "board", "list" },
	{ "board", "show", "dc:a6:32:00:13:88" },
	{ "boot", "list" },
	{ "boot", "list", "--node", "rasp5000" },
	{ "boot", "latest", "rasp100" },
	{ "events" },
	{ "node", "health", "rasp5000" },
	{ "rules", "list" },
	{ "rules", "test", "dc:a6:32:00:13:88" },
	{ "image", "list" },
	{ "rollout", "list" },
	{ "config", "show", "rasp5000" },
	{ "config", "diff" },
	{ "hooks", "list" },
	{ "state", "backups" },
	{ "state", "export" },
	{ "version" },
};

struct run {
	struct event_base *base;
	struct event *ended;
	pid_t pid;
	int status;
	double cpu_ms, wall_ms;
};

static double cpu_ms_of(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void on_end(evutil_socket_t fd, short what, void *argument)
{
	struct run *run = argument;

	(void)fd;
	(void)what;
	waitpid(run->pid, &run->status, 0);
	event_base_loopbreak(run->base);
}

static int start(const char *const argv[], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int result;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	result = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return result;
}

/* One call of the command; this process answers it meanwhile. */
static bool run_verb(struct world *world, const char *const argv[], struct run *run)
{
	const double began_ms = cpu_ms_of(RUSAGE_SELF) + cpu_ms_of(RUSAGE_CHILDREN);
	const uint64_t began_ns = clock_monotonic_ns();
	int fd;

	*run = (struct run){ .base = world->brambled.base };
	if (start(argv, &run->pid) != 0)
		return false;
	fd = pidfd_open(run->pid, 0);
	run->ended = event_new(run->base, fd, EV_READ, on_end, run);
	event_add(run->ended, NULL);
	event_base_dispatch(run->base);
	event_free(run->ended);
	close(fd);
	run->cpu_ms = cpu_ms_of(RUSAGE_SELF) + cpu_ms_of(RUSAGE_CHILDREN) - began_ms;
	run->wall_ms = (double)(clock_monotonic_ns() - began_ns) / 1e6;
	return true;
}

/* The best of some rounds. */
static bool measure(
	struct world *world, const char *config, const char *const words[WORDS], struct run *best)
{
	char program[PATH_MAX];
	const char *argv[WORDS + 4] = { program, "--config", config };
	const ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 16);
	char *slash;

	program[n > 0 ? n : 0] = '\0';
	slash = strrchr(program, '/');
	if (!slash)
		return false;
	snprintf(slash + 1, 16, "bramble");
	for (size_t i = 0; i < WORDS && words[i]; i++)
		argv[3 + i] = words[i];
	best->cpu_ms = best->wall_ms = 1e9;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct run run;

		if (!run_verb(world, argv, &run))
			return false;
		if (run.cpu_ms < best->cpu_ms)
			*best = run;
	}
	return true;
}

static void print(const char *const words[WORDS], const struct run *run, double goal_ms)
{
	printf("%8.1f ms %8.1f ms  bramble", run->cpu_ms, run->wall_ms);
	for (size_t i = 0; i < WORDS && words[i]; i++)
		printf(" %s", words[i]);
	printf("%s", run->cpu_ms > goal_ms ? "   <-- slow" : "");
	if (!WIFEXITED(run->status) || WEXITSTATUS(run->status) != 0)
		printf("   (ended with status %d)", run->status);
	putchar('\n');
	fflush(stdout);
}

unsigned scale_measure_verbs(struct world *world, double goal_ms)
{
	static char config[128];
	char text[1024];
	unsigned slow = 0;

	snprintf(config, sizeof(config), "%s/bramble.conf", world->directory);
	snprintf(text, sizeof(text),
		"lan = { interface = \"nosuch0\"; address = \"10.0.0.1/8\";"
		" range_first = \"10.77.1.0\"; range_last = \"10.78.200.0\"; };\n"
		"share = { path = \"%s/share\"; };\npaths = { run = \"%s/run\"; };\n",
		world->directory, world->directory);
	if (file_replace(config, text, strlen(text), 0644) != 0 ||
		server_start(&world->brambled) != 0)
		return 1;
	world->brambled.config_path = config;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		struct run run = { .pid = 0 };

		if (!measure(world, config, verbs[i], &run)) {
			printf("bramble can't be run\n");
			break;
		}
		print(verbs[i], &run, goal_ms);
		slow += run.cpu_ms > goal_ms;
	}
	server_stop(&world->brambled);
	return slow;
}
