/* SPDX-License-Identifier: ISC */
#include "httpd/connection.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/str.h"
#include "httpd/access.h"
#include "httpd/route.h"
#include "httpd/sending.h"
#include "httpd/server.h"

#define STALL_S 60u /* without any progress an answer ends */
#define TRANSFER_UNIT (UINT64_C(32) * 1024 * 1024)
/* A peer that goes on sending must see the refusal: closing with unread bytes resets the
 * connection, and takes the answer away (RFC 9112 section 9.6). */
#define LINGER_S 3u
#define LINGER_BYTES (8u * 1024u * 1024u)

static const char *const header_step = "the request's header";
static const char *const body_step = "the request's body";
static const char *const transfer_step = "the answer";
static const char *const linger_step = "the end";

static void continue_after_head(struct connection *connection);
static void send_answer(struct connection *connection);

/* Wait for one kind of event, or none. */
static void want(struct connection *connection, short what)
{
	const struct timeval stall = { .tv_sec = STALL_S };

	if (connection->wanted == what)
		return;
	if (connection->wanted == EV_READ)
		event_del(connection->readable);
	else if (connection->wanted == EV_WRITE)
		event_del(connection->writable);
	connection->wanted = what;
	if (what == EV_READ)
		event_add(connection->readable, NULL);
	else if (what == EV_WRITE)
		event_add(connection->writable, &stall);
}

static void set_deadline(struct connection *connection, const char *step, uint64_t seconds)
{
	struct timeval time;

	connection->deadline_for = step;
	connection->deadline_s = seconds < UINT32_MAX ? (unsigned)seconds : UINT32_MAX;
	time = (struct timeval){ .tv_sec = (time_t)connection->deadline_s };
	evtimer_add(connection->deadline, &time);
}

/* The end of an exchange: what is left of it is the connection. */
static void conclude(struct connection *connection, enum exchange_ending how)
{
	if (!connection->begun)
		return;
	access_conclude(&connection->exchange, how);
	exchange_free(&connection->exchange);
	connection->begun = false;
}

void connection_end(struct connection *connection, enum exchange_ending how)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct connections *all = connection->all;

	conclude(connection, how);
	/* Without this the kernel would go on with what is in its send buffer: megabytes. */
	if (how == EXCHANGE_CUT || how == EXCHANGE_STALLED || how == EXCHANGE_SHORT)
		setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	event_free(connection->readable);
	event_free(connection->writable);
	event_free(connection->deadline);
	close(connection->socket);
	*connection->from = connection->next;
	if (connection->next)
		connection->next->from = connection->from;
	free(connection);
	all->count--;
	all->on_room(all->argument);
}

static void on_deadline(evutil_socket_t fd, short what, void *argument)
{
	struct connection *connection = argument;
	char peer[ADDRESS_TEXT_SIZE];

	(void)fd;
	(void)what;
	if (connection->step == CONNECTION_READS_HEAD && connection->served == 0 &&
		!connection->exchange.head.method) {
		str_format_address(connection->peer.sin_addr, peer);
		log_info("%s - no request: %s took longer than %u s", peer,
			connection->deadline_for, connection->deadline_s);
		connection->begun = false;
	}
	connection_end(
		connection, connection->step == CONNECTION_LINGERS ? EXCHANGE_DONE : EXCHANGE_CUT);
}

/* Reading */

/* Returns bytes, 0 when there are none now, -1 at the end. */
static ssize_t receive(struct connection *connection, char *out, size_t size)
{
	ssize_t n = recv(connection->socket, out, size, 0);

	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	connection->peer_ended = true;
	return -1;
}

/* Not yet a request: the next one's first bytes may have come with the last. */
static void begin_exchange(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;

	exchange_init(exchange, connection->all->source, connection);
	exchange->peer = connection->peer.sin_addr;
	exchange->peer_port = ntohs(connection->peer.sin_port);
	exchange->begun_ns = clock_monotonic_ns();
	connection->begun = true;
}

static void read_head(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;
	ssize_t n = 0;

	if (!connection->peer_ended && connection->used < sizeof(connection->buffer))
		n = receive(connection, connection->buffer + connection->used,
			sizeof(connection->buffer) - connection->used);
	if (n > 0)
		connection->used += (size_t)n;
	if (connection->used > 0 && !connection->begun)
		begin_exchange(connection);
	if (connection->used > 0) {
		switch (head_read(&exchange->head, connection->buffer, connection->used)) {
		case HEAD_INCOMPLETE:
			break;
		case HEAD_COMPLETE:
		case HEAD_REFUSED:
			continue_after_head(connection);
			return;
		}
	}
	if (connection->peer_ended) {
		connection->begun = connection->begun && exchange->head.method;
		connection_end(connection, EXCHANGE_BROKEN);
	}
}

