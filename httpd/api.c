/* SPDX-License-Identifier: ISC */
#include "httpd/api.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

static enum ipc_method ipc_method_of(enum request_method method)
{
	switch (method) {
	case REQUEST_POST:
		return IPC_POST;
	case REQUEST_PUT:
		return IPC_PUT;
	case REQUEST_DELETE:
		return IPC_DELETE;
	case REQUEST_GET:
	case REQUEST_HEAD:
	case REQUEST_OTHER:
	case REQUEST_UNKNOWN:
		break;
	}
	return IPC_GET;
}

static bool is_sound(const struct ipc_message *message)
{
	const struct ipc_api_reply *reply = &message->body.api_reply;
	struct stat status;

	if (message->header.type != IPC_API_REPLY || reply->status < 200 || reply->status > 599 ||
		!*reply->content_type)
		return false;
	if (reply->status == 204 || reply->status == 205 || reply->status == 304)
		return false; /* without content, which every answer has (RFC 9110 section 15) */
	for (const char *p = reply->content_type; *p; p++) {
		if (*p < ' ' || *p >= 0x7f)
			return false;
	}
	return message->fd >= 0 && file_status(message->fd, &status) == 0 &&
	       S_ISREG(status.st_mode) && (uint64_t)status.st_size == reply->size;
}

static void on_reply(void *argument, const struct ipc_message *message)
{
	struct exchange *exchange = argument;

	if (!message) {
		exchange_refuse(exchange, 503, "brambled doesn't answer; try again");
		exchange_add_header(exchange, "Retry-After", "1");
	} else if (!is_sound(message)) {
		if (message->fd >= 0)
			close(message->fd);
		exchange_refuse(exchange, 502, "brambled's answer isn't understood");
	} else {
		const struct ipc_api_reply *reply = &message->body.api_reply;

		exchange_answer_file(exchange, (unsigned)reply->status, message->fd, 0, reply->size,
			reply->content_type);
		exchange_add_header(exchange, "Cache-Control", "no-store");
	}
	exchange_finish(exchange);
}

void api_answer(struct exchange *exchange, const char *path, const char *query)
{
	struct ipc_api call = {
		.method = (uint32_t)ipc_method_of(exchange->method),
		.text_length = (uint32_t)exchange->body_size,
		.peer = exchange->peer,
		.peer_port = exchange->peer_port,
	};
	int64_t question;
	int length;

	/* These would change their meaning where they stand unescaped. */
	if (strpbrk(path, "?#% ")) {
		exchange_end(exchange, 400, "there is no such path");
		return;
	}
	length = snprintf(call.path, sizeof(call.path), "/%s%s%s", path, query ? "?" : "",
		query ? query : "");
	if (length < 0 || (size_t)length >= sizeof(call.path)) {
		exchange_end(exchange, 414, "the path is too long");
		return;
	}
	question = broker_ask(exchange->source->broker, IPC_API, &call, exchange->body,
		exchange->body_size, on_reply, exchange);
	if (question < 0) {
		exchange_refuse(exchange, 503, "too busy; try again");
		exchange_add_header(exchange, "Retry-After", "1");
		exchange_finish(exchange);
	} else {
		exchange->question = question;
	}
}
