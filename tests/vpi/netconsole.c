/* SPDX-License-Identifier: ISC */
#include "tests/vpi/netconsole.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/console.h"
#include "tests/vpi/wire.h"

enum { ETHERNET_DESTINATION = 0, MAC_SIZE = 6, LINE_SIZE = 200 };

void netconsole_say(const char *interface, const struct mac *from, const char *line)
{
	uint8_t frame[WIRE_FRAME_SIZE];
	char text[LINE_SIZE];
	int length = snprintf(text, sizeof(text), "%.190s\r\n", line), socket;
	size_t size = wire_build_udp(from, CONSOLE_SOURCE_PORT, CONSOLE_PORT, (const uint8_t *)text,
		(size_t)length, frame);

	memset(frame + ETHERNET_DESTINATION, 0, MAC_SIZE);
	socket = wire_open(interface);
	if (socket < 0)
		return;
	(void)wire_send(socket, frame, size);
	close(socket);
}
