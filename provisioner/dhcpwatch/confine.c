/* SPDX-License-Identifier: ISC */
#include "provisioner/dhcpwatch/confine.h"

#include <errno.h>
#include <net/if.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "common/log.h"
#include "common/sandbox.h"

/* A sanitizer's own needs are not worth a list. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
static int allow_few_calls(void)
{
	return 0;
}
#else

/* What libevent, malloc and the log need; sockets and ioctl have rules of their own. */
static const int calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(close),
	SCMP_SYS(fcntl),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recv),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getpid),
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(mmap2),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static int add_rules(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof(calls) / sizeof(calls[0]); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	if (result == 0)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_EQ, SIOCGIFINDEX, 0));
	return result;
}

static int allow_few_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result;

	if (!filter)
		return -ENOMEM;
	result = add_rules(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}
#endif

int confine(const char *user)
{
	int result;

	tzset(); /* the log's clock reads a file once */
	result = sandbox_become(user);
	if (result == 0)
		result = sandbox_forbid_new_rights();
	if (result == -ENOENT)
		log_error("there is no user %s; create it as a system user", user);
	else if (result != 0)
		log_error("can't become user %s: %s", user, strerror(-result));
	if (result != 0)
		return result;
	result = sandbox_deny_files(-1);
	if (result == -EOPNOTSUPP)
		log_warning("this kernel has no Landlock; files are protected by user rights only");
	else if (result != 0)
		log_error("can't give up files: %s", strerror(-result));
	if (result != 0 && result != -EOPNOTSUPP)
		return result;
	result = allow_few_calls();
	if (result != 0)
		log_error("can't limit system calls: %s", strerror(-result));
	return result;
}
