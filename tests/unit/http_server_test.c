/* SPDX-License-Identifier: ISC */
/* bramble-httpd as a program, between a brambled and clients that the test plays. About 15 s. */
#include "tests/unit/http_world.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/file.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define HOST "Host: router\r\n"
#define BIG (UINT64_C(33) * 1000 * 1000)

static const char *const no_arguments[] = { NULL };
static char value[256];

static void assert_content(const struct http_answer *answer, uint64_t first, size_t size)
{
	assert_int_equal(answer->size, size);
	for (size_t i = 0; i < size; i++) {
		if (answer->body[i] != world_byte(first + i))
			fail_msg("byte %zu is wrong", i);
	}
}

static void serves_what_brambled_resolves(void **state)
{
	struct http_answer answer;
	struct world world;
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = http_connect(&world);
	http_send(fd, "GET /boot/a%20b/c HTTP/1.1\r\n" HOST "\r\n");
	brambled_expect(&world, IPC_RESOLVE);
	assert_int_equal(world.message.body.resolve.protocol, IPC_HTTP);
	assert_string_equal(world.message.body.resolve.name, "a b/c");
	assert_int_equal(ntohl(world.message.body.resolve.peer.s_addr), INADDR_LOOPBACK);
	assert_int_not_equal(world.message.body.resolve.peer_port, 0);
	brambled_resolve(&world, 1000, "cafe");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 200);
	assert_string_equal(http_field(&answer, "ETag", value), "\"cafe\"");
	assert_string_equal(http_field(&answer, "Accept-Ranges", value), "bytes");
	assert_content(&answer, 0, 1000);
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.transfer, 4711);
	assert_int_equal(world.message.body.transfer.bytes, 1000);
	assert_int_equal(world.message.body.transfer.error, 0);
	assert_true(world.message.body.transfer.duration_ns > 0);
	close(fd);
	world_expect_log(&world, "127.0.0.1 GET /boot/a%20b/c 200, 1000 bytes in ");
	world_end(&world);
}

/* All on one connection. */
static void serves_parts_and_conditions(void **state)
{
	static const struct {
		const char *method, *fields;
		int status;
		const char *content_range;
		uint64_t first;
		size_t size;
	} cases[] = {
		{ "HEAD", "", 200, "", 0, 500 },
		{ "HEAD", "Range: bytes=0-1\r\n", 200, "", 0, 500 },
		{ "GET", "Range: bytes=10-19\r\n", 206, "bytes 10-19/500", 10, 10 },
		{ "GET", "Range: bytes=490-\r\n", 206, "bytes 490-499/500", 490, 10 },
		{ "GET", "Range: bytes=0-1,5-6\r\n", 200, "", 0, 500 },
		{ "GET", "Range: bytes=5-5\r\nIf-Range: \"k\"\r\n", 206, "bytes 5-5/500", 5, 1 },
		{ "GET", "Range: bytes=5-5\r\nIf-Range: \"other\"\r\n", 200, "", 0, 500 },
		{ "GET", "Range: bytes=5-5\r\nIf-None-Match: \"k\"\r\n", 304, "", 0, 0 },
		{ "GET", "If-None-Match: W/\"k\"\r\n", 304, "", 0, 0 },
		{ "GET", "If-None-Match: \"other\"\r\n", 200, "", 0, 500 },
		{ "GET", "If-Match: \"k\"\r\n", 200, "", 0, 500 },
		{ "GET", "If-Match: \"other\"\r\n", 412, "", 0, 0 },
	};
	struct http_answer answer;
	struct world world;
	char request[256];
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = http_connect(&world);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		bool head = strcmp(cases[i].method, "HEAD") == 0;

		snprintf(request, sizeof(request), "%s /boot/x HTTP/1.1\r\n" HOST "%s\r\n",
			cases[i].method, cases[i].fields);
		http_send(fd, request);
		brambled_expect(&world, IPC_RESOLVE);
		brambled_resolve(&world, 500, "k");
		http_receive(fd, &answer, head);
		if (answer.status != cases[i].status)
			fail_msg("%s%s: %d", cases[i].method, cases[i].fields, answer.status);
		assert_string_equal(
			http_field(&answer, "Content-Range", value), cases[i].content_range);
		assert_string_equal(http_field(&answer, "ETag", value), "\"k\"");
		if (head)
			assert_int_equal(answer.size, cases[i].size);
		else if (answer.status != 304)
			assert_content(&answer, cases[i].first, cases[i].size);
		brambled_expect(&world, IPC_TRANSFER);
		assert_int_equal(world.message.body.transfer.bytes, head ? 0 : cases[i].size);
	}
	http_send(fd, "GET /boot/x HTTP/1.1\r\n" HOST "Range: bytes=500-\r\n\r\n");
	brambled_expect(&world, IPC_RESOLVE);
	brambled_resolve(&world, 500, "k");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 416);
	assert_string_equal(http_field(&answer, "Content-Range", value), "bytes */500");
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_not_equal(world.message.body.transfer.error, 0);
	close(fd);
	world_end(&world);
}

