/* SPDX-License-Identifier: ISC */
#include "tests/vpi/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"
#include "tests/vpi/tree.h"

#define COMMAND_LINE_SIZE 2048 /* arm64 kernels */

#define QEMU "qemu-system-aarch64"
#define CPU "-cpu", "cortex-a72", "-smp", "2"

/* Descriptors in QEMU: far above those that we have open ourselves. */
enum { FD_KERNEL = 100, FD_INITRAMFS, FD_TAP, FD_TREE };

struct handed {
	int kernel, initramfs, tap, monitor, tree; /* -1 none */
};

void machine_command_line(const char *cmdline, const char *uart, char *out, size_t size)
{
	static const char from[] = "serial0";
	size_t used = 0;

	while (*cmdline && *cmdline != '\n' && used + 1 < size) {
		if (strncmp(cmdline, from, sizeof(from) - 1) == 0) {
			int n = snprintf(out + used, size - used, "%s", uart);

			used += (size_t)n < size - used ? (size_t)n : size - used - 1;
			cmdline += sizeof(from) - 1;
		} else {
			out[used++] = *cmdline++;
		}
	}
	out[used] = '\0';
}

/* Open the tap device in its own network namespace and come back to ours. */
static int open_tap(const struct machine *machine)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	char path[256];
	int result = -1, tap = -1;
	int ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int theirs;

	snprintf(path, sizeof(path), "/run/netns/%s", machine->tap_namespace);
	theirs = open(path, O_RDONLY | O_CLOEXEC);
	if (ours >= 0 && theirs >= 0 && setns(theirs, CLONE_NEWNET) == 0) {
		tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
		str_copy(request.ifr_name, sizeof(request.ifr_name), machine->tap);
		if (tap >= 0)
			result = ioctl(tap, TUNSETIFF, &request);
		if (result != 0)
			result = -errno;
		if (setns(ours, CLONE_NEWNET) != 0)
			abort(); /* anything we did from here on would hit the wrong network */
	} else {
		result = -errno;
	}
	close(ours);
	close(theirs);
	if (result != 0) {
		close(tap);
		return result;
	}
	return tap;
}

static void close_handed(struct handed *handed)
{
	close(handed->kernel);
	close(handed->initramfs);
	close(handed->tap);
	close(handed->tree);
}

/* What a machine of QEMU says of itself, as a device tree. */
static int dump_tree(const struct machine *machine, char **data, size_t *size)
{
	char path[512], option[600], memory[16];
	char *const argv[] = { QEMU, "-M", option, CPU, "-m", memory, "-display", "none", NULL };
	int result, status = -1;
	pid_t pid;

	snprintf(path, sizeof(path), "%.500s.dtb", machine->console);
	snprintf(option, sizeof(option), "virt,dumpdtb=%s", path);
	snprintf(memory, sizeof(memory), "%u", machine->memory_mb);
	pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		return -EIO;
	result = file_read(path, TREE_SIZE_LIMIT, data, size);
	unlink(path);
	return result;
}

/* The tree of QEMU's machine, with the serial number and model of the board. Returns a descriptor
 * or -errno. */
static int make_tree(const struct machine *machine, const struct firmware *firmware)
{
	char serial[17], *data = NULL;
	const struct tree_property properties[] = {
		{ "serial-number", serial },
		{ "model", firmware->model->title },
	};
	uint8_t *tree = NULL;
	size_t size = 0;
	int result = dump_tree(machine, &data, &size);

	snprintf(serial, sizeof(serial), "%016llx", (unsigned long long)machine->serial);
	if (result == 0)
		result = tree_add_properties((const uint8_t *)data, size, properties,
			sizeof(properties) / sizeof(properties[0]), &tree, &size);
	if (result == 0)
		result = file_sealed("tree", tree, size);
	free(data);
	free(tree);
	return result;
}

static int open_handed(
	const struct machine *machine, const struct firmware *firmware, struct handed *handed)
{
	handed->kernel = file_sealed("kernel", firmware->kernel.data, firmware->kernel.size);
	handed->initramfs =
		file_sealed("initramfs", firmware->initramfs.data, firmware->initramfs.size);
	handed->tap = open_tap(machine);
	handed->tree = make_tree(machine, firmware);
	if (handed->tap < 0 || handed->tree < 0)
		return handed->tap < 0 ? handed->tap : handed->tree;
	return handed->kernel >= 0 && handed->initramfs >= 0 ? 0 : -EIO;
}

/* In the child: put the descriptors where QEMU's arguments say and become QEMU. */
static void become_qemu(const struct handed *handed, char *const argv[])
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(handed->kernel, FD_KERNEL) < 0 || dup2(handed->initramfs, FD_INITRAMFS) < 0 ||
		dup2(handed->tap, FD_TAP) < 0 || dup2(handed->tree, FD_TREE) < 0 ||
		dup2(handed->monitor, STDIN_FILENO) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

