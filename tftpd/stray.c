/* SPDX-License-Identifier: ISC */
#include "tftpd/stray.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tftpd/packet.h"

#define ANSWERS 16u /* of one transfer */

void tftp_stray_close(struct tftp_stray *stray)
{
	if (stray->readable)
		event_free(stray->readable);
	if (stray->socket >= 0)
		close(stray->socket);
	*stray = (struct tftp_stray){ .socket = -1 };
}

/* An ERROR isn't answered: two hosts that answer each other's would never end. The answer has no
 * text, so that a forged packet brings no more than it cost. */
static void on_stray(evutil_socket_t socket, short what, void *argument)
{
	struct tftp_stray *stray = argument;
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	uint8_t bytes[TFTP_HEADER], packet[TFTP_REPLY_SIZE];
	ssize_t length = recvfrom(
		socket, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &size);

	(void)what;
	if (length < (ssize_t)sizeof(bytes) || (bytes[0] == 0 && bytes[1] == TFTP_ERROR))
		return;
	(void)!sendto(socket, packet, tftp_build_error(packet, TFTP_ERROR_UNKNOWN_TID, ""),
		MSG_DONTWAIT, (const struct sockaddr *)&from, size);
	if (--stray->left == 0)
		tftp_stray_close(stray);
}

void tftp_stray_open(struct tftp_stray *stray, struct event_base *base, int transfer_socket)
{
	const int on = 1;
	struct sockaddr_in local;
	socklen_t size = sizeof(local);

	*stray = (struct tftp_stray){ .socket = -1, .left = ANSWERS };
	/* Both must say that they share the port, the first one after it got a port of its own. */
	if (getsockname(transfer_socket, (struct sockaddr *)&local, &size) != 0 ||
		setsockopt(transfer_socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return;
	stray->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (stray->socket < 0)
		return;
	if (setsockopt(stray->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		bind(stray->socket, (const struct sockaddr *)&local, size) == 0)
		stray->readable =
			event_new(base, stray->socket, EV_READ | EV_PERSIST, on_stray, stray);
	if (!stray->readable || event_add(stray->readable, NULL) != 0)
		tftp_stray_close(stray);
}
