/* SPDX-License-Identifier: ISC */
#include "common/broker.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

#define FIRST_RETRY_MS 50u
#define LONGEST_RETRY_MS 1000u

struct question {
	uint32_t id; /* 0 = free */
	enum ipc_type type;
	uint64_t deadline_ns;
	bool unsent; /* the socket was full */
	broker_answer answer;
	void *argument;
	char *text;
	size_t text_length;
	union {
		struct ipc_resolve resolve;
		struct ipc_api api;
	} body;
};

struct broker {
	struct event_base *base;
	char path[128];
	enum ipc_role role;
	int socket; /* -1 = not connected */
	struct event *readable, *timer;
	unsigned retry_ms;
	unsigned patience_ms;
	uint32_t next_id;
	unsigned limit;
	bool complained;
	uint8_t buffer[IPC_PACKET_SIZE];
	struct question questions[];
};

static void disconnect(struct broker *broker);

static void arm(struct broker *broker, unsigned delay_ms)
{
	const struct timeval delay = { .tv_sec = (time_t)(delay_ms / 1000),
		.tv_usec = (suseconds_t)(delay_ms % 1000) * 1000 };

	event_add(broker->timer, &delay);
}

static void send_question(struct broker *broker, struct question *question)
{
	int result;

	if (broker->socket < 0)
		return;
	result = ipc_send(broker->socket, question->type, question->id, &question->body,
		question->text, question->text_length, -1);
	question->unsent = result == -EAGAIN;
	/* A broken one is asked again after reconnecting. */
	if (result != 0 && result != -EAGAIN)
		disconnect(broker);
}

/* Once brambled has read something, or a second later. */
static void send_unsent(struct broker *broker)
{
	for (unsigned i = 0; broker->socket >= 0 && i < broker->limit; i++) {
		if (broker->questions[i].id == 0 || !broker->questions[i].unsent)
			continue;
		send_question(broker, &broker->questions[i]);
		if (broker->questions[i].unsent)
			return;
	}
}

static void release(struct question *question)
{
	free(question->text);
	*question = (struct question){ 0 };
}

static void conclude(struct question *question, const struct ipc_message *message)
{
	broker_answer answer = question->answer;
	void *argument = question->argument;

	release(question);
	answer(argument, message);
}

static struct question *find(struct broker *broker, uint32_t id)
{
	for (unsigned i = 0; id != 0 && i < broker->limit; i++) {
		if (broker->questions[i].id == id)
			return &broker->questions[i];
	}
	return NULL;
}

static void receive(struct broker *broker)
{
	struct ipc_message message;
	struct question *question;
	int result;

	while (broker->socket >= 0 &&
		(result = ipc_receive(broker->socket, broker->buffer, &message)) != -EAGAIN) {
		if (result <= 0) {
			disconnect(broker);
			return;
		}
		question = find(broker, message.header.id);
		if (question)
			conclude(question, &message);
		else if (message.fd >= 0)
			close(message.fd);
	}
}

static void on_readable(evutil_socket_t socket, short what, void *argument)
{
	(void)socket;
	(void)what;
	receive(argument);
	send_unsent(argument);
}

