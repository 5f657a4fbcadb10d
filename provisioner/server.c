/* SPDX-License-Identifier: ISC */
#include "provisioner/server.h"

#include <errno.h>
#include <event2/event.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/ipc.h"
#include "common/log.h"
#include "provisioner/api/api.h"
#include "provisioner/console.h"
#include "provisioner/nodes/sightings.h"
#include "provisioner/outbox.h"
#include "provisioner/resolve.h"
#include "provisioner/timeline/timeline.h"

#define CLIENTS 64
#define MESSAGES_PER_WAKE 64
#define FOLLOW_LIMIT 1000
#define PATIENCE_S 10 /* with a peer that takes no answer; its own with an answer is no longer */

struct client {
	struct server *server;
	int socket; /* -1 = free */
	uid_t uid;
	enum ipc_role role; /* 0 until HELLO */
	struct event *event;
	/* What it hasn't taken yet; meanwhile it isn't listened to. */
	struct outbox outbox;
	struct event *writable;
	/* A held-back GET /v1/events: at most one per client. */
	uint32_t waiting_id; /* 0 = none */
	int64_t after;
	uint64_t wait_until_ns;
};

/* An answer that waits until what it rests on is durable. */
struct held_answer {
	struct client *client;
	uint32_t id;
	struct ipc_resolved answer;
	int fd;
};

struct server {
	struct brambled *brambled;
	struct held_answer held[MESSAGES_PER_WAKE];
	size_t n_held;
	int listening;
	struct event *event;
	struct client clients[CLIENTS];
	uint8_t buffer[IPC_PACKET_SIZE];
};

static void drop(struct client *client)
{
	if (client->event)
		event_free(client->event);
	if (client->writable)
		event_free(client->writable);
	outbox_free(&client->outbox);
	close(client->socket);
	client->socket = -1;
	client->event = client->writable = NULL;
}

static void await_room(struct client *client)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_S };

	event_add(client->writable, &patience);
}

static void on_writable(evutil_socket_t socket, short what, void *argument)
{
	struct client *client = argument;
	int result = what & EV_TIMEOUT ? -ETIMEDOUT : outbox_flush(&client->outbox, socket);

	if (result == -EAGAIN) {
		await_room(client);
	} else if (result == 0) {
		event_add(client->event, NULL);
	} else {
		log_warning("a peer of uid %u takes no answers and was disconnected: %s",
			(unsigned)client->uid, strerror(-result));
		drop(client);
	}
}

/* `fd` (-1 none) is closed here. */
static void answer(struct client *client, enum ipc_type type, uint32_t id, const void *body, int fd)
{
	int result = outbox_send(&client->outbox, client->socket, type, id, body, fd);

	if (result != 0)
		log_debug("an answer was not taken: %s", strerror(-result));
	if (!client->outbox.first || event_pending(client->writable, EV_WRITE, NULL))
		return;
	event_del(client->event);
	await_room(client);
}

static void reply_api(struct client *client, uint32_t id, struct api_reply *told)
{
	struct ipc_api_reply reply = { .status = told->status };
	char *text = api_take_text(told);
	int fd = -1;

	str_copy(reply.content_type, sizeof(reply.content_type),
		told->is_plain ? "text/plain; charset=utf-8" : "application/json");
	if (text) {
		reply.size = strlen(text);
		fd = file_sealed("api", text, (size_t)reply.size);
	}
	if (fd < 0)
		reply.status = 503;
	answer(client, IPC_API_REPLY, id, &reply, fd);
	free(text);
}

static void answer_follower(struct client *client)
{
	struct api_reply reply = { .status = 200,
		.json = api_events_json(client->server->brambled, client->after, FOLLOW_LIMIT) };

	reply_api(client, client->waiting_id, &reply);
	client->waiting_id = 0;
}

static int count_event(void *argument, const struct registry_event *event)
{
	(void)event;
	*(bool *)argument = true;
	return 0;
}

void server_wake_followers(struct brambled *brambled)
{
	struct server *server = brambled->server;

	for (size_t i = 0; server && i < CLIENTS; i++) {
		struct client *client = &server->clients[i];
		bool there = false;

		if (client->socket < 0 || client->waiting_id == 0)
			continue;
		(void)registry_each_event(
			brambled->registry, client->after, 1, count_event, &there);
		if (there || clock_monotonic_ns() >= client->wait_until_ns)
			answer_follower(client);
	}
}

