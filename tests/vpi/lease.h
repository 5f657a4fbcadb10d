/* SPDX-License-Identifier: ISC */
/* How a board gets its address: the DHCP client of the boot ROM and of the EEPROM loader. */
#ifndef VPI_LEASE_H
#define VPI_LEASE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/dhcp.h"
#include "tests/vpi/model.h"
#include "tests/vpi/timeline.h"

struct lease_client {
	const struct model *model;
	const char *interface;
	struct mac mac;
	uint32_t serial; /* low 32 bits */
	bool quirks;	 /* the 3B takes an OFFER that is for another board [f#1303] */
	struct timeline *timeline;
	unsigned discovers; /* how many were sent, in all */
	uint16_t seconds;   /* since the first one */
};

struct lease {
	struct in_addr address, mask, router;
	struct in_addr dhcp_server; /* of the address */
	struct in_addr tftp_server;
};

/* Which program on the board asks. */
enum lease_stage {
	LEASE_ROM,	/* boot ROM, or the EEPROM loader */
	LEASE_BOOTCODE, /* bootcode.bin asks again, with two parameters more [f#1124, f#941] */
};

/* Ask until there is an address and a TFTP server. Returns 0, -ETIMEDOUT (nobody gave a usable
 * OFFER), -EINTR or -errno. */
int lease_obtain(struct lease_client *client, enum lease_stage stage, struct lease *lease);

/* The UDP payload of a DISCOVER (offer == NULL) or of the REQUEST for an offer, options in the
 * model's order. `out` has DHCP_PACKET_SIZE bytes. Returns the length. Pure. */
size_t lease_build(const struct lease_client *client, enum lease_stage stage, uint32_t xid,
	const struct dhcp_packet *offer, uint8_t *out);

#endif
