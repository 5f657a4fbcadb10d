/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Raspberry Pi's own prefixes (IEEE OUI list). */
static const uint8_t prefixes[][3] = {
	{ 0xb8, 0x27, 0xeb },
	{ 0xdc, 0xa6, 0x32 },
	{ 0xe4, 0x5f, 0x01 },
	{ 0xd8, 0x3a, 0xdd },
	{ 0x28, 0xcd, 0xc1 },
	{ 0x2c, 0xcf, 0x67 },
	{ 0x88, 0xa2, 0x9e },
};

const uint8_t *policy_prefix(size_t i)
{
	return i < sizeof(prefixes) / sizeof(prefixes[0]) ? prefixes[i] : NULL;
}

static bool has_raspberry_prefix(const struct mac *mac)
{
	const uint8_t *prefix;

	for (size_t i = 0; (prefix = policy_prefix(i)) != NULL; i++) {
		if (memcmp(mac->octet, prefix, sizeof(prefixes[0])) == 0)
			return true;
	}
	return false;
}

static bool asks_as(const struct ipc_dhcp *packet, const char *vendor)
{
	return strncmp(packet->vendor_class, vendor, strlen(vendor)) == 0;
}

/* Of x86-64 firmware: BIOS, or UEFI by TFTP or HTTP (IANA, Processor Architecture Types). */
static bool is_pc(const struct ipc_dhcp *packet)
{
	switch (packet->arch) {
	case DHCP_ARCH_BIOS:
	case DHCP_ARCH_UEFI:
	case DHCP_ARCH_UEFI_BYTE_CODE:
		return asks_as(packet, "PXEClient");
	case DHCP_ARCH_UEFI_HTTP:
		return asks_as(packet, "HTTPClient");
	default:
		return false;
	}
}

void policy_identify(const struct ipc_dhcp *packet, bool pcs, struct policy_sender *sender)
{
	struct dhcp_packet parsed = {
		.mac = packet->mac, .uuid_length = packet->uuid_length, .arch = packet->arch
	};
	struct dhcp_board told;
	bool asks_for_pxe = asks_as(packet, "PXEClient");

	*sender = (struct policy_sender){ 0 };
	memcpy(parsed.uuid, packet->uuid, sizeof(parsed.uuid));
	str_copy(parsed.vendor_class, sizeof(parsed.vendor_class), packet->vendor_class);
	dhcp_identify_board(&parsed, &told);
	sender->is_board = has_raspberry_prefix(&packet->mac) || told.generation >= 4;
	if (!sender->is_board && pcs && is_pc(packet)) {
		*sender = (struct policy_sender){
			.is_board = true, .is_firmware = true, .model = BOOT_MODEL_PC
		};
		return;
	}
	sender->is_firmware = sender->is_board && asks_for_pxe;
	if (!sender->is_firmware)
		return;
	sender->revision = told.revision;
	sender->serial = told.serial;
	sender->model = told.revision ? boot_model_of_revision(told.revision) : BOOT_MODEL_UNKNOWN;
	if (sender->model == BOOT_MODEL_UNKNOWN && told.generation >= 3 && told.generation <= 5)
		sender->model = told.generation == 3   ? BOOT_MODEL_PI3
				: told.generation == 4 ? BOOT_MODEL_PI4
						       : BOOT_MODEL_PI5;
}

enum policy_verdict policy_decide(const struct policy_situation *situation)
{
	if (situation->is_bound)
		return POLICY_BOUND;
	if (situation->is_parked)
		return POLICY_PARK;
	if (situation->is_contested)
		return situation->join == JOIN_DENY ? POLICY_REFUSE : POLICY_PARK;
	if (situation->is_listed && situation->join != JOIN_DENY)
		return POLICY_LISTED;
	if (situation->a_node_waits)
		return POLICY_TAKE;
	switch (situation->join) {
	case JOIN_AUTO:
		return situation->is_successor ? POLICY_SWAP : POLICY_CREATE;
	case JOIN_APPROVE:
	case JOIN_WINDOW:
	case JOIN_LIST:
		return situation->window_open ? POLICY_WINDOW : POLICY_PARK;
	case JOIN_DENY:
		return POLICY_REFUSE;
	}
	return POLICY_REFUSE;
}

int policy_name(const char *pattern, unsigned number, char name[static NODE_NAME_SIZE])
{
	const char *place = strstr(pattern, "%d");
	int length;

	if (!place)
		return -ERANGE;
	length = snprintf(name, NODE_NAME_SIZE, "%.*s%u%s", (int)(place - pattern), pattern, number,
		place + 2);
	return length < NODE_NAME_SIZE && str_is_node_name(name) ? 0 : -ERANGE;
}
