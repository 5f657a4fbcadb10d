/* SPDX-License-Identifier: ISC */
#include "rootfs/download.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "rootfs/http.h"
#include "rootfs/tcp.h"

#define SILENCE_NS (10 * NS_PER_S)
#define PIECE_SIZE (64u * 1024u)

struct download {
	int socket, file;
	uint64_t size, *offset;
	size_t used; /* of `piece` */
	char piece[PIECE_SIZE];
};

static uint64_t deadline(void)
{
	return clock_monotonic_ns() + SILENCE_NS;
}

/* More into the piece. 0, -EAGAIN (the connection broke or is silent) or another -errno. */
static int receive(struct download *download)
{
	int result = tcp_wait(download->socket, POLLIN, deadline());
	ssize_t n;

	if (result != 0)
		return result == -ETIMEDOUT ? -EAGAIN : result;
	n = recv(download->socket, download->piece + download->used,
		sizeof(download->piece) - download->used, 0);
	if (n > 0) {
		download->used += (size_t)n;
		return 0;
	}
	return n == 0 || errno == ECONNRESET || errno == EPIPE ? -EAGAIN
	       : errno == EAGAIN || errno == EINTR	       ? 0
							       : -errno;
}

static int write_all(struct download *download)
{
	const char *data = download->piece;
	size_t left = download->used;

	if (left > download->size - *download->offset)
		return -EBADMSG;
	while (left > 0) {
		ssize_t n = pwrite(download->file, data, left, (off_t)*download->offset);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		left -= (size_t)n;
		*download->offset += (uint64_t)n;
	}
	download->used = 0;
	return 0;
}

/* Does the answer bring what was asked for? */
static int judge(const struct http_head *head, const struct download *download)
{
	const uint64_t offset = *download->offset;

	if (head->status == 403 || head->status == 404)
		return -EACCES;
	if (head->status == 503)
		return -EAGAIN;
	if (head->status == 416)
		return -ESTALE;
	if (!head->has_length || head->status != (offset > 0 ? 206 : 200))
		return -EPROTO;
	if (head->length != download->size - offset ||
		(offset > 0 && (!head->has_range || head->first != offset ||
				       head->whole != download->size)))
		return -ESTALE;
	return 0;
}

/* The answer's header out of the piece. */
static int take_head(struct download *download)
{
	struct http_head head;
	const char *end = NULL;
	size_t length;
	int result = 0;

	while (result == 0 && !end) {
		if (download->used >= HTTP_HEADER_SIZE)
			return -EMSGSIZE;
		result = receive(download);
		end = memmem(download->piece, download->used, "\r\n\r\n", 4);
	}
	if (!end)
		return result;
	length = (size_t)(end + 4 - download->piece);
	result = http_parse_head(download->piece, length, &head);
	if (result == 0)
		result = judge(&head, download);
	download->used -= length;
	memmove(download->piece, download->piece + length, download->used);
	return result;
}

static int ask(
	const struct download *download, struct in_addr address, uint16_t port, const char *path)
{
	char header[512], host[ADDRESS_TEXT_SIZE], range[64] = "";
	int length;

	str_format_address(address, host);
	if (*download->offset > 0)
		snprintf(range, sizeof(range), "Range: bytes=%" PRIu64 "-\r\n", *download->offset);
	length = snprintf(header, sizeof(header),
		"GET %s HTTP/1.1\r\nHost: %s:%u\r\n%sConnection: close\r\n\r\n", path, host, port,
		range);
	if (length < 0 || (size_t)length >= sizeof(header))
		return -EMSGSIZE;
	return http_send(download->socket, header, (size_t)length, deadline());
}

int download(struct in_addr address, uint16_t port, const char *path, int fd, uint64_t size,
	uint64_t *offset)
{
	static struct download one;
	int result;

	one.socket = tcp_connect(address, port, deadline());
	one.file = fd;
	one.size = size;
	one.offset = offset;
	one.used = 0;
	if (one.socket < 0)
		return -EAGAIN;
	result = ask(&one, address, port, path);
	if (result == 0)
		result = take_head(&one);
	while (result == 0 && (result = write_all(&one)) == 0 && *offset < size)
		result = receive(&one);
	close(one.socket);
	return result;
}
