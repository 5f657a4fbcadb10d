/* SPDX-License-Identifier: ISC */
/*
 * A second Bramble on the LAN. bramble-dhcpwatch of each asks now and then who else is a DHCP
 * server (dhcpwatch/probe.h); whoever hears the other's question knows that there are two. Then
 * nobody can tell whose an unknown board is: it joins neither until one of the two is gone or an
 * administrator admits it. Nodes are served as before: what they are is written here.
 */
#ifndef BRAMBLE_PROVISIONER_SECOND_H
#define BRAMBLE_PROVISIONER_SECOND_H

#include <stdbool.h>

#include "common/ipc.h"
#include "provisioner/brambled.h"

/* Is this packet a Bramble's question, and so no board's? Another's is remembered and told. */
bool second_see(struct brambled *brambled, const struct ipc_dhcp *packet);

/* Has another Bramble been heard of lately? */
bool second_is_there(const struct brambled *brambled);

/* Call every second or so: one that is silent is gone. */
void second_tick(struct brambled *brambled);

#endif
