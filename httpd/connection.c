/* SPDX-License-Identifier: ISC */
#include "httpd/connection.h"

#include <event2/event.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/str.h"

static void on_deadline(evutil_socket_t fd, short what, void *argument)
{
	struct connection *connection = argument;
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	char peer[ADDRESS_TEXT_SIZE];

	(void)fd;
	(void)what;
	connection->cut = true;
	if (!connection->exchange && connection->served == 0) {
		str_format_address(connection->peer.sin_addr, peer);
		log_info("%s - no request: %s took longer than %u s", peer, connection->step,
			connection->step_s);
	}
	/* Without this the kernel would go on with what is in its send buffer: megabytes. */
	setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	shutdown(connection->socket, SHUT_RDWR);
}

struct connection *connection_new(struct event_base *base, struct connection **head, int socket,
	const struct sockaddr_in *peer)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->socket = socket;
	connection->peer = *peer;
	connection->step = "";
	connection->deadline = evtimer_new(base, on_deadline, connection);
	if (!connection->deadline) {
		free(connection);
		return NULL;
	}
	connection->next = *head;
	connection->from = head;
	if (connection->next)
		connection->next->from = &connection->next;
	*head = connection;
	return connection;
}

void connection_free(struct connection *connection)
{
	if (!connection)
		return;
	*connection->from = connection->next;
	if (connection->next)
		connection->next->from = connection->from;
	event_free(connection->deadline);
	free(connection);
}

void connection_set_deadline(struct connection *connection, const char *step, unsigned seconds)
{
	const struct timeval time = { .tv_sec = (time_t)seconds };

	connection->step = step;
	connection->step_s = seconds;
	evtimer_add(connection->deadline, &time);
}

void connection_clear_deadline(struct connection *connection)
{
	evtimer_del(connection->deadline);
}

void connection_read_tcp(
	const struct connection *connection, uint64_t *acknowledged, uint32_t *retransmitted)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (getsockopt(connection->socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		memset(&info, 0, sizeof(info));
	*acknowledged = info.tcpi_bytes_acked;
	*retransmitted = info.tcpi_total_retrans;
}
