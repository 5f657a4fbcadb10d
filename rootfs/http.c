/* SPDX-License-Identifier: ISC */
#include "rootfs/http.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "rootfs/tcp.h"

/* "HTTP/1.1 200 OK" up to `end`. Returns the status or -EBADMSG. Interim answers (1xx) are only
 * sent to who asks for them. */
static int parse_status(const char *line, const char *end)
{
	static const char version[] = "HTTP/1.";
	int status = 0;

	/* "HTTP/1.x " and three digits, then a blank and a phrase, which may be left out. */
	if (end - line < 12 || memcmp(line, version, strlen(version)) != 0 || line[8] != ' ' ||
		(end - line > 12 && line[12] != ' '))
		return -EBADMSG;
	for (size_t i = 9; i < 12; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -EBADMSG;
		status = status * 10 + (line[i] - '0');
	}
	return status >= 200 ? status : -EBADMSG;
}

static bool has_name(const char *line, const char *colon, const char *name)
{
	return (size_t)(colon - line) == strlen(name) && strncasecmp(line, name, strlen(name)) == 0;
}

/* The digits between p and end, with blanks around them. */
static int parse_number(const char *p, const char *end, uint64_t *number)
{
	uint64_t value = 0;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (p == end)
		return -EBADMSG;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return -EBADMSG;
		if (value < HTTP_LENGTH_LIMIT) /* larger is too large, however much */
			value = value * 10 + (uint64_t)(*p - '0');
	}
	*number = value;
	return 0;
}

/* "bytes 100-199/200" (RFC 9110 section 14.4); an unknown length ("*") is refused. */
static int parse_range(const char *p, const char *end, struct http_head *head)
{
	static const char unit[] = "bytes ";
	const char *minus, *slash;
	uint64_t last;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if ((size_t)(end - p) < strlen(unit) || memcmp(p, unit, strlen(unit)) != 0)
		return -EBADMSG;
	p += strlen(unit);
	minus = memchr(p, '-', (size_t)(end - p));
	slash = minus ? memchr(minus, '/', (size_t)(end - minus)) : NULL;
	if (!slash || parse_number(p, minus, &head->first) != 0 ||
		parse_number(minus + 1, slash, &last) != 0 ||
		parse_number(slash + 1, end, &head->whole) != 0 || head->first > last ||
		last >= head->whole)
		return -EBADMSG;
	head->has_range = true;
	return 0;
}

/* One field line (RFC 9112 section 5), without its end. */
static int parse_field(const char *line, const char *end, struct http_head *head)
{
	const char *colon = memchr(line, ':', (size_t)(end - line));

	if (!colon || colon == line || *line == ' ' || *line == '\t')
		return -EBADMSG;
	if (has_name(line, colon, "transfer-encoding"))
		return -EBADMSG;
	if (has_name(line, colon, "content-range"))
		return head->has_range ? -EBADMSG : parse_range(colon + 1, end, head);
	if (!has_name(line, colon, "content-length"))
		return 0;
	if (head->has_length)
		return -EBADMSG;
	head->has_length = true;
	return parse_number(colon + 1, end, &head->length);
}

int http_parse_head(const char *bytes, size_t length, struct http_head *head)
{
	const char *end = bytes + length;
	const char *line = bytes, *line_end = memmem(line, length, "\r\n", 2);

	*head = (struct http_head){ 0 };
	if (!line_end || memchr(bytes, '\0', length))
		return -EBADMSG;
	head->status = parse_status(line, line_end);
	while (head->status > 0) {
		line = line_end + 2;
		line_end = memmem(line, (size_t)(end - line), "\r\n", 2);
		if (line_end == line)
			return 0;
		if (!line_end || memchr(line, '\n', (size_t)(line_end - line)) ||
			parse_field(line, line_end, head) != 0)
			return -EBADMSG;
	}
	return head->status;
}

int http_parse(const char *bytes, size_t length, bool closed, struct http_answer *answer)
{
	const char *end = length ? memmem(bytes, length, "\r\n\r\n", 4) : NULL;
	struct http_head head;
	size_t body;

	if (!end && length < HTTP_HEADER_SIZE)
		return closed ? -EBADMSG : -EAGAIN;
	if (!end || end + 4 > bytes + HTTP_HEADER_SIZE)
		return -EMSGSIZE;
	end += 4;
	if (http_parse_head(bytes, (size_t)(end - bytes), &head) != 0)
		return -EBADMSG;
	body = (size_t)(bytes + length - end);
	if (body >= HTTP_BODY_SIZE || (head.has_length && head.length >= HTTP_BODY_SIZE))
		return -EMSGSIZE;
	if (head.has_length ? body < head.length : !closed)
		return closed ? -EBADMSG : -EAGAIN;
	if ((head.has_length && body > head.length) || memchr(end, '\0', body))
		return -EBADMSG;
	answer->status = head.status;
	memcpy(answer->body, end, body);
	answer->body[body] = '\0';
	return 0;
}

int http_send(int fd, const char *data, size_t size, uint64_t deadline_ns)
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
		result = tcp_wait(fd, POLLOUT, deadline_ns);
		if (result != 0)
			return result;
	}
	return 0;
}

static int receive(int fd, uint64_t deadline_ns, struct http_answer *answer)
{
	char buffer[HTTP_HEADER_SIZE + HTTP_BODY_SIZE];
	size_t used = 0;

	while (used < sizeof(buffer)) {
		ssize_t n = recv(fd, buffer + used, sizeof(buffer) - used, 0);
		int result;

		if (n >= 0) {
			used += (size_t)n;
			result = http_parse(buffer, used, n == 0, answer);
			if (result != -EAGAIN)
				return result;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		result = tcp_wait(fd, POLLIN, deadline_ns);
		if (result != 0)
			return result;
	}
	return -EMSGSIZE;
}

int http_call(struct in_addr address, uint16_t port, const char *path, const char *body,
	unsigned timeout_ms, struct http_answer *answer)
{
	uint64_t deadline = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
	char header[512], host[ADDRESS_TEXT_SIZE];
	int length, fd, result;

	str_format_address(address, host);
	length = body ? snprintf(header, sizeof(header),
				"POST %s HTTP/1.1\r\nHost: %s:%u\r\nConnection: close\r\n"
				"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
				path, host, port, strlen(body))
		      : snprintf(header, sizeof(header),
				"GET %s HTTP/1.1\r\nHost: %s:%u\r\nConnection: close\r\n\r\n", path,
				host, port);
	if (length < 0 || length >= (int)sizeof(header))
		return -EMSGSIZE;
	fd = tcp_connect(address, port, deadline);
	if (fd < 0)
		return fd;
	result = http_send(fd, header, (size_t)length, deadline);
	if (result == 0 && body)
		result = http_send(fd, body, strlen(body), deadline);
	if (result == 0)
		result = receive(fd, deadline, answer);
	close(fd);
	return result;
}
