/* SPDX-License-Identifier: ISC */
#include "tftpd/transfer.h"

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
#include "tftpd/turns.h"

#define PACKETS_TO_CATCH_UP 4u
#define MOST_BEFORE_HEARD 3u /* times the bytes of the request */
#define MOMENT_NS (100 * NS_PER_MS)
#define SEND_BUFFER (208 * 1024) /* bytes, doubled by the kernel: a window of small blocks fits */

static void release(struct tftp_transfer *transfer)
{
	if (transfer->readable)
		event_free(transfer->readable);
	if (transfer->timer)
		event_free(transfer->timer);
	tftp_stray_close(&transfer->stray);
	if (transfer->socket >= 0)
		close(transfer->socket);
	if (transfer->fd >= 0)
		close(transfer->fd);
	free(transfer);
}

static void unlink_transfer(struct tftp_transfer *transfer)
{
	tftp_turns_leave(transfer);
	*transfer->back = transfer->next;
	if (transfer->next)
		transfer->next->back = transfer->back;
	transfer->all->n--;
	release(transfer);
}

static void format_peer(const struct tftp_transfer *transfer, char out[static 32])
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
void tftp_transfer_end(struct tftp_transfer *transfer, int error, const char *reason)
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
	source_report(transfer->all->source, &report);
	unlink_transfer(transfer);
}

static void send_error(struct tftp_transfer *transfer, enum tftp_error code, const char *text)
{
	uint8_t packet[TFTP_REPLY_SIZE];
	size_t length = tftp_build_error(packet, code, text);

	/* An ERROR isn't acknowledged (RFC 1350 section 7); if it is lost the client times out. */
	(void)!send(transfer->socket, packet, length, MSG_DONTWAIT);
}

void tftp_transfer_turn_away(struct tftp_transfer *transfer)
{
	send_error(transfer, TFTP_ERROR_UNDEFINED, "others are served first: start over");
	tftp_transfer_end(transfer, EBUSY, "turned away: many boards load at once");
}

static size_t build_oack(const struct tftp_transfer *transfer, uint8_t *packet, uint64_t size)
{
	const struct tftp_request accepted = {
		.options = transfer->options,
		.blksize = transfer->blksize,
		.timeout_s = transfer->timeout_s,
		.windowsize = transfer->windowsize,
	};

	return tftp_build_oack(packet, &accepted, size);
}

static void send_oack(const struct tftp_transfer *transfer)
{
	uint8_t packet[TFTP_REPLY_SIZE];
	size_t length = build_oack(transfer, packet, transfer->session.size);

	(void)!send(transfer->socket, packet, length, MSG_DONTWAIT);
}

/* The sender of a request with options gets at most three times its bytes before it has answered,
 * since it may be forged. */
static void bound_oacks(struct tftp_transfer *transfer)
{
	uint8_t packet[TFTP_REPLY_SIZE];
	size_t length = build_oack(transfer, packet, transfer->session.size);
	uint32_t packets = (uint32_t)(MOST_BEFORE_HEARD * transfer->request_length / length);

	if (transfer->options && packets <= transfer->session.tries_unheard)
		tftp_session_limit_tries(&transfer->session, packets > 0 ? packets - 1 : 0);
}

static void on_timer(evutil_socket_t socket, short what, void *argument);

/* See to it that the timer fires at the deadline or before. Nearly every packet moves the deadline
 * further away; a timer that fires too early is cheaper than one that is set anew each time. */
void tftp_transfer_arm(struct tftp_transfer *transfer)
{
	const uint64_t deadline_ns = transfer->session.deadline_ns;
	uint64_t now, left;
	struct timeval delay;

	if (transfer->timer_ns <= deadline_ns)
		return;
	now = clock_monotonic_ns();
	left = deadline_ns > now ? deadline_ns - now : 0;
	delay = (struct timeval){ .tv_sec = (time_t)(left / NS_PER_S),
		.tv_usec = (suseconds_t)(left % NS_PER_S / 1000) + 1 };
	transfer->timer_ns = deadline_ns;
	event_add(transfer->timer, &delay);
}

