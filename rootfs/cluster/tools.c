/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "rootfs/cluster/member.h"

/* What doesn't fit is read and dropped: the program must not block. */
static void collect(int fd, uint64_t deadline_ns, char *out, size_t size)
{
	char dropped[512];
	size_t used = 0;

	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_monotonic_ns();
		bool full = used + 1 >= size;
		ssize_t n;

		if (now >= deadline_ns ||
			poll(&poll_fd, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1) <= 0)
			break;
		n = full ? read(fd, dropped, sizeof(dropped))
			 : read(fd, out + used, size - used - 1);
		if (n <= 0)
			break;
		used += full ? 0 : (size_t)n;
	}
	out[used] = '\0';
}

static int wait_for(pid_t pid, uint64_t deadline_ns)
{
	int status;

	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);

		if (ended == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (ended < 0 && errno != EINTR)
			return -errno;
		if (clock_monotonic_ns() >= deadline_ns)
			break;
		poll(NULL, 0, 20);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return -ETIMEDOUT;
}

int member_run(const char *const argv[], unsigned seconds, char *out, size_t size)
{
	char *const environment[] = {
		(char[]){ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
		(char[]){ "LC_ALL=C" }, NULL
	};
	uint64_t deadline_ns = clock_monotonic_ns() + seconds * NS_PER_S;
	posix_spawn_file_actions_t actions;
	int pipes[2] = { -1, -1 }, result;
	pid_t pid;

	if (out && pipe2(pipes, O_CLOEXEC) != 0)
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (out) {
		posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
		posix_spawn_file_actions_adddup2(&actions, pipes[1], STDERR_FILENO);
	}
	result = posix_spawnp(
		&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	if (out)
		close(pipes[1]);
	if (result == 0 && out)
		collect(pipes[0], deadline_ns, out, size);
	if (out)
		close(pipes[0]);
	return result == 0 ? wait_for(pid, deadline_ns) : -result;
}
