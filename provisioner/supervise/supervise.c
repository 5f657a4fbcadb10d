/* SPDX-License-Identifier: ISC */
#include "provisioner/supervise/supervise.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/log.h"
#include "common/str.h"
#include "provisioner/supervise/private.h"

#define PROCESSES 24
#define PATH_SIZE 256
#define REASON_SIZE 160
#define FIRST_DELAY_MS 100u
#define LONGEST_DELAY_MS 5000u
#define STEADY_NS (10 * NS_PER_S)
#define TERM_WAIT_MS 3000

struct process {
	struct supervisor *supervisor;
	struct supervise_spec spec; /* name and argv are ours */
	char record[PATH_SIZE];
	char mark[PATH_SIZE + 32];
	char fingerprint[SUPERVISE_FINGERPRINT_SIZE]; /* "" = none */
	pid_t pid;				      /* 0 = not running */
	int pidfd;
	bool adopted;
	bool restarting;   /* we asked it to end */
	bool removing;	   /* and it isn't wanted any more */
	unsigned failures; /* in a row */
	unsigned restarts;
	uint64_t started_ns;
	struct event *watch; /* pidfd */
	struct event *timer; /* next start, or SIGKILL while restarting */
	char reason[REASON_SIZE];
};

struct supervisor {
	struct event_base *base;
	char run[PATH_SIZE];
	struct process *processes[PROCESSES];
	size_t n;
};

static int start(struct process *process);
static void drop(struct process *process);
static void on_end(evutil_socket_t pidfd, short what, void *argument);

struct supervisor *supervise_new(struct event_base *base, const char *run)
{
	struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
	char path[PATH_SIZE];
	int result;

	if (!supervisor)
		return NULL;
	supervisor->base = base;
	if (!str_copy(supervisor->run, sizeof(supervisor->run), run) ||
		snprintf(path, sizeof(path), "%s/pids", run) >= (int)sizeof(path))
		result = -ENAMETOOLONG;
	else
		result = file_make_directories(path, 0755);
	if (result != 0) {
		free(supervisor);
		errno = -result;
		return NULL;
	}
	return supervisor;
}

static void set_timer(struct process *process, unsigned delay_ms)
{
	const struct timeval delay = { .tv_sec = (time_t)(delay_ms / 1000),
		.tv_usec = (suseconds_t)(delay_ms % 1000) * 1000 };

	evtimer_add(process->timer, &delay);
}

/* The first failure is repaired at once; a process that keeps failing isn't tried more than every 5
 * s. */
static void start_later(struct process *process)
{
	unsigned delay_ms = 0;

	if (process->failures > 0)
		delay_ms = FIRST_DELAY_MS << (process->failures < 8 ? process->failures - 1 : 7);
	if (delay_ms > LONGEST_DELAY_MS)
		delay_ms = LONGEST_DELAY_MS;
	process->failures++;
	log_warning("%s: %s; starting it again %s", process->spec.name, process->reason,
		delay_ms == 0 ? "now" : "soon");
	process->restarts++;
	set_timer(process, delay_ms);
}

static int watch(struct process *process, pid_t pid)
{
	process->pidfd = pidfd_open(pid, 0);
	if (process->pidfd < 0)
		return -errno;
	process->watch = event_new(
		process->supervisor->base, process->pidfd, EV_READ | EV_PERSIST, on_end, process);
	if (!process->watch || event_add(process->watch, NULL) != 0) {
		if (process->watch)
			event_free(process->watch);
		process->watch = NULL;
		close(process->pidfd);
		process->pidfd = -1;
		return -ENOMEM;
	}
	process->pid = pid;
	process->started_ns = clock_monotonic_ns();
	return 0;
}

static void unwatch(struct process *process)
{
	if (process->watch)
		event_free(process->watch);
	process->watch = NULL;
	if (process->pidfd >= 0)
		close(process->pidfd);
	process->pidfd = -1;
	process->pid = 0;
}

/* How it ended, in plain words. Reaps our own child; an adopted one is somebody else's. */
static void reap(struct process *process)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED) != 0 || info.si_pid == 0)
		snprintf(process->reason, sizeof(process->reason), "process %d ended",
			(int)process->pid);
	else if (info.si_code == CLD_EXITED)
		snprintf(process->reason, sizeof(process->reason),
			"process %d ended with status %d", (int)process->pid, info.si_status);
	else
		snprintf(process->reason, sizeof(process->reason),
			"process %d was ended by signal %d (%s)", (int)process->pid, info.si_status,
			strsignal(info.si_status));
}

