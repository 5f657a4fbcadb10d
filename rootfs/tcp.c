/* SPDX-License-Identifier: ISC */
#include "rootfs/tcp.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

int tcp_wait(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	uint64_t now = clock_monotonic_ns();
	int n;

	if (now >= deadline_ns)
		return -ETIMEDOUT;
	n = poll(&poll_fd, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

static int finish(int fd, uint64_t deadline_ns)
{
	int error = 0, result = tcp_wait(fd, POLLOUT, deadline_ns);
	socklen_t length = sizeof(error);

	if (result != 0)
		return result;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		return -errno;
	return -error;
}

int tcp_connect(struct in_addr address, uint16_t port, uint64_t deadline_ns)
{
	const struct sockaddr_in peer = {
		.sin_family = AF_INET, .sin_addr = address, .sin_port = htons(port)
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), result = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&peer, sizeof(peer)) != 0)
		result = errno == EINPROGRESS ? finish(fd, deadline_ns) : -errno;
	if (result != 0) {
		close(fd);
		return result;
	}
	return fd;
}
