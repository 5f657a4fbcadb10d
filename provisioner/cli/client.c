/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/client.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"

#define ANSWER_LIMIT (64u * 1024u * 1024u)
#define RESTART_MS 1000 /* brambled is back in a fraction of this after a crash */
#define RETRY_MS 50

struct deadline {
	uint64_t start_ns, end_ns;
	bool noticed;
};

int client_init(struct client *client, const char *run, enum ipc_role role)
{
	*client = (struct client){
		.role = role, .socket = -1, .file = -1, .buffer = malloc(IPC_PACKET_SIZE)
	};
	if (!client->buffer)
		return -ENOMEM;
	if (snprintf(client->path, sizeof(client->path), "%s/ipc.sock", run) >=
		(int)sizeof(client->path))
		return -ENAMETOOLONG;
	return 0;
}

static void disconnect(struct client *client)
{
	if (client->socket >= 0)
		close(client->socket);
	client->socket = -1;
}

void client_free(struct client *client)
{
	disconnect(client);
	free(client->buffer);
	client->buffer = NULL;
}

int client_append(char *out, size_t size, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t used = strlen(out);

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c < 0x80 && (isalnum(c) || strchr("-._~:", c));
		size_t need = plain ? 1 : 3;

		if (used + need >= size)
			return -EMSGSIZE;
		if (plain) {
			out[used] = (char)c;
		} else {
			out[used] = '%';
			out[used + 1] = hex[c >> 4];
			out[used + 2] = hex[c & 0xf];
		}
		used += need;
	}
	out[used] = '\0';
	return 0;
}

static void notice(struct client *client, struct deadline *deadline)
{
	if (deadline->noticed ||
		clock_monotonic_ns() - deadline->start_ns < CLIENT_NOTICE_MS * NS_PER_MS)
		return;
	deadline->noticed = true;
	if (client->waiting)
		client->waiting(client->argument);
}

/* A socket file without a listener is what a killed brambled leaves: its next life comes soon.
 * `was_there` says that it spoke to us a moment ago; then the file may be missing, too, while it is
 * made anew. */
static int connect_soon(struct client *client, bool was_there, struct deadline *deadline)
{
	uint64_t give_up_ns = clock_monotonic_ns() + RESTART_MS * NS_PER_MS;
	const struct timespec pause = { .tv_nsec = RETRY_MS * (long)NS_PER_MS };
	int result;

	for (;;) {
		result = ipc_connect(client->path, client->role);
		if (result >= 0) {
			client->socket = result;
			return 0;
		}
		if (result == -EPIPE || result == -ECONNRESET)
			result = -ECONNREFUSED;
		if (result != -ECONNREFUSED && (result != -ENOENT || !was_there))
			return result;
		if (clock_monotonic_ns() > give_up_ns)
			return result;
		notice(client, deadline);
		nanosleep(&pause, NULL);
	}
}

static int wait_readable(struct client *client, struct deadline *deadline)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = client->socket, .events = POLLIN };
		uint64_t now = clock_monotonic_ns();
		uint64_t next = deadline->end_ns;
		int n;

		if (now >= deadline->end_ns)
			return -ETIMEDOUT;
		if (!deadline->noticed && deadline->start_ns + CLIENT_NOTICE_MS * NS_PER_MS < next)
			next = deadline->start_ns + CLIENT_NOTICE_MS * NS_PER_MS;
		n = poll(&poll_fd, 1, next > now ? (int)((next - now) / NS_PER_MS) + 1 : 0);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return 0;
		notice(client, deadline);
	}
}

/* The answer's text from its descriptor. */
static int read_answer(const struct ipc_message *message, struct client_answer *answer)
{
	uint64_t size = message->body.api_reply.size;
	size_t used = 0;
	char *text;

	if (size > ANSWER_LIMIT)
		return -EMSGSIZE;
	if (size > 0 && message->fd < 0)
		return -EBADMSG;
	text = malloc((size_t)size + 1);
	if (!text)
		return -ENOMEM;
	while (used < size) {
		ssize_t n = pread(message->fd, text + used, (size_t)size - used, (off_t)used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(text);
			return n < 0 ? -errno : -EBADMSG;
		}
		used += (size_t)n;
	}
	text[used] = '\0';
	*answer = (struct client_answer){
		.status = message->body.api_reply.status, .text = text, .size = used
	};
	return 0;
}

/* Wait for the answer to call `id`; answers to calls that were given up are dropped. */
static int receive(
	struct client *client, uint32_t id, struct deadline *deadline, struct client_answer *answer)
{
	for (;;) {
		struct ipc_message message = { .fd = -1 };
		int result = wait_readable(client, deadline);

		if (result != 0)
			return result;
		result = ipc_receive(client->socket, client->buffer, &message);
		if (result == -EAGAIN || result == -EINTR)
			continue;
		if (result == 0 || result == -ECONNRESET)
			return -EPIPE;
		if (result < 0)
			return result;
		if (message.header.type != IPC_API_REPLY)
			result = -EBADMSG;
		else if (message.header.id == id)
			result = read_answer(&message, answer);
		if (message.fd >= 0)
			close(message.fd);
		if (result != 1)
			return result;
	}
}

static int attempt(struct client *client, const struct ipc_api *call, const char *body,
	struct deadline *deadline, struct client_answer *answer)
{
	bool was_there = client->last_id > 0;
	uint32_t id = ++client->last_id;
	int result = client->socket < 0 ? connect_soon(client, was_there, deadline) : 0;

	if (result != 0)
		return result;
	result = ipc_send(client->socket, IPC_API, id, call, body, call->text_length, client->file);
	if (result == -ECONNRESET)
		result = -EPIPE;
	if (result == 0)
		result = receive(client, id, deadline, answer);
	if (result != 0)
		disconnect(client);
	return result;
}

int client_call(struct client *client, enum ipc_method method, const char *path, const char *body,
	unsigned timeout_ms, struct client_answer *answer)
{
	size_t length = body ? strlen(body) : 0;
	struct ipc_api call = { .method = method, .text_length = (uint32_t)length };
	struct deadline deadline = { .start_ns = clock_monotonic_ns() };
	const struct timespec pause = { .tv_nsec = RETRY_MS * (long)NS_PER_MS };
	int result;

	if (length > IPC_TEXT_LIMIT || !str_copy(call.path, sizeof(call.path), path))
		return -EMSGSIZE;
	deadline.end_ns = deadline.start_ns + timeout_ms * NS_PER_MS;
	for (;;) {
		result = attempt(client, &call, body, &deadline, answer);
		if (result != -EPIPE)
			return result;
		/* brambled ends the connection of an administrator who isn't root */
		if (client->role == IPC_ROLE_ADMIN && geteuid() != 0)
			return -EACCES;
		if (method != IPC_GET ||
			clock_monotonic_ns() - deadline.start_ns > 5 * RESTART_MS * NS_PER_MS)
			return result;
		nanosleep(&pause, NULL);
	}
}