static void says_why_brambled_refuses(void **state)
{
	static const struct {
		int error, status;
	} cases[] = { { ENOENT, 404 }, { EACCES, 403 }, { EHOSTUNREACH, 403 }, { EIO, 500 },
		{ EAGAIN, 503 } };
	struct http_answer answer;
	struct world world;
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		fd = http_connect(&world);
		http_send(fd, "GET /boot/x HTTP/1.1\r\n" HOST "\r\n");
		brambled_expect(&world, IPC_RESOLVE);
		brambled_refuse(&world, cases[i].error, "this board is parked\n");
		http_receive(fd, &answer, 0);
		assert_int_equal(answer.status, cases[i].status);
		assert_string_equal(answer.body, "this board is parked\\x0a\n");
		close(fd);
	}
	world_expect_log(&world, "GET /boot/x 404, 25 bytes in ");
	world_end(&world);
}

static void passes_calls_on(void **state)
{
	struct http_answer answer;
	struct world world;
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = http_connect(&world);
	http_send(fd,
		"POST /v1/boot/st%61ge?a=%20b HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n{\"a\"");
	http_send(fd, ": 1}\n");
	brambled_expect(&world, IPC_API);
	assert_int_equal(world.message.body.api.method, IPC_POST);
	assert_string_equal(world.message.body.api.path, "/v1/boot/stage?a=%20b");
	assert_int_equal(world.message.body.api.text_length, 9);
	assert_string_equal(world.message.text, "{\"a\": 1}\n");
	assert_int_equal(ntohl(world.message.body.api.peer.s_addr), INADDR_LOOPBACK);
	brambled_reply(&world, 403, "{\"error\": \"no\"}\n");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 403);
	assert_string_equal(http_field(&answer, "Content-Type", value), "application/json");
	assert_string_equal(answer.body, "{\"error\": \"no\"}\n");
	http_send(fd, "DELETE /v1/nodes/a HTTP/1.1\r\n" HOST "\r\n");
	brambled_expect(&world, IPC_API);
	assert_int_equal(world.message.body.api.method, IPC_DELETE);
	brambled_reply(&world, 200, "{}");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 200);
	close(fd);
	world_end(&world);
}

static void gives_up_when_brambled_is_silent(void **state)
{
	static const char *const arguments[] = { "--answer-timeout", "1", NULL };
	struct http_answer answer;
	struct world world;

	(void)state;
	world_begin(&world, arguments);
	http_ask(&world, "GET /v1/time HTTP/1.1\r\n" HOST "\r\n", &answer);
	assert_int_equal(answer.status, 503);
	assert_string_equal(http_field(&answer, "Retry-After", value), "1");
	assert_string_equal(answer.body, "{\"error\": \"brambled doesn't answer; try again\"}\n");
	http_ask(&world, "GET /boot/x HTTP/1.1\r\n" HOST "\r\n", &answer);
	assert_int_equal(answer.status, 503);
	assert_string_equal(http_field(&answer, "Retry-After", value), "1");
	brambled_expect(&world, IPC_API);
	brambled_expect(&world, IPC_RESOLVE);
	brambled_resolve(&world, 10, "late"); /* of no use any more */
	world_end(&world);
}