static void answer_api(struct client *client, const struct ipc_message *message)
{
	struct brambled *brambled = client->server->brambled;
	const struct ipc_api *api = &message->body.api;
	struct api_call call = { .method = (enum ipc_method)api->method,
		.admin = client->role == IPC_ROLE_ADMIN,
		.cluster = client->role == IPC_ROLE_CLUSTER,
		.peer = api->peer,
		.query = "",
		.body = message->text,
		.file = message->fd >= 0 ? &message->fd : NULL };
	struct api_reply reply;
	char path[IPC_PATH_SIZE], *query;
	int64_t wait;

	str_copy(path, sizeof(path), api->path);
	query = strchr(path, '?');
	if (query) {
		*query = '\0';
		call.query = query + 1;
	}
	call.path = path;
	if (call.admin && client->waiting_id == 0 &&
		(wait = api_wait_seconds(&call, &client->after)) > 0) {
		client->waiting_id = message->header.id ? message->header.id : 1;
		client->wait_until_ns = clock_monotonic_ns() + (uint64_t)wait * NS_PER_S;
		(void)brambled_settle(brambled);
		server_wake_followers(brambled);
		return;
	}
	api_answer(brambled, &call, &reply);
	reply_api(client, message->header.id, &reply);
}

/* One commit for all that asked at the same time: boards that are switched on together wait for
 * one, not for each other's. */
static void send_held(struct server *server)
{
	if (server->n_held == 0)
		return;
	(void)brambled_settle(server->brambled);
	server->brambled->settle_due = false;
	for (size_t i = 0; i < server->n_held; i++) {
		const struct held_answer *held = &server->held[i];

		answer(held->client, IPC_RESOLVED, held->id, &held->answer, held->fd);
	}
	server->n_held = 0;
}

static void answer_resolve(struct client *client, const struct ipc_message *message)
{
	struct server *server = client->server;
	struct held_answer *held = &server->held[server->n_held];

	held->client = client;
	held->id = message->header.id;
	held->fd = resolve_answer(server->brambled, &message->body.resolve, &held->answer);
	if (server->brambled->settle_due)
		server->n_held++;
	else
		answer(client, IPC_RESOLVED, held->id, &held->answer, held->fd);
	if (server->n_held == MESSAGES_PER_WAKE)
		send_held(server);
}

/* Is this uid entitled to the role? Each server has a user of its own; root may be anything. */
static bool may_be(uid_t uid, enum ipc_role role)
{
	static const char *const users[] = { [IPC_ROLE_TFTPD] = "bramble-tftp",
		[IPC_ROLE_HTTPD] = "bramble-http",
		[IPC_ROLE_DHCPWATCH] = "bramble-dhcp",
		[IPC_ROLE_CLUSTER] = "bramble-cluster" };
	const struct passwd *entry;

	if (uid == 0)
		return role >= IPC_ROLE_ADMIN && role <= IPC_ROLE_LAST;
	if (role < IPC_ROLE_TFTPD || role > IPC_ROLE_LAST)
		return false;
	entry = getpwnam(users[role]);
	return entry && entry->pw_uid == uid;
}

/* Others on this machine take no place from those who are served. */
static bool may_be_any(uid_t uid)
{
	for (enum ipc_role role = IPC_ROLE_ADMIN; role <= IPC_ROLE_LAST; role++) {
		if (may_be(uid, role))
			return true;
	}
	return false;
}

static bool may_say(enum ipc_role role, enum ipc_type type)
{
	switch (type) {
	case IPC_RESOLVE:
	case IPC_TRANSFER:
	case IPC_WAITS:
		return role == IPC_ROLE_TFTPD || role == IPC_ROLE_HTTPD;
	case IPC_API:
		return role == IPC_ROLE_ADMIN || role == IPC_ROLE_HTTPD || role == IPC_ROLE_CLUSTER;
	case IPC_DHCP:
	case IPC_CONSOLE:
		return role == IPC_ROLE_DHCPWATCH;
	case IPC_HELLO:
		return role == 0;
	case IPC_RESOLVED:
	case IPC_API_REPLY:
		return false;
	}
	return false;
}

