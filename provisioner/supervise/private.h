/* SPDX-License-Identifier: ISC */
/* The two halves that supervise.c stands on: starting a process, and knowing one again. */
#ifndef BRAMBLE_SUPERVISE_PRIVATE_H
#define BRAMBLE_SUPERVISE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "provisioner/supervise/supervise.h"

/* Start argv in a session of its own with default signals, /dev/null as input, our stderr as output
 * and error, `fds` as 3, 4, … and nothing else open. `mark` ("NAME=VALUE") is put into the
 * otherwise minimal environment. Returns 0 or -errno. */
int supervise_spawn(
	const char *const argv[], const int *fds, int n_fds, const char *mark, pid_t *pid);

/* A process without the risk that its number is another one's by now. */
struct supervise_identity {
	pid_t pid;
	uint64_t start_time; /* clock ticks since the machine's start, proc(5) stat field 22 */
};

/* Returns 0, or -ESRCH when there is no such process (a zombie is none). */
int supervise_identify(pid_t pid, struct supervise_identity *identity);

/* RUN/pids/NAME: "pid starttime fingerprint", with "-" for no fingerprint. */
#define SUPERVISE_FINGERPRINT_SIZE 128
struct supervise_record {
	struct supervise_identity identity;
	char fingerprint[SUPERVISE_FINGERPRINT_SIZE]; /* "" none */
};

/* Returns 0, -EBADMSG when the file holds anything else, or -errno. */
int supervise_read_record(const char *path, struct supervise_record *record);
int supervise_write_record(const char *path, const struct supervise_record *record);

/* The oldest process that carries `mark` in its environment: one that was started, but not recorded
 * any more because brambled was killed in between. Returns 0 or -ESRCH. */
int supervise_find_marked(const char *mark, struct supervise_identity *identity);

/* Is `mark` in the environment that the process was started with? */
bool supervise_carries_mark(pid_t pid, const char *mark);

/* Does the process run the program argv[0] (which may have been replaced on disk since)? Without
 * CAP_SYS_PTRACE the kernel doesn't tell of a process of another user: then the arguments decide.
 */
bool supervise_runs_program(pid_t pid, const char *program);

/* Was it started with exactly these arguments? */
bool supervise_has_arguments(pid_t pid, const char *const argv[]);

#endif
