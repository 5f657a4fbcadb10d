/* SPDX-License-Identifier: ISC */
#include "provisioner/dhcpwatch/confine.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/confinement.h"

#define SOCKET_TYPE 0xf /* the bits of socket()'s type without SOCK_NONBLOCK and SOCK_CLOEXEC */

/* 23 calls. None of them makes memory executable, or takes a path. */
static const struct call calls[] = {
	/* The packet socket, which is open: bound to the interface whenever that comes */
	CALL_IF(ioctl, ARGUMENT_IS(1, SIOCGIFINDEX)),
	CALL_IF(ioctl, ARGUMENT_IS(1, SIOCGIFHWADDR)),
	CALL(bind),
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_PACKET), ARGUMENT_IS(2, PACKET_ADD_MEMBERSHIP)),
	CALL(recvfrom),
	CALL(sendto),	 /* a probe, and libevent */
	CALL(getrandom), /* its number, and the seed of a table */
	/* brambled */
	CALL_IF(socket, ARGUMENT_IS(0, AF_UNIX), ARGUMENT_BITS(1, SOCKET_TYPE, SOCK_SEQPACKET),
		ARGUMENT_IS(2, 0)),
	CALL(connect),
	CALL(getpid), /* which the greeting tells */
	CALL_IF(fcntl, ARGUMENT_IS(1, F_GETFL)),
	CALL_IF(fcntl, ARGUMENT_IS(1, F_SETFL)),
	CALL(sendmsg),
	CALL(close),
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
	CALL_IF(fcntl64, ARGUMENT_IS(1, F_GETFL)),
	CALL_IF(fcntl64, ARGUMENT_IS(1, F_SETFL)),
#endif
};

int confine(const char *user)
{
	const struct call_table tables[] = { CALL_TABLE(calls) };
	const struct confinement confinement = {
		.user = user,
		.own_user = "bramble-dhcp",
		.root = -1,
		.tables = tables,
		.n_tables = 1,
	};

	return confinement_enter(&confinement);
}
