/* SPDX-License-Identifier: ISC */
#include "httpd/exchange.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* `"` and `\` are escaped; what isn't printable ASCII must not be in `text`. */
static void append_json(char *out, size_t size, const char *text)
{
	size_t used = strlen(out);

	for (; *text && used + 2 < size; text++) {
		if (*text == '"' || *text == '\\')
			out[used++] = '\\';
		out[used++] = *text;
	}
	out[used] = '\0';
}

static void set_answer(struct exchange *exchange, unsigned status, struct MHD_Response *response,
	uint64_t bytes, const char *content_type)
{
	exchange->response = response;
	exchange->status = status;
	exchange->answer_bytes = bytes;
	if (response) {
		exchange_add_header(exchange, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
		exchange_add_header(exchange, "X-Content-Type-Options", "nosniff");
	}
}

void exchange_answer_file(struct exchange *exchange, unsigned status, int fd, uint64_t offset,
	uint64_t size, const char *content_type)
{
	struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(size, fd, offset);

	if (!response)
		close(fd);
	set_answer(exchange, status, response, size, content_type);
}

void exchange_refuse(struct exchange *exchange, unsigned status, const char *reason)
{
	bool json = strncmp(exchange->target, "/v1/", 4) == 0;
	char visible[IPC_REASON_SIZE], text[2 * IPC_REASON_SIZE + 16];
	struct MHD_Response *response;
	size_t length;

	str_copy_visible(visible, sizeof(visible), reason, strlen(reason));
	if (json) {
		str_copy(text, sizeof(text), "{\"error\": \"");
		append_json(text, sizeof(text) - 4, visible);
		length = strlen(text);
		length += (size_t)snprintf(text + length, sizeof(text) - length, "\"}\n");
	} else {
		length = (size_t)snprintf(text, sizeof(text), "%s\n", visible);
	}
	str_copy(exchange->reason, sizeof(exchange->reason), visible);
	response = MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_COPY);
	set_answer(exchange, status, response, length,
		json ? "application/json" : "text/plain; charset=utf-8");
}

void exchange_add_header(struct exchange *exchange, const char *name, const char *value)
{
	if (exchange->response)
		MHD_add_response_header(exchange->response, name, value);
}

void exchange_finish(struct exchange *exchange)
{
	exchange->question = 0;
	if (!exchange->suspended)
		return;
	exchange->suspended = false;
	MHD_resume_connection(exchange->mhd);
	event_active(exchange->turn, EV_TIMEOUT, 0);
}

void exchange_end(struct exchange *exchange, unsigned status, const char *reason)
{
	exchange_refuse(exchange, status, reason);
	exchange_finish(exchange);
}
