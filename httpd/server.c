/* SPDX-License-Identifier: ISC */
#include "httpd/server.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"
#include "httpd/connection.h"

#define ACCEPTED_AT_ONCE 64u /* before those that are there have their turn */
#define PAUSE_MS 100	     /* without descriptors or memory for another connection */

struct server {
	int listening;
	struct event *incoming, *pause;
	bool listens, ends;
	struct server_limits limits;
	struct connections connections;
};

/* At the limit a connection that waits for its peer's request gives way to a new one, so that
 * silent peers keep nobody out; while all are being answered, new ones wait in the kernel's
 * queue. */
static bool make_room(struct server *server)
{
	struct connection *idle;

	if (server->connections.count < server->limits.connections)
		return true;
	idle = connection_find_idle(&server->connections);
	if (idle)
		connection_end(idle, EXCHANGE_CROWDED);
	return idle != NULL;
}

static bool has_room(const struct server *server)
{
	return !evtimer_pending(server->pause, NULL) &&
	       (server->connections.count < server->limits.connections ||
		       connection_find_idle(&server->connections));
}

static void listen_or_wait(struct server *server)
{
	bool room = !server->ends && has_room(server);

	if (room == server->listens)
		return;
	server->listens = room;
	if (room)
		event_add(server->incoming, NULL);
	else
		event_del(server->incoming);
}

static void on_room(void *argument)
{
	struct server *server = argument;

	if (!server->listens)
		listen_or_wait(server);
}

static void on_pause_end(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	listen_or_wait(argument);
}

static unsigned count_address(const struct server *server, struct in_addr address)
{
	unsigned count = 0;

	for (const struct connection *c = server->connections.first; c; c = c->next)
		count += c->peer.sin_addr.s_addr == address.s_addr;
	return count;
}

/* Returns false when there is none. */
static bool accept_one(struct server *server)
{
	const struct timeval pause = { .tv_usec = PAUSE_MS * 1000 };
	struct sockaddr_in peer = { 0 };
	socklen_t size = sizeof(peer);
	int socket = accept4(
		server->listening, (struct sockaddr *)&peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (socket < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_warning("can't take another connection: %s", strerror(errno));
			evtimer_add(server->pause, &pause);
		}
		return errno == ECONNABORTED || errno == EINTR;
	}
	if (count_address(server, peer.sin_addr) >= server->limits.per_address ||
		!make_room(server))
		close(socket);
	else
		connection_begin(&server->connections, socket, &peer);
	return true;
}

static void on_incoming(evutil_socket_t fd, short what, void *argument)
{
	struct server *server = argument;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < ACCEPTED_AT_ONCE; i++) {
		if (!has_room(server) || !accept_one(server))
			break;
	}
	listen_or_wait(server);
}

struct server *server_new(struct event_base *base, int listening, const struct source *source,
	const struct server_limits *limits)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		log_error("out of memory");
		close(listening);
		return NULL;
	}
	server->listening = listening;
	server->limits = *limits;
	server->connections = (struct connections){ .base = base,
		.source = source,
		.limits = &server->limits,
		.on_room = on_room,
		.argument = server };
	server->incoming = event_new(base, listening, EV_READ | EV_PERSIST, on_incoming, server);
	server->pause = evtimer_new(base, on_pause_end, server);
	if (!server->incoming || !server->pause) {
		log_error("out of memory");
		server_free(server);
		return NULL;
	}
	listen_or_wait(server);
	return server;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	server->ends = true;
	while (server->connections.first)
		connection_end(server->connections.first, EXCHANGE_STOPPED);
	if (server->incoming)
		event_free(server->incoming);
	if (server->pause)
		event_free(server->pause);
	close(server->listening);
	free(server);
}
