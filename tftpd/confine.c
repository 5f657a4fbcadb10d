/* SPDX-License-Identifier: ISC */
#include "tftpd/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"

#define OWN_USER "bramble-tftp"
#define OTHER_USER "nobody"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
/* At the end a sanitizer looks at its own process: it reads /proc, and attaches a tracer. */
static int lock_in(bool open_files)
{
	(void)open_files;
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? 0 : -errno;
}
#else

/* What libevent, malloc and the log need; socket() has rules of its own. */
static const int calls[] = {
	SCMP_SYS(bind),
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(close),
	SCMP_SYS(connect),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(fcntl),
	SCMP_SYS(fcntl64),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(futex),
	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(madvise),
	SCMP_SYS(mmap),
	SCMP_SYS(mmap2),
	SCMP_SYS(mprotect),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(newfstatat),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(read),
	SCMP_SYS(recv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(send),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(setsockopt),
	SCMP_SYS(statx),
	SCMP_SYS(time),
	SCMP_SYS(write),
	SCMP_SYS(writev),
};

/* To brambled, and UDP for each transfer. */
static int allow_sockets(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp is_unix = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_UNIX };
	const struct scmp_arg_cmp is_udp[] = {
		{ .arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_INET },
		{ .arg = 1,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = 0xf, /* without SOCK_NONBLOCK, SOCK_CLOEXEC */
			.datum_b = SOCK_DGRAM },
	};
	int result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, &is_unix);

	if (result == 0)
		result =
			seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2, is_udp);
	return result;
}

static int allow_few_calls(bool open_files)
{
	/* Not SCMP_ACT_KILL: a C library that asks for something new mustn't end a boot. */
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result;

	if (!filter)
		return -ENOMEM;
	result = allow_sockets(filter);
	for (size_t i = 0; result == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (result == 0 && open_files)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat2), 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}

static int give_up_files(void)
{
	int result = sandbox_deny_files();

	if (result == -EOPNOTSUPP) {
		log_notice("this kernel has no Landlock: files are protected by the user's rights "
			   "only");
		return 0;
	}
	if (result != 0)
		log_error("can't give up files: %s", strerror(-result));
	return result;
}

static int lock_in(bool open_files)
{
	int result = open_files ? 0 : give_up_files();

	if (result != 0)
		return result;
	result = allow_few_calls(open_files);
	if (result != 0)
		log_error("can't limit system calls: %s", strerror(-result));
	return result;
}
#endif

int confine(const char *user, int root)
{
	int result;

	if (!user)
		user = getpwnam(OWN_USER) ? OWN_USER : OTHER_USER;
	tzset(); /* the log's clock reads a file once */
	result = sandbox_become(user);
	if (result != 0) {
		log_error("can't become user %s: %s", user,
			result == -ENOENT
				? "there is no such user; `make install` creates " OWN_USER
				: strerror(-result));
		return result;
	}
	if (root >= 0 && faccessat(root, ".", X_OK, AT_EACCESS) != 0) {
		result = -errno;
		log_error("can't serve the directory: user %s may not enter it (%s)", user,
			strerror(-result));
		return result;
	}
	return lock_in(root >= 0);
}
