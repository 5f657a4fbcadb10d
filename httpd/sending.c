/* SPDX-License-Identifier: ISC */
#include "httpd/sending.h"

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "httpd/access.h"

#define TURN_BYTES (2u * 1024u * 1024u) /* of one file, before others have their turn */

void sending_begin(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;

	connection->out_sent = 0;
	connection->out_size = exchange_write_header(exchange, clock_wall_ms() / 1000,
		connection->close, connection->out, sizeof(connection->out));
	if (exchange->file < 0 && exchange_sends_content(exchange)) {
		memcpy(connection->out + connection->out_size, exchange->text,
			(size_t)exchange->size);
		connection->out_size += (size_t)exchange->size;
	}
	exchange->left = exchange->size;
}

/* As sending_go_on(). */
static int send_header(struct connection *connection)
{
	const struct exchange *exchange = &connection->exchange;
	bool file_follows =
		exchange->file >= 0 && exchange->size > 0 && exchange_sends_content(exchange);

	while (connection->out_sent < connection->out_size) {
		ssize_t n = send(connection->socket, connection->out + connection->out_sent,
			connection->out_size - connection->out_sent,
			MSG_NOSIGNAL | (file_follows ? MSG_MORE : 0));

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		connection->out_sent += (size_t)n;
	}
	return 1;
}

static int send_file(struct connection *connection)
{
	struct exchange *exchange = &connection->exchange;
	size_t left_in_turn = TURN_BYTES;

	if (exchange->file < 0 || !exchange_sends_content(exchange))
		return 1;
	while (exchange->left > 0) {
		size_t most = exchange->left < left_in_turn ? (size_t)exchange->left : left_in_turn;
		off_t offset = (off_t)exchange->offset;
		ssize_t n;

		if (most == 0)
			return 0;
		n = sendfile(connection->socket, exchange->file, &offset, most);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (n == 0)
			return -ENODATA;
		exchange->offset += (uint64_t)n;
		exchange->left -= (uint64_t)n;
		left_in_turn -= (size_t)n;
		access_tell_progress(exchange);
	}
	return 1;
}

int sending_go_on(struct connection *connection)
{
	int result = send_header(connection);

	return result == 1 ? send_file(connection) : result;
}
