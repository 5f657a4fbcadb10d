/* SPDX-License-Identifier: ISC */
#include "rootfs/http.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"

#define HEADER_ROOM 2048
#define HTTP_PORT 80

int http_parse(const char *bytes, size_t length, struct http_answer *answer)
{
	static const char version[] = "HTTP/1.";
	const char *end = length ? memmem(bytes, length, "\r\n\r\n", 4) : NULL;
	size_t body;

	/* "HTTP/1.1 200 …" */
	if (!end || (size_t)(end - bytes) < 12 || memcmp(bytes, version, strlen(version)) != 0 ||
		bytes[8] != ' ')
		return -EBADMSG;
	answer->status = 0;
	for (size_t i = 9; i < 12; i++) {
		if (bytes[i] < '0' || bytes[i] > '9')
			return -EBADMSG;
		answer->status = answer->status * 10 + (bytes[i] - '0');
	}
	body = length - (size_t)(end + 4 - bytes);
	if (body >= sizeof(answer->body) || memchr(end + 4, '\0', body))
		return -EBADMSG;
	memcpy(answer->body, end + 4, body);
	answer->body[body] = '\0';
	return 0;
}

/* Wait until the socket is ready or the deadline has passed. */
static int wait_until_ready(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	uint64_t now = clock_monotonic_ns();
	int n = deadline_ns > now ? poll(&poll_fd, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1)
				  : 0;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

static int connect_to(struct in_addr address, uint64_t deadline_ns, int *out)
{
	const struct sockaddr_in peer = {
		.sin_family = AF_INET, .sin_addr = address, .sin_port = htons(HTTP_PORT)
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
	socklen_t length = sizeof(error);

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&peer, sizeof(peer)) != 0 && errno != EINPROGRESS)
		error = errno;
	if (error == 0 && wait_until_ready(fd, POLLOUT, deadline_ns) != 0)
		error = ETIMEDOUT;
	if (error == 0)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
	if (error != 0) {
		close(fd);
		return -error;
	}
	*out = fd;
	return 0;
}

static int send_all(int fd, const char *data, size_t size, uint64_t deadline_ns)
{
	while (size > 0) {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
		int result;

		if (n >= 0) {
			data += n;
			size -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		result = wait_until_ready(fd, POLLOUT, deadline_ns);
		if (result != 0)
			return result;
	}
	return 0;
}

/* Has everything arrived that Content-Length announces? Without one, the server's close ends the
 * answer. */
static bool is_complete(const char *bytes, size_t length)
{
	static const char name[] = "\r\ncontent-length:";
	const char *end = length ? memmem(bytes, length, "\r\n\r\n", 4) : NULL;
	size_t wanted = 0;
	const char *p = bytes;

	if (!end)
		return false;
	while (p < end && strncasecmp(p, name, strlen(name)) != 0)
		p++;
	if (p == end)
		return false;
	p += strlen(name);
	p += strspn(p, " ");
	for (; *p >= '0' && *p <= '9' && wanted < HTTP_ANSWER_SIZE; p++)
		wanted = wanted * 10 + (size_t)(*p - '0');
	return length - (size_t)(end + 4 - bytes) >= wanted;
}

static int receive_all(int fd, char *buffer, size_t size, uint64_t deadline_ns, size_t *used)
{
	*used = 0;
	while (*used < size) {
		ssize_t n = recv(fd, buffer + *used, size - *used, 0);
		int result;

		if (n == 0)
			return 0;
		if (n > 0) {
			*used += (size_t)n;
			if (is_complete(buffer, *used))
				return 0;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		result = wait_until_ready(fd, POLLIN, deadline_ns);
		if (result != 0)
			return result;
	}
	return -EMSGSIZE;
}

int http_call(struct in_addr address, const char *path, const char *body, unsigned timeout_ms,
	struct http_answer *answer)
{
	uint64_t deadline = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
	char header[512], host[ADDRESS_TEXT_SIZE], buffer[HEADER_ROOM + HTTP_ANSWER_SIZE];
	size_t used = 0;
	int length, fd = -1, result;

	str_format_address(address, host);
	length = body ? snprintf(header, sizeof(header),
				"POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
				"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
				path, host, strlen(body))
		      : snprintf(header, sizeof(header),
				"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path,
				host);
	if (length >= (int)sizeof(header))
		return -EMSGSIZE;
	result = connect_to(address, deadline, &fd);
	if (result != 0)
		return result;
	result = send_all(fd, header, (size_t)length, deadline);
	if (result == 0 && body)
		result = send_all(fd, body, strlen(body), deadline);
	if (result == 0)
		result = receive_all(fd, buffer, sizeof(buffer), deadline, &used);
	close(fd);
	return result == 0 ? http_parse(buffer, used, answer) : result;
}