static void asks_again_when_brambled_comes_back(void **state)
{
	struct http_answer answer;
	struct world world;
	int fd, other;

	(void)state;
	world_begin(&world, no_arguments);
	fd = http_connect(&world);
	http_send(fd, "GET /boot/x HTTP/1.1\r\n" HOST "\r\n");
	brambled_expect(&world, IPC_RESOLVE);
	brambled_vanish(&world);
	other = http_connect(&world);
	http_send(other, "GET /v1/time HTTP/1.1\r\n" HOST "\r\n");
	brambled_appear(&world);
	brambled_accept(&world);
	for (int i = 0; i < 2; i++) {
		brambled_expect_any(&world);
		if (world.message.header.type == IPC_RESOLVE)
			brambled_resolve(&world, 100, "");
		else
			brambled_reply(&world, 200, "{}");
	}
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 200);
	assert_string_equal(http_field(&answer, "ETag", value), "");
	assert_content(&answer, 0, 100);
	http_receive(other, &answer, 0);
	assert_int_equal(answer.status, 200);
	close(fd);
	close(other);
	world_end(&world);
}

/* Reads a big answer; *done counts content bytes. Stops after `limit` of them. */
static void read_content(int fd, uint64_t *done, uint64_t limit)
{
	static char buffer[65536];

	while (*done < limit) {
		uint64_t left = limit - *done;
		struct pollfd wanted = { .fd = fd, .events = POLLIN };
		ssize_t n;

		assert_int_equal(poll(&wanted, 1, 8000), 1);
		n = recv(fd, buffer, left < sizeof(buffer) ? (size_t)left : sizeof(buffer), 0);
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++) {
			if (buffer[i] != world_byte(*done + (uint64_t)i))
				fail_msg("byte %ju is wrong", (uintmax_t)(*done + (uint64_t)i));
		}
		*done += (uint64_t)n;
	}
}

static int begin_big_transfer(struct world *world)
{
	char byte, last[4] = "";
	int fd = http_connect(world);

	http_send(fd, "GET /boot/big HTTP/1.1\r\n" HOST "\r\n");
	brambled_expect(world, IPC_RESOLVE);
	brambled_resolve(world, BIG, "big");
	while (memcmp(last, "\r\n\r\n", 4) != 0) {
		http_read(fd, &byte, 1);
		memmove(last, last + 1, 3);
		last[3] = byte;
	}
	return fd;
}

static void a_transfer_survives_brambled(void **state)
{
	struct world world;
	uint64_t done = 0;
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = begin_big_transfer(&world);
	read_content(fd, &done, 1000000);
	brambled_vanish(&world);
	read_content(fd, &done, BIG / 2);
	brambled_appear(&world);
	brambled_accept(&world);
	read_content(fd, &done, BIG);
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.bytes, BIG);
	assert_int_equal(world.message.body.transfer.error, 0);
	close(fd);
	world_end(&world);
}

/* For as long as bytes flow; 2 s between two. */
static void tells_that_a_long_transfer_goes_on(void **state)
{
	struct world world;
	struct pollfd told = { .events = POLLIN };
	uint64_t done = 0;
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = begin_big_transfer(&world);
	told.fd = world.brambled;
	while (done < BIG - 100000 && poll(&told, 1, 50) == 0)
		read_content(fd, &done, done + 100000);
	assert_true(done < BIG - 100000);
	brambled_expect(&world, IPC_WAITS);
	assert_int_equal(world.message.body.waits.transfer, 4711);
	assert_int_equal(world.message.body.waits.waits, 0);
	close(fd);
	world_end(&world);
}

static void reports_what_a_vanished_client_got(void **state)
{
	struct world world;
	uint64_t done = 0;
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = begin_big_transfer(&world);
	read_content(fd, &done, 5000000);
	close(fd);
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.error, ECONNRESET);
	assert_in_range(world.message.body.transfer.bytes, 5000000, BIG - 1);
	assert_string_equal(world.message.body.transfer.reason, "the connection was broken off");
	world_end(&world);
}