static void on_end(evutil_socket_t pidfd, short what, void *argument)
{
	struct process *process = argument;

	(void)pidfd;
	(void)what;
	reap(process);
	if (clock_monotonic_ns() - process->started_ns >= STEADY_NS)
		process->failures = 0;
	unwatch(process);
	unlink(process->record);
	evtimer_del(process->timer);
	if (process->spec.ended)
		process->spec.ended(process->spec.argument);
	if (process->removing || process->spec.once) {
		drop(process);
	} else if (process->restarting) {
		process->restarting = false;
		(void)start(process);
	} else {
		start_later(process);
	}
}

/* The record is written right after the start; should brambled die in between, the mark finds it.
 */
static void record(struct process *process, pid_t pid)
{
	struct supervise_record record = { .identity = { .pid = pid } };
	int result = supervise_identify(pid, &record.identity);

	memcpy(record.fingerprint, process->fingerprint, sizeof(record.fingerprint));
	if (result == 0)
		result = supervise_write_record(process->record, &record);
	/* Ended already: on_end will say so. */
	if (result != 0 && result != -ESRCH)
		log_warning("%s: can't write %s: %s", process->spec.name, process->record,
			strerror(-result));
}

static int prepare_and_spawn(struct process *process, pid_t *pid, char reason[static REASON_SIZE])
{
	int fds[SUPERVISE_FDS] = { -1, -1, -1, -1 }, n = 0, result;

	if (process->spec.prepare) {
		n = process->spec.prepare(process->spec.argument, fds, reason);
		if (n < 0)
			return n;
	}
	result = supervise_spawn(process->spec.argv, fds, n, process->mark, pid);
	while (n > 0)
		close(fds[--n]);
	return result;
}

/* Out of descriptors or memory: a process that can't be watched is not kept. */
static int watch_or_end(struct process *process, pid_t pid)
{
	int result = watch(process, pid);

	if (result != 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return result;
}

static int start(struct process *process)
{
	char reason[REASON_SIZE] = "";
	pid_t pid;
	int result = prepare_and_spawn(process, &pid, reason);

	if (result == 0)
		result = watch_or_end(process, pid);
	if (result != 0) {
		if (reason[0] == '\0')
			snprintf(reason, sizeof(reason), "can't start %s: %s",
				process->spec.argv[0], strerror(-result));
		memcpy(process->reason, reason, sizeof(reason));
		if (!process->spec.once)
			start_later(process);
		return result;
	}
	process->adopted = false;
	record(process, pid);
	log_info("%s: started as process %d", process->spec.name, (int)pid);
	return 0;
}

/* The timer of a process: its next start is due, or it didn't heed SIGTERM. */
static void on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct process *process = argument;

	(void)fd;
	(void)what;
	if (process->pid == 0) {
		(void)start(process);
	} else if (process->restarting || process->removing) {
		log_warning("%s: process %d did not end on SIGTERM; killing it", process->spec.name,
			(int)process->pid);
		pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
	}
}

/* SIGTERM, then SIGKILL, to a process that isn't ours to wait for; returns when it is gone. */
static void end_stranger(pid_t pid)
{
	int pidfd = pidfd_open(pid, 0);
	struct pollfd watched = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0)
		return;
	pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
	if (poll(&watched, 1, TERM_WAIT_MS) == 0) {
		pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
		poll(&watched, 1, TERM_WAIT_MS);
	}
	close(pidfd);
}

/* A process of an earlier brambled, by its record or, if that is missing or stale, by its mark. Of
 * the latter nobody knows the fingerprint. */
static int find_earlier(const struct process *process, struct supervise_record *found)
{
	struct supervise_identity now;

	if (supervise_read_record(process->record, found) == 0 &&
		supervise_identify(found->identity.pid, &now) == 0 &&
		now.start_time == found->identity.start_time)
		return 0;
	found->fingerprint[0] = '\0';
	return supervise_find_marked(process->mark, &found->identity);
}

/* The arguments by which a running process is known. */
static const char *const *identity(const struct process *process)
{
	return process->spec.argv + process->spec.launcher;
}

static bool is_up_to_date(const struct process *process, const struct supervise_record *found)
{
	return strcmp(found->fingerprint, process->fingerprint) == 0 &&
	       supervise_has_arguments(found->identity.pid, identity(process));
}

