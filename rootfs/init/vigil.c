/* SPDX-License-Identifier: ISC */
/*
 * Between systemd's start and the agent's joining nobody else would notice that a node doesn't come
 * up: a unit that fails, a system that hangs, an image without agent. So a child of pid 1 stays
 * behind, which needs nothing of the new root.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "common/clock.h"
#include "rootfs/init/init.h"
#include "rootfs/verity_status.h"

#define LAST_WORDS_S 10

static bool is_there(int directory, const char *name)
{
	return faccessat(directory, name, F_OK, 0) == 0;
}

bool init_keep_vigil(int directory, unsigned seconds)
{
	uint64_t deadline = clock_monotonic_ns() + seconds * NS_PER_S;

	while (!is_there(directory, INIT_JOINED) && !is_there(directory, INIT_STAY)) {
		if (clock_monotonic_ns() >= deadline)
			return false;
		poll(NULL, 0, 1000);
	}
	return true;
}

static void report_corruption(const struct init_arguments *arguments)
{
	char reason[INIT_REASON_SIZE];

	snprintf(reason, sizeof(reason), INIT_CORRUPT ": what was read can't be used");
	init_complain("%s; `bramble image verify` on the router says which file", reason);
	init_report(arguments, "root", reason, true);
}

/* Tell everybody, and wait a little longer: it may be just about to join. */
_Noreturn static void give_up(
	const struct init_arguments *arguments, int root, int directory, bool corrupt)
{
	char reason[INIT_REASON_SIZE];

	/* To where /dev is by now. */
	if (fchdir(root) == 0 && chroot(".") == 0)
		(void)!chdir("/");
	/* provisioner/timeline/diagnosis.h knows the first two words. */
	snprintf(reason, sizeof(reason), "not joined %u s after systemd was started",
		arguments->join_s);
	init_complain("%s: it starts over in %d s, unless somebody says `touch "
		      "/run/bramble/" INIT_STAY "`; see the units that failed above",
		reason, LAST_WORDS_S);
	if (corrupt)
		report_corruption(arguments);
	else
		init_report(arguments, "systemd", reason, true);
	if (init_keep_vigil(directory, LAST_WORDS_S))
		_exit(0);
	reboot(RB_AUTOBOOT);
	_exit(1);
}

/* True: it has joined. *corrupt: a changed byte in the image was found meanwhile, and told. */
static bool watch(const struct init_arguments *arguments, int directory, int control, bool *corrupt)
{
	for (unsigned second = 0; second < arguments->join_s; second++) {
		if (init_keep_vigil(directory, 1))
			return true;
		if (*corrupt || control < 0 || !verity_found_corruption(control))
			continue;
		*corrupt = true;
		report_corruption(arguments);
	}
	return false;
}

_Noreturn static void keep_watch(
	const struct init_arguments *arguments, int root, int directory, int control)
{
	bool corrupt = false;

	if (watch(arguments, directory, control, &corrupt))
		_exit(0);
	give_up(arguments, root, directory, corrupt);
}

int init_start_vigil(const struct init_arguments *arguments)
{
	int root = open(NEW_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = errno, directory;
	int control = arguments->verity.blocks > 0 ? init_open_verity() : -1;
	pid_t pid;

	if (root < 0)
		return -error;
	directory = openat(root, "run/bramble", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid = directory >= 0 ? fork() : -1;
	error = errno;
	if (pid == 0)
		keep_watch(arguments, root, directory, control);
	close(root);
	if (control >= 0)
		close(control);
	if (directory >= 0)
		close(directory);
	return pid > 0 ? 0 : -error;
}