/* The serial port: a log, and if wanted a socket at which somebody may type. */
static void describe_console(const struct machine *machine, char *out, size_t size)
{
	if (machine->keyboard)
		snprintf(out, size,
			"socket,id=console,path=%s,server=on,wait=off,logfile=%s,logappend=on",
			machine->keyboard, machine->console);
	else
		snprintf(out, size, "file,id=console,append=on,path=%s", machine->console);
}

static pid_t start_qemu(
	const struct machine *machine, const struct firmware *firmware, struct handed *handed)
{
	char append[COMMAND_LINE_SIZE], memory[16], card[96], console[1024], mac[MAC_TEXT_SIZE];
	char disk[1024];
	char *const argv[] = { QEMU, "-M", "virt", CPU, "-m", memory, "-no-reboot", "-display",
		"none", "-monitor", "none", "-chardev", "socket,id=control,fd=0", "-mon",
		"chardev=control,mode=control", "-chardev", console, "-serial", "chardev:console",
		"-kernel", "/dev/fd/100", "-initrd", "/dev/fd/101", "-append", append, "-dtb",
		"/dev/fd/103", "-netdev", "tap,id=lan,fd=102", "-device", card,
		machine->disk ? "-drive" : NULL, disk, NULL };
	pid_t pid;

	machine_command_line(
		(const char *)firmware->cmdline.data, "ttyAMA0", append, sizeof(append));
	str_format_mac(&machine->mac, mac);
	snprintf(memory, sizeof(memory), "%u", machine->memory_mb);
	snprintf(card, sizeof(card), "virtio-net-pci,netdev=lan,romfile=,mac=%s", mac);
	describe_console(machine, console, sizeof(console));
	snprintf(disk, sizeof(disk), "file=%.900s,format=raw,if=virtio",
		machine->disk ? machine->disk : "");
	pid = fork();
	if (pid == 0)
		become_qemu(handed, argv);
	return pid;
}

/* Read events of the QEMU Machine Protocol. Sets *end when the guest reboots or powers off. */
static bool read_events(int monitor, enum machine_end *end)
{
	char text[4096];
	ssize_t length = recv(monitor, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (length <= 0)
		return length < 0 && errno == EAGAIN;
	text[length] = '\0';
	if (strstr(text, "\"guest-reset\""))
		*end = MACHINE_REBOOTED;
	if (strstr(text, "\"guest-shutdown\""))
		*end = MACHINE_POWERED_OFF;
	return true;
}

static enum machine_end watch(pid_t pid, int monitor, const volatile sig_atomic_t *stop)
{
	static const char negotiate[] = "{\"execute\":\"qmp_capabilities\"}\n";
	enum machine_end end = MACHINE_BROKE;
	bool connected = send(monitor, negotiate, sizeof(negotiate) - 1, MSG_NOSIGNAL) > 0;
	int status;

	while (connected && !*stop) {
		struct pollfd ready = { .fd = monitor, .events = POLLIN };

		/* The timeout closes the gap between the test of *stop and poll. */
		if (poll(&ready, 1, 500) > 0)
			connected = read_events(monitor, &end);
	}
	if (*stop) {
		kill(pid, SIGKILL);
		end = MACHINE_SWITCHED_OFF;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return end;
}

static const char *describe(enum machine_end end)
{
	switch (end) {
	case MACHINE_REBOOTED:
		return "reboots";
	case MACHINE_POWERED_OFF:
		return "powered itself off";
	case MACHINE_SWITCHED_OFF:
		return "was switched off";
	case MACHINE_BROKE:
		break;
	}
	return "QEMU ended by itself";
}

enum machine_end machine_run(const struct machine *machine, const struct firmware *firmware,
	const volatile sig_atomic_t *stop)
{
	struct handed handed = { -1, -1, -1, -1, -1 };
	enum machine_end end = MACHINE_BROKE;
	int monitor[2], result;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitor) != 0)
		return MACHINE_BROKE;
	handed.monitor = monitor[1];
	result = open_handed(machine, firmware, &handed);
	if (result != 0) {
		timeline_note(firmware->timeline, "machine", "tap %s in %s: %s", machine->tap,
			machine->tap_namespace, strerror(-result));
	} else {
		pid = start_qemu(machine, firmware, &handed);
		timeline_note(firmware->timeline, "machine", "QEMU %d, console %s", (int)pid,
			machine->console);
		close(monitor[1]);
		if (pid > 0)
			end = watch(pid, monitor[0], stop);
		timeline_note(firmware->timeline, "machine", "%s", describe(end));
	}
	close_handed(&handed);
	close(monitor[0]);
	return end;
}
