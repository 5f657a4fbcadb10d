/* SPDX-License-Identifier: ISC */
/* Attempts on the kernel itself and the whole machine, and on what the parent has left open. */
#include "tests/escape/escape.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <mqueue.h>
#include <net/if.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/quota.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif

static int add_key(void)
{
	return outcome(syscall(SYS_add_key, "user", "escape", "x", 1, KEY_SPEC_PROCESS_KEYRING));
}

static int join_session(void)
{
	return outcome(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0));
}

static int read_bpf(void)
{
	union bpf_attr attributes = { .start_id = 0 };

	return outcome_or(
		syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attributes, sizeof(attributes)), ENOENT);
}

static int count_events(void)
{
	struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_SW_CPU_CLOCK };

	return outcome(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0));
}

static int handle_faults(void)
{
	return outcome(syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */));
}

static int use_io_uring(void)
{
	struct io_uring_params parameters = { 0 };

	return outcome(syscall(SYS_io_uring_setup, 1, &parameters));
}

static int use_aio(void)
{
	aio_context_t context = 0;

	return outcome(syscall(SYS_io_setup, 1, &context));
}

static int load_module(void)
{
	return outcome_or(syscall(SYS_init_module, "", 0, ""), ENOEXEC);
}

static int load_module_file(void)
{
	return outcome_or(syscall(SYS_finit_module, -1, "", 0), EBADF);
}

static int remove_module(void)
{
	return outcome_or(syscall(SYS_delete_module, "no-such-module", O_NONBLOCK), ENOENT);
}

static int load_kernel(void)
{
	return outcome_or(syscall(SYS_kexec_load, 0, 100000, NULL, 0), EINVAL);
}

/* The wrong second number makes it harmless. */
static int reboot_machine(void)
{
	return outcome_or(
		syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, 0, LINUX_REBOOT_CMD_RESTART, 0), EINVAL);
}

static int swap_on(void)
{
	return outcome_or(swapon("/no-such-device", 0), ENOENT);
}

static int swap_off(void)
{
	return outcome_or(swapoff("/no-such-device"), ENOENT);
}

static int change_host_name(void)
{
	return outcome(sethostname("escaped", 7));
}

static int set_clock(void)
{
	return outcome(syscall(SYS_settimeofday, NULL, NULL));
}

static int read_kernel_log(void)
{
	return outcome(klogctl(9 /* SYSLOG_ACTION_SIZE_UNREAD */, NULL, 0));
}

static int sync_quotas(void)
{
	return outcome(quotactl(QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL));
}

#ifdef __x86_64__
static int reach_ports(void)
{
	return outcome(iopl(3));
}

static int reach_one_port(void)
{
	return outcome(ioperm(0x80, 1, 1));
}
#endif

static int share_memory(void)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	if (id < 0)
		return -errno;
	return outcome(shmctl(id, IPC_RMID, NULL));
}

static int make_semaphore(void)
{
	int id = semget(IPC_PRIVATE, 1, 0600);

	if (id < 0)
		return -errno;
	return outcome(semctl(id, 0, IPC_RMID));
}

static int make_queue(void)
{
	int id = msgget(IPC_PRIVATE, 0600);

	if (id < 0)
		return -errno;
	return outcome(msgctl(id, IPC_RMID, NULL));
}

static int make_posix_queue(void)
{
	return outcome(syscall(SYS_mq_open, "escape", O_CREAT | O_RDWR, 0600, NULL));
}

static int make_memory_file(void)
{
	return outcome(memfd_create("escape", 0));
}

/* Standard error is a terminal. */
static void open_terminal(void)
{
	int leader, follower;

	if (openpty(&leader, &follower, NULL, NULL, NULL) == 0)
		dup2(follower, STDERR_FILENO);
}

static int type_into_terminal(void)
{
	return outcome(ioctl(STDERR_FILENO, TIOCSTI, "x"));
}

static void open_socket(void)
{
	scene.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int list_interfaces(void)
{
	struct ifreq interfaces[4];
	struct ifconf list = { .ifc_len = sizeof(interfaces), .ifc_req = interfaces };

	return outcome(ioctl(scene.fd, SIOCGIFCONF, &list));
}

static int change_interface(void)
{
	struct ifreq interface = { .ifr_name = "lo", .ifr_mtu = 65536 };

	return outcome(ioctl(scene.fd, SIOCSIFMTU, &interface));
}

static int raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_RTPRIO, &limit) != 0)
		return -errno;
	limit.rlim_max++;
	return outcome(setrlimit(RLIMIT_RTPRIO, &limit));
}

