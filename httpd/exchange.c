/* SPDX-License-Identifier: ISC */
#include "httpd/exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "httpd/connection.h"
#include "httpd/date.h"

void exchange_init(
	struct exchange *exchange, const struct source *source, struct connection *connection)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->source = source;
	exchange->connection = connection;
	exchange->file = -1;
}

void exchange_free(struct exchange *exchange)
{
	if (exchange->question > 0)
		broker_forget(exchange->source->broker, exchange->question);
	if (exchange->file >= 0)
		close(exchange->file);
	free(exchange->body);
	exchange->question = 0;
	exchange->file = -1;
	exchange->body = NULL;
}

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

static void set_answer(
	struct exchange *exchange, unsigned status, uint64_t size, const char *content_type)
{
	exchange->status = status;
	exchange->size = size;
	exchange->fields[0] = '\0';
	exchange_add_header(exchange, "Content-Type", content_type);
	exchange_add_header(exchange, "X-Content-Type-Options", "nosniff");
}

void exchange_answer_file(struct exchange *exchange, unsigned status, int fd, uint64_t offset,
	uint64_t size, const char *content_type)
{
	exchange->file = fd;
	exchange->offset = offset;
	set_answer(exchange, status, size, content_type);
}

void exchange_answer_empty(struct exchange *exchange, unsigned status)
{
	exchange->status = status;
	exchange->size = 0;
	exchange->fields[0] = '\0';
}

static bool wants_json(const struct exchange *exchange)
{
	return exchange->head.target && strncmp(exchange->head.target, "/v1/", 4) == 0;
}

void exchange_refuse(struct exchange *exchange, unsigned status, const char *reason)
{
	bool json = wants_json(exchange);
	char visible[IPC_REASON_SIZE], *text = exchange->text;
	size_t length;

	_Static_assert(sizeof(exchange->text) > 2 * IPC_REASON_SIZE + 16, "each byte escaped");
	str_copy_visible(visible, sizeof(visible), reason, strlen(reason));
	if (json) {
		str_copy(text, sizeof(exchange->text), "{\"error\": \"");
		append_json(text, sizeof(exchange->text) - 4, visible);
		length = strlen(text);
		length += (size_t)snprintf(text + length, sizeof(exchange->text) - length, "\"}\n");
	} else {
		length = (size_t)snprintf(text, sizeof(exchange->text), "%s\n", visible);
	}
	str_copy(exchange->reason, sizeof(exchange->reason), visible);
	set_answer(
		exchange, status, length, json ? "application/json" : "text/plain; charset=utf-8");
}

void exchange_add_header(struct exchange *exchange, const char *name, const char *value)
{
	size_t used = strlen(exchange->fields), room = sizeof(exchange->fields) - used;
	int length = snprintf(exchange->fields + used, room, "%s: %s\r\n", name, value);

	if (length < 0 || (size_t)length >= room)
		exchange->fields[used] = '\0'; /* can't be: all are short */
}

void exchange_finish(struct exchange *exchange)
{
	exchange->question = 0;
	exchange->finished = true;
	if (exchange->waiting)
		connection_wake(exchange->connection);
}

void exchange_end(struct exchange *exchange, unsigned status, const char *reason)
{
	exchange_refuse(exchange, status, reason);
	exchange_finish(exchange);
}

bool exchange_sends_content(const struct exchange *exchange)
{
	return exchange->method != REQUEST_HEAD && exchange->status != 304;
}

/* RFC 9110 section 15; a phrase is for people, and may be empty. */
static const char *phrase_of(unsigned status)
{
	static const struct {
		unsigned status;
		const char *phrase;
	} phrases[] = {
		{ 200, "OK" },
		{ 206, "Partial Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 411, "Length Required" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 416, "Range Not Satisfiable" },
		{ 417, "Expectation Failed" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		if (phrases[i].status == status)
			return phrases[i].phrase;
	}
	return "";
}

size_t exchange_write_header(
	const struct exchange *exchange, int64_t now, bool close, char *out, size_t size)
{
	char date[DATE_TEXT_SIZE], length[48] = "";
	int n;

	date_format(now, date);
	/* With 304 it would be that of the file (RFC 9110 section 8.6). */
	if (exchange->status != 304)
		snprintf(length, sizeof(length), "Content-Length: %" PRIu64 "\r\n", exchange->size);
	n = snprintf(out, size, "HTTP/1.1 %u %s\r\nDate: %s\r\n%s%s%s\r\n", exchange->status,
		phrase_of(exchange->status), date, length, exchange->fields,
		close			? "Connection: close\r\n"
		: exchange->head.is_1_0 ? "Connection: keep-alive\r\n"
					: "");
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}
