/* SPDX-License-Identifier: ISC */
#include "provisioner/dhcpwatch/probe.h"

#include <string.h>

/* Option 97 (RFC 4578 section 2.3): type 0, and 16 bytes. */
enum { AT_MARK = 1, AT_ROUTER = 5, AT_MAC = 9, UUID_SIZE = 17 };

static const uint8_t mark[4] = { 'B', 'R', 'M', 'B' };
/* As the boards send it: a PXE server that answers no others shows itself, too. */
static const char vendor_class[] = "PXEClient:Arch:00000:UNDI:002001";
/* Subnet mask, router, vendor options, server, vendor class, TFTP server. */
static const uint8_t parameters[] = { 1, 3, 43, 54, 60, 66 };

void probe_make(const struct probe *probe, uint32_t xid, struct dhcp_packet *packet)
{
	const struct mac client = { { 0x02, 'B', 'R', 'M', probe->mac.octet[4],
		probe->mac.octet[5] } };

	*packet = (struct dhcp_packet){ .message = DHCP_DISCOVER,
		.xid = xid,
		.broadcast = true,
		.mac = client,
		.arch = 0,
		.has_network_interface = true,
		.uuid_length = UUID_SIZE,
		.parameter_list_length = sizeof(parameters) };
	memcpy(packet->vendor_class, vendor_class, sizeof(vendor_class));
	memcpy(packet->parameter_list, parameters, sizeof(parameters));
	memcpy(packet->uuid + AT_MARK, mark, sizeof(mark));
	memcpy(packet->uuid + AT_ROUTER, &probe->router.s_addr, sizeof(probe->router.s_addr));
	memcpy(packet->uuid + AT_MAC, probe->mac.octet, sizeof(probe->mac.octet));
}

bool probe_read(const uint8_t *uuid, size_t length, struct probe *probe)
{
	if (length != UUID_SIZE || uuid[0] != 0 || memcmp(uuid + AT_MARK, mark, sizeof(mark)) != 0)
		return false;
	memcpy(&probe->router.s_addr, uuid + AT_ROUTER, sizeof(probe->router.s_addr));
	memcpy(probe->mac.octet, uuid + AT_MAC, sizeof(probe->mac.octet));
	return true;
}
