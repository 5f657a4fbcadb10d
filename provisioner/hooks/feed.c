/* SPDX-License-Identifier: ISC */
#include "provisioner/hooks/feed.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/broker.h"
#include "common/str.h"

#define WAIT_S 25
#define PATIENCE_MS 40000
#define AGAIN_S 1
#define AT_ONCE 200
#define ANSWER_LIMIT (4u << 20) /* bytes */
#define QUESTIONS 2		/* for events, and a report */

struct feed {
	struct broker *broker;
	struct event *again;
	struct feed_calls calls;
	int64_t after; /* -1: not begun */
	bool reporting;
};

bool feed_parse_event(const cJSON *json, struct hooks_event *event)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "id"),
		    *at = cJSON_GetObjectItemCaseSensitive(json, "at_ms");
	const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "kind")),
		   *subject =
			   cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "subject")),
		   *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "text"));

	if (!cJSON_IsNumber(id) || !cJSON_IsNumber(at) || !kind || !subject || !text ||
		id->valuedouble < 1)
		return false;
	*event = (struct hooks_event){ .id = (int64_t)id->valuedouble,
		.at_ms = (int64_t)at->valuedouble };
	return str_copy(event->kind, sizeof(event->kind), kind) &&
	       str_copy(event->subject, sizeof(event->subject), subject) &&
	       str_copy(event->text, sizeof(event->text), text);
}

/* The JSON of an answer, or NULL. Closes its file. */
static cJSON *read_answer(const struct ipc_message *message)
{
	const struct ipc_api_reply *reply;
	cJSON *json = NULL;
	char *text;

	if (!message || message->fd < 0)
		return NULL;
	reply = &message->body.api_reply;
	if (message->header.type == IPC_API_REPLY && reply->status == 200 &&
		reply->size <= ANSWER_LIMIT) {
		text = malloc((size_t)reply->size + 1);
		if (text &&
			pread(message->fd, text, (size_t)reply->size, 0) == (ssize_t)reply->size) {
			text[reply->size] = '\0';
			json = cJSON_Parse(text);
		}
		free(text);
	}
	close(message->fd);
	return json;
}

static void try_again(struct feed *feed)
{
	const struct timeval delay = { .tv_sec = AGAIN_S };

	evtimer_add(feed->again, &delay);
}

static void ask(struct feed *feed, const char *path, broker_answer answer)
{
	struct ipc_api api = { .method = IPC_GET };

	str_copy(api.path, sizeof(api.path), path);
	if (broker_ask(feed->broker, IPC_API, &api, NULL, 0, answer, feed) < 0)
		try_again(feed);
}

static void on_newest(void *argument, const struct ipc_message *message);

static void on_events(void *argument, const struct ipc_message *message)
{
	struct feed *feed = argument;
	cJSON *json = read_answer(message);
	const cJSON *item;
	struct hooks_event event;
	bool any = false;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "events"))
	{
		if (!feed_parse_event(item, &event) || event.id <= feed->after)
			continue;
		feed->after = event.id;
		feed->calls.event(feed->calls.argument, &event);
		any = true;
	}
	if (any)
		feed->calls.come(feed->calls.argument);
	cJSON_Delete(json);
	if (any) {
		char path[96];

		snprintf(path, sizeof(path), "/v1/events?after=%" PRId64 "&wait=%d&limit=%d",
			feed->after, WAIT_S, AT_ONCE);
		ask(feed, path, on_events);
	} else if (json) {
		/* The registry may have been put back to an older one, with lower numbers. */
		ask(feed, "/v1/events?limit=1", on_newest);
	} else {
		try_again(feed);
	}
}

static void on_newest(void *argument, const struct ipc_message *message)
{
	struct feed *feed = argument;
	cJSON *json = read_answer(message);
	const cJSON *last = cJSON_GetObjectItemCaseSensitive(json, "last");
	char path[96];

	if (!cJSON_IsNumber(last)) {
		try_again(feed);
	} else {
		feed->after = feed->calls.begin(feed->calls.argument, (int64_t)last->valuedouble);
		snprintf(path, sizeof(path), "/v1/events?after=%" PRId64 "&wait=%d&limit=%d",
			feed->after, WAIT_S, AT_ONCE);
		ask(feed, path, on_events);
	}
	cJSON_Delete(json);
}

static void on_again(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	ask(argument, "/v1/events?limit=1", on_newest);
}

struct feed *feed_new(struct event_base *base, const char *ipc, const struct feed_calls *calls)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	feed->calls = *calls;
	feed->after = -1;
	feed->again = evtimer_new(base, on_again, feed);
	feed->broker = broker_new(base, ipc, IPC_ROLE_ADMIN, QUESTIONS, PATIENCE_MS);
	if (!feed->again || !feed->broker) {
		feed_free(feed);
		errno = ENOMEM;
		return NULL;
	}
	on_again(-1, 0, feed);
	return feed;
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	if (feed->broker)
		broker_free(feed->broker);
	if (feed->again)
		event_free(feed->again);
	free(feed);
}

static void on_reported(void *argument, const struct ipc_message *message)
{
	struct feed *feed = argument;
	cJSON *json = read_answer(message);

	feed->reporting = false;
	if (json)
		feed->calls.reported(feed->calls.argument);
	cJSON_Delete(json);
}

bool feed_report(struct feed *feed, cJSON *report)
{
	struct ipc_api api = { .method = IPC_POST, .path = "/v1/hooks" };
	char *text = feed->reporting ? NULL : cJSON_PrintUnformatted(report);
	size_t length = text ? strlen(text) : 0;

	cJSON_Delete(report);
	if (text && length < IPC_TEXT_LIMIT) {
		api.text_length = (uint32_t)length;
		feed->reporting = broker_ask(feed->broker, IPC_API, &api, text, length, on_reported,
					  feed) > 0;
	}
	free(text);
	return length > 0 && feed->reporting;
}