static int read_inherited_file(void)
{
	char byte;

	return outcome(read(INHERITED_FILE, &byte, 1));
}

static int read_input(void)
{
	char byte;
	ssize_t n = read(STDIN_FILENO, &byte, 1);

	return n == 0 ? -ENODATA : outcome(n);
}

static int write_inherited_connection(void)
{
	return outcome(write(INHERITED_CONNECTION, "x", 1));
}

static int open_in_inherited_directory(void)
{
	const struct open_how how = { .flags = O_RDONLY };

	return outcome(syscall(SYS_openat2, INHERITED_DIRECTORY, "public", &how, sizeof(how)));
}

static int duplicate(void)
{
	return outcome(dup(STDERR_FILENO));
}

static int duplicate_onto(void)
{
	return outcome(dup3(STDERR_FILENO, 100, O_CLOEXEC));
}

static int duplicate_by_fcntl(void)
{
	return outcome(fcntl(STDERR_FILENO, F_DUPFD, 100));
}

/* Signals by way of a socket. */
static int own_socket(void)
{
	return outcome(fcntl(scene.fd, F_SETOWN, scene.own));
}

#define MACHINE (USER | CALLS)

static const struct attempt attempts[] = {
	TRY("add a key", CALLS, add_key),
	TRY("join a session of keys", CALLS, join_session),
	TRY("look into the kernel by bpf", MACHINE, read_bpf),
	TRY("look into the kernel by perf_event_open", MACHINE, count_events),
	TRY("handle page faults", CALLS, handle_faults),
	TRY("make calls by io_uring", CALLS, use_io_uring),
	TRY("make calls by aio", CALLS, use_aio),
	TRY("load a module", MACHINE, load_module),
	TRY("load a module's file", MACHINE, load_module_file),
	TRY("remove a module", MACHINE, remove_module),
	TRY("load another kernel", MACHINE, load_kernel),
	TRY("reboot", MACHINE, reboot_machine),
	TRY("begin to swap", MACHINE, swap_on),
	TRY("end to swap", MACHINE, swap_off),
	TRY("change the host's name", MACHINE, change_host_name),
	TRY("set the clock", MACHINE, set_clock),
	TRY("read the kernel's log", MACHINE, read_kernel_log),
	TRY("sync quotas", CALLS, sync_quotas),
#ifdef __x86_64__
	TRY("reach all I/O ports", MACHINE, reach_ports),
	TRY("reach one I/O port", MACHINE, reach_one_port),
#endif
	TRY("share memory", CALLS, share_memory),
	TRY("make a semaphore", CALLS, make_semaphore),
	TRY("make a message queue", CALLS, make_queue),
	TRY("make a POSIX message queue", LANDLOCK | CALLS, make_posix_queue),
	TRY("make a file in memory", CALLS, make_memory_file),
	TRY("type into the terminal", MACHINE, type_into_terminal, .prepare = open_terminal),
	TRY("list network interfaces", CALLS, list_interfaces, .prepare = open_socket),
	TRY("change a network interface", MACHINE, change_interface, .prepare = open_socket),
	TRY("raise its limits", MACHINE, raise_limit),
	TRY("read a file that was left open", DESCRIPTORS, read_inherited_file),
	TRY("read the parent's input", DESCRIPTORS, read_input),
	TRY("write to a connection that was left open", DESCRIPTORS, write_inherited_connection),
	TRY("open a file in a directory that was left open", DESCRIPTORS | LANDLOCK | CALLS,
		open_in_inherited_directory, .allowed_in = TFTPD_ROOT | HTTPD_ROOT),
	TRY("duplicate a descriptor", CALLS, duplicate),
	TRY("duplicate it onto another", CALLS, duplicate_onto),
	TRY("duplicate it by fcntl", CALLS, duplicate_by_fcntl),
	TRY("have a socket signal others", CALLS, own_socket, .prepare = open_socket),
};

const struct attempt_table kernel_attempts = { attempts, sizeof(attempts) / sizeof(attempts[0]) };