/* Returns false when the peer must go. */
static bool handle(struct client *client, const struct ipc_message *message)
{
	enum ipc_type type = (enum ipc_type)message->header.type;

	if (!may_say(client->role, type))
		return false;
	switch (type) {
	case IPC_HELLO:
		client->role = (enum ipc_role)message->body.hello.role;
		return may_be(client->uid, client->role);
	case IPC_RESOLVE:
		answer_resolve(client, message);
		return true;
	case IPC_TRANSFER:
		timeline_end_transfer(client->server->brambled, &message->body.transfer);
		return true;
	case IPC_WAITS:
		timeline_note_waits(client->server->brambled, &message->body.waits);
		return true;
	case IPC_API:
		send_held(client->server); /* what a call undoes is its own alone */
		answer_api(client, message);
		return true;
	case IPC_DHCP:
		sightings_see_dhcp(client->server->brambled, &message->body.dhcp);
		return true;
	case IPC_CONSOLE:
		console_hear(client->server->brambled, &message->body.console);
		return true;
	case IPC_RESOLVED:
	case IPC_API_REPLY:
		return false;
	}
	return false;
}

/* Returns false when the peer must go. */
static bool hear(struct client *client)
{
	struct ipc_message message;

	for (unsigned i = 0; i < MESSAGES_PER_WAKE && !client->outbox.first; i++) {
		int result = ipc_receive(client->socket, client->server->buffer, &message);
		bool welcome;

		if (result == -EAGAIN)
			break;
		if (result < 0)
			log_warning("a peer of uid %u was disconnected: %s", (unsigned)client->uid,
				strerror(-result));
		if (result <= 0)
			return false;
		welcome = handle(client, &message);
		if (message.fd >= 0)
			close(message.fd);
		if (!welcome) {
			log_warning("a peer of uid %u said what it may not and was disconnected",
				(unsigned)client->uid);
			return false;
		}
	}
	return true;
}

static void on_message(evutil_socket_t socket, short what, void *argument)
{
	struct client *client = argument;
	bool stays = hear(client);

	(void)socket;
	(void)what;
	send_held(client->server);
	if (!stays)
		drop(client);
}

static void admit(struct server *server, int socket)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);
	struct client *client = server->clients;

	while (client < server->clients + CLIENTS && client->socket >= 0)
		client++;
	if (client == server->clients + CLIENTS ||
		getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
		!may_be_any(peer.uid)) {
		close(socket);
		return;
	}
	*client = (struct client){ .server = server, .socket = socket, .uid = peer.uid };
	client->event =
		event_new(server->brambled->base, socket, EV_READ | EV_PERSIST, on_message, client);
	client->writable = event_new(server->brambled->base, socket, EV_WRITE, on_writable, client);
	if (!client->event || !client->writable || event_add(client->event, NULL) != 0)
		drop(client);
}

static void on_connection(evutil_socket_t listening, short what, void *argument)
{
	int socket;

	(void)what;
	while ((socket = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		admit(argument, socket);
}

int server_start(struct brambled *brambled)
{
	struct server *server = calloc(1, sizeof(*server));
	char path[128];

	if (!server)
		return -ENOMEM;
	server->brambled = brambled;
	for (size_t i = 0; i < CLIENTS; i++)
		server->clients[i].socket = -1;
	snprintf(path, sizeof(path), "%s/ipc.sock", brambled->settings.run);
	server->listening = ipc_listen(path);
	if (server->listening < 0) {
		int result = server->listening;

		free(server);
		return result;
	}
	server->event = event_new(
		brambled->base, server->listening, EV_READ | EV_PERSIST, on_connection, server);
	event_add(server->event, NULL);
	brambled->server = server;
	return 0;
}

void server_stop(struct brambled *brambled)
{
	struct server *server = brambled->server;

	for (size_t i = 0; i < CLIENTS; i++) {
		if (server->clients[i].socket >= 0)
			drop(&server->clients[i]);
	}
	event_free(server->event);
	close(server->listening);
	free(server);
	brambled->server = NULL;
}