static void answer(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;

	if (exchange->status == 0) {
		evtimer_del(connection->deadline);
		route_answer(exchange);
	}
	if (exchange->status != 0) {
		send_answer(connection);
		return;
	}
	exchange->waiting = true;
	connection->step = CONNECTION_WAITS;
	want(connection, 0);
}

static void read_body(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;
	ssize_t n = receive(connection, exchange->body + exchange->body_used,
		exchange->body_size - exchange->body_used);

	if (n < 0) {
		connection_end(connection, EXCHANGE_BROKEN);
		return;
	}
	exchange->body_used += (size_t)n;
	if (exchange->body_used == exchange->body_size)
		answer(connection);
}

/* Who waits to be told so sends nothing before (RFC 9110 section 10.1.1). */
static bool say_continue(struct connection *connection)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const struct head *head = &connection->exchange.head;

	if (!head->fields.expect || head->is_1_0)
		return true;
	return send(connection->socket, text, sizeof(text) - 1, MSG_NOSIGNAL) == sizeof(text) - 1;
}

static void begin_body(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;
	size_t there = connection->used - exchange->head.length;

	exchange->body = malloc(exchange->body_size);
	if (!exchange->body) {
		connection->close = true;
		exchange_refuse(exchange, 503, "out of memory; try again");
		send_answer(connection);
		return;
	}
	there = there < exchange->body_size ? there : exchange->body_size;
	memcpy(exchange->body, connection->buffer + exchange->head.length, there);
	exchange->body_used = there;
	connection->taken += there;
	if (there == exchange->body_size) {
		answer(connection);
		return;
	}
	connection->step = CONNECTION_READS_BODY;
	set_deadline(connection, body_step, connection->all->limits->body_s);
	if (there == 0 && !say_continue(connection))
		connection_end(connection, EXCHANGE_BROKEN);
}

/* Content that nobody wants is passed over if it is here; else the connection ends after the
 * answer, rather than wait for it. */
static void pass_over(struct connection *connection)
{
	size_t there = connection->used - connection->taken;

	if (connection->exchange.body_size <= there)
		connection->taken += connection->exchange.body_size;
	else
		connection->close = true;
}

static void judge(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;
	const struct head *head = &exchange->head;
	struct request_refusal refusal;
	uint64_t body_size;

	connection->taken = head->length;
	connection->close = head->fields.close || (head->is_1_0 && !head->fields.keep_alive);
	exchange->method = request_parse_method(head->method);
	refusal = request_judge(exchange->method, head->is_1_0, &head->fields, &body_size);
	if (refusal.status == 0 && head->fields.expect &&
		strcasecmp(head->fields.expect, "100-continue") != 0)
		refusal = (struct request_refusal){ 417, "only 100-continue is understood" };
	if (refusal.status != 0) {
		connection->close = true;
		exchange_refuse(exchange, refusal.status, refusal.reason);
		return;
	}
	exchange->body_size = (size_t)body_size;
	route_begin(exchange);
	if (exchange->status != 0)
		pass_over(connection);
}

static void continue_after_head(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;

	if (exchange->head.refusal.status != 0) {
		connection->close = true;
		exchange_refuse(
			exchange, exchange->head.refusal.status, exchange->head.refusal.reason);
	} else {
		judge(connection);
	}
	if (exchange->status != 0)
		send_answer(connection);
	else if (exchange->body_size > 0)
		begin_body(connection);
	else
		answer(connection);
}

/* Sending */

static void await_request(struct connection *connection)
{
	connection->step = CONNECTION_READS_HEAD;
	connection->step_ns = clock_monotonic_ns();
	set_deadline(connection, header_step, connection->all->limits->header_s);
	want(connection, EV_READ);
}

/* What was read behind this request stays, and is looked at in the next turn. */
static void begin_next(struct connection *connection)
{
	connection->used -= connection->taken;
	memmove(connection->buffer, connection->buffer + connection->taken, connection->used);
	connection->taken = 0;
	memset(&connection->exchange.head, 0, sizeof(connection->exchange.head));
	await_request(connection);
	if (connection->used > 0 || connection->peer_ended)
		event_active(connection->readable, EV_READ, 0);
	connection->all->on_room(connection->all->argument);
}

