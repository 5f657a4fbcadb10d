/* SPDX-License-Identifier: ISC */
/*
 * TFTP clients, RFC 1350 with RFC 2347, 2348, 7440. A window arrives in one piece where the kernel
 * can do that (UDP_GRO, udp(7)). Lost packets are dropped here, not on the way, so that the same
 * seed drops the same ones.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/bench/load.h"

#ifndef UDP_GRO
#define UDP_GRO 104 /* linux/udp.h, since Linux 5.0 */
#endif

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

#define HEADER 4u
#define EVENTS 256
#define WAKE_MS 20
#define TELL_AGAIN_NS (5 * NS_PER_MS)
#define PATIENCE_NS (60 * NS_PER_S) /* a transfer without progress has failed */

struct client {
	int fd;
	bool connected;	    /* the server's port is known */
	uint64_t block;	    /* the last one received in order */
	uint64_t gap_block; /* behind which a gap was told */
	unsigned window;    /* as the server granted it */
	unsigned in_window;
	uint64_t bytes, began_ns, progress_ns, sent_ns;
	unsigned done;
};

struct load {
	const struct load_options *options;
	struct load_result *result;
	struct client *clients;
	int epoll;
	unsigned running;
	uint64_t random, began_ns;
	uint8_t request[600], buffer[65536];
	size_t request_length;
	int fatal;
};

static bool is_lost(struct load *load)
{
	return load->options->loss > 0 && load_random(&load->random) < load->options->loss;
}

static void build_request(struct load *load)
{
	const struct load_options *o = load->options;
	char *at = (char *)load->request + 2;
	size_t left = sizeof(load->request) - 2;
	int n = snprintf(at, left, "%.400s%coctet%c", o->file, '\0', '\0');

	load->request[1] = RRQ;
	if (o->blksize != 512)
		n += snprintf(at + n, left - (size_t)n, "blksize%c%u%c", '\0', o->blksize, '\0');
	if (o->window > 1)
		n += snprintf(at + n, left - (size_t)n, "windowsize%c%u%c", '\0', o->window, '\0');
	load->request_length = 2 + (size_t)n;
}

static void send_request(struct load *load, struct client *client)
{
	client->sent_ns = clock_monotonic_ns();
	(void)!sendto(client->fd, load->request, load->request_length, MSG_DONTWAIT,
		(const struct sockaddr *)&load->options->server, sizeof(load->options->server));
}

static void send_ack(struct load *load, struct client *client, uint64_t now)
{
	const uint8_t packet[HEADER] = { 0, ACK, (uint8_t)(client->block >> 8),
		(uint8_t)client->block };

	client->in_window = 0;
	client->sent_ns = now;
	if (!is_lost(load))
		(void)!send(client->fd, packet, sizeof(packet), MSG_DONTWAIT);
}

static int begin(struct load *load, struct client *client)
{
	const int on = 1, buffer = 1 << 20;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };
	unsigned done = client->done;

	*client = (struct client){ .done = done,
		.gap_block = UINT64_MAX,
		.window = 1,
		.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) };
	if (client->fd < 0)
		return -errno;
	if (load_bind(load->options, client->fd, (unsigned)(client - load->clients)) != 0)
		return -errno;
	if (load->options->window > 1) {
		(void)setsockopt(client->fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
		(void)setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	}
	if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
		return -errno;
	client->began_ns = client->progress_ns = clock_monotonic_ns();
	send_request(load, client);
	return 0;
}

/* A transfer is over; begin the next one if there is to be one. */
static void end(struct load *load, struct client *client, bool complete)
{
	const struct load_options *o = load->options;
	uint64_t now = clock_monotonic_ns();

	close(client->fd);
	client->fd = -1;
	client->done++;
	if (complete) {
		load->result->transfers++;
		load->result->bytes += client->bytes;
		if (!load_add_duration(
			    load->result, (double)(now - client->began_ns) / (double)NS_PER_S))
			load->fatal = -ENOMEM;
	} else {
		load->result->failures++;
	}
	if (o->seconds > 0 ? (double)(now - load->began_ns) / (double)NS_PER_S < o->seconds
			   : client->done < o->rounds)
		load->fatal = load->fatal ? load->fatal : begin(load, client);
	else
		load->running--;
}

/* The server's TID is known from its first packet (RFC 1350 section 4). */
static bool connect_back(struct client *client, const struct sockaddr_in *from)
{
	client->connected = connect(client->fd, (const struct sockaddr *)from, sizeof(*from)) == 0;
	return client->connected;
}

/* A block that isn't the next one. In lock-step an old one is acknowledged again (RFC 1350 section
 * 2); within a window the last block in order is told, once for a burst of packets. */
static void take_other(struct load *load, struct client *client, uint16_t block, uint64_t now)
{
	bool old = (uint16_t)((uint16_t)client->block - block) < 0x8000;

	if (client->window == 1 && !old)
		return;
	if (client->window > 1 && client->gap_block == client->block &&
		now - client->sent_ns < TELL_AGAIN_NS)
		return;
	client->gap_block = client->block;
	load->result->repeats++;
	send_ack(load, client, now);
}

