/* SPDX-License-Identifier: ISC */
/* bramble-httpd as a program: requests with a body. */
#include "tests/unit/http_world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST "Host: router\r\n"

static const char *const no_arguments[] = { NULL };
static char value[256];

static void expect_call(struct world *world, const char *path, const char *text)
{
	brambled_expect(world, IPC_API);
	assert_string_equal(world->message.body.api.path, path);
	assert_int_equal(world->message.body.api.text_length, strlen(text));
	assert_string_equal(world->message.text, text);
	brambled_reply(world, 200, "{}");
}

/* What looks like a request in a body isn't one, and what stands behind it is. */
static void finds_where_a_body_ends(void **state)
{
	static const char inner[] = "GET /v1/inner HTTP/1.1\r\n" HOST "\r\n";
	struct http_answer answer;
	struct world world;
	char text[1024];
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	snprintf(text, sizeof(text),
		"POST /v1/a HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s"
		"PUT /v1/b HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nput"
		"POST /v1/c HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
		strlen(inner), inner);
	for (int pieces = 0; pieces < 2; pieces++) {
		fd = http_connect(&world);
		for (const char *p = text; pieces && *p; p++)
			http_send(fd, (const char[]){ *p, '\0' });
		if (!pieces)
			http_send(fd, text);
		expect_call(&world, "/v1/a", inner);
		expect_call(&world, "/v1/b", "put");
		expect_call(&world, "/v1/c", "");
		for (int i = 0; i < 3; i++) {
			http_receive(fd, &answer, 0);
			assert_int_equal(answer.status, 200);
		}
		close(fd);
	}
	world_end(&world);
}

static void says_continue_to_who_waits_for_it(void **state)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct http_answer answer;
	struct world world;
	char said[sizeof(go_on)] = "";
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = http_connect(&world);
	http_send(fd,
		"POST /v1/a HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
	http_read(fd, said, strlen(go_on));
	assert_string_equal(said, go_on);
	http_send(fd, "hello");
	expect_call(&world, "/v1/a", "hello");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 200);
	/* Not to who doesn't wait, */
	http_send(fd, "POST /v1/b HTTP/1.1\r\n" HOST
		      "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello");
	expect_call(&world, "/v1/b", "hello");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 200);
	close(fd);
	/* and not when the answer is known. */
	http_ask(&world,
		"POST /v1/a HTTP/1.1\r\n" HOST
		"Content-Length: 99999\r\nExpect: 100-continue\r\n\r\n",
		&answer);
	assert_int_equal(answer.status, 413);
	http_ask(&world,
		"POST /boot/a HTTP/1.1\r\n" HOST
		"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
		&answer);
	assert_int_equal(answer.status, 405);
	world_end(&world);
}

/* A client that goes away in the middle of a body, or while brambled thinks. */
static void forgets_who_goes_away(void **state)
{
	struct http_answer answer;
	struct world world;
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = http_connect(&world);
	http_send(fd, "POST /v1/a HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhel");
	close(fd);
	world_expect_log(&world, "POST /v1/a -, 0 bytes in ");
	fd = http_connect(&world);
	http_send(fd, "GET /v1/b HTTP/1.1\r\n" HOST "\r\n");
	brambled_expect(&world, IPC_API);
	close(fd);
	brambled_reply(&world, 200, "{}");
	world_expect_log(&world, "GET /v1/b ");
	http_ask(&world, "GET /x HTTP/1.1\r\n" HOST "\r\n", &answer);
	assert_int_equal(answer.status, 404);
	world_end(&world);
}

static void takes_a_body_up_to_its_limit(void **state)
{
	static char request[IPC_TEXT_LIMIT + 256];
	struct http_answer answer;
	struct world world;
	size_t head;
	int fd;

	(void)state;
	world_begin(&world, no_arguments);
	fd = http_connect(&world);
	head = (size_t)snprintf(request, sizeof(request),
		"PUT /v1/x HTTP/1.1\r\n" HOST "Content-Length: %u\r\n\r\n", IPC_TEXT_LIMIT);
	memset(request + head, 'x', IPC_TEXT_LIMIT);
	request[head + IPC_TEXT_LIMIT] = '\0';
	http_send(fd, request);
	brambled_expect(&world, IPC_API);
	assert_int_equal(world.message.body.api.text_length, IPC_TEXT_LIMIT);
	assert_int_equal(strlen(world.message.text), IPC_TEXT_LIMIT);
	brambled_reply(&world, 200, "{}");
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 200);
	head = (size_t)snprintf(request, sizeof(request),
		"PUT /v1/x HTTP/1.1\r\n" HOST "Content-Length: %u\r\n\r\n", IPC_TEXT_LIMIT + 1);
	memset(request + head, 'x', IPC_TEXT_LIMIT + 1);
	request[head + IPC_TEXT_LIMIT + 1] = '\0';
	http_send(fd, request);
	http_receive(fd, &answer, 0);
	assert_int_equal(answer.status, 413);
	assert_string_equal(http_field(&answer, "Connection", value), "close");
	http_wait_closed(fd);
	close(fd);
	http_ask(&world, "PUT /v1/x HTTP/1.1\r\n" HOST "Content-Length: 99999999999\r\n\r\n",
		&answer);
	assert_int_equal(answer.status, 413);
	world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(finds_where_a_body_ends, world_abandon),
		cmocka_unit_test_teardown(says_continue_to_who_waits_for_it, world_abandon),
		cmocka_unit_test_teardown(forgets_who_goes_away, world_abandon),
		cmocka_unit_test_teardown(takes_a_body_up_to_its_limit, world_abandon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