static int send_blocks(struct tftp_transfer *transfer, const struct tftp_output *output)
{
	struct tftp_scratch *scratch = &transfer->all->scratch;

	return transfer->netascii
		       ? tftp_send_netascii(scratch, transfer->socket, transfer->fd,
				 &transfer->text, &transfer->session, output->first, output->count)
		       : tftp_send_blocks(scratch, transfer->socket, transfer->fd,
				 &transfer->session, output->first, output->count,
				 &transfer->singly);
}

/* Do what the session says; `reply` led to it, NULL: time. Returns false when the transfer is over
 * (and freed). */
static bool perform(struct tftp_transfer *transfer, const struct tftp_output *output,
	const struct tftp_reply *reply)
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
		tftp_transfer_end(transfer, EIO, "the file became shorter or can't be read");
		return false;
	case TFTP_FINISHED:
		tftp_transfer_end(transfer, 0, "");
		return false;
	case TFTP_ABORTED:
		tftp_transfer_end(transfer, ECANCELED,
			reply && reply->text[0] ? reply->text : "ended by the client");
		return false;
	case TFTP_LOST:
		tftp_transfer_end(transfer, ETIMEDOUT, "the client is silent");
		return false;
	}
	return true;
}

/* One packet of the peer. Returns false when the transfer is over. */
static bool receive_reply(struct tftp_transfer *transfer)
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

		tftp_transfer_end(
			transfer, complete ? 0 : ECONNREFUSED, "the client closed its port");
		return false;
	}
	if (length < 0 || tftp_parse_reply(bytes, (size_t)length, &reply) != 0)
		return true;
	if (!session->heard)
		tftp_rates_know(&transfer->all->rates, transfer->peer.sin_addr);
	output = tftp_session_receive(&transfer->session, &reply, clock_monotonic_ns());
	tftp_turns_note_ack(transfer);
	return perform(transfer, &output, &reply);
}

static void on_packet(evutil_socket_t socket, short what, void *argument)
{
	struct tftp_transfer *transfer = argument;

	(void)socket;
	(void)what;
	/* One packet at a time: there is hardly ever a second one, and the others wait. */
	if (receive_reply(transfer))
		tftp_transfer_arm(transfer);
}

bool tftp_transfer_catch_up(struct tftp_transfer *transfer)
{
	for (unsigned i = 0; i < PACKETS_TO_CATCH_UP; i++) {
		if (!receive_reply(transfer))
			return false;
	}
	tftp_transfer_arm(transfer);
	return true;
}

void tftp_transfer_ask_again(struct tftp_transfer *transfer)
{
	const struct tftp_output output =
		tftp_session_ask_again(&transfer->session, clock_monotonic_ns());

	if (perform(transfer, &output, NULL))
		tftp_transfer_arm(transfer);
}

static void on_timer(evutil_socket_t socket, short what, void *argument)
{
	struct tftp_transfer *transfer = argument;
	struct tftp_output output = tftp_session_timeout(&transfer->session, clock_monotonic_ns());

	(void)socket;
	(void)what;
	transfer->timer_ns = UINT64_MAX;
	if (perform(transfer, &output, NULL))
		tftp_transfer_arm(transfer);
}

/* A socket of its own for each transfer (RFC 1350 section 4: a new TID), connected, so that nobody
 * else's packets reach it, from the address that was asked. */
static int open_session_socket(const struct tftp_transfer *transfer)
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

bool tftp_transfers_make_room(struct tftp_transfers *all, const struct in_addr *of)
{
	const uint64_t now_ns = clock_monotonic_ns();
	struct tftp_transfer *oldest = NULL;

	/* The newest is the first. A question to brambled can't be taken back. */
	for (struct tftp_transfer *t = all->first; t; t = t->next) {
		if (t->socket >= 0 && !t->session.heard && now_ns - t->started_ns >= MOMENT_NS &&
			(!of || of->s_addr == t->peer.sin_addr.s_addr))
			oldest = t;
	}
	if (oldest)
		tftp_transfer_end(oldest, ECANCELED, "its client never answered, others wait");
	return oldest != NULL;
}

static void refuse(struct tftp_transfer *transfer, int error)
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

