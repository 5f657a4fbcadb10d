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
	/* A transfer's own socket (RFC 1350 section 4) */
	CALL_IF(socket, ARGUMENT_IS(0, AF_INET), ARGUMENT_BITS(1, SOCKET_TYPE, SOCK_DGRAM),
		ARGUMENT_IS(2, 0)),
	CALL(bind),	   /* from the address that was asked */
	CALL(getsockname), /* and the port that it got, for strangers' packets */
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_SOCKET), ARGUMENT_IS(2, SO_SNDBUF)), /* a window */
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_SOCKET), ARGUMENT_IS(2, SO_RCVBUF)),
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_SOCKET), ARGUMENT_IS(2, SO_REUSEADDR)),
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_UDP), ARGUMENT_IS(2, UDP_SEGMENT)),
};

/* Without brambled, whose calls are the rest */
static const struct call alone[] = {
	CALL(sendmsg), /* blocks as segments */
	CALL(connect), /* a transfer's socket, to its client alone */
	CALL(openat2), /* a file beneath the directory, */
	CALL(fstat),   /* and its size */
#ifdef __arm__
	CALL(fstat64),
#endif
};

int confine(const char *user, int root)
{
	const struct call_table tables[] = {
		calls_of_loop,
		CALL_TABLE(always),
		root >= 0 ? (struct call_table)CALL_TABLE(alone) : calls_to_brambled,
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
