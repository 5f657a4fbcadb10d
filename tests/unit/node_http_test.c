/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "rootfs/http.h"

#define OK_LINE "HTTP/1.1 200 OK\r\n"

static const struct {
	const char *what, *bytes;
	bool closed;
	int result, status;
	const char *body;
} answers[] = {
	{ "a whole answer", OK_LINE "Content-Length: 2\r\n\r\n{}", false, 0, 200, "{}" },
	{ "names in any case, blanks around the value", OK_LINE "CONTENT-LENGTH:\t 2 \r\n\r\n{}",
		false, 0, 200, "{}" },
	{ "an empty body", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", false, 0, 403,
		"" },
	{ "no phrase", "HTTP/1.0 503\r\nContent-Length: 1\r\n\r\nx", false, 0, 503, "x" },
	{ "more is to come", OK_LINE "Content-Length: 3\r\n\r\n{}", false, -EAGAIN, 0, NULL },
	{ "it ends too early", OK_LINE "Content-Length: 3\r\n\r\n{}", true, -EBADMSG, 0, NULL },
	{ "the end of the connection ends the body", OK_LINE "\r\n{}", true, 0, 200, "{}" },
	{ "without a length there may be more", OK_LINE "\r\n{}", false, -EAGAIN, 0, NULL },
	{ "more than announced", OK_LINE "Content-Length: 1\r\n\r\n{}", false, -EBADMSG, 0, NULL },
	{ "two lengths", OK_LINE "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", true, -EBADMSG,
		0, NULL },
	{ "a signed length", OK_LINE "Content-Length: +2\r\n\r\n{}", true, -EBADMSG, 0, NULL },
	{ "no length after its name", OK_LINE "Content-Length: \r\n\r\n{}", true, -EBADMSG, 0,
		NULL },
	{ "a length beyond size_t", OK_LINE "Content-Length: 99999999999999999999999\r\n\r\n",
		false, -EMSGSIZE, 0, NULL },
	{ "chunks", OK_LINE "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", true, -EBADMSG, 0,
		NULL },
	{ "a folded line", OK_LINE "A: b\r\n c\r\n\r\n", true, -EBADMSG, 0, NULL },
	{ "a line without a colon", OK_LINE "nonsense\r\n\r\n", true, -EBADMSG, 0, NULL },
	{ "a bare line feed", OK_LINE "A: b\nC: d\r\n\r\n", true, -EBADMSG, 0, NULL },
	{ "an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", false, -EBADMSG, 0, NULL },
	{ "another protocol", "SSH-2.0-OpenSSH\r\n\r\n", true, -EBADMSG, 0, NULL },
	{ "a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", true, -EBADMSG, 0, NULL },
	{ "a status of four digits", "HTTP/1.1 2000\r\n\r\n", true, -EBADMSG, 0, NULL },
	{ "nothing", "", true, -EBADMSG, 0, NULL },
	{ "nothing yet", "", false, -EAGAIN, 0, NULL },
};

static void answers_are_read_strictly(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct http_answer answer = { .status = -1 };
		int result = http_parse(
			answers[i].bytes, strlen(answers[i].bytes), answers[i].closed, &answer);

		if (result != answers[i].result)
			fail_msg("%s: %d", answers[i].what, result);
		assert_int_equal(answer.status, result == 0 ? answers[i].status : -1);
		if (result == 0)
			assert_string_equal(answer.body, answers[i].body);
	}
}

static void every_truncation_waits_for_more(void **state)
{
	static const char whole[] = OK_LINE "Server: x\r\nContent-Length: 5\r\n\r\n{\"a\"}";
	struct http_answer answer;

	(void)state;
	for (size_t n = 0; n < strlen(whole); n++) {
		assert_int_equal(http_parse(whole, n, false, &answer), -EAGAIN);
		assert_int_equal(http_parse(whole, n, true, &answer), -EBADMSG);
	}
	assert_int_equal(http_parse(whole, strlen(whole), false, &answer), 0);
}

static void a_header_or_body_is_never_longer_than_its_room(void **state)
{
	static char bytes[HTTP_HEADER_SIZE + HTTP_BODY_SIZE];
	struct http_answer answer;
	int n;

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	n = snprintf(bytes, sizeof(bytes), OK_LINE "X: ");
	bytes[n] = 'a';
	assert_int_equal(http_parse(bytes, HTTP_HEADER_SIZE - 1, false, &answer), -EAGAIN);
	assert_int_equal(http_parse(bytes, HTTP_HEADER_SIZE, false, &answer), -EMSGSIZE);
	memset(bytes, '1', sizeof(bytes));
	n = snprintf(bytes, sizeof(bytes), OK_LINE "Content-Length: %d\r\n\r", HTTP_BODY_SIZE - 1);
	bytes[n] = '\n';
	assert_int_equal(http_parse(bytes, (size_t)n + 1 + HTTP_BODY_SIZE - 1, false, &answer), 0);
	assert_int_equal(strlen(answer.body), HTTP_BODY_SIZE - 1);
	n = snprintf(bytes, sizeof(bytes), OK_LINE "\r");
	bytes[n] = '\n';
	assert_int_equal(http_parse(bytes, (size_t)n + 1 + HTTP_BODY_SIZE - 1, true, &answer), 0);
	assert_int_equal(
		http_parse(bytes, (size_t)n + 1 + HTTP_BODY_SIZE, true, &answer), -EMSGSIZE);
	n = snprintf(bytes, sizeof(bytes), OK_LINE "Content-Length: %d\r\n\r", HTTP_BODY_SIZE);
	bytes[n] = '\n';
	assert_int_equal(http_parse(bytes, (size_t)n + 1, false, &answer), -EMSGSIZE);
}

