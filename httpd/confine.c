/* SPDX-License-Identifier: ISC */
#include "httpd/confine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "common/confinement.h"

#define SOCKET_TYPE 0xf /* the bits of socket()'s type without SOCK_NONBLOCK and SOCK_CLOEXEC */

/* None of them takes a path, makes memory executable, or opens a socket to the network; but for
 * openat2 when it serves a directory. */
static const struct call always[] = {
	/* Connections */
	CALL(accept4),
	CALL_IF(getsockopt, ARGUMENT_IS(1, SOL_TCP), ARGUMENT_IS(2, TCP_INFO)), /* our statistics */
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_TCP), ARGUMENT_IS(2, TCP_NODELAY)),
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_SOCKET), ARGUMENT_IS(2, SO_LINGER)), /* a reset */
	CALL(shutdown),
	CALL(close),
	/* Requests and answers */
	CALL(recvfrom),
	CALL(sendto),
	CALL(sendfile),
	CALL(fstat), /* a file's size */
/* Waiting: libevent. arm64 has only epoll_pwait. */
#ifdef __NR_epoll_wait
	CALL(epoll_wait),
#else
	CALL(epoll_pwait),
#endif
	CALL(epoll_ctl),
	/* What time it is, where the kernel's vDSO can't tell: a clock source like hpet */
	CALL(clock_gettime),
	CALL(gettimeofday),
	/* Memory: malloc(), for what is large by pages of its own, never executable */
	CALL(brk),
	CALL_IF(mmap, ARGUMENT_BITS(2, PROT_EXEC, 0),
		ARGUMENT_BITS(3, MAP_ANONYMOUS, MAP_ANONYMOUS)),
	CALL(munmap),
	CALL(write), /* the log; libevent's pipe for signals */
	/* The end by SIGTERM: libevent's handler, its pipe, what was there before it */
	CALL(rt_sigreturn),
	CALL(read),
	CALL(rt_sigaction),
	CALL(exit_group),
#ifdef __arm__ /* The same by the numbers of 32-bit ARM */
	CALL(clock_gettime64),
	CALL(fstat64),
	CALL_IF(mmap2, ARGUMENT_BITS(2, PROT_EXEC, 0),
		ARGUMENT_BITS(3, MAP_ANONYMOUS, MAP_ANONYMOUS)),
	CALL(recv),
	CALL(send),
	CALL(sendfile64),
#endif
};

/* To meet brambled, again when it was restarted */
static const struct call under_brambled[] = {
	CALL_IF(socket, ARGUMENT_IS(0, AF_UNIX), ARGUMENT_BITS(1, SOCKET_TYPE, SOCK_SEQPACKET),
		ARGUMENT_IS(2, 0)),
	CALL(connect),
	CALL(getpid), /* which the greeting tells */
	CALL(sendmsg),
	CALL(recvmsg), /* questions, and answers with a file's descriptor */
	CALL_IF(fcntl, ARGUMENT_IS(1, F_SETFL)), /* its socket doesn't block */
#ifdef __arm__
	CALL_IF(fcntl64, ARGUMENT_IS(1, F_SETFL)),
#endif
};

static const struct call alone[] = {
	CALL(openat2), /* a file beneath the directory */
};

int confine(const struct options *options, int root)
{
	const struct call_table tables[] = {
		CALL_TABLE(always),
		root >= 0 ? (struct call_table)CALL_TABLE(alone)
			  : (struct call_table)CALL_TABLE(under_brambled),
	};
	const struct confinement confinement = {
		.user = options->user,
		.own_user = "bramble-http",
		.root = root,
		.tables = tables,
		.n_tables = sizeof(tables) / sizeof(tables[0]),
	};

	return confinement_enter(&confinement);
}
