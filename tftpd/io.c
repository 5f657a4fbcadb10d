/* SPDX-License-Identifier: ISC */
#include "tftpd/io.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "tftpd/session.h"

#define REQUESTS_PER_WAKE 64
#define NAME_SIZE 256 /* of a requested name, made visible; longer ones are cut in the log */
#define RECEIVE_BUFFER (1024 * 1024) /* bytes: requests of a crowd that is switched on at once */
#define SEND_BUFFER (208 * 1024) /* bytes, doubled by the kernel: a window of small blocks fits */

struct transfer {
	struct tftp_server *server;
	struct transfer *next, **back; /* list of all */
	struct sockaddr_in peer, local;
	uint32_t options, blksize, windowsize, timeout_s;
	uint64_t id;	/* brambled's name of this transfer */
	int fd, socket; /* -1 while brambled is asked */
	struct event *event;
	uint64_t started_ns;
	uint32_t name_length;
	struct tftp_session session;
	char name[]; /* as requested, visible */
};

struct tftp_server {
	struct event_base *base;
	int listening;
	struct source *source;
	struct tftp_limits limits;
	struct event *event;
	struct transfer *transfers;
	unsigned n;
	uint8_t packet[TFTP_HEADER + TFTP_BLOCK_MAX];
};

static void release(struct transfer *transfer)
{
	if (transfer->event)
		event_free(transfer->event);
	if (transfer->socket >= 0)
		close(transfer->socket);
	if (transfer->fd >= 0)
		close(transfer->fd);
	free(transfer);
}

/* Room for the address of a packet (ip(7), IP_PKTINFO). */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void unlink_transfer(struct transfer *transfer)
{
	*transfer->back = transfer->next;
	if (transfer->next)
		transfer->next->back = transfer->back;
	transfer->server->n--;
	release(transfer);
}

static void format_peer(const struct transfer *transfer, char out[static 32])
{
	char address[ADDRESS_TEXT_SIZE];

	str_format_address(transfer->peer.sin_addr, address);
	snprintf(out, 32, "%s:%u", address, (unsigned)ntohs(transfer->peer.sin_port));
}

