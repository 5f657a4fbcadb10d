/* SPDX-License-Identifier: ISC */
/* Attempts on processes: programs, others' memory, signals, rights, namespaces, code. */
#include "tests/escape/escape.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static char *const no_environment[] = { NULL };

static char **be(const char *what)
{
	static char name[] = "program", word[32];
	static char *argv[] = { name, word, NULL };

	snprintf(word, sizeof(word), "--be-%s", what);
	return argv;
}

/* The program's exit status is the attempt's. */
static int execute(void)
{
	return outcome(execve(scene.program, be("anybody"), no_environment));
}

static int execute_at(void)
{
	return outcome(
		syscall(SYS_execveat, AT_FDCWD, scene.program, be("anybody"), no_environment, 0));
}

static int execute_as_root(void)
{
	return outcome(execve(scene.program, be("root"), no_environment));
}

static void open_program(void)
{
	scene.fd = open(scene.program, O_RDONLY | O_CLOEXEC);
}

/* A program that is in no file system; `scene.fd` is this one. Landlock keeps it from its dynamic
 * linker; a static one would be stopped by seccomp alone. */
static int execute_memory(void)
{
	int fd = memfd_create("program", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (sendfile(fd, scene.fd, NULL, 1024 * 1024) > 0)
		;
	return outcome(syscall(SYS_execveat, fd, "", be("anybody"), no_environment, AT_EMPTY_PATH));
}

/* Of a new process or thread: 0 in itself. */
static int conclude_fork(long result)
{
	if (result == 0)
		syscall(SYS_exit, 0);
	return outcome(result);
}

#ifdef SYS_fork
static int fork_old(void)
{
	return conclude_fork(syscall(SYS_fork));
}
#endif

static int clone_process(void)
{
	return conclude_fork(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int clone_by_clone3(void)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD };

	return conclude_fork(syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

static int trace(void)
{
	return outcome(ptrace(PTRACE_SEIZE, scene.roots, NULL, NULL));
}

static int be_traced(void)
{
	return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int move_memory(long call)
{
	char here[4] = "";
	struct iovec local = { here, sizeof(here) };
	struct iovec remote = { (void *)(uintptr_t)scene.memory, sizeof(here) };

	return outcome(syscall(call, scene.roots, &local, 1, &remote, 1, 0));
}

static int read_memory(void)
{
	return move_memory(SYS_process_vm_readv);
}

static int take_descriptor(void)
{
	int process = (int)syscall(SYS_pidfd_open, scene.roots, 0);

	return process < 0 ? -errno : outcome(syscall(SYS_pidfd_getfd, process, 2, 0));
}

static int compare_descriptors(void)
{
	return outcome(syscall(SYS_kcmp, getpid(), scene.roots, KCMP_FILE, 2, 2));
}

static int signal_root(void)
{
	return outcome(kill(scene.roots, SIGUSR1));
}

static int signal_own(void)
{
	return outcome(kill(scene.own, SIGUSR1));
}

static int signal_thread(void)
{
	return outcome(syscall(SYS_tgkill, scene.own, scene.own, SIGUSR1));
}

static int signal_by_tkill(void)
{
	return outcome(syscall(SYS_tkill, scene.own, SIGUSR1));
}

static int signal_by_queue(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return outcome(syscall(SYS_rt_sigqueueinfo, scene.own, SIGUSR1, &info));
}

static int signal_by_pidfd(void)
{
	int process = (int)syscall(SYS_pidfd_open, scene.own, 0);

	return process < 0 ? -errno
			   : outcome(syscall(SYS_pidfd_send_signal, process, SIGUSR1, NULL, 0));
}

static int change_priority(void)
{
	return outcome(setpriority(PRIO_PROCESS, (id_t)scene.roots, 5));
}

static int raise_own_priority(void)
{
	/* The highest: the tests may run with a raised one themselves. */
	return outcome(setpriority(PRIO_PROCESS, 0, PRIO_MIN));
}

static int change_processors(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof(set));
	return outcome(sched_setaffinity(scene.roots, sizeof(set), &set));
}

static int change_limit(void)
{
	const struct rlimit limit = { 1024, 1024 };

	return outcome(prlimit(scene.roots, RLIMIT_NOFILE, &limit, NULL));
}

static int become_real_time(void)
{
	const struct sched_param parameter = { .sched_priority = 1 };

	return outcome(sched_setscheduler(0, SCHED_FIFO, &parameter));
}

static int become_root(void)
{
	return outcome(syscall(SYS_setresuid, 0, 0, 0));
}

static int become_root_by_setuid(void)
{
	return outcome(syscall(SYS_setuid, 0));
}

static int become_roots_group(void)
{
	return outcome(syscall(SYS_setresgid, 0, 0, 0));
}

static int join_groups(void)
{
	const gid_t groups[] = { 0, 4 };

	return outcome(syscall(SYS_setgroups, 2, groups));
}

static int regain_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 1u << CAP_SYS_CHROOT, 1u << CAP_SYS_CHROOT, 0 },
		{ 0, 0, 0 } };

	return outcome(syscall(SYS_capset, &header, data));
}

