/* SPDX-License-Identifier: ISC */
#include "provisioner/dhcpwatch/confine.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/confinement.h"

/* With those that all share 23 calls. None of them makes memory executable, or takes a path; no
 * memory is mapped: main() keeps malloc() from it. */
static const struct call calls[] = {
	/* The packet socket, which is open: bound to the interface whenever that comes */
	CALL_IF(ioctl, ARGUMENT_IS(1, SIOCGIFINDEX)),
	CALL_IF(ioctl, ARGUMENT_IS(1, SIOCGIFHWADDR)),
	CALL(bind),
	CALL_IF(setsockopt, ARGUMENT_IS(1, SOL_PACKET), ARGUMENT_IS(2, PACKET_ADD_MEMBERSHIP)),
	CALL(recvfrom),
	CALL(sendto),				 /* a probe, and libevent */
	CALL(getrandom),			 /* its number, and the seed of a table */
	CALL_IF(fcntl, ARGUMENT_IS(1, F_GETFL)), /* of brambled's socket */
#ifdef __arm__					 /* The same by the numbers of 32-bit ARM */
	CALL_IF(fcntl64, ARGUMENT_IS(1, F_GETFL)),
#endif
};

int confine(const char *user)
{
	const struct call_table tables[] = { calls_of_loop, calls_to_brambled, CALL_TABLE(calls) };
	const struct confinement confinement = {
		.user = user,
		.own_user = "bramble-dhcp",
		.root = -1,
		.tables = tables,
		.n_tables = sizeof(tables) / sizeof(tables[0]),
	};

	return confinement_enter(&confinement);
}
