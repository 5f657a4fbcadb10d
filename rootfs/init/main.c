/* SPDX-License-Identifier: ISC */
/*
 * bramble-init: from the initramfs to the node's root, without a dead end. Each step that fails is
 * told to the console and the router, and tried again with growing pauses; after `patience` the
 * board starts over, so that its firmware asks the router anew.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "rootfs/init/init.h"

#define FIRST_PAUSE_MS 500
#define LONGEST_PAUSE_MS 10000
#define CLOCK_WAIT_MS 10000
#define WATCHDOG_GRACE_S 30 /* it is for what hangs; what fails ends by itself */

struct boot {
	struct init_arguments arguments;
	struct init_network network;
	uint64_t give_up_ns; /* monotonic: start over then */
	bool has_network;
	char note[INIT_REASON_SIZE]; /* of the step that was done */
};

static void mount_kernel_file_systems(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	/* The kernel may have mounted devtmpfs already (EBUSY); without one of these a later step
	 * says so. */
	(void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)mount("sys", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)mount("dev", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
}

/* A router that can't tell the time now is told so, and left behind: the agent sets the clock
 * later. */
static void set_clock(const struct init_arguments *arguments)
{
	uint64_t deadline = clock_monotonic_ns() + CLOCK_WAIT_MS * NS_PER_MS;
	int result;

	while ((result = init_set_clock(arguments)) != 0 && clock_monotonic_ns() < deadline)
		poll(NULL, 0, FIRST_PAUSE_MS);
	if (result != 0)
		init_complain("clock: the router doesn't tell the time: %s", strerror(-result));
}

static int step_network(struct boot *boot, char reason[static INIT_REASON_SIZE])
{
	char address[ADDRESS_TEXT_SIZE];
	int result = init_bring_up_network(boot->arguments.router, &boot->network, reason);

	if (result != 0)
		return result;
	boot->has_network = true;
	str_format_address(boot->network.address, address);
	init_say("network: %s on %s", address, boot->network.interface);
	set_clock(&boot->arguments);
	init_report(&boot->arguments, "init", "bramble-init " BRAMBLE_VERSION, false);
	return 0;
}

/* A root in memory needs no share; where there isn't room for it, it comes by NFS after all. */
static int step_share(struct boot *boot, char reason[static INIT_REASON_SIZE])
{
	struct init_arguments *arguments = &boot->arguments;

	if (arguments->in_memory && init_may_hold_root(arguments, boot->note)) {
		str_copy(boot->note, sizeof(boot->note), "none: the root comes into memory");
		return 0;
	}
	if (arguments->in_memory)
		init_complain("root: %s", boot->note);
	arguments->in_memory = false;
	return init_mount_share(&boot->arguments, &boot->network, reason);
}

static int step_root(struct boot *boot, char reason[static INIT_REASON_SIZE])
{
	const struct init_arguments *arguments = &boot->arguments;
	int result = arguments->in_memory ? init_fetch_root(arguments, reason) : 0;

	if (result != 0)
		return result;
	result = init_mount_root(arguments, reason);
	if (result != 0 && arguments->in_memory)
		init_forget_root();
	else if (arguments->in_memory)
		str_copy(boot->note, sizeof(boot->note), "in memory");
	return result;
}

static int step_data(struct boot *boot, char reason[static INIT_REASON_SIZE])
{
	int result = init_mount_data(&boot->arguments, &boot->network, reason);

	return result == 0 ? init_write_identity(&boot->arguments, &boot->network, reason) : result;
}

/* A step by its stage's name; `undo` is unmounted before it is tried again, deepest first; NULL
 * ends it. */
static const struct step {
	const char *stage;
	int (*run)(struct boot *boot, char reason[static INIT_REASON_SIZE]);
	const char *undo[5];
} steps[] = {
	{ "network", step_network, { NULL } },
	{ "nfs", step_share, { INIT_SHARE } },
	{ "root", step_root, { NEW_ROOT "/run", NEW_ROOT, INIT_SCRATCH, INIT_IMAGE } },
	{ "data", step_data, { NEW_ROOT "/shared", NEW_ROOT "/data" } },
};

static const struct step waiting_step = { "network", step_network, { NULL } };

static void undo(const struct step *step)
{
	for (size_t i = 0; step->undo[i]; i++)
		(void)umount2(step->undo[i], MNT_DETACH);
}

static void tell_failure(const struct boot *boot, const char *stage, const char *reason)
{
	init_complain("%s FAILED: %s; trying again", stage, reason);
	if (boot->has_network)
		init_report(&boot->arguments, stage, reason, true);
}

static void take_step(struct boot *boot, const struct step *step)
{
	char reason[INIT_REASON_SIZE] = "unknown", last[INIT_REASON_SIZE] = "";
	uint64_t began = clock_monotonic_ns();
	int pause_ms = FIRST_PAUSE_MS;

	while (step->run(boot, reason) != 0) {
		if (strcmp(reason, last) != 0 || pause_ms == LONGEST_PAUSE_MS)
			tell_failure(boot, step->stage, reason);
		memcpy(last, reason, sizeof(last));
		if (clock_monotonic_ns() > boot->give_up_ns)
			init_start_over();
		undo(step);
		poll(NULL, 0, pause_ms);
		pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
	}
	init_say("%s: done in %.2f s", step->stage, (double)(clock_monotonic_ns() - began) / 1e9);
	init_report(&boot->arguments, step->stage, boot->note, false);
	boot->note[0] = '\0';
}

static void read_arguments(struct init_arguments *arguments)
{
	char reason[INIT_REASON_SIZE] = "", *line;
	size_t size;
	int result = file_read("/proc/cmdline", 8192, &line, &size);

	if (result != 0) {
		init_complain("/proc/cmdline can't be read: %s", strerror(-result));
		init_start_over();
	}
	if (init_parse_arguments(line, arguments, reason) != 0) {
		init_complain("%s", reason);
		init_start_over();
	}
	free(line);
}

/* The firmware asks the router anew once the board is admitted: it may get another kernel. */
_Noreturn static void wait_and_start_over(struct boot *boot)
{
	boot->give_up_ns = clock_monotonic_ns() + boot->arguments.patience_s * NS_PER_S;
	take_step(boot, &waiting_step);
	init_wait_for_admission(&boot->arguments);
	init_start_over();
}

static void take_steps(struct boot *boot)
{
	const unsigned patience_s = boot->arguments.patience_s;
	pid_t watchdog = init_start_watchdog(patience_s + WATCHDOG_GRACE_S);

	if (watchdog < 0)
		init_complain("no watchdog: %s", strerror(-watchdog));
	boot->give_up_ns = clock_monotonic_ns() + patience_s * NS_PER_S;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		take_step(boot, &steps[i]);
	init_stop_watchdog(watchdog);
}

int main(void)
{
	static struct boot boot;
	struct utsname kernel = { 0 };
	int result;

	if (getpid() != 1) {
		fprintf(stderr,
			"bramble-init is pid 1 of a node's initramfs; it does nothing else\n");
		return 64;
	}
	mount_kernel_file_systems();
	uname(&kernel);
	init_say("bramble-init " BRAMBLE_VERSION ", kernel %s", kernel.release);
	read_arguments(&boot.arguments);
	init_say("booting as %s",
		boot.arguments.wait[0] ? "a board that waits" : boot.arguments.node);
	init_load_modules();
	if (boot.arguments.wait[0])
		wait_and_start_over(&boot);
	take_steps(&boot);
	result = init_start_vigil(&boot.arguments);
	if (result != 0)
		init_complain(
			"nobody will notice when this node doesn't join: %s", strerror(-result));
	init_say("handing over to systemd");
	result = init_switch_root();
	init_complain("can't hand over to /sbin/init: %s", strerror(-result));
	init_report(&boot.arguments, "root", strerror(-result), true);
	init_start_over();
}
