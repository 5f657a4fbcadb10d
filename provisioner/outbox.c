/* SPDX-License-Identifier: ISC */
#include "provisioner/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct outbox_message {
	struct outbox_message *next;
	enum ipc_type type;
	uint32_t id;
	int fd;
	uint8_t body[];
};

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int keep(struct outbox *outbox, enum ipc_type type, uint32_t id, const void *body, int fd)
{
	size_t size = ipc_body_size(type);
	struct outbox_message *message = malloc(sizeof(*message) + size);

	if (!message)
		return -ENOMEM;
	*message = (struct outbox_message){ .type = type, .id = id, .fd = fd };
	memcpy(message->body, body, size);
	if (outbox->last)
		outbox->last->next = message;
	else
		outbox->first = message;
	outbox->last = message;
	return 0;
}

int outbox_send(struct outbox *outbox, int socket, enum ipc_type type, uint32_t id,
	const void *body, int fd)
{
	int result = outbox->first ? -EAGAIN : ipc_send(socket, type, id, body, NULL, 0, fd);

	if (result == -EAGAIN && (result = keep(outbox, type, id, body, fd)) == 0)
		return 0;
	close_if_open(fd);
	return result;
}

static void remove_first(struct outbox *outbox)
{
	struct outbox_message *message = outbox->first;

	outbox->first = message->next;
	if (!outbox->first)
		outbox->last = NULL;
	close_if_open(message->fd);
	free(message);
}

int outbox_flush(struct outbox *outbox, int socket)
{
	while (outbox->first) {
		const struct outbox_message *message = outbox->first;
		int result = ipc_send(
			socket, message->type, message->id, message->body, NULL, 0, message->fd);

		if (result != 0)
			return result;
		remove_first(outbox);
	}
	return 0;
}

void outbox_free(struct outbox *outbox)
{
	while (outbox->first)
		remove_first(outbox);
}
