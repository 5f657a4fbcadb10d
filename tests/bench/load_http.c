/* SPDX-License-Identifier: ISC */
/* HTTP clients: GET over connections that stay open (RFC 9112 section 9.3). What arrives is counted
 * and dropped in the kernel (MSG_TRUNC, tcp(7)). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/bench/load.h"

#define EVENTS 256
#define HEADER_LIMIT 2048
#define TAKE (4u * 1024u * 1024u)
#define PATIENCE_MS 10000

struct client {
	int fd;
	uint64_t left, size, began_ns; /* of the body; left 0 = the header isn't complete */
	size_t header_length;
	char header[HEADER_LIMIT + 1];
	unsigned done;
};

struct load {
	const struct load_options *options;
	struct load_result *result;
	struct client *clients;
	int epoll;
	unsigned running;
	uint64_t began_ns;
	char request[600];
	int fatal;
};

static void begin(struct load *load, struct client *client)
{
	client->began_ns = clock_monotonic_ns();
	client->header_length = 0;
	client->left = client->size = 0;
	(void)!send(client->fd, load->request, strlen(load->request), MSG_NOSIGNAL);
}

static int connect_client(struct load *load, struct client *client)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = client };

	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
		load_bind(load->options, client->fd, (unsigned)(client - load->clients)) != 0 ||
		connect(client->fd, (const struct sockaddr *)&load->options->server,
			sizeof(load->options->server)) != 0 ||
		epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
		return -errno;
	begin(load, client);
	return 0;
}

static void leave(struct load *load, struct client *client, bool failed)
{
	load->result->failures += failed;
	close(client->fd);
	client->fd = -1;
	load->running--;
}

static void finish(struct load *load, struct client *client)
{
	const struct load_options *o = load->options;
	uint64_t now = clock_monotonic_ns();

	client->done++;
	load->result->transfers++;
	load->result->bytes += client->size;
	if (!load_add_duration(load->result, (double)(now - client->began_ns) / (double)NS_PER_S))
		load->fatal = -ENOMEM;
	if (o->seconds > 0 ? (double)(now - load->began_ns) / (double)NS_PER_S < o->seconds
			   : client->done < o->rounds)
		begin(load, client);
	else
		leave(load, client, false);
}

/* Returns false when the answer isn't a whole file. */
static bool take_header(struct client *client, size_t length)
{
	const char *end, *field;
	size_t header;

	client->header[length] = '\0';
	client->header_length = length;
	end = strstr(client->header, "\r\n\r\n");
	if (!end)
		return length < HEADER_LIMIT;
	field = strcasestr(client->header, "\r\nContent-Length:");
	if (strncmp(client->header, "HTTP/1.1 200", 12) != 0 || !field || field > end)
		return false;
	client->size = strtoull(field + 17, NULL, 10);
	header = (size_t)(end - client->header) + 4;
	client->left = client->size - (length - header);
	return client->size > 0;
}

static void receive(struct load *load, struct client *client)
{
	bool in_header = client->left == 0;
	ssize_t n;

	if (in_header)
		n = recv(client->fd, client->header + client->header_length,
			HEADER_LIMIT - client->header_length, MSG_DONTWAIT);
	else
		n = recv(client->fd, NULL, client->left < TAKE ? client->left : TAKE,
			MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || (in_header && !take_header(client, client->header_length + (size_t)n))) {
		leave(load, client, true);
		return;
	}
	if (!in_header)
		client->left -= (uint64_t)n;
	if (client->left == 0 && (!in_header || client->size > 0))
		finish(load, client);
}

static void run(struct load *load)
{
	struct epoll_event events[EVENTS];

	while (load->running > 0 && load->fatal == 0) {
		int n = epoll_wait(load->epoll, events, EVENTS, PATIENCE_MS);

		if (n == 0)
			load->fatal = -ETIMEDOUT;
		for (int i = 0; i < n; i++)
			receive(load, events[i].data.ptr);
	}
}

int load_http(const struct load_options *options, struct load_result *result)
{
	struct load *load = calloc(1, sizeof(*load));
	int status = -ENOMEM;

	if (!load)
		return status;
	load->options = options;
	load->result = result;
	load->clients = calloc(options->clients, sizeof(*load->clients));
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	snprintf(load->request, sizeof(load->request),
		"GET /%.400s HTTP/1.1\r\nHost: bench\r\n\r\n", options->file);
	if (load->clients && load->epoll >= 0) {
		load->began_ns = clock_monotonic_ns();
		for (; load->running < options->clients && load->fatal == 0; load->running++)
			load->fatal = connect_client(load, &load->clients[load->running]);
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
