/* SPDX-License-Identifier: ISC */
/*
 * Keeps Bramble's processes running. A process outlives brambled: its pid and start time are
 * recorded in RUN/pids/NAME, and a restarted brambled adopts it by pidfd instead of starting a
 * second one. So nothing that a node relies on stops when brambled is killed or upgraded.
 */
#ifndef BRAMBLE_SUPERVISE_H
#define BRAMBLE_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct event_base;
struct supervisor;

#define SUPERVISE_ARGS 80
#define SUPERVISE_FDS 4

struct supervise_spec {
	const char *name;		  /* "tftpd"; file name in RUN/pids and word in logs */
	const char *argv[SUPERVISE_ARGS]; /* fixed, NULL-terminated; argv[0] is the program's path.
					     Copied. */
	/* How many words of argv only start the program, such as setpriv(1) with its options: the
	 * process is known again by the others. */
	size_t launcher;
	/* Called before each start to make the descriptors that the process inherits as 3, 4, …
	 * (listening sockets). Returns their number or -errno with `reason` filled; the supervisor
	 * closes its copies. */
	int (*prepare)(void *argument, int fds[static SUPERVISE_FDS], char reason[static 160]);
	/* Called after the process ended and before it is started again; may be NULL. */
	void (*ended)(void *argument);
	void *argument;
	/* What makes a running process outdated besides other arguments, e.g. a hash of the file
	 * that it reads: one that was started with another fingerprint isn't adopted, but started
	 * anew. No blanks, at most 127 bytes. NULL = nothing. Copied. */
	const char *fingerprint;
	/* A job: it ends by itself, and is forgotten then. */
	bool once;
	/* Sent to a process that was adopted: it may have missed what brambled wrote before it
	 * died. 0 = none. */
	int adoption_signal;
};

struct supervise_status {
	const char *name;
	pid_t pid;	   /* 0 = not running */
	unsigned restarts; /* since brambled started, adoption not counted */
	uint64_t running_ms;
	bool adopted;
	char reason[160]; /* why it isn't running, or how it last ended */
};

/* `run` is copied. Returns NULL with errno set. */
struct supervisor *supervise_new(struct event_base *base, const char *run);

/* Adopt or start the process and keep it running: restart at once after the first failure, then
 * with back-off 100 ms … 5 s; back to 0 after 10 s of running. Returns 0 or -errno. */
int supervise_add(struct supervisor *supervisor, const struct supervise_spec *spec);

/* Go on with a process of an earlier brambled, if it still runs. Returns 0, -ESRCH or -errno. */
int supervise_adopt(struct supervisor *supervisor, const struct supervise_spec *spec);

/* Send a signal to a process by name. Returns 0, -ESRCH or -errno. */
int supervise_signal(struct supervisor *supervisor, const char *name, int signal);

/* Stop and start a process (after its configuration changed). */
int supervise_restart(struct supervisor *supervisor, const char *name);

/* Stop a process for good and forget it. Until it has ended, no other of that name can be added.
 * Returns 0 or -ESRCH. */
int supervise_remove(struct supervisor *supervisor, const char *name);

/* i-th process, or false when there is none. */
bool supervise_get(const struct supervisor *supervisor, size_t i, struct supervise_status *status);

/* Is there a process of that name, even one that is about to end or to start? */
bool supervise_has(const struct supervisor *supervisor, const char *name);

/* End all processes: SIGTERM, after 3 s SIGKILL; waits. For an orderly stop of the appliance. */
void supervise_stop_all(struct supervisor *supervisor);

/* Forget them without stopping (brambled leaves, they stay). */
void supervise_free(struct supervisor *supervisor);

/* Run a tool to its end with a fixed argv and an empty environment but PATH; at most timeout_ms;
 * its output (stdout and stderr) into out, NUL-terminated, truncated. Returns the exit status
 * 0..255, or -errno
 * (-ETIMEDOUT: it was killed). */
int supervise_run_tool(const char *const argv[], unsigned timeout_ms, char *out, size_t out_size);

#endif