static void cuts_a_slow_reader(void **state)
{
	static const char *const arguments[] = { "--transfer-timeout", "1", NULL };
	struct world world;
	uint64_t done = 0;
	int fd;

	(void)state;
	world_begin(&world, arguments);
	fd = begin_big_transfer(&world);
	/* A little now and then is progress, and no reason to stay. */
	for (int i = 0; i < 40; i++) {
		struct pollfd wanted = { .fd = world.brambled, .events = POLLIN };

		if (poll(&wanted, 1, 100) == 1)
			break;
		read_content(fd, &done, done + 1000);
	}
	brambled_expect(&world, IPC_TRANSFER);
	assert_int_equal(world.message.body.transfer.error, ETIMEDOUT);
	assert_string_equal(world.message.body.transfer.reason, "the answer took longer than 1 s");
	assert_true(world.message.body.transfer.bytes < BIG);
	close(fd);
	world_end(&world);
}

/* One byte every 100 ms, until the peer has had enough. */
static unsigned drip(int fd, const char *text)
{
	unsigned ms = 0;

	for (; *text; text++, ms += 100) {
		struct pollfd wanted = { .fd = fd, .events = POLLIN };

		if (poll(&wanted, 1, 100) == 1)
			return ms;
		if (send(fd, text, 1, MSG_NOSIGNAL) != 1)
			return ms;
	}
	return ms;
}

static void cuts_slow_writers(void **state)
{
	static const char *const arguments[] = { "--header-timeout", "1", "--body-timeout", "2",
		NULL };
	struct http_answer answer;
	struct world world;
	int fd;

	(void)state;
	world_begin(&world, arguments);
	fd = http_connect(&world);
	http_send(fd, "GET /boot/x HTTP/1.1\r\n");
	/* A busy machine drips less in the same time. */
	assert_in_range(drip(fd, "Host: router with a very long name that takes six seconds\r\n"),
		100, 5000);
	close(fd);
	world_expect_log(&world, "127.0.0.1 GET /boot/x -, 0 bytes");
	fd = http_connect(&world);
	assert_in_range(http_wait_closed(fd), 800, 5000);
	close(fd);
	world_expect_log(&world, "no request: the request's header took longer than 1 s");
	fd = http_connect(&world);
	http_send(fd, "POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
	assert_in_range(drip(fd, "0123456789012345678901234567890123456789"
				 "0123456789012345678901234567890123456789"),
		100, 7000);
	close(fd);
	/* An idle connection that was of use before ends as well. */
	fd = http_connect(&world);
	http_send(fd, "GET /x HTTP/1.1\r\n" HOST "\r\n");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 404);
	assert_in_range(http_wait_closed(fd), 800, 5000);
	close(fd);
	world_end(&world);
}