static int become_dumpable(void)
{
	return outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int change_securebits(void)
{
	return outcome(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
}

static int change_filter(void)
{
	unsigned action = SECCOMP_RET_ERRNO;

	return outcome(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
}

static int new_users(void)
{
	return outcome(unshare(CLONE_NEWUSER));
}

static int new_network(void)
{
	return outcome(unshare(CLONE_NEWNET));
}

static void open_namespace(void)
{
	scene.fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
}

static int enter_namespace(void)
{
	return outcome(setns(scene.fd, CLONE_NEWUTS));
}

static int change_personality(void)
{
	return outcome(personality(READ_IMPLIES_EXEC));
}

static int map_code(void)
{
	void *code = mmap(
		NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return code == MAP_FAILED ? -errno : 0;
}

static int map_file_as_code(void)
{
	void *code = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, scene.fd, 0);

	return code == MAP_FAILED ? -errno : 0;
}

static _Alignas(PAGE) char page[PAGE];

static int make_code(void)
{
	return outcome(mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC));
}

static int make_code_by_key(void)
{
	return outcome(syscall(SYS_pkey_mprotect, page, PAGE, PROT_READ | PROT_EXEC, -1));
}

static int share_code(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0700), result;
	const void *code;

	if (id < 0)
		return -errno;
	code = shmat(id, NULL, SHM_EXEC);
	result = (intptr_t)code == -1 ? -errno : 0;
	shmctl(id, IPC_RMID, NULL);
	return result;
}

#ifdef __x86_64__
/* getpid(2) by i386's number, 20; in x86-64's numbering that is writev. */
static int call_by_other_numbers(void)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(20L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result > 0 ? 0 : (int)result;
}
#endif

#define OTHERS (USER | LANDLOCK | CALLS)
#define RANK (USER | CALLS)

static const struct attempt attempts[] = {
	TRY("execute a program", LANDLOCK | CALLS, execute),
	TRY("execute one by execveat", LANDLOCK | CALLS, execute_at),
	TRY("execute a set-user-ID program and be root", RIGHTS | LANDLOCK | CALLS, execute_as_root,
		.together = USER, .alone = RIGHTS),
	TRY("execute a program in memory", LANDLOCK | CALLS, execute_memory,
		.prepare = open_program),
#ifdef SYS_fork
	TRY("fork", CALLS, fork_old),
#endif
	TRY("clone", CALLS, clone_process),
	TRY("clone3", CALLS, clone_by_clone3),
	TRY("trace another process", OTHERS, trace),
	TRY("be traced", CALLS, be_traced),
	TRY("read another process's memory", OTHERS, read_memory),
	TRY("take another process's descriptor", OTHERS, take_descriptor),
	TRY("compare with another process's descriptors", OTHERS, compare_descriptors),
	TRY("signal root's process", OTHERS, signal_root, .abi = 6),
	TRY("signal a process of the same user", LANDLOCK | CALLS, signal_own, .abi = 6),
	TRY("signal one by tgkill", LANDLOCK | CALLS, signal_thread, .abi = 6),
	TRY("signal one by tkill", LANDLOCK | CALLS, signal_by_tkill, .abi = 6),
	TRY("signal one by rt_sigqueueinfo", LANDLOCK | CALLS, signal_by_queue, .abi = 6),
	TRY("signal one by pidfd", LANDLOCK | CALLS, signal_by_pidfd, .abi = 6),
	TRY("change another process's priority", RANK, change_priority),
	TRY("raise its own priority", RANK, raise_own_priority),
	TRY("change another process's processors", RANK, change_processors),
	TRY("change another process's limits", RANK, change_limit),
	TRY("become real-time", RANK, become_real_time),
	TRY("become root", RANK, become_root),
	TRY("become root by setuid", RANK, become_root_by_setuid),
	TRY("become root's group", RANK, become_roots_group),
	TRY("join groups", RANK, join_groups),
	TRY("regain capabilities", RANK, regain_capabilities),
	TRY("allow core dumps again", CALLS, become_dumpable),
	TRY("change securebits", RANK, change_securebits),
	TRY("ask seccomp for more", CALLS, change_filter),
	TRY("make a user namespace", CALLS, new_users),
	TRY("make a network namespace", RANK, new_network),
	TRY("enter a namespace", RANK, enter_namespace, .prepare = open_namespace),
	TRY("make all that is readable executable", CALLS, change_personality),
	TRY("map executable memory", CALLS, map_code),
	TRY("map a file as code", CALLS, map_file_as_code, .prepare = open_program),
	TRY("make memory executable", CALLS, make_code),
	TRY("make memory executable by pkey_mprotect", CALLS, make_code_by_key),
	TRY("share executable memory", CALLS, share_code),
#ifdef __x86_64__
	TRY("make a call by i386's numbers", CALLS, call_by_other_numbers),
#endif
};

const struct attempt_table process_attempts = { attempts, sizeof(attempts) / sizeof(attempts[0]) };
