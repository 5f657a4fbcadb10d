/* SPDX-License-Identifier: ISC */
/*
 * A server's connection to brambled. It comes back by itself: brambled may be restarted at any
 * time, and what was asked meanwhile is asked again. Answers arrive by callback from the event
 * loop.
 */
#ifndef BRAMBLE_BROKER_H
#define BRAMBLE_BROKER_H

#include <stdint.h>

#include "common/ipc.h"

struct event_base;
struct broker;

/* The answer, or NULL when there was none in time. message->fd is the callee's to close. The
 * message lives until the callback returns. */
typedef void (*broker_answer)(void *argument, const struct ipc_message *message);

/* `path` is copied. `limit`: questions that may be open at once; `patience_ms`: how long one may
 * take. Connects at once if it can, else later. Returns NULL with errno set. */
struct broker *broker_new(struct event_base *base, const char *path, enum ipc_role role,
	unsigned limit, unsigned patience_ms);
void broker_free(struct broker *broker);

/* Ask; body and text are copied. Returns a positive id, or -EAGAIN when too many are open, or
 * -ENOMEM. */
int64_t broker_ask(struct broker *broker, enum ipc_type type, const void *body, const char *text,
	size_t text_length, broker_answer answer, void *argument);

/* The asker is gone: its callback will not be called. */
void broker_forget(struct broker *broker, int64_t id);

/* Say something that has no answer; lost when brambled isn't there. */
void broker_tell(struct broker *broker, enum ipc_type type, const void *body);

#endif
