/* SPDX-License-Identifier: ISC */
#include "httpd/server.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"
#include "httpd/access.h"
#include "httpd/api.h"
#include "httpd/connection.h"
#include "httpd/files.h"

#define CONNECTION_MEMORY (16u * 1024u) /* request line, header fields, and what is read ahead */
#define STALL_S 60u			/* without any progress a connection ends earlier */
#define TRANSFER_UNIT (UINT64_C(32) * 1024 * 1024)
/* A body that is too large by little is read, so that the peer gets to see the answer: closing with
 * unread bytes resets the connection. */
#define DISCARD_LIMIT (UINT64_C(1024) * 1024)

struct server {
	struct event_base *base;
	struct MHD_Daemon *daemon;
	struct event *ready, *again;
	const struct source *source;
	struct server_limits limits;
	struct connection *connections;
	bool closed; /* a connection has ended since the last turn */
};

static const char *const header_step = "the request's header";
static const char *const body_step = "the request's body";
static const char *const transfer_step = "the answer";

static enum MHD_Result queue_answer(struct server *server, struct exchange *exchange)
{
	uint64_t units = exchange->answer_bytes / TRANSFER_UNIT + 1;
	uint64_t seconds = units * server->limits.transfer_s;
	enum MHD_Result result;

	if (!exchange->response)
		return MHD_NO;
	connection_read_tcp(exchange->connection, &exchange->acknowledged_before,
		&exchange->retransmitted_before);
	connection_set_deadline(exchange->connection, transfer_step,
		seconds < UINT32_MAX ? (unsigned)seconds : UINT32_MAX);
	exchange->queued = true;
	result = MHD_queue_response(exchange->mhd, exchange->status, exchange->response);
	MHD_destroy_response(exchange->response);
	exchange->response = NULL;
	return result;
}

static enum MHD_Result note_header(
	void *argument, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	request_note_header(argument, name, value ? value : "");
	return MHD_YES;
}

/* Refuse before the body was read; the connection can't go on after that. */
static enum MHD_Result refuse_early(
	struct server *server, struct exchange *exchange, const struct request_refusal *refusal)
{
	exchange_refuse(exchange, refusal->status, refusal->reason);
	exchange_add_header(exchange, MHD_HTTP_HEADER_CONNECTION, "close");
	return queue_answer(server, exchange);
}

/* The header is complete. */
static enum MHD_Result judge(
	struct server *server, struct exchange *exchange, const char *method, const char *version)
{
	struct request_refusal refusal;
	uint64_t body_size;

	exchange->judged = true;
	exchange->method = request_parse_method(method);
	str_copy(exchange->method_name, sizeof(exchange->method_name), method);
	MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, note_header, &exchange->headers);
	refusal = request_judge(exchange->method, version, &exchange->headers, &body_size);
	if (refusal.status == 413 && body_size <= DISCARD_LIMIT)
		exchange_refuse(exchange, refusal.status, refusal.reason);
	else if (refusal.status != 0)
		return refuse_early(server, exchange, &refusal);
	if (body_size == 0)
		return MHD_YES;
	connection_set_deadline(exchange->connection, body_step, server->limits.body_s);
	if (exchange->status != 0)
		return MHD_YES;
	exchange->body_size = (size_t)body_size;
	exchange->body = malloc(exchange->body_size);
	return exchange->body ? MHD_YES : MHD_NO;
}

static void take_body(struct exchange *exchange, const char *data, size_t size)
{
	if (!exchange->body || size > exchange->body_size - exchange->body_used)
		return; /* unwanted: answered already */
	memcpy(exchange->body + exchange->body_used, data, size);
	exchange->body_used += size;
}

static void refuse_method(struct exchange *exchange, const char *allowed)
{
	exchange_refuse(exchange, 405, "this method isn't for this path");
	exchange_add_header(exchange, MHD_HTTP_HEADER_ALLOW, allowed);
	exchange_finish(exchange);
}

static void answer_file(struct exchange *exchange, const char *name)
{
	if (exchange->method == REQUEST_GET || exchange->method == REQUEST_HEAD)
		files_answer(exchange, name);
	else
		refuse_method(exchange, "GET, HEAD");
}

