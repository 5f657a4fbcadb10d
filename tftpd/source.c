/* SPDX-License-Identifier: ISC */
#include "tftpd/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/broker.h"
#include "common/file.h"

#define QUESTIONS 1024
#define PATIENCE_MS 10000

struct source {
	struct broker *broker; /* NULL: stand-alone */
	int dirfd;
	struct pending *pending; /* what brambled is asked */
};

struct pending {
	struct pending *next, **back;
	source_answer answer;
	void *argument;
};

struct source *source_from_brambled(struct event_base *base, const char *ipc_path)
{
	struct source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->dirfd = -1;
	source->broker = broker_new(base, ipc_path, IPC_ROLE_TFTPD, QUESTIONS, PATIENCE_MS);
	if (!source->broker) {
		free(source);
		return NULL;
	}
	return source;
}

struct source *source_from_directory(int dirfd)
{
	struct source *source = calloc(1, sizeof(*source));

	if (source)
		source->dirfd = dirfd;
	return source;
}

static void unlink_pending(struct pending *pending)
{
	*pending->back = pending->next;
	if (pending->next)
		pending->next->back = pending->back;
	free(pending);
}

static void on_answer(void *argument, const struct ipc_message *message)
{
	struct pending pending = *(struct pending *)argument;

	unlink_pending(argument);
	if (message && message->header.type != IPC_RESOLVED && message->fd >= 0)
		close(message->fd);
	if (!message || message->header.type != IPC_RESOLVED)
		pending.answer(pending.argument, NULL, -1);
	else
		pending.answer(pending.argument, &message->body.resolved, message->fd);
}

static void answer_from_directory(const struct source *source, const struct ipc_resolve *request,
	source_answer answer, void *argument)
{
	struct ipc_resolved resolved = { 0 };
	const char *name = request->name;
	int fd;

	/* Clients are used to ask for "/file"; the root is the directory. */
	if (*name == '/')
		name++;
	fd = file_open_beneath(source->dirfd, name, &resolved.size);
	if (fd < 0)
		resolved.error = fd == -ENOENT || fd == -ENOTDIR ? ENOENT : EACCES;
	answer(argument, &resolved, fd);
}

int source_ask(struct source *source, const struct ipc_resolve *request, source_answer answer,
	void *argument)
{
	struct pending *pending;
	int64_t id;

	if (!source->broker) {
		answer_from_directory(source, request, answer, argument);
		return 0;
	}
	pending = malloc(sizeof(*pending));
	if (!pending)
		return -EAGAIN;
	*pending = (struct pending){ source->pending, &source->pending, answer, argument };
	if (pending->next)
		pending->next->back = &pending->next;
	source->pending = pending;
	id = broker_ask(source->broker, IPC_RESOLVE, request, NULL, 0, on_answer, pending);
	if (id < 0)
		unlink_pending(pending);
	return id < 0 ? -EAGAIN : 0;
}

bool source_knows_leases(const struct source *source)
{
	return source->broker != NULL;
}

void source_report(struct source *source, const struct ipc_transfer *transfer)
{
	if (source->broker)
		broker_tell(source->broker, IPC_TRANSFER, transfer);
}

void source_tell_waits(struct source *source, const struct ipc_waits *waits)
{
	if (source->broker)
		broker_tell(source->broker, IPC_WAITS, waits);
}

void source_free(struct source *source)
{
	struct pending *next;

	if (source->broker)
		broker_free(source->broker);
	for (struct pending *pending = source->pending; pending; pending = next) {
		next = pending->next;
		free(pending);
	}
	free(source);
}
