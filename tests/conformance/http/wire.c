/* SPDX-License-Identifier: ISC */
#include "tests/conformance/http/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/conformance/http/tree.h"

#define ANSWER_MS 6000u

static uint64_t milliseconds_left(const struct test *test)
{
	uint64_t now = clock_monotonic_ns();

	return test->end_ns > now ? (test->end_ns - now) / NS_PER_MS : 0;
}

static bool is_loopback(const struct test *test)
{
	return ntohl(test->target->server.sin_addr.s_addr) >> 24 == 127;
}

int wire_connect_from(struct test *test, unsigned subnet)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	const struct sockaddr_in *server = &test->target->server;
	struct pollfd wanted = { .events = POLLOUT };
	int error = 0, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t size = sizeof(error);

	if (fd < 0 || test->socket_count == TEST_SOCKETS)
		test_fail(test, "no socket: %s", strerror(errno));
	test->sockets[test->socket_count++] = fd;
	own.sin_addr.s_addr = htonl(UINT32_C(0x7f400001) + (subnet << 8));
	if (is_loopback(test) && bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0)
		test_fail(test, "can't bind: %s", strerror(errno));
	wanted.fd = fd;
	if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) != 0 &&
		errno != EINPROGRESS)
		test_fail(test, "can't connect: %s", strerror(errno));
	if (poll(&wanted, 1, ANSWER_MS) != 1 ||
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
		test_fail(test, "can't connect: %s", error ? strerror(error) : "no answer");
	return fd;
}

int wire_connect(struct test *test)
{
	return wire_connect_from(test, test->number);
}

void wire_send(struct test *test, int socket, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0) {
		struct pollfd wanted = { .fd = socket, .events = POLLOUT };
		ssize_t n = send(socket, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			return; /* closed: what was said before is still to be read */
		if (n < 0 && poll(&wanted, 1, (int)milliseconds_left(test)) != 1)
			test_fail(test, "the server reads no further");
		if (n > 0) {
			at += n;
			size -= (size_t)n;
		}
	}
}

void wire_say(struct test *test, int socket, const char *text)
{
	wire_send(test, socket, text, strlen(text));
}

bool wire_wait(struct test *test, int socket, unsigned milliseconds)
{
	struct pollfd wanted = { .fd = socket, .events = POLLIN };
	uint64_t left = milliseconds_left(test);

	return poll(&wanted, 1, (int)(left < milliseconds ? left : milliseconds)) == 1;
}

/* At most `size` bytes; 0 at the end, which a reset is, too. */
static size_t receive(struct test *test, int socket, void *out, size_t size)
{
	ssize_t n;

	if (!wire_wait(test, socket, ANSWER_MS))
		test_fail(test, "no answer within %u s", ANSWER_MS / 1000);
	n = recv(socket, out, size, 0);
	return n > 0 ? (size_t)n : 0;
}

/* Byte by byte, so that nothing of the next answer is taken. */
static void read_head(struct test *test, int socket, struct answer *answer)
{
	answer->head_size = 0;
	for (;;) {
		char *end = answer->head + answer->head_size;

		if (answer->head_size + 1 == sizeof(answer->head))
			test_fail(test, "the answer's header has no end");
		if (receive(test, socket, end, 1) == 0)
			break;
		answer->head_size++;
		end[1] = '\0';
		if (answer->head_size >= 4 && memcmp(end - 3, CRLF CRLF, 4) == 0)
			return;
	}
	if (answer->head_size > 0)
		test_fail(test, "the connection ended in the answer's header");
	answer->status = NO_ANSWER;
}