static void answer_call(struct exchange *exchange, const char *path, const char *query)
{
	if (exchange->method == REQUEST_HEAD || exchange->method == REQUEST_OTHER)
		refuse_method(exchange, "GET, POST, PUT, DELETE");
	else
		api_answer(exchange, path, query);
}

/* Which words follow which path is decided here and nowhere else. */
static void answer_path(struct exchange *exchange, const char *path, const char *query)
{
	if (!exchange->source->broker)
		answer_file(exchange, path);
	else if (strncmp(path, "boot/", 5) == 0)
		answer_file(exchange, path + 5);
	else if (strncmp(path, "v1/", 3) == 0)
		answer_call(exchange, path, query);
	else
		exchange_end(exchange, 404, "there is /boot/ and /v1/");
}

/* The request is complete. */
static void answer(struct exchange *exchange)
{
	struct request_target target;
	char path[REQUEST_TARGET_SIZE];
	int result;

	if (exchange->method == REQUEST_UNKNOWN) {
		exchange_end(exchange, 501, "unknown method");
		return;
	}
	if (exchange->method == REQUEST_OTHER && strcmp(exchange->target, "*") == 0) {
		refuse_method(exchange, "GET, HEAD, POST, PUT, DELETE");
		return;
	}
	result = request_split_target(exchange->target, &target);
	if (result == 0)
		result = request_decode_path(target.path, target.path_length, path, sizeof(path));
	if (result == -EINVAL)
		exchange_end(exchange, 400, "malformed path");
	else if (result == -ENOENT)
		exchange_end(exchange, 404, "directories aren't listed");
	else if (result != 0)
		exchange_end(exchange, 414, "the path is too long");
	else
		answer_path(exchange, path, target.query);
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *mhd, const char *url,
	const char *method, const char *version, const char *data, size_t *size, void **context)
{
	struct server *server = argument;
	struct exchange *exchange = *context;

	(void)mhd;
	(void)url; /* decoded by libmicrohttpd's rules; ours are in request.c */
	if (!exchange)
		return MHD_NO;
	if (!exchange->judged)
		return judge(server, exchange, method, version);
	if (*size > 0) {
		take_body(exchange, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (exchange->status == 0 && exchange->question == 0) {
		connection_clear_deadline(exchange->connection);
		if (!*exchange->target)
			exchange_end(exchange, 414, "the path is too long");
		else
			answer(exchange);
	}
	if (exchange->status != 0)
		return queue_answer(server, exchange);
	exchange->suspended = true;
	MHD_suspend_connection(exchange->mhd);
	return MHD_YES;
}

/* The request line is there: an exchange begins. libmicrohttpd keeps what is returned as the
 * request's context; NULL ends the connection later. */
static void *on_request_line(void *argument, const char *target, struct MHD_Connection *mhd)
{
	struct server *server = argument;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *connection = info ? info->socket_context : NULL;
	struct exchange *exchange = connection ? calloc(1, sizeof(*exchange)) : NULL;

	if (!exchange)
		return NULL;
	exchange->source = server->source;
	exchange->connection = connection;
	exchange->mhd = mhd;
	exchange->turn = server->again;
	exchange->peer = connection->peer.sin_addr;
	exchange->peer_port = ntohs(connection->peer.sin_port);
	exchange->begun_ns = clock_monotonic_ns();
	if (!target || !str_copy(exchange->target, sizeof(exchange->target), target))
		exchange->target[0] = '\0';
	connection->exchange = exchange;
	return exchange;
}

static void on_completed(void *argument, struct MHD_Connection *mhd, void **context,
	enum MHD_RequestTerminationCode how)
{
	struct server *server = argument;
	struct exchange *exchange = *context;

	(void)mhd;
	*context = NULL;
	if (!exchange)
		return;
	access_conclude(exchange, how);
	exchange->connection->exchange = NULL;
	exchange->connection->served++;
	if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		connection_set_deadline(exchange->connection, header_step, server->limits.header_s);
	if (exchange->question > 0)
		broker_forget(exchange->source->broker, exchange->question);
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	free(exchange->body);
	free(exchange);
}

static void begin_connection(struct server *server, struct MHD_Connection *mhd, void **context)
{
	const union MHD_ConnectionInfo *info;
	struct connection *connection;
	struct sockaddr_in peer = { 0 };
	int socket;

	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	socket = info ? info->connect_fd : -1;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	if (info && info->client_addr && info->client_addr->sa_family == AF_INET)
		memcpy(&peer, info->client_addr, sizeof(peer));
	connection = connection_new(server->base, &server->connections, socket, &peer);
	*context = connection;
	if (!connection) {
		shutdown(socket, SHUT_RDWR);
		return;
	}
	connection_set_deadline(connection, header_step, server->limits.header_s);
}

static void run_again(struct server *server, uint64_t delay_ms)
{
	const struct timeval delay = { .tv_sec = (time_t)(delay_ms / 1000),
		.tv_usec = (suseconds_t)(delay_ms % 1000) * 1000 };

	evtimer_add(server->again, &delay);
}

static void on_connection(void *argument, struct MHD_Connection *mhd, void **context,
	enum MHD_ConnectionNotificationCode what)
{
	struct server *server = argument;
	struct connection *connection = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		begin_connection(server, mhd, context);
		return;
	}
	server->closed = true;
	connection_free(connection);
	*context = NULL;
}

/* One turn of libmicrohttpd. At its limit of connections it takes its listening socket out of the
 * epoll set, and puts it back only in the turn after one has ended: that turn must come. */
static void run(struct server *server)
{
	MHD_UNSIGNED_LONG_LONG delay_ms;

	server->closed = false;
	MHD_run(server->daemon);
	if (server->closed)
		run_again(server, 0);
	else if (MHD_get_timeout(server->daemon, &delay_ms) == MHD_YES)
		run_again(server, delay_ms);
	else
		evtimer_del(server->again);
}

static void on_ready(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	run(argument);
}

/* request.c decodes. */
static size_t leave_escaped(void *argument, struct MHD_Connection *mhd, char *text)
{
	(void)argument;
	(void)mhd;
	return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_message(
	void *argument, const char *format, va_list arguments)
{
	char text[256];

	(void)argument;
	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	log_debug("libmicrohttpd: %s", text);
}

static struct MHD_Daemon *start_daemon(struct server *server, int listening)
{
	const struct server_limits *limits = &server->limits;

	/* One option a line. */
	/* clang-format off */
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
		NULL, NULL, on_request, server,
		MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
		MHD_OPTION_LISTEN_SOCKET, listening,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, /* else it doesn't use sendfile(2) */
		MHD_OPTION_CONNECTION_LIMIT, limits->connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits->per_address,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, STALL_S,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, on_request_line, server,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
#if MHD_VERSION >= 0x00097701
		MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
#endif
		MHD_OPTION_END);
	/* clang-format on */
}

static bool watch_daemon(struct server *server)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	if (!info || info->epoll_fd < 0)
		return false;
	server->ready =
		event_new(server->base, info->epoll_fd, EV_READ | EV_PERSIST, on_ready, server);
	server->again = evtimer_new(server->base, on_ready, server);
	return server->ready && server->again && event_add(server->ready, NULL) == 0;
}

struct server *server_new(struct event_base *base, int listening, const struct source *source,
	const struct server_limits *limits)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		log_error("out of memory");
		return NULL;
	}
	server->base = base;
	server->source = source;
	server->limits = *limits;
	server->daemon = start_daemon(server, listening);
	if (server->daemon && watch_daemon(server)) {
		run(server);
		return server;
	}
	log_error("libmicrohttpd doesn't start: %s", strerror(errno));
	server_free(server);
	return NULL;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	if (server->ready)
		event_free(server->ready);
	if (server->again)
		event_free(server->again);
	/* libmicrohttpd can't stop while a connection is suspended. */
	for (const struct connection *connection = server->connections; connection;
		connection = connection->next) {
		if (connection->exchange && connection->exchange->suspended)
			MHD_resume_connection(connection->exchange->mhd);
	}
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	free(server);
}