/* Firmware looks whether a file is there by asking for it and ending the transfer at once. */
static enum log_level level_of(int error)
{
	return error == ECANCELED ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

/* Report and forget a transfer. `error` 0 or a positive errno. */
static void end_transfer(struct transfer *transfer, int error, const char *reason)
{
	struct ipc_transfer report = {
		.transfer = transfer->id,
		.bytes = tftp_session_bytes(&transfer->session),
		.duration_ns = clock_monotonic_ns() - transfer->started_ns,
		.retransmissions = transfer->session.resent,
		.error = error,
	};
	char peer[32];

	str_copy(report.reason, sizeof(report.reason), reason);
	format_peer(transfer, peer);
	log_write(level_of(error), "%s %s: %s, %llu of %llu bytes in %.3f s, %u packets sent again",
		peer, transfer->name, error == 0 ? "sent" : reason,
		(unsigned long long)report.bytes, (unsigned long long)transfer->session.size,
		(double)report.duration_ns / (double)NS_PER_S, report.retransmissions);
	source_report(transfer->server->source, &report);
	unlink_transfer(transfer);
}

static void send_error(struct transfer *transfer, enum tftp_error code, const char *text)
{
	uint8_t packet[TFTP_REPLY_SIZE];
	size_t length = tftp_build_error(packet, code, text);

	/* An ERROR isn't acknowledged (RFC 1350 section 7); if it is lost the client times out. */
	(void)!send(transfer->socket, packet, length, MSG_DONTWAIT);
}

static void send_oack(struct transfer *transfer)
{
	const struct tftp_request accepted = {
		.options = transfer->options,
		.blksize = transfer->blksize,
		.timeout_s = transfer->timeout_s,
		.windowsize = transfer->windowsize,
	};
	uint8_t packet[TFTP_REPLY_SIZE];
	size_t length = tftp_build_oack(packet, &accepted, transfer->session.size);

	(void)!send(transfer->socket, packet, length, MSG_DONTWAIT);
}

/* Send one block. Returns 0, -EAGAIN when the queue is full, or -EIO when the file isn't what it
 * was: a short block would look like the end of a whole file. */
static int send_block(struct transfer *transfer, uint64_t number)
{
	uint8_t *packet = transfer->server->packet;
	uint32_t length = tftp_session_length(&transfer->session, number), have = 0;
	off_t offset = (off_t)tftp_session_offset(&transfer->session, number);

	while (have < length) {
		ssize_t n = pread(transfer->fd, packet + TFTP_HEADER + have, length - have,
			offset + (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		have += (uint32_t)n;
	}
	tftp_build_data_header(packet, (uint16_t)number);
	if (send(transfer->socket, packet, TFTP_HEADER + length, MSG_DONTWAIT) < 0 &&
		(errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
		return -EAGAIN;
	return 0;
}

static void arm(struct transfer *transfer)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t left =
		transfer->session.deadline_ns > now ? transfer->session.deadline_ns - now : 0;
	const struct timeval delay = { .tv_sec = (time_t)(left / NS_PER_S),
		.tv_usec = (suseconds_t)(left % NS_PER_S / 1000) + 1 };

	event_add(transfer->event, &delay);
}

/* Returns 0 or -EIO. */
static int send_blocks(struct transfer *transfer, const struct tftp_output *output)
{
	int result = 0;

	/* A full queue is loss like any other: the timer mends it. */
	for (uint32_t i = 0; result == 0 && i < output->count; i++)
		result = send_block(transfer, output->first + i);
	return result == -EIO ? -EIO : 0;
}

/* Do what the session says; `reply` led to it, NULL: time. Returns false when the transfer is over
 * (and freed). */
static bool perform(
	struct transfer *transfer, const struct tftp_output *output, const struct tftp_reply *reply)
{
	switch (output->action) {
	case TFTP_WAIT:
		return true;
	case TFTP_SEND_OACK:
		send_oack(transfer);
		return true;
	case TFTP_SEND_DATA:
		if (send_blocks(transfer, output) == 0)
			return true;
		send_error(transfer, TFTP_ERROR_UNDEFINED, "the file can't be read any more");
		end_transfer(transfer, EIO, "the file became shorter or can't be read");
		return false;
	case TFTP_FINISHED:
		end_transfer(transfer, 0, "");
		return false;
	case TFTP_ABORTED:
		end_transfer(transfer, ECANCELED,
			reply && reply->text[0] ? reply->text : "ended by the client");
		return false;
	case TFTP_LOST:
		end_transfer(transfer, ETIMEDOUT, "the client is silent");
		return false;
	}
	return true;
}

/* One packet of the peer. Returns false when the transfer is over. */
static bool receive_reply(struct transfer *transfer)
{
	const struct tftp_session *session = &transfer->session;
	uint8_t bytes[TFTP_REPLY_SIZE];
	struct tftp_reply reply;
	struct tftp_output output;
	ssize_t length = recv(transfer->socket, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length < 0 && errno == ECONNREFUSED) {
		/* The client's port is closed: with the last block on its way that is how clients
		 * leave. */
		bool complete = session->heard && session->sent == session->last;

		end_transfer(transfer, complete ? 0 : ECONNREFUSED, "the client closed its port");
		return false;
	}
	if (length < 0 || tftp_parse_reply(bytes, (size_t)length, &reply) != 0)
		return true;
	output = tftp_session_receive(&transfer->session, &reply, clock_monotonic_ns());
	return perform(transfer, &output, &reply);
}

static void on_session(evutil_socket_t socket, short what, void *argument)
{
	struct transfer *transfer = argument;
	bool alive = true;

	(void)socket;
	/* One packet at a time: there is hardly ever a second one, and the others wait. */
	if (what & EV_READ)
		alive = receive_reply(transfer);
	if (alive && clock_monotonic_ns() >= transfer->session.deadline_ns) {
		struct tftp_output output =
			tftp_session_timeout(&transfer->session, clock_monotonic_ns());

		alive = perform(transfer, &output, NULL);
	}
	if (alive)
		arm(transfer);
}

/* A socket of its own for each transfer (RFC 1350 section 4: a new TID), connected, so that nobody
 * else's packets reach it, from the address that was asked. */
static int open_session_socket(const struct transfer *transfer)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int buffer = SEND_BUFFER;

	if (fd < 0)
		return -errno;
	if (transfer->windowsize > 1)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	if (bind(fd, (const struct sockaddr *)&transfer->local, sizeof(transfer->local)) != 0 ||
		connect(fd, (const struct sockaddr *)&transfer->peer, sizeof(transfer->peer)) !=
			0) {
		int result = -errno;

		close(fd);
		return result;
	}
	return fd;
}

static void refuse(struct transfer *transfer, int error)
{
	char peer[32];

	format_peer(transfer, peer);
	log_debug("%s %s: %s", peer, transfer->name, strerror(error));
	switch (error) {
	case ENOENT:
		send_error(transfer, TFTP_ERROR_NOT_FOUND, "file not found");
		break;
	case EACCES:
		send_error(transfer, TFTP_ERROR_ACCESS, "not for you now");
		break;
	default:
		send_error(transfer, TFTP_ERROR_UNDEFINED, "the server can't do this now");
		break;
	}
	unlink_transfer(transfer);
}

static void begin(struct transfer *transfer, const struct ipc_resolved *answer)
{
	const struct tftp_request accepted = {
		.options = transfer->options,
		.blksize = transfer->blksize,
		.timeout_s = transfer->timeout_s,
		.windowsize = transfer->windowsize,
	};
	struct tftp_output output;

	transfer->id = answer->transfer;
	transfer->event = event_new(transfer->server->base, transfer->socket, EV_READ | EV_PERSIST,
		on_session, transfer);
	if (!transfer->event) {
		refuse(transfer, ENOMEM);
		return;
	}
	output = tftp_session_start(
		&transfer->session, &accepted, answer->size, clock_monotonic_ns());
	if (perform(transfer, &output, NULL))
		arm(transfer);
}

static void on_answer(void *argument, const struct ipc_resolved *answer, int fd)
{
	struct transfer *transfer = argument;

	transfer->fd = fd;
	if (!answer) {
		/* brambled is away: silence, so that the client asks again instead of giving up. */
		unlink_transfer(transfer);
		return;
	}
	transfer->socket = open_session_socket(transfer);
	if (transfer->socket < 0) {
		log_warning("no socket for a transfer: %s", strerror(-transfer->socket));
		unlink_transfer(transfer);
		return;
	}
	if (answer->error != 0 || fd < 0)
		refuse(transfer, answer->error ? answer->error : EIO);
	else
		begin(transfer, answer);
}

/* The transfer of this peer's port, or NULL; *of_peer: all of its address. */
static struct transfer *find_transfer(
	const struct tftp_server *server, const struct sockaddr_in *peer, unsigned *of_peer)
{
	struct transfer *found = NULL;

	*of_peer = 0;
	for (struct transfer *t = server->transfers; t; t = t->next) {
		if (t->peer.sin_addr.s_addr != peer->sin_addr.s_addr)
			continue;
		++*of_peer;
		if (t->peer.sin_port == peer->sin_port)
			found = t;
	}
	return found;
}

static void make_visible(const struct tftp_request *request, char out[static NAME_SIZE])
{
	str_copy_visible(out, NAME_SIZE, request->name, strlen(request->name));
}

/* May this request begin a transfer? One of a running transfer's port is that transfer's, unless
 * the client has left it. */
static bool is_admitted(struct tftp_server *server, const struct sockaddr_in *peer,
	const struct tftp_request *request)
{
	unsigned of_peer;
	struct transfer *running = find_transfer(server, peer, &of_peer);
	char name[NAME_SIZE];

	if (running) {
		make_visible(request, name);
		if (running->socket < 0 ||
			!tftp_session_is_left(&running->session, strcmp(name, running->name) == 0,
				clock_monotonic_ns()))
			return false;
		end_transfer(running, ECANCELED, "the client has begun anew");
		of_peer--;
	}
	return tftp_limits_admit(&server->limits, server->n, of_peer);
}

static struct transfer *new_transfer(struct tftp_server *server, const struct sockaddr_in *peer,
	struct in_addr local, const struct tftp_request *request)
{
	struct tftp_request granted = *request;
	char name[NAME_SIZE];
	struct transfer *transfer;
	size_t length;

	make_visible(request, name);
	length = strlen(name);
	tftp_limits_apply(&server->limits, &granted);
	transfer = calloc(1, sizeof(*transfer) + length + 1);
	if (!transfer)
		return NULL;
	memcpy(transfer->name, name, length + 1);
	transfer->server = server;
	transfer->peer = *peer;
	transfer->local = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = local };
	transfer->options = request->options;
	transfer->timeout_s = request->timeout_s;
	transfer->blksize = granted.blksize;
	transfer->windowsize = granted.windowsize;
	transfer->fd = transfer->socket = -1;
	transfer->started_ns = clock_monotonic_ns();
	transfer->next = server->transfers;
	transfer->back = &server->transfers;
	if (transfer->next)
		transfer->next->back = &transfer->next;
	server->transfers = transfer;
	server->n++;
	return transfer;
}

static void ask(struct tftp_server *server, const struct sockaddr_in *peer, struct in_addr local,
	const struct tftp_request *request)
{
	struct ipc_resolve question = {
		.protocol = IPC_TFTP,
		.peer = peer->sin_addr,
		.peer_port = ntohs(peer->sin_port),
		.max_block = request->blksize,
	};
	struct transfer *transfer = new_transfer(server, peer, local, request);

	if (!transfer)
		return;
	str_copy(question.name, sizeof(question.name), request->name);
	if (source_ask(server->source, &question, on_answer, transfer) != 0)
		unlink_transfer(transfer);
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
	/* RFC 1123 section 4.2.3.5: a broadcast request is ignored. ipi_spec_dst is ours, ipi_addr
	 * is what was asked. */
	if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr)
		info.ipi_addr.s_addr = INADDR_BROADCAST;
	return info.ipi_addr;
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
	result = tftp_parse_request(bytes, (size_t)length, &request, &why);
	if (result != 0 && result != TFTP_IGNORE)
		answer_error(server, &peer, local, -result, why);
	else if (result == 0 && is_admitted(server, &peer, &request))
		ask(server, &peer, local, &request);
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
	server->base = base;
	server->listening = listening;
	server->source = source;
	server->limits = *limits;
	server->event = event_new(base, listening, EV_READ | EV_PERSIST, on_request, server);
	if (setsockopt(listening, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0 || !server->event ||
		event_add(server->event, NULL) != 0) {
		tftp_server_free(server);
		return NULL;
	}
	return server;
}

void tftp_server_free(struct tftp_server *server)
{
	struct transfer *next;

	for (struct transfer *transfer = server->transfers; transfer; transfer = next) {
		next = transfer->next;
		release(transfer);
	}
	if (server->event)
		event_free(server->event);
	free(server);
}