/* RFC 9112 sections 2.2, 4 and 5: lines end with CRLF; a status line; fields with a name. */
static void check_head(struct test *test, struct answer *answer)
{
	const char *line = answer->head, *digits = line + 9;

	if (strncmp(line, "HTTP/1.1 ", 9) != 0 || strspn(digits, "0123456789") != 3 ||
		digits[0] == '0' || digits[3] != ' ')
		test_fail(test, "the status line is malformed: %.60s", line);
	answer->status = (unsigned)strtoul(digits, NULL, 10);
	do {
		const char *end = strchr(line, '\n'), *colon;

		if (end && end > line && end[-1] == '\r')
			line = end + 1;
		else
			test_fail(test, "a line of the answer doesn't end with CRLF");
		colon = strchr(line, ':');
		if (memcmp(line, CRLF, 2) != 0 &&
			(!colon || colon == line || memchr(line, ' ', (size_t)(colon - line))))
			test_fail(test, "a field of the answer is malformed: %.60s", line);
	} while (memcmp(line, CRLF, 2) != 0);
}

const char *wire_field(const struct answer *answer, const char *name, char out[static 256])
{
	size_t length = strlen(name);

	for (const char *line = strchr(answer->head, '\n'); line; line = strchr(line, '\n')) {
		line++;
		if (strncasecmp(line, name, length) != 0 || line[length] != ':')
			continue;
		line += length + 1;
		line += strspn(line, " \t");
		snprintf(out, 256, "%.*s", (int)strcspn(line, "\r"), line);
		return out;
	}
	return NULL;
}

static void read_length(struct test *test, struct answer *answer)
{
	char value[256], *end;

	answer->has_length = wire_field(answer, "Content-Length", value) != NULL;
	if (!answer->has_length)
		return;
	answer->length = strtoull(value, &end, 10);
	if (*end || value[0] < '0' || value[0] > '9')
		test_fail(test, "Content-Length is malformed: %.40s", value);
}

static void take_content(
	struct answer *answer, const unsigned char *bytes, size_t size, uint64_t first)
{
	for (size_t i = 0; i < size; i++, answer->size++) {
		if (answer->size < ANSWER_LIMIT)
			answer->content[answer->size] = bytes[i];
		if (answer->wrong == UINT64_MAX && bytes[i] != tree_byte(first + answer->size))
			answer->wrong = answer->size;
	}
}

static bool has_no_content(const struct answer *answer, bool head)
{
	return head || answer->status < 200 || answer->status == 204 || answer->status == 304;
}

void wire_read_answer(
	struct test *test, int socket, bool head, uint64_t first, struct answer *answer)
{
	unsigned char piece[16384];
	char coding[256];

	answer->status = 0;
	answer->size = 0;
	answer->wrong = UINT64_MAX;
	answer->whole = true;
	read_head(test, socket, answer);
	if (answer->status == NO_ANSWER)
		return;
	check_head(test, answer);
	read_length(test, answer);
	if (has_no_content(answer, head))
		return;
	if (wire_field(answer, "Transfer-Encoding", coding))
		test_fail(test, "Transfer-Encoding for a content whose length is known");
	while (!answer->has_length || answer->size < answer->length) {
		uint64_t left = answer->has_length ? answer->length - answer->size : UINT64_MAX;
		size_t n = receive(
			test, socket, piece, left < sizeof(piece) ? (size_t)left : sizeof(piece));

		if (n == 0) {
			answer->whole = !answer->has_length;
			return;
		}
		take_content(answer, piece, n, first);
	}
}

struct answer *wire_new_answer(struct test *test)
{
	struct answer *answer = calloc(1, sizeof(*answer));

	if (answer) {
		answer->next = test->answers;
		test->answers = answer;
		return answer;
	}
	test_fail(test, "out of memory");
}

void wire_free_answers(struct test *test)
{
	while (test->answers) {
		struct answer *next = test->answers->next;

		free(test->answers);
		test->answers = next;
	}
}

struct answer *wire_ask_on(struct test *test, int socket, const char *request, uint64_t first)
{
	struct answer *answer = wire_new_answer(test);

	wire_say(test, socket, request);
	wire_read_answer(test, socket, strncmp(request, "HEAD ", 5) == 0, first, answer);
	return answer;
}

struct answer *wire_ask(struct test *test, const char *request)
{
	return wire_ask_on(test, wire_connect(test), request, 0);
}

