/* SPDX-License-Identifier: ISC */
/* What every confined process of Bramble needs. */
#include <fcntl.h>
#include <sys/socket.h>

#include "common/calls.h"

#define SOCKET_TYPE 0xf /* the bits of socket()'s type without SOCK_NONBLOCK and SOCK_CLOEXEC */

static const struct call loop[] = {
/* Waiting: libevent. arm64 has only the second of the first two. */
#ifdef __NR_epoll_wait
	CALL(epoll_wait),
#else
	CALL(epoll_pwait),
#endif
	CALL(epoll_ctl),
	CALL(close), /* whatever has come to its end */
	/* What time it is, where the kernel's vDSO can't tell: a clock source like hpet */
	CALL(clock_gettime),
	CALL(gettimeofday),
	CALL(brk),   /* memory: malloc() */
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

static const struct call brambled[] = {
	CALL_IF(socket, ARGUMENT_IS(0, AF_UNIX), ARGUMENT_BITS(1, SOCKET_TYPE, SOCK_SEQPACKET),
		ARGUMENT_IS(2, 0)),
	CALL(connect),
	CALL(getpid), /* which the greeting tells */
	CALL(sendmsg),
	CALL_IF(fcntl, ARGUMENT_IS(1, F_SETFL)), /* its socket doesn't block */
#ifdef __arm__
	CALL_IF(fcntl64, ARGUMENT_IS(1, F_SETFL)),
#endif
};

const struct call_table calls_of_loop = CALL_TABLE(loop);
const struct call_table calls_to_brambled = CALL_TABLE(brambled);
