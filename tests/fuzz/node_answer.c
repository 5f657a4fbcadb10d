/* SPDX-License-Identifier: ISC */
/* What bramble-init and the agent take from the network besides DHCP: an HTTP answer with a flat
 * JSON object, as it comes in, byte by byte. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rootfs/http.h"
#include "rootfs/json.h"
#include "rootfs/tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void read_values(const char *body)
{
	static const char *const names[] = { "time_ns", "", "a" };
	char value[24];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int result = json_get(body, names[i], value, sizeof(value));

		assert(strlen(value) < sizeof(value));
		assert(result == 0 || value[0] == '\0');
		/* Whether it is JSON doesn't depend on what is looked for, but for what has to fit.
		 */
		assert(result == 0 || result == -ENOENT || result == -EBADMSG);
	}
}

/* In place of rootfs/tcp.c: the server has said all this, and perhaps closed its end. */
static const uint8_t *said;
static size_t said_length;
static int server_end = -1;

int tcp_connect(struct in_addr address, uint16_t port, uint64_t deadline_ns)
{
	int ends[2];

	(void)deadline_ns;
	if (port == 0 || address.s_addr == 0)
		return -ECONNREFUSED;
	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	(void)!send(ends[1], said, said_length, MSG_NOSIGNAL);
	server_end = ends[1];
	if (port == 1)
		shutdown(server_end, SHUT_WR);
	else if (port == 2)
		close(server_end);
	return ends[0];
}

int tcp_wait(int fd, short events, uint64_t deadline_ns)
{
	(void)fd;
	(void)events;
	(void)deadline_ns;
	return -ETIMEDOUT;
}

/* A whole call: the server closes, waits, or is gone at once. */
static void call(const uint8_t *bytes, size_t length, int closed, int open)
{
	static struct http_answer answer;
	static char long_path[600], large[300000];
	const struct in_addr address = { 1 };

	said = bytes;
	said_length = length;
	memset(long_path, 'a', sizeof(long_path) - 1);
	memset(large, 'a', sizeof(large) - 1);
	if (length >= HTTP_HEADER_SIZE) /* what is too long may be refused before its end */
		return;
	assert(http_call(address, 1, "/v1/a", "{}", 1, &answer) ==
		(open == -EAGAIN ? closed : open));
	close(server_end);
	assert(http_call(address, 3, "/v1/a", NULL, 1, &answer) ==
		(open == -EAGAIN ? -ETIMEDOUT : open));
	close(server_end);
	assert(http_call(address, 2, "/v1/a", "{}", 1, &answer) == -EPIPE);
	assert(http_call(address, 0, "/v1/a", NULL, 1, &answer) == -ECONNREFUSED);
	assert(http_call(address, 1, long_path, NULL, 1, &answer) == -EMSGSIZE);
	if (length < 100) {
		assert(http_call(address, 1, "/", large, 1, &answer) == -ETIMEDOUT);
		close(server_end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct http_answer answer, early;
	char *copy = malloc(length ? length : 1); /* so that the sanitizer sees its end */
	int closed, open;

	memcpy(copy, bytes, length);
	closed = http_parse(copy, length, true, &answer);
	open = http_parse(copy, length, false, &early);
	free(copy);
	assert(closed != -EAGAIN);
	assert(open == closed || open == -EAGAIN);
	call(bytes, length, closed, open);
	if (closed == 0) {
		assert(answer.status >= 200 && answer.status <= 999);
		assert(memchr(answer.body, '\0', sizeof(answer.body)));
		read_values(answer.body);
	}
	return 0;
}