bool wire_is_closed_within(struct test *test, int socket, unsigned milliseconds, size_t *said)
{
	uint64_t end_ns = clock_monotonic_ns() + milliseconds * NS_PER_MS;
	char piece[4096];
	ssize_t n;

	*said = 0;
	for (;;) {
		uint64_t now = clock_monotonic_ns();

		if (now >= end_ns ||
			!wire_wait(test, socket, (unsigned)((end_ns - now) / NS_PER_MS) + 1))
			return false;
		n = recv(socket, piece, sizeof(piece), 0);
		if (n <= 0)
			return true;
		*said += (size_t)n;
	}
}

void wire_expect_status(struct test *test, const struct answer *answer, unsigned status)
{
	if (answer->status != status)
		test_fail(test, "answered with %u instead of %u", answer->status, status);
}

void wire_must_go_on(struct test *test, int socket)
{
	struct answer *answer = wire_ask_on(test, socket, SMALL, 0);

	if (answer->status != 200 || answer->size != SMALL_SIZE || answer->wrong != UINT64_MAX)
		test_fail(test,
			"the next request on the connection isn't answered: %u, %" PRIu64 " bytes",
			answer->status, answer->size);
}

void wire_must_serve(struct test *test)
{
	wire_must_go_on(test, wire_connect(test));
}

bool wire_is_expected(const struct test *test, unsigned status)
{
	const struct http_case *c = test->self;

	for (size_t i = 0; i < sizeof(c->statuses) / sizeof(c->statuses[0]); i++) {
		if (c->statuses[i] == status)
			return true;
	}
	return false;
}

static void check_fields(struct test *test, const struct answer *answer)
{
	const struct http_case *c = test->self;
	char value[256];

	if (c->field && !wire_field(answer, c->field, value))
		test_fail(test, "answered with %u without %s", answer->status, c->field);
	if (c->field && c->value && strcasecmp(c->value, value) != 0)
		test_fail(test, "%s is %.120s", c->field, value);
	if (c->absent && wire_field(answer, c->absent, value))
		test_fail(test, "%s is %.120s", c->absent, value);
	if (!c->content || strncmp(c->request, "HEAD ", 5) == 0)
		return;
	if (answer->size != c->size || answer->wrong != UINT64_MAX || !answer->whole)
		test_fail(test, "the content is wrong: %" PRIu64 " bytes of %" PRIu64, answer->size,
			c->size);
}

/* What follows the request on the connection, and so may be hidden in it, isn't answered but by
 * the rules. */
static void check_after(struct test *test, int socket, const struct answer *answer)
{
	char value[256];
	const char *connection = wire_field(answer, "Connection", value);
	bool says_close = connection && strcasecmp(connection, "close") == 0;
	size_t said;

	if (test->self->after == AFTER_OPEN && says_close)
		test_fail(test, "answered with %u, but the connection ends", answer->status);
	if (test->self->after == AFTER_CLOSED || says_close) {
		if (!wire_is_closed_within(test, socket, ANSWER_MS, &said))
			test_fail(test, "answered with %u, but the connection stays open",
				answer->status);
		if (said > 0)
			test_fail(test, "answered with %u, then with %zu bytes more",
				answer->status, said);
		return;
	}
	wire_must_go_on(test, socket);
}

void wire_run_case(struct test *test)
{
	const struct http_case *c = test->self;
	size_t size = c->request_size ? c->request_size : strlen(c->request);
	struct answer *answer = wire_new_answer(test);
	int socket = wire_connect(test);

	wire_send(test, socket, c->request, size);
	wire_read_answer(test, socket, strncmp(c->request, "HEAD ", 5) == 0, c->first, answer);
	if (!wire_is_expected(test, answer->status))
		test_fail(test, "%s %u",
			answer->status == NO_ANSWER ? "closed without an answer:" : "answered with",
			answer->status);
	if (answer->status != NO_ANSWER) {
		test_observe(test, "answered with %u", answer->status);
		check_fields(test, answer);
		check_after(test, socket, answer);
	} else {
		test_observe(test, "closed without an answer");
	}
}
