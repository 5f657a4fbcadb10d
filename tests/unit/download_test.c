/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rootfs/download.h"

#define CONTENT "0123456789abcdef"
#define SIZE 16

/* A server of one connection in a child: it must be asked for what `expected` says. */
static pid_t start(const char *expected, const char *answer, uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
	char request[1024] = "";
	size_t used = 0;
	pid_t pid;

	assert_int_equal(bind(listener, (const struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	*port = ntohs(address.sin_port);
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0) {
		close(listener);
		return pid;
	}
	fd = accept(listener, NULL, NULL);
	while (!strstr(request, "\r\n\r\n")) {
		ssize_t n = recv(fd, request + used, sizeof(request) - 1 - used, 0);

		if (n <= 0)
			_exit(1);
		used += (size_t)n;
		request[used] = '\0';
	}
	if (!strstr(request, expected) || send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
		_exit(2);
	_exit(0);
}

static const struct {
	const char *what;
	uint64_t offset;
	const char *expected, *answer;
	int result;
	uint64_t then;
} cases[] = {
	{ "the whole file", 0, "GET /boot/root HTTP/1.1\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" CONTENT, 0, 16 },
	{ "the connection breaks", 0, "GET ",
		"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n0123456", -EAGAIN, 7 },
	{ "the rest of it", 7, "\r\nRange: bytes=7-\r\n",
		"HTTP/1.1 206 Partial Content\r\nContent-Length: 9\r\n"
		"Content-Range: bytes 7-15/16\r\n\r\n789abcdef",
		0, 16 },
	{ "another file", 0, "GET ", "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n", -ESTALE, 0 },
	{ "the rest of another file", 7, "GET ",
		"HTTP/1.1 206 Partial Content\r\nContent-Length: 9\r\n"
		"Content-Range: bytes 7-15/17\r\n\r\n789abcdef",
		-ESTALE, 7 },
	{ "another part", 7, "GET ",
		"HTTP/1.1 206 Partial Content\r\nContent-Length: 9\r\n"
		"Content-Range: bytes 0-8/16\r\n\r\n012345678",
		-ESTALE, 7 },
	{ "all although a part was asked for", 7, "GET ",
		"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" CONTENT, -EPROTO, 7 },
	{ "a part without saying which", 7, "GET ",
		"HTTP/1.1 206 Partial Content\r\nContent-Length: 9\r\n\r\n789abcdef", -ESTALE, 7 },
	{ "a file that has become shorter", 7, "GET ",
		"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n", -ESTALE, 7 },
	{ "more than announced", 0, "GET ",
		"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" CONTENT "x", -EBADMSG, 0 },
	{ "a refusal", 0, "GET ", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", -EACCES,
		0 },
	{ "a busy router", 0, "GET ",
		"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", -EAGAIN, 0 },
	{ "no length", 0, "GET ", "HTTP/1.1 200 OK\r\n\r\n" CONTENT, -EPROTO, 0 },
	{ "half a range", 7, "GET ",
		"HTTP/1.1 206 Partial Content\r\nContent-Length: 9\r\n"
		"Content-Range: bytes 7-\r\n\r\n789abcdef",
		-EBADMSG, 7 },
	{ "nothing", 0, "GET ", "", -EAGAIN, 0 },
};

static void a_file_comes_whole_or_goes_on_where_it_broke(void **state)
{
	const struct in_addr loopback = { .s_addr = htonl(INADDR_LOOPBACK) };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[] = "/tmp/download-test-XXXXXX", there[SIZE + 1] = "";
		int fd = mkstemp(path), status = 0, result;
		uint64_t offset = cases[i].offset;
		uint16_t port;
		pid_t pid = start(cases[i].expected, cases[i].answer, &port);

		assert_true(fd >= 0);
		unlink(path);
		assert_int_equal(pwrite(fd, CONTENT, offset, 0), offset);
		result = download(loopback, port, "/boot/root", fd, SIZE, &offset);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (result != cases[i].result || status != 0 || offset != cases[i].then)
			fail_msg("%s: %d, offset %d, server %d", cases[i].what, result, (int)offset,
				status);
		assert_int_equal(pread(fd, there, SIZE, 0), offset);
		assert_memory_equal(there, CONTENT, offset);
		close(fd);
	}
}

static void no_server_is_worth_another_try(void **state)
{
	const struct in_addr loopback = { .s_addr = htonl(INADDR_LOOPBACK) };
	uint64_t offset = 0;

	(void)state;
	assert_int_equal(download(loopback, 1, "/boot/root", -1, SIZE, &offset), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_comes_whole_or_goes_on_where_it_broke),
		cmocka_unit_test(no_server_is_worth_another_try),
	};

	return cmocka_run_group_tests_name("download", tests, NULL, NULL);
}