static void finish_answer(struct connection *connection)
{
	conclude(connection, EXCHANGE_DONE);
	connection->served++;
	if (!connection->close) {
		begin_next(connection);
		return;
	}
	shutdown(connection->socket, SHUT_WR);
	if (connection->peer_ended) {
		connection_end(connection, EXCHANGE_DONE);
		return;
	}
	connection->step = CONNECTION_LINGERS;
	set_deadline(connection, linger_step, LINGER_S);
	want(connection, EV_READ);
}

static void linger(struct connection *connection)
{
	ssize_t n = receive(connection, connection->buffer, sizeof(connection->buffer));

	if (n > 0)
		connection->discarded += (size_t)n;
	if (n < 0 || connection->discarded > LINGER_BYTES)
		connection_end(connection, EXCHANGE_DONE);
}

static void send_more(struct connection *connection)
{
	int result = sending_go_on(connection);

	if (result == 0)
		want(connection, EV_WRITE);
	else if (result == 1)
		finish_answer(connection);
	else
		connection_end(connection, result == -ENODATA ? EXCHANGE_SHORT : EXCHANGE_BROKEN);
}

static void send_answer(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;
	uint64_t units = exchange->size / TRANSFER_UNIT + 1;

	sending_begin(connection);
	exchange->queued = true;
	exchange->waiting = false;
	connection_read_tcp(
		connection, &exchange->acknowledged_before, &exchange->retransmitted_before);
	set_deadline(connection, transfer_step, units * connection->all->limits->transfer_s);
	connection->step = CONNECTION_SENDS;
	send_more(connection);
}

/* The brain's answer came from a callback of its own: go on in the next turn. */
void connection_wake(struct connection *connection)
{
	event_active(connection->writable, EV_WRITE, 0);
}

/* Events */

static void on_readable(evutil_socket_t fd, short what, void *argument)
{
	struct connection *connection = argument;

	(void)fd;
	(void)what;
	switch (connection->step) {
	case CONNECTION_READS_HEAD:
		read_head(connection);
		return;
	case CONNECTION_READS_BODY:
		read_body(connection);
		return;
	case CONNECTION_LINGERS:
		linger(connection);
		return;
	case CONNECTION_WAITS:
	case CONNECTION_SENDS:
		want(connection, 0);
		return;
	}
}

static void on_writable(evutil_socket_t fd, short what, void *argument)
{
	struct connection *connection = argument;

	(void)fd;
	/* event_active() of a persistent event that ever had a time limit adds it again. */
	if (connection->wanted != EV_WRITE)
		event_del(connection->writable);
	if (connection->step == CONNECTION_WAITS && connection->exchange.finished)
		send_answer(connection);
	else if (connection->step == CONNECTION_SENDS && (what & EV_TIMEOUT))
		connection_end(connection, EXCHANGE_STALLED);
	else if (connection->step == CONNECTION_SENDS)
		send_more(connection);
}

static bool make_events(struct connection *connection)
{
	struct event_base *base = connection->all->base;
	int fd = connection->socket;

	connection->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, connection);
	connection->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, connection);
	connection->deadline = evtimer_new(base, on_deadline, connection);
	if (connection->readable && connection->writable && connection->deadline)
		return true;
	if (connection->readable)
		event_free(connection->readable);
	if (connection->writable)
		event_free(connection->writable);
	if (connection->deadline)
		event_free(connection->deadline);
	return false;
}

void connection_begin(struct connections *all, int socket, const struct sockaddr_in *peer)
{
	struct connection *connection = malloc(sizeof(*connection));
	const int on = 1;

	if (connection) { /* its buffers needn't be zeroed: pages that nobody touches cost nothing
			   */
		memset(connection, 0, offsetof(struct connection, out));
		connection->all = all;
		connection->socket = socket;
		connection->peer = *peer;
	}
	if (!connection || !make_events(connection)) {
		free(connection);
		close(socket);
		return;
	}
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection->next = all->first;
	connection->from = &all->first;
	if (connection->next)
		connection->next->from = &connection->next;
	all->first = connection;
	all->count++;
	await_request(connection);
	/* The request is often there already. */
	event_active(connection->readable, EV_READ, 0);
}

struct connection *connection_find_idle(const struct connections *all)
{
	struct connection *idle = NULL;

	for (struct connection *c = all->first; c; c = c->next) {
		if (c->step == CONNECTION_READS_HEAD && (!idle || c->step_ns < idle->step_ns))
			idle = c;
	}
	return idle;
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
