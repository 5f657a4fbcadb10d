/* SPDX-License-Identifier: ISC */
#include "httpd/confine.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "common/confinement.h"

/* None of them takes a path, makes memory executable, or opens a socket to the network; but for
 * openat2 when it serves a directory. */
static const struct call always[] = {
	/* Connections */
	CALL(accept4),
	CALL_IF(getsockopt, ARGUMENT_IS(1, SOL_TCP), ARGUMENT_IS(2, TCP_INFO)), /* our statistics */
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_TCP), ARGUMENT_IS(2, TCP_NODELAY)),
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_SOCKET), ARGUMENT_IS(2, SO_LINGER)), /* a reset */
	CALL(shutdown),
	/* Requests and answers */
	CALL(recvfrom),
	CALL(sendto),
	CALL(sendfile),
	CALL(fstat), /* a file's size */
	/* Memory: malloc(), for what is large by pages of its own, never executable */
	CALL_IF(mmap, ARGUMENT_BITS(2, PROT_EXEC, 0),
		ARGUMENT_BITS(3, MAP_ANONYMOUS, MAP_ANONYMOUS)),
	CALL(munmap),
#ifdef __arm__ /* The same by the numbers of 32-bit ARM */
	CALL(fstat64),
	CALL_IF(mmap2, ARGUMENT_BITS(2, PROT_EXEC, 0),
		ARGUMENT_BITS(3, MAP_ANONYMOUS, MAP_ANONYMOUS)),
	CALL(sendfile64),
#endif
};

static const struct call under_brambled[] = {
	CALL(recvmsg), /* answers with a file's descriptor */
};

static const struct call alone[] = {
	CALL(openat2), /* a file beneath the directory */
};

int confine(const struct options *options, int root)
{
	const struct call_table tables[] = {
		calls_of_loop,
		CALL_TABLE(always),
		root >= 0 ? (struct call_table)CALL_TABLE(alone)
			  : (struct call_table)CALL_TABLE(under_brambled),
		calls_to_brambled,
	};
	const struct confinement confinement = {
		.user = options->user,
		.own_user = "bramble-http",
		.root = root,
		.tables = tables,
		/* Alone it meets no brambled. */
		.n_tables = sizeof(tables) / sizeof(tables[0]) - (root >= 0),
	};

	return confinement_enter(&confinement);
}
