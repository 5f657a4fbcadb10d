/* SPDX-License-Identifier: ISC */
#include "tftpd/confine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "common/confinement.h"

#define SOCKET_TYPE 0xf /* the bits of socket()'s type without SOCK_NONBLOCK and SOCK_CLOEXEC */

/* 22 calls, and 2 more in each mode. None of them makes memory executable, or takes a path, but for
 * openat2 in the second mode. */
static const struct call always[] = {
	/* Requests and acknowledgements */
	CALL(recvfrom),
	CALL(recvmsg), /* also brambled's answers, with a file's descriptor */
	/* Blocks of files: read, and sent one by one or as segments */
	CALL(pread64),
	CALL(preadv),
	CALL(sendto),
	CALL(sendmsg), /* also questions to brambled */
	/* A transfer's own socket (RFC 1350 section 4) */
	CALL_IF(socket, ARGUMENT_IS(0, AF_INET), ARGUMENT_BITS(1, SOCKET_TYPE, SOCK_DGRAM),
		ARGUMENT_IS(2, 0)),
	CALL(bind),	   /* from the address that was asked */
	CALL(getsockname), /* and the port that it got, for strangers' packets */
	CALL(connect),	   /* to its client alone */
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_SOCKET), ARGUMENT_IS(2, SO_SNDBUF)), /* a window */
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_SOCKET), ARGUMENT_IS(2, SO_RCVBUF)),
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_SOCKET), ARGUMENT_IS(2, SO_REUSEADDR)),
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_UDP), ARGUMENT_IS(2, UDP_SEGMENT)),
	CALL(close), /* its end, and its file's */
/* Waiting: libevent. arm64 has only the second of the first two. */
#ifdef __NR_epoll_wait
	CALL(epoll_wait),
#else
	CALL(epoll_pwait),
#endif
	CALL(epoll_ctl),
	/* What time it is, where the kernel's vDSO can't tell: a clock source like hpet */
	CALL(clock_gettime),
	CALL(gettimeofday),
	CALL(brk),   /* memory: malloc(), which main() keeps from mapping any */
	CALL(write), /* the log; libevent's pipe for signals */
	/* The end by SIGTERM: libevent's handler, its pipe, what was there before it */
	CALL(rt_sigreturn),
	CALL(read),
	CALL(rt_sigaction),
	CALL(exit_group),
#ifdef __arm__ /* The same by the numbers of 32-bit ARM */
	CALL(clock_gettime64),
	CALL(recv),
	CALL(send),
#endif
};

/* To meet brambled again when it was restarted */
static const struct call under_brambled[] = {
	CALL_IF(socket, ARGUMENT_IS(0, AF_UNIX), ARGUMENT_BITS(1, SOCKET_TYPE, SOCK_SEQPACKET),
		ARGUMENT_IS(2, 0)),
	CALL(getpid), /* which the greeting tells */
	CALL_IF(fcntl, ARGUMENT_IS(1, F_SETFL)),
#ifdef __arm__
	CALL_IF(fcntl64, ARGUMENT_IS(1, F_SETFL)),
#endif
};

/* A file beneath the directory, and its size */
static const struct call alone[] = {
	CALL(openat2),
	CALL(fstat),
#ifdef __arm__
	CALL(fstat64),
#endif
};

int confine(const char *user, int root)
{
	const struct call_table tables[] = {
		CALL_TABLE(always),
		root >= 0 ? (struct call_table)CALL_TABLE(alone)
			  : (struct call_table)CALL_TABLE(under_brambled),
	};
	const struct confinement confinement = {
		.user = user,
		.own_user = "bramble-tftp",
		.root = root,
		.tables = tables,
		.n_tables = sizeof(tables) / sizeof(tables[0]),
	};

	return confinement_enter(&confinement);
}