/* End it if it is ours, which a record alone doesn't say when RUN has survived a reboot. */
static void end_outdated(const struct process *process, pid_t pid)
{
	if (!supervise_runs_program(pid, identity(process)[0]) &&
		!supervise_carries_mark(pid, process->mark))
		return;
	log_notice("%s: process %d has other settings; starting it anew", process->spec.name,
		(int)pid);
	end_stranger(pid);
}

static bool adopt(struct process *process)
{
	struct supervise_record found;
	struct supervise_identity now;
	pid_t pid;

	if (find_earlier(process, &found) != 0)
		return false;
	pid = found.identity.pid;
	if (!is_up_to_date(process, &found) || !supervise_runs_program(pid, identity(process)[0])) {
		end_outdated(process, pid);
		return false;
	}
	if (watch(process, pid) != 0)
		return false;
	/* From here on the pidfd holds the number; was it still the same process before? */
	if (supervise_identify(pid, &now) != 0 || now.start_time != found.identity.start_time) {
		unwatch(process);
		return false;
	}
	process->adopted = true;
	record(process, pid);
	log_info("%s: goes on as process %d", process->spec.name, (int)pid);
	if (process->spec.adoption_signal != 0)
		pidfd_send_signal(process->pidfd, process->spec.adoption_signal, NULL, 0);
	return true;
}

static void free_process(struct process *process)
{
	unwatch(process);
	if (process->timer)
		event_free(process->timer);
	for (size_t i = 0; i < SUPERVISE_ARGS; i++)
		free((char *)(uintptr_t)process->spec.argv[i]);
	free((char *)(uintptr_t)process->spec.name);
	free(process);
}

static bool copy_spec(struct process *process, const struct supervise_spec *spec)
{
	process->spec = *spec;
	memset(process->spec.argv, 0, sizeof(process->spec.argv));
	process->spec.name = strdup(spec->name);
	if (!process->spec.name)
		return false;
	for (size_t i = 0; spec->argv[i]; i++) {
		process->spec.argv[i] = strdup(spec->argv[i]);
		if (!process->spec.argv[i])
			return false;
	}
	return true;
}

static struct process *find(const struct supervisor *supervisor, const char *name)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		if (strcmp(supervisor->processes[i]->spec.name, name) == 0)
			return supervisor->processes[i];
	}
	return NULL;
}

static int check_spec(const struct supervisor *supervisor, const struct supervise_spec *spec)
{
	size_t n = 0;

	while (n < SUPERVISE_ARGS && spec->argv[n])
		n++;
	if (n <= spec->launcher || n == SUPERVISE_ARGS || !str_is_node_name(spec->name))
		return -EINVAL;
	if (find(supervisor, spec->name))
		return -EEXIST;
	return supervisor->n == PROCESSES ? -ENOSPC : 0;
}

static int set_paths(struct process *process, const struct supervise_spec *spec)
{
	if (snprintf(process->record, sizeof(process->record), "%s/pids/%s",
		    process->supervisor->run, spec->name) >= (int)sizeof(process->record))
		return -ENAMETOOLONG;
	snprintf(process->mark, sizeof(process->mark), "BRAMBLE_PROCESS=%s", process->record);
	if (!spec->fingerprint)
		return 0;
	if (strpbrk(spec->fingerprint, " \n") ||
		!str_copy(process->fingerprint, sizeof(process->fingerprint), spec->fingerprint))
		return -EINVAL;
	return 0;
}

static int make_process(
	struct supervisor *supervisor, const struct supervise_spec *spec, struct process **out)
{
	struct process *process = calloc(1, sizeof(*process));
	int result;

	if (!process)
		return -ENOMEM;
	process->supervisor = supervisor;
	process->pidfd = -1;
	result = set_paths(process, spec);
	process->timer = evtimer_new(supervisor->base, on_timer, process);
	if (result == 0 && (!process->timer || !copy_spec(process, spec)))
		result = -ENOMEM;
	if (result == 0)
		*out = process;
	else
		free_process(process);
	return result;
}

static int add(
	struct supervisor *supervisor, const struct supervise_spec *spec, struct process **process)
{
	int result = check_spec(supervisor, spec);

	if (result == 0)
		result = make_process(supervisor, spec, process);
	if (result == 0)
		supervisor->processes[supervisor->n++] = *process;
	return result;
}

