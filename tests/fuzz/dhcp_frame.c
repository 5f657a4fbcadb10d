/* SPDX-License-Identifier: ISC */
/* Any frame: what frame_parse finds lies within it, and dhcpwatch's report of it is bounded. */
#include <stdlib.h>
#include <string.h>

#include "provisioner/dhcpwatch/frame.h"
#include "provisioner/dhcpwatch/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dhcp_packet packet;
	struct ipc_dhcp record;
	struct frame frame;

	if (frame_parse(data, size, &frame) != 0)
		return 0;
	must(frame.payload >= data + 42 && frame.length <= size - (size_t)(frame.payload - data));
	if (dhcp_parse(frame.payload, frame.length, &packet) != 0)
		return 0;
	watch_describe(&packet, &record);
	must(record.uuid_length <= sizeof(record.uuid));
	must(memchr(record.vendor_class, 0, sizeof(record.vendor_class)) != NULL);
	must(memchr(record.host_name, 0, sizeof(record.host_name)) != NULL);
	return 0;
}
