/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "rootfs/init/init.h"

#define LAST_WORDS_MS 10000

/* Without sync(2): it would wait for a server that is away, and nothing here waits to be written.
 */
void init_start_over(void)
{
	init_complain("starting over in %d s", LAST_WORDS_MS / 1000);
	poll(NULL, 0, LAST_WORDS_MS);
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

pid_t init_start_watchdog(unsigned seconds)
{
	uint64_t deadline = clock_monotonic_ns() + seconds * NS_PER_S;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		return pid;
	for (uint64_t now = 0; now < deadline; now = clock_monotonic_ns())
		poll(NULL, 0, 1000);
	init_complain("no root after %u s: something hangs", seconds);
	init_start_over();
}

void init_stop_watchdog(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
}