static bool connect_now(struct broker *broker)
{
	int fd = ipc_connect(broker->path, broker->role);

	if (fd < 0) {
		if (!broker->complained)
			log_warning("brambled can't be reached at %s: %s; trying on", broker->path,
				strerror(-fd));
		broker->complained = true;
		return false;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	broker->readable = event_new(broker->base, fd, EV_READ | EV_PERSIST, on_readable, broker);
	if (!broker->readable || event_add(broker->readable, NULL) != 0) {
		if (broker->readable)
			event_free(broker->readable);
		broker->readable = NULL;
		close(fd);
		return false;
	}
	broker->socket = fd;
	broker->retry_ms = FIRST_RETRY_MS;
	if (broker->complained)
		log_notice("connected to brambled again");
	broker->complained = false;
	for (unsigned i = 0; i < broker->limit; i++) {
		if (broker->questions[i].id != 0)
			send_question(broker, &broker->questions[i]);
	}
	return broker->socket >= 0;
}

static void disconnect(struct broker *broker)
{
	if (broker->socket < 0)
		return;
	event_free(broker->readable);
	broker->readable = NULL;
	close(broker->socket);
	broker->socket = -1;
	arm(broker, broker->retry_ms);
}

static void expire_questions(struct broker *broker)
{
	uint64_t now = clock_monotonic_ns();

	for (unsigned i = 0; i < broker->limit; i++) {
		if (broker->questions[i].id != 0 && broker->questions[i].deadline_ns <= now)
			conclude(&broker->questions[i], NULL);
	}
}

static void on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct broker *broker = argument;

	(void)fd;
	(void)what;
	expire_questions(broker);
	if (broker->socket < 0 && !connect_now(broker)) {
		arm(broker, broker->retry_ms);
		broker->retry_ms = broker->retry_ms * 2 < LONGEST_RETRY_MS ? broker->retry_ms * 2
									   : LONGEST_RETRY_MS;
		return;
	}
	send_unsent(broker);
	if (broker->socket >= 0)
		arm(broker, LONGEST_RETRY_MS);
}

struct broker *broker_new(struct event_base *base, const char *path, enum ipc_role role,
	unsigned limit, unsigned patience_ms)
{
	struct broker *broker = calloc(1, sizeof(*broker) + limit * sizeof(broker->questions[0]));

	if (!broker)
		return NULL;
	broker->base = base;
	broker->role = role;
	broker->socket = -1;
	broker->limit = limit;
	broker->patience_ms = patience_ms;
	broker->retry_ms = FIRST_RETRY_MS;
	broker->timer = evtimer_new(base, on_timer, broker);
	if (!broker->timer || !str_copy(broker->path, sizeof(broker->path), path)) {
		errno = broker->timer ? ENAMETOOLONG : ENOMEM;
		broker_free(broker);
		return NULL;
	}
	on_timer(-1, 0, broker);
	return broker;
}

void broker_free(struct broker *broker)
{
	for (unsigned i = 0; i < broker->limit; i++)
		release(&broker->questions[i]);
	if (broker->readable)
		event_free(broker->readable);
	if (broker->timer)
		event_free(broker->timer);
	if (broker->socket >= 0)
		close(broker->socket);
	free(broker);
}

static struct question *find_free(struct broker *broker)
{
	for (unsigned i = 0; i < broker->limit; i++) {
		if (broker->questions[i].id == 0)
			return &broker->questions[i];
	}
	return NULL;
}

int64_t broker_ask(struct broker *broker, enum ipc_type type, const void *body, const char *text,
	size_t text_length, broker_answer answer, void *argument)
{
	struct question *question = find_free(broker);
	size_t body_size = ipc_body_size(type);

	if (!question)
		return -EAGAIN;
	if (body_size == 0 || body_size > sizeof(question->body))
		return -EINVAL;
	if (text_length > 0) {
		question->text = malloc(text_length);
		if (!question->text)
			return -ENOMEM;
		memcpy(question->text, text, text_length);
		question->text_length = text_length;
	}
	do
		broker->next_id++;
	while (broker->next_id == 0 || find(broker, broker->next_id));
	question->id = broker->next_id;
	question->type = type;
	question->answer = answer;
	question->argument = argument;
	question->deadline_ns = clock_monotonic_ns() + broker->patience_ms * NS_PER_MS;
	memcpy(&question->body, body, body_size);
	send_question(broker, question);
	return question->id;
}

void broker_forget(struct broker *broker, int64_t id)
{
	struct question *question = find(broker, (uint32_t)id);

	if (question)
		release(question);
}

void broker_tell(struct broker *broker, enum ipc_type type, const void *body)
{
	int result;

	if (broker->socket < 0)
		return;
	result = ipc_send(broker->socket, type, 0, body, NULL, 0, -1);
	if (result != 0 && result != -EAGAIN)
		disconnect(broker);
}
