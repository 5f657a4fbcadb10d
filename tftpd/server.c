/* SPDX-License-Identifier: ISC */
#include "tftpd/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "tftpd/turns.h"

#define REQUESTS_PER_WAKE 64
#define RECEIVE_BUFFER (1024 * 1024) /* bytes: requests of a crowd that is switched on at once */

struct tftp_server {
	int listening;
	struct tftp_limits limits;
	struct event *event;
	struct tftp_transfers transfers;
};

/* Room for the address of a packet (ip(7), IP_PKTINFO). */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* The transfer of this peer's port, or NULL; *of_peer: all of its address. */
static struct tftp_transfer *find_transfer(
	const struct tftp_server *server, const struct sockaddr_in *peer, unsigned *of_peer)
{
	struct tftp_transfer *found = NULL;

	*of_peer = 0;
	for (struct tftp_transfer *t = server->transfers.first; t; t = t->next) {
		if (t->peer.sin_addr.s_addr != peer->sin_addr.s_addr)
			continue;
		++*of_peer;
		if (t->peer.sin_port == peer->sin_port)
			found = t;
	}
	return found;
}

/* The last ACKs of a client that asks on and on may wait to be read: what they end takes no room.
 * Returns how many transfers of its address go on. */
static unsigned catch_up_peer(struct tftp_server *server, struct in_addr address)
{
	unsigned of_peer = 0;

	for (struct tftp_transfer *t = server->transfers.first, *next; t; t = next) {
		next = t->next;
		if (t->peer.sin_addr.s_addr == address.s_addr)
			of_peer += t->socket < 0 || tftp_transfer_catch_up(t);
	}
	return of_peer;
}

/* Clients that never answer don't keep others out. */
static bool has_room(struct tftp_server *server, const struct sockaddr_in *peer, unsigned of_peer)
{
	struct tftp_transfers *transfers = &server->transfers;
	const struct tftp_limits *limits = &server->limits;

	if (of_peer >= limits->sessions_per_peer)
		of_peer = catch_up_peer(server, peer->sin_addr);
	return tftp_limits_admit(limits, transfers->n, of_peer) ||
	       tftp_transfers_make_room(
		       transfers, of_peer < limits->sessions_per_peer ? NULL : &peer->sin_addr);
}

/* May this request be looked at? */
static bool is_in_time(struct tftp_server *server, const struct sockaddr_in *peer)
{
	return tftp_limits_allow(&server->limits, peer->sin_addr) &&
	       tftp_rates_take(&server->transfers.rates, &server->limits, peer->sin_addr,
		       clock_monotonic_ns());
}

/* May this request begin a transfer? One of a running transfer's port is that transfer's, unless
 * the client has left it. */
static bool is_admitted(struct tftp_server *server, const struct sockaddr_in *peer,
	const struct tftp_request *request)
{
	unsigned of_peer;
	struct tftp_transfer *running = find_transfer(server, peer, &of_peer);
	char name[TFTP_NAME_SIZE];

	/* Its last ACK may have come just before, and wait to be read. */
	if (running && running->socket >= 0 && !tftp_transfer_catch_up(running)) {
		running = NULL;
		of_peer--;
	}
	if (running) {
		tftp_visible_name(request, name);
		if (running->socket < 0)
			return false;
		if (!tftp_session_is_left(&running->session, strcmp(name, running->name) == 0,
			    clock_monotonic_ns())) {
			tftp_transfer_ask_again(running);
			return false;
		}
		tftp_transfer_end(running, ECANCELED, "the client has begun anew");
		of_peer--;
	}
	return has_room(server, peer, of_peer);
}

/* An ERROR without a session, from the address that was asked. */
static void answer_error(const struct tftp_server *server, struct sockaddr_in *peer,
	struct in_addr local, int code, const char *text)
{
	union control control = { 0 };
	const struct in_pktinfo info = { .ipi_spec_dst = local };
	uint8_t packet[TFTP_REPLY_SIZE];
	struct iovec vector = { .iov_base = packet,
		.iov_len = tftp_build_error(packet, (enum tftp_error)code, text) };
	const struct msghdr header = { .msg_name = peer,
		.msg_namelen = sizeof(*peer),
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);

	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	(void)!sendmsg(server->listening, &header, MSG_DONTWAIT);
}