static void a_nul_in_an_answer_is_refused(void **state)
{
	static const char in_header[] = OK_LINE "A: \0\r\nContent-Length: 0\r\n\r\n",
			  in_body[] = OK_LINE "Content-Length: 2\r\n\r\n\0x";
	struct http_answer answer;

	(void)state;
	assert_int_equal(http_parse(in_header, sizeof(in_header) - 1, true, &answer), -EBADMSG);
	assert_int_equal(http_parse(in_body, sizeof(in_body) - 1, true, &answer), -EBADMSG);
}

/* A server of one connection in a child: reads a request until its body, then sends `pieces`, 20 ms
 * apart, and waits for the end of the connection if it is to be silent. */
struct server {
	pid_t pid;
	uint16_t port;
};

static void serve(int listener, const char *const *pieces, bool silent)
{
	char request[4096];
	size_t used = 0;
	int fd = accept(listener, NULL, NULL);

	while (used < sizeof(request) - 1 && !memmem(request, used, "\r\n\r\n", 4)) {
		ssize_t n = recv(fd, request + used, sizeof(request) - 1 - used, 0);

		if (n <= 0)
			_exit(1);
		used += (size_t)n;
	}
	for (; *pieces; pieces++) {
		if (send(fd, *pieces, strlen(*pieces), MSG_NOSIGNAL) < 0)
			_exit(2);
		poll(NULL, 0, 20);
	}
	while (silent && recv(fd, request, sizeof(request), 0) > 0)
		continue;
	_exit(0);
}

static struct server start(const char *const *pieces, bool silent)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);
	struct server server;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (const struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	server.port = ntohs(address.sin_port);
	server.pid = fork();
	assert_true(server.pid >= 0);
	if (server.pid == 0)
		serve(listener, pieces, silent);
	close(listener);
	return server;
}

static int call(uint16_t port, unsigned timeout_ms, struct http_answer *answer)
{
	const struct in_addr loopback = { .s_addr = htonl(INADDR_LOOPBACK) };

	return http_call(loopback, port, "/v1/time", NULL, timeout_ms, answer);
}

static void an_answer_may_come_in_pieces(void **state)
{
	static const char *const pieces[] = { "HTTP/1.1 2", "00 OK\r\nContent-Le", "ngth: 7\r\n\r",
		"\n{\"a\":", "1}", NULL };
	struct server server = start(pieces, true);
	struct http_answer answer;
	int status;

	(void)state;
	assert_int_equal(call(server.port, 5000, &answer), 0);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body, "{\"a\":1}");
	assert_int_equal(waitpid(server.pid, &status, 0), server.pid);
	assert_int_equal(status, 0);
}

static void a_dripping_server_doesnt_extend_the_deadline(void **state)
{
	static const char *const pieces[] = { "H", "T", "T", "P", "/", "1", ".", "1", " ", "2", "0",
		"0", " ", "O", "K", "\r", "\n", "A", ":", "a", "a", "a", "a", "a", "a", "a", NULL };
	struct server server = start(pieces, true);
	uint64_t began = clock_monotonic_ns();
	struct http_answer answer;

	(void)state;
	assert_int_equal(call(server.port, 200, &answer), -ETIMEDOUT);
	assert_true(clock_monotonic_ns() - began >= 200 * NS_PER_MS);
	assert_int_equal(kill(server.pid, SIGKILL), 0);
	assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
}

static void a_server_that_goes_away_is_told_from_one_that_isnt_there(void **state)
{
	static const char *const nothing[] = { NULL };
	struct server server = start(nothing, false);
	struct http_answer answer;

	(void)state;
	assert_int_equal(call(server.port, 5000, &answer), -EBADMSG);
	assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
	assert_int_equal(call(server.port, 5000, &answer), -ECONNREFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read_strictly),
		cmocka_unit_test(every_truncation_waits_for_more),
		cmocka_unit_test(a_header_or_body_is_never_longer_than_its_room),
		cmocka_unit_test(a_nul_in_an_answer_is_refused),
		cmocka_unit_test(an_answer_may_come_in_pieces),
		cmocka_unit_test(a_dripping_server_doesnt_extend_the_deadline),
		cmocka_unit_test(a_server_that_goes_away_is_told_from_one_that_isnt_there),
	};

	return cmocka_run_group_tests_name("node_http", tests, NULL, NULL);
}
