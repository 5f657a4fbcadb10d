/* SPDX-License-Identifier: ISC */
/* What the DHCP packets on the LAN tell: who is there, and which board begins to boot. */
#ifndef BRAMBLE_SIGHTINGS_H
#define BRAMBLE_SIGHTINGS_H

#include "common/ipc.h"
#include "provisioner/brambled.h"

/* A DHCP packet was seen. Everything that follows from it is written with the next commit and told
 * to dnsmasq with the next publication: the board asks again seconds later. */
void sightings_see_dhcp(struct brambled *brambled, const struct ipc_dhcp *packet);

/* Tie a serial to a board: learned when it had none; 0 when they fit. -EPERM, with an event, when
 * it contradicts what is known: then this boot gets only what is asked for by the serial that is
 * known of the board, until that is cleared up. */
int sightings_tie_serial(
	struct brambled *brambled, struct registry_board *board, const char *serial);

/* Forget a warning that has not been confirmed for long. Call every second or so. */
void sightings_tick(struct brambled *brambled);

#endif