/* One DATA packet. Returns false when the transfer is over. */
static bool take_data(
	struct load *load, struct client *client, uint16_t block, size_t length, uint64_t now)
{
	if (is_lost(load))
		return true;
	if (block != (uint16_t)(client->block + 1)) {
		take_other(load, client, block, now);
		return true;
	}
	client->block++;
	client->bytes += length;
	client->progress_ns = now;
	client->in_window++;
	if (length < load->options->blksize || client->in_window == client->window)
		send_ack(load, client, now);
	if (length >= load->options->blksize)
		return true;
	end(load, client, true);
	return false;
}

/* RFC 2347: an option that the server leaves out isn't in force. */
static void take_options(struct client *client, const uint8_t *packet, size_t length)
{
	static const char name[] = "windowsize";
	const uint8_t *at = memmem(packet, length, name, sizeof(name));

	client->window = 1;
	if (at && packet[length - 1] == '\0')
		client->window = (unsigned)strtoul((const char *)at + sizeof(name), NULL, 10);
	if (client->window == 0)
		client->window = 1;
}

/* Returns false when the transfer is over. */
static bool take_packet(struct load *load, struct client *client, const uint8_t *packet,
	size_t length, uint64_t now)
{
	if (length < HEADER || packet[0] != 0)
		return true;
	switch (packet[1]) {
	case DATA:
		return take_data(
			load, client, (uint16_t)(packet[2] << 8 | packet[3]), length - HEADER, now);
	case OACK:
		if (client->block > 0)
			return true;
		take_options(client, packet, length);
		send_ack(load, client, now);
		return true;
	case ERROR:
		end(load, client, false);
		return false;
	default:
		return true;
	}
}

/* What the kernel put together: size of each packet, 0 if it is one. */
static size_t segment_of(struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		int size;

		if (c->cmsg_level != IPPROTO_UDP || c->cmsg_type != UDP_GRO)
			continue;
		memcpy(&size, CMSG_DATA(c), sizeof(size));
		return (size_t)size;
	}
	return 0;
}

static void receive(struct load *load, struct client *client)
{
	struct sockaddr_in from;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	/* In lock-step only the header is looked at. */
	struct iovec vector = { load->buffer,
		load->options->window > 1 || !client->connected ? sizeof(load->buffer) : HEADER };
	struct msghdr header = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = load->options->window > 1 ? control.bytes : NULL,
		.msg_controllen = load->options->window > 1 ? sizeof(control.bytes) : 0 };
	ssize_t n = recvmsg(client->fd, &header, MSG_DONTWAIT | MSG_TRUNC);
	size_t segment;
	uint64_t now;

	if (n < 0)
		return;
	if (!client->connected && !connect_back(client, &from))
		return;
	segment = segment_of(&header);
	if (segment == 0)
		segment = (size_t)n;
	now = clock_monotonic_ns();
	for (size_t at = 0; at < (size_t)n; at += segment) {
		size_t left = (size_t)n - at;

		if (!take_packet(
			    load, client, load->buffer + at, left < segment ? left : segment, now))
			return;
	}
}

/* Clients that hear nothing repeat what they sent last. */
static void look_after(struct load *load)
{
	uint64_t now = clock_monotonic_ns(), limit = load->options->timeout_ms * NS_PER_MS;

	for (unsigned i = 0; i < load->options->clients; i++) {
		struct client *client = &load->clients[i];

		if (client->fd < 0 || now - client->progress_ns < limit ||
			now - client->sent_ns < limit)
			continue;
		if (now - client->progress_ns > PATIENCE_NS) {
			end(load, client, false);
			continue;
		}
		load->result->repeats++;
		if (client->connected)
			send_ack(load, client, now);
		else
			send_request(load, client);
	}
}

static void run(struct load *load)
{
	struct epoll_event events[EVENTS];
	uint64_t look_ns = clock_monotonic_ns();

	while (load->running > 0 && load->fatal == 0) {
		int n = epoll_wait(load->epoll, events, EVENTS, WAKE_MS);

		for (int i = 0; i < n; i++)
			receive(load, events[i].data.ptr);
		if (clock_monotonic_ns() - look_ns < WAKE_MS * NS_PER_MS)
			continue;
		look_ns = clock_monotonic_ns();
		look_after(load);
	}
}

int load_tftp(const struct load_options *options, struct load_result *result)
{
	struct load *load = calloc(1, sizeof(*load));
	int status = -ENOMEM;

	if (!load)
		return status;
	load->options = options;
	load->result = result;
	load->random = options->seed;
	load->clients = calloc(options->clients, sizeof(*load->clients));
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load->clients && load->epoll >= 0) {
		build_request(load);
		load->began_ns = clock_monotonic_ns();
		for (; load->running < options->clients && load->fatal == 0; load->running++)
			load->fatal = begin(load, &load->clients[load->running]);
		run(load);
		result->seconds =
			(double)(clock_monotonic_ns() - load->began_ns) / (double)NS_PER_S;
		status = load->fatal;
	}
	if (load->epoll >= 0)
		close(load->epoll);
	free(load->clients);
	free(load);
	return status;
}
