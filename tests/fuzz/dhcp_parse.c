/* SPDX-License-Identifier: ISC */
/* Any bytes: dhcp_parse stays within them, texts end and are visible, and what was parsed can be
 * built and parsed again to the same. */
#include <stdlib.h>
#include <string.h>

#include "common/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static bool is_visible(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	if (length == size)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp_packet packet, again;
	struct dhcp_board board;
	uint8_t built[DHCP_PACKET_SIZE];
	size_t length;

	if (dhcp_parse(data, size, &packet) != 0)
		return 0;
	must(is_visible(packet.file, sizeof(packet.file)));
	must(is_visible(packet.host_name, sizeof(packet.host_name)));
	must(is_visible(packet.vendor_class, sizeof(packet.vendor_class)));
	must(packet.uuid_length <= sizeof(packet.uuid));
	must(packet.parameter_list_length <= sizeof(packet.parameter_list));
	(void)dhcp_offers_raspberry_boot(&packet);
	dhcp_identify_board(&packet, &board);
	length = dhcp_build(&packet, built);
	must(length >= 300 && length <= sizeof(built));
	must(dhcp_parse(built, length, &again) == 0);
	must(again.xid == packet.xid && again.message == packet.message && !again.reply);
	must(memcmp(&again.mac, &packet.mac, sizeof(again.mac)) == 0);
	must(again.vendor_options_length == packet.vendor_options_length);
	must(memcmp(again.vendor_options, packet.vendor_options, packet.vendor_options_length) ==
		0);
	must(memcmp(again.uuid, packet.uuid, packet.uuid_length) == 0);
	return 0;
}