int supervise_add(struct supervisor *supervisor, const struct supervise_spec *spec)
{
	struct process *process;
	int result = add(supervisor, spec, &process);

	if (result != 0 || adopt(process))
		return result;
	result = start(process);
	if (result == 0 || !spec->once)
		return 0;
	drop(process);
	return result;
}

int supervise_adopt(struct supervisor *supervisor, const struct supervise_spec *spec)
{
	struct process *process;
	int result = add(supervisor, spec, &process);

	if (result != 0 || adopt(process))
		return result;
	drop(process);
	return -ESRCH;
}

int supervise_signal(struct supervisor *supervisor, const char *name, int signal)
{
	struct process *process = find(supervisor, name);

	if (!process || process->pid == 0)
		return -ESRCH;
	return pidfd_send_signal(process->pidfd, signal, NULL, 0) == 0 ? 0 : -errno;
}

int supervise_restart(struct supervisor *supervisor, const char *name)
{
	struct process *process = find(supervisor, name);

	if (!process)
		return -ESRCH;
	process->failures = 0;
	if (process->pid == 0) {
		set_timer(process, 0);
		return 0;
	}
	process->restarting = true;
	set_timer(process, TERM_WAIT_MS);
	if (pidfd_send_signal(process->pidfd, SIGTERM, NULL, 0) != 0 && errno != ESRCH)
		return -errno;
	return 0;
}

/* Forget one that doesn't run. */
static void drop(struct process *process)
{
	struct supervisor *supervisor = process->supervisor;
	size_t i = 0;

	while (supervisor->processes[i] != process)
		i++;
	supervisor->n--;
	for (; i < supervisor->n; i++)
		supervisor->processes[i] = supervisor->processes[i + 1];
	log_info("%s: %s", process->spec.name,
		process->spec.once && process->reason[0] ? process->reason : "ended, as wished");
	free_process(process);
}

int supervise_remove(struct supervisor *supervisor, const char *name)
{
	struct process *process = find(supervisor, name);

	if (!process)
		return -ESRCH;
	if (process->removing)
		return 0;
	if (process->pid == 0) {
		drop(process);
		return 0;
	}
	process->removing = true;
	set_timer(process, TERM_WAIT_MS);
	pidfd_send_signal(process->pidfd, SIGTERM, NULL, 0);
	return 0;
}

bool supervise_has(const struct supervisor *supervisor, const char *name)
{
	return find(supervisor, name) != NULL;
}

bool supervise_get(const struct supervisor *supervisor, size_t i, struct supervise_status *status)
{
	const struct process *process;

	if (i >= supervisor->n)
		return false;
	process = supervisor->processes[i];
	*status = (struct supervise_status){
		.name = process->spec.name,
		.pid = process->pid,
		.restarts = process->restarts,
		.adopted = process->adopted,
	};
	if (process->pid != 0)
		status->running_ms = (clock_monotonic_ns() - process->started_ns) / NS_PER_MS;
	str_copy(status->reason, sizeof(status->reason), process->reason);
	return true;
}

static void signal_all(struct supervisor *supervisor, int signal)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		if (supervisor->processes[i]->pid != 0)
			pidfd_send_signal(supervisor->processes[i]->pidfd, signal, NULL, 0);
	}
}

/* Wait until none is left or time is up. */
static void wait_all(struct supervisor *supervisor, int timeout_ms)
{
	uint64_t deadline_ns = clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;

	for (size_t i = 0; i < supervisor->n; i++) {
		struct process *process = supervisor->processes[i];
		struct pollfd watched = { .fd = process->pidfd, .events = POLLIN };
		uint64_t now = clock_monotonic_ns();

		if (process->pid == 0)
			continue;
		if (poll(&watched, 1,
			    now < deadline_ns ? (int)((deadline_ns - now) / NS_PER_MS) : 0) <= 0)
			continue;
		reap(process);
		unwatch(process);
		unlink(process->record);
	}
}

void supervise_stop_all(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++)
		evtimer_del(supervisor->processes[i]->timer);
	signal_all(supervisor, SIGTERM);
	wait_all(supervisor, TERM_WAIT_MS);
	signal_all(supervisor, SIGKILL);
	wait_all(supervisor, TERM_WAIT_MS);
}

void supervise_free(struct supervisor *supervisor)
{
	if (!supervisor)
		return;
	for (size_t i = 0; i < supervisor->n; i++)
		free_process(supervisor->processes[i]);
	free(supervisor);
}