static void begin(struct tftp_transfer *transfer, const struct ipc_resolved *answer)
{
	const struct tftp_request accepted = {
		.options = transfer->options,
		.blksize = transfer->blksize,
		.timeout_s = transfer->timeout_s,
		.windowsize = transfer->windowsize,
		.netascii = transfer->netascii,
	};
	struct tftp_output output;

	transfer->id = answer->transfer;
	tftp_netascii_start(&transfer->text, answer->size);
	transfer->readable = event_new(
		transfer->all->base, transfer->socket, EV_READ | EV_PERSIST, on_packet, transfer);
	transfer->timer = evtimer_new(transfer->all->base, on_timer, transfer);
	transfer->timer_ns = UINT64_MAX;
	if (!transfer->readable || !transfer->timer || event_add(transfer->readable, NULL) != 0) {
		refuse(transfer, ENOMEM);
		return;
	}
	tftp_stray_open(&transfer->stray, transfer->all->base, transfer->socket);
	output = tftp_session_start(
		&transfer->session, &accepted, answer->size, clock_monotonic_ns());
	bound_oacks(transfer);
	tftp_turns_join(transfer);
	if (perform(transfer, &output, NULL))
		tftp_transfer_arm(transfer);
}

static void on_answer(void *argument, const struct ipc_resolved *answer, int fd)
{
	struct tftp_transfer *transfer = argument;

	transfer->fd = fd;
	if (!answer) {
		/* brambled is away: silence, so that the client asks again instead of giving up. */
		unlink_transfer(transfer);
		return;
	}
	if (answer->error == EHOSTUNREACH) {
		/* Not of this LAN, or nobody's address: a reply may hit somebody who never asked.
		 */
		tftp_rates_silence(
			&transfer->all->rates, transfer->peer.sin_addr, clock_monotonic_ns());
		unlink_transfer(transfer);
		return;
	}
	if (transfer->all->rates.by_lease)
		tftp_rates_know(&transfer->all->rates, transfer->peer.sin_addr);
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

void tftp_visible_name(const struct tftp_request *request, char out[static TFTP_NAME_SIZE])
{
	str_copy_visible(out, TFTP_NAME_SIZE, request->name, strlen(request->name));
}

static struct tftp_transfer *new_transfer(struct tftp_transfers *all,
	const struct sockaddr_in *peer, struct in_addr local, const struct tftp_request *request)
{
	char name[TFTP_NAME_SIZE];
	struct tftp_transfer *transfer;
	size_t length;

	tftp_visible_name(request, name);
	length = strlen(name);
	transfer = calloc(1, sizeof(*transfer) + length + 1);
	if (!transfer)
		return NULL;
	memcpy(transfer->name, name, length + 1);
	transfer->all = all;
	transfer->peer = *peer;
	transfer->local = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = local };
	transfer->options = request->options;
	transfer->timeout_s = request->timeout_s;
	transfer->blksize = request->blksize;
	transfer->windowsize = request->windowsize;
	transfer->netascii = request->netascii;
	transfer->request_length = (uint16_t)request->length;
	transfer->fd = transfer->socket = transfer->stray.socket = -1;
	transfer->started_ns = clock_monotonic_ns();
	transfer->next = all->first;
	transfer->back = &all->first;
	if (transfer->next)
		transfer->next->back = &transfer->next;
	all->first = transfer;
	all->n++;
	return transfer;
}

void tftp_transfer_ask(struct tftp_transfers *all, const struct sockaddr_in *peer,
	struct in_addr local, const struct tftp_request *granted)
{
	struct ipc_resolve question = {
		.protocol = IPC_TFTP,
		.peer = peer->sin_addr,
		.peer_port = ntohs(peer->sin_port),
		.max_block = granted->blksize,
	};
	struct tftp_transfer *transfer = new_transfer(all, peer, local, granted);

	if (!transfer)
		return;
	str_copy(question.name, sizeof(question.name), granted->name);
	if (source_ask(all->source, &question, on_answer, transfer) != 0)
		unlink_transfer(transfer);
}

void tftp_transfers_free(struct tftp_transfers *all)
{
	struct tftp_transfer *next;

	for (struct tftp_transfer *transfer = all->first; transfer; transfer = next) {
		next = transfer->next;
		release(transfer);
	}
	all->first = NULL;
}