/* The address that was asked; 255.255.255.255 if it isn't one of ours. */
static struct in_addr destination(struct msghdr *header)
{
	struct in_pktinfo info = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			memcpy(&info, CMSG_DATA(c), sizeof(info));
	}
	/* One that came before IP_PKTINFO was set, to an inherited socket: the kernel hasn't noted
	 * which of our addresses it was for. */
	if (info.ipi_spec_dst.s_addr == htonl(INADDR_ANY) &&
		!IN_MULTICAST(ntohl(info.ipi_addr.s_addr)))
		info.ipi_spec_dst = info.ipi_addr;
	/* RFC 1123 section 4.2.3.5: a broadcast request is ignored. ipi_spec_dst is ours, ipi_addr
	 * is what was asked. */
	if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr)
		info.ipi_addr.s_addr = INADDR_BROADCAST;
	return info.ipi_addr;
}

/* Without a question to brambled. */
static bool may_answer(const struct tftp_server *server, const struct sockaddr_in *peer)
{
	const struct tftp_rates *rates = &server->transfers.rates;

	return !rates->by_lease || tftp_rates_knows(rates, peer->sin_addr);
}

static bool receive_request(struct tftp_server *server)
{
	union control control;
	uint8_t bytes[TFTP_REQUEST_SIZE + 1];
	struct sockaddr_in peer;
	struct iovec vector = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr header = { .msg_name = &peer,
		.msg_namelen = sizeof(peer),
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	ssize_t length = recvmsg(server->listening, &header, MSG_DONTWAIT);
	struct tftp_request request;
	struct in_addr local;
	const char *why = "";
	int result;

	if (length < 0)
		return errno != EAGAIN && errno != EWOULDBLOCK;
	local = destination(&header);
	if (local.s_addr == INADDR_BROADCAST || peer.sin_port == 0)
		return true;
	if (!is_in_time(server, &peer))
		return true;
	result = tftp_parse_request(bytes, (size_t)length, &request, &why);
	if (result != 0 && result != TFTP_IGNORE && may_answer(server, &peer))
		answer_error(server, &peer, local, -result, why);
	if (result != 0 || !is_admitted(server, &peer, &request))
		return true;
	tftp_limits_apply(&server->limits, &request);
	tftp_transfer_ask(&server->transfers, &peer, local, &request);
	return true;
}

static void on_request(evutil_socket_t socket, short what, void *argument)
{
	(void)socket;
	(void)what;
	for (unsigned i = 0; i < REQUESTS_PER_WAKE && receive_request(argument); i++)
		;
}

struct tftp_server *tftp_server_new(struct event_base *base, int listening, struct source *source,
	const struct tftp_limits *limits)
{
	struct tftp_server *server = calloc(1, sizeof(*server));
	const int on = 1, buffer = RECEIVE_BUFFER;

	if (!server)
		return NULL;
	/* Beyond the system's limit if we may. */
	if (setsockopt(listening, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) != 0)
		(void)setsockopt(listening, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	server->transfers.base = base;
	server->listening = listening;
	server->transfers.source = source;
	server->transfers.rates.by_lease = source_knows_leases(source);
	server->limits = *limits;
	server->event = event_new(base, listening, EV_READ | EV_PERSIST, on_request, server);
	if (tftp_turns_open(&server->transfers, limits->file_time_s * NS_PER_S) != 0 ||
		setsockopt(listening, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0 ||
		!server->event || event_add(server->event, NULL) != 0) {
		tftp_server_free(server);
		return NULL;
	}
	return server;
}

void tftp_server_free(struct tftp_server *server)
{
	tftp_transfers_free(&server->transfers);
	tftp_turns_close(&server->transfers);
	if (server->event)
		event_free(server->event);
	free(server);
}