static void refuses_what_is_ambiguous(void **state)
{
	static const struct {
		const char *request;
		int status;
	} cases[] = {
		{ "GET /boot/x HTTP/1.1\r\n\r\n", 400 },
		{ "GET /boot/x HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
		{ "POST /v1/x HTTP/1.1\r\n" HOST
		  "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
			400 },
		{ "POST /v1/x HTTP/1.1\r\n" HOST
		  "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			400 },
		{ "POST /v1/x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			411 },
		{ "GET /boot/x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 400 },
		{ "GET /boot/x HTTP/1.1\r\n" HOST "Content-Length : 0\r\n\r\n", 400 },
		{ "GET /boot/x HTTP/1.1\r\n folded\r\n" HOST "\r\n", 400 },
		{ "BREW /boot/x HTTP/1.1\r\n" HOST "\r\n", 501 },
		{ "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405 },
		{ "POST /boot/x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405 },
		{ "HEAD /v1/x HTTP/1.0\r\n\r\n", 405 },
		{ "GET /boot/../v1/x HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET /boot/%2e%2e/x HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET /boot/a%00b HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET /boot/a%2fb HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET /boot/%c0%ae HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET /boot/ HTTP/1.1\r\n" HOST "\r\n", 404 },
		{ "GET /v1/a%3Fb HTTP/1.1\r\n" HOST "\r\n", 400 },
		{ "GET / HTTP/1.1\r\n" HOST "\r\n", 404 },
		{ "GET /etc/passwd HTTP/1.1\r\n" HOST "\r\n", 404 },
	};
	struct world world;

	(void)state;
	world_begin(&world, no_arguments);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct http_answer answer;
		int fd = http_connect(&world);

		http_send(fd, cases[i].request);
		http_receive(fd, &answer, strncmp(cases[i].request, "HEAD", 4) == 0);
		if (answer.status != cases[i].status)
			fail_msg("%s: %d", cases[i].request, answer.status);
		close(fd);
	}
	world_end(&world);
}

static void refuses_what_is_too_long(void **state)
{
	static const char begin[] = "GET /boot/", end[] = " HTTP/1.1\r\n" HOST "\r\n";
	static char request[40000];
	struct http_answer answer;
	struct world world;

	(void)state;
	world_begin(&world, no_arguments);
	memset(request, 'a', sizeof(request) - 1);
	memcpy(request, begin, sizeof(begin) - 1);
	memcpy(request + 1000, end, sizeof(end));
	http_ask(&world, request, &answer);
	assert_int_equal(answer.status, 414);
	memset(request + 1000, 'a', 2000);
	memcpy(request + 3000, end, sizeof(end));
	http_ask(&world, request, &answer);
	assert_int_equal(answer.status, 414);
	memset(request + 3000, 'a', 37000 - 1);
	http_ask(&world, request, &answer);
	assert_int_equal(answer.status, 414);
	world_end(&world);
}

static void answers_in_order(void **state)
{
	struct http_answer answer;
	struct world world;
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = http_connect(&world);
	http_send(fd, "GET /boot/one HTTP/1.1\r\n" HOST "\r\nGET /boot/two HTTP/1.1\r\n" HOST
		      "Connection: close\r\n\r\n");
	brambled_expect(&world, IPC_RESOLVE);
	assert_string_equal(world.message.body.resolve.name, "one");
	brambled_resolve(&world, 1, "");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.size, 1);
	brambled_expect(&world, IPC_TRANSFER);
	brambled_expect(&world, IPC_RESOLVE);
	assert_string_equal(world.message.body.resolve.name, "two");
	brambled_resolve(&world, 2, "");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.size, 2);
	assert_string_equal(http_field(&answer, "Connection", value), "close");
	http_wait_closed(fd);
	close(fd);
	world_end(&world);
}

static void limits_connections(void **state)
{
	static const char *const arguments[] = { "--max-connections", "3", "--max-per-address", "4",
		NULL };
	static const char *const per_address[] = { "--max-per-address", "2", NULL };
	struct http_answer answer;
	struct world world;
	int fds[4];

	(void)state;
	/* Further ones take the place of the one that says nothing. */
	world_begin(&world, arguments);
	for (size_t i = 0; i < LENGTH(fds); i++)
		fds[i] = http_connect(&world);
	http_wait_closed(fds[0]);
	close(fds[0]);
	for (size_t i = 1; i < LENGTH(fds); i++) {
		http_send(fds[i], "GET /boot/x HTTP/1.1\r\n" HOST "\r\n");
		brambled_expect(&world, IPC_RESOLVE);
	}
	/* When all are being answered they wait, and come in when one ends. */
	fds[0] = http_connect(&world);
	http_send(fds[0], "GET /x HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(poll(&(struct pollfd){ .fd = fds[0], .events = POLLIN }, 1, 300), 0);
	brambled_refuse(&world, ENOENT, "no");
	http_receive(fds[3], &answer, 0);
	http_receive(fds[0], &answer, 0);
	for (size_t i = 0; i < LENGTH(fds); i++)
		close(fds[i]);
	world_end(&world);
	/* From one address they are closed. */
	world_begin(&world, per_address);
	for (size_t i = 0; i < 3; i++)
		fds[i] = http_connect(&world);
	http_wait_closed(fds[2]);
	http_send(fds[0], "GET /x HTTP/1.1\r\n" HOST "\r\n");
	http_receive(fds[0], &answer, 0);
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
	world_end(&world);
}

static void ends_with_questions_open(void **state)
{
	struct world world;
	int fds[8];

	(void)state;
	world_begin(&world, no_arguments);
	for (size_t i = 0; i < LENGTH(fds); i++) {
		fds[i] = http_connect(&world);
		http_send(fds[i], "GET /boot/x HTTP/1.1\r\n" HOST "\r\n");
		brambled_expect(&world, IPC_RESOLVE);
	}
	close(fds[0]); /* the client is gone, its question is open */
	world_end(&world);
	for (size_t i = 1; i < LENGTH(fds); i++)
		close(fds[i]);
}

static void mistrusts_wrong_answers(void **state)
{
	struct ipc_resolved resolved = { .size = 100 };
	struct ipc_api_reply reply = { .status = 200, .size = 3, .content_type = "a/b\r\nX: y" };
	struct http_answer answer;
	struct world world;
	int fd, file = file_sealed("short", "abc", 3);

	(void)state;
	world_begin(&world, no_arguments);
	for (int i = 0; i < 4; i++) {
		fd = http_connect(&world);
		http_send(fd, i < 3 ? "GET /boot/x HTTP/1.1\r\n" HOST "\r\n"
				    : "GET /v1/x HTTP/1.1\r\n" HOST "\r\n");
		brambled_expect(&world, i < 3 ? IPC_RESOLVE : IPC_API);
		if (i < 2) /* without a file; with one that is too short */
			ipc_send(world.brambled, IPC_RESOLVED, world.message.header.id, &resolved,
				NULL, 0, i == 0 ? -1 : file);
		else
			ipc_send(world.brambled, IPC_API_REPLY, world.message.header.id, &reply,
				NULL, 0, file);
		http_receive(fd, &answer, 0);
		assert_int_equal(answer.status, i < 3 ? 500 : 502);
		close(fd);
		if (i < 2) {
			brambled_expect(&world, IPC_TRANSFER);
			assert_int_equal(world.message.body.transfer.error, EIO);
		}
	}
	close(file);
	world_end(&world);
}

static void has_no_rights(void **state)
{
	char path[64], *status;
	struct world world;
	size_t size;

	(void)state;
	if (geteuid() != 0)
		skip();
	world_begin(&world, no_arguments);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)world.server);
	world_expect_log(&world, "ready");
	assert_int_equal(file_read(path, 65536, &status, &size), 0);
	assert_null(strstr(status, "\nUid:\t0"));
	assert_non_null(strstr(status, "\nCapPrm:\t0000000000000000"));
	assert_non_null(strstr(status, "\nCapBnd:\t0000000000000000"));
	assert_non_null(strstr(status, "\nNoNewPrivs:\t1"));
#ifndef __SANITIZE_ADDRESS__
	assert_non_null(strstr(status, "\nSeccomp:\t2"));
#endif
	free(status);
	/* The way to brambled stays open. */
	brambled_vanish(&world);
	brambled_appear(&world);
	brambled_accept(&world);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(serves_what_brambled_resolves, world_abandon),
		cmocka_unit_test_teardown(serves_parts_and_conditions, world_abandon),
		cmocka_unit_test_teardown(says_why_brambled_refuses, world_abandon),
		cmocka_unit_test_teardown(passes_calls_on, world_abandon),
		cmocka_unit_test_teardown(gives_up_when_brambled_is_silent, world_abandon),
		cmocka_unit_test_teardown(asks_again_when_brambled_comes_back, world_abandon),
		cmocka_unit_test_teardown(a_transfer_survives_brambled, world_abandon),
		cmocka_unit_test_teardown(tells_that_a_long_transfer_goes_on, world_abandon),
		cmocka_unit_test_teardown(reports_what_a_vanished_client_got, world_abandon),
		cmocka_unit_test_teardown(cuts_a_slow_reader, world_abandon),
		cmocka_unit_test_teardown(cuts_slow_writers, world_abandon),
		cmocka_unit_test_teardown(refuses_what_is_ambiguous, world_abandon),
		cmocka_unit_test_teardown(refuses_what_is_too_long, world_abandon),
		cmocka_unit_test_teardown(answers_in_order, world_abandon),
		cmocka_unit_test_teardown(limits_connections, world_abandon),
		cmocka_unit_test_teardown(ends_with_questions_open, world_abandon),
		cmocka_unit_test_teardown(mistrusts_wrong_answers, world_abandon),
		cmocka_unit_test_teardown(has_no_rights, world_abandon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
