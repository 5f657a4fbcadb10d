/* SPDX-License-Identifier: ISC */
#include "tests/unit/http_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"

#define PATIENCE_MS 8000
#define ARGUMENTS 24

static pid_t running; /* the program of the test that goes on; 0 none */

static void await(int fd, short events)
{
	struct pollfd wanted = { .fd = fd, .events = events };

	if (poll(&wanted, 1, PATIENCE_MS) != 1)
		fail_msg("nothing happened within %d ms", PATIENCE_MS);
}

static int listen_tcp(struct world *world)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	world->port = ntohs(address.sin_port);
	return fd;
}

/* In the child: fd 3 is the listening socket, standard error the log. */
static void run_program(const struct world *world, int listening, const char *const arguments[])
{
	char program[256], *slash;
	const char *argv[ARGUMENTS] = { program, "--ipc", world->ipc, "--listen-fd", "3" };
	size_t n = 5;
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 32);
	int log = open(world->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (length < 0 || log < 0)
		_exit(125);
	program[length] = '\0';
	slash = strrchr(program, '/');
	snprintf(slash, 32, "/bramble-httpd");
	while (*arguments && n < ARGUMENTS - 1)
		argv[n++] = *arguments++;
	dup2(log, STDERR_FILENO);
	if (listening != 3)
		dup2(listening, 3);
	execv(program, (char *const *)(uintptr_t)argv);
	_exit(126);
}

void world_begin(struct world *world, const char *const arguments[])
{
	int listening;

	*world = (struct world){ .listening = -1, .brambled = -1 };
	str_copy(world->directory, sizeof(world->directory), "/tmp/http-test-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	assert_int_equal(chmod(world->directory, 0755), 0);
	snprintf(world->ipc, sizeof(world->ipc), "%s/ipc.sock", world->directory);
	snprintf(world->log, sizeof(world->log), "%s/log", world->directory);
	listening = listen_tcp(world);
	brambled_appear(world);
	world->server = fork();
	assert_true(world->server >= 0);
	if (world->server == 0)
		run_program(world, listening, arguments);
	running = world->server;
	close(listening);
	brambled_accept(world);
}

void world_end(struct world *world)
{
	int status = 0;

	assert_int_equal(kill(world->server, SIGTERM), 0);
	assert_int_equal(waitpid(world->server, &status, 0), world->server);
	running = 0;
	if (status != 0)
		fail_msg("bramble-httpd ended with %#x; see %s", status, world->log);
	brambled_vanish(world);
	unlink(world->log);
	unlink(world->ipc);
	rmdir(world->directory);
}

int world_abandon(void **state)
{
	(void)state;
	if (running == 0)
		return 0;
	kill(running, SIGKILL);
	waitpid(running, NULL, 0);
	running = 0;
	return 0;
}

void brambled_appear(struct world *world)
{
	world->listening = ipc_listen(world->ipc);
	assert_true(world->listening >= 0);
}

void brambled_vanish(struct world *world)
{
	if (world->brambled >= 0)
		close(world->brambled);
	if (world->listening >= 0)
		close(world->listening);
	world->brambled = world->listening = -1;
}

void brambled_accept(struct world *world)
{
	await(world->listening, POLLIN);
	world->brambled = accept4(world->listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(world->brambled >= 0);
	brambled_expect(world, IPC_HELLO);
	assert_int_equal(world->message.body.hello.role, IPC_ROLE_HTTPD);
}

void brambled_expect_any(struct world *world)
{
	await(world->brambled, POLLIN);
	assert_int_equal(ipc_receive(world->brambled, world->packet, &world->message), 1);
}

void brambled_expect(struct world *world, enum ipc_type type)
{
	/* On a busy machine any transfer may take long enough for that. */
	do
		brambled_expect_any(world);
	while (world->message.header.type == IPC_WAITS && type != IPC_WAITS);
	assert_int_equal(world->message.header.type, type);
}

char world_byte(uint64_t position)
{
	return (char)(unsigned char)(position * 7 + position / 251);
}

static int make_content(size_t size)
{
	char *data = malloc(size + 1);
	int fd;

	assert_non_null(data);
	for (size_t i = 0; i < size; i++)
		data[i] = world_byte(i);
	fd = file_sealed("content", data, size);
	free(data);
	assert_true(fd >= 0);
	return fd;
}

void brambled_resolve(struct world *world, uint64_t size, const char *key)
{
	struct ipc_resolved resolved = { .size = size, .transfer = 4711 };
	int fd = make_content((size_t)size);

	str_copy(resolved.key, sizeof(resolved.key), key);
	assert_int_equal(ipc_send(world->brambled, IPC_RESOLVED, world->message.header.id,
				 &resolved, NULL, 0, fd),
		0);
	close(fd);
}

void brambled_refuse(struct world *world, int error, const char *reason)
{
	struct ipc_resolved resolved = { .error = error };

	str_copy(resolved.reason, sizeof(resolved.reason), reason);
	assert_int_equal(ipc_send(world->brambled, IPC_RESOLVED, world->message.header.id,
				 &resolved, NULL, 0, -1),
		0);
}

void brambled_reply(struct world *world, int status, const char *json)
{
	struct ipc_api_reply reply = { .status = status, .size = strlen(json) };
	int fd = file_sealed("reply", json, strlen(json));

	assert_true(fd >= 0);
	str_copy(reply.content_type, sizeof(reply.content_type), "application/json");
	assert_int_equal(ipc_send(world->brambled, IPC_API_REPLY, world->message.header.id, &reply,
				 NULL, 0, fd),
		0);
	close(fd);
}

int http_connect(const struct world *world)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(world->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void http_send(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

const char *http_field(const struct http_answer *answer, const char *name, char out[static 256])
{
	size_t length = strlen(name);

	out[0] = '\0';
	for (const char *line = answer->header; (line = strstr(line, "\r\n")) != NULL;) {
		line += 2;
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			snprintf(out, 256, "%.*s", (int)strcspn(line + length + 2, "\r"),
				line + length + 2);
	}
	return out;
}

void http_read(int fd, char *out, size_t size)
{
	ssize_t n;

	while (size > 0) {
		await(fd, POLLIN);
		n = recv(fd, out, size, 0);
		assert_true(n > 0);
		out += n;
		size -= (size_t)n;
	}
}

void http_receive(int fd, struct http_answer *answer, int head)
{
	char value[256];
	size_t used = 0;

	memset(answer, 0, sizeof(*answer));
	while (used < 4 || memcmp(answer->header + used - 4, "\r\n\r\n", 4) != 0) {
		assert_true(used + 1 < sizeof(answer->header));
		http_read(fd, answer->header + used++, 1);
	}
	assert_memory_equal(answer->header, "HTTP/1.1 ", 9);
	answer->status = (int)strtol(answer->header + 9, NULL, 10);
	answer->size = strtoul(http_field(answer, "Content-Length", value), NULL, 10);
	if (head || answer->status == 304 || answer->status == 204)
		return;
	assert_true(answer->size < sizeof(answer->body));
	http_read(fd, answer->body, answer->size);
}

void http_ask(const struct world *world, const char *request, struct http_answer *answer)
{
	int fd = http_connect(world);

	http_send(fd, request);
	http_receive(fd, answer, 0);
	close(fd);
}

unsigned http_wait_closed(int fd)
{
	uint64_t begin = clock_monotonic_ns();
	char sink[4096];

	for (;;) {
		await(fd, POLLIN);
		if (recv(fd, sink, sizeof(sink), 0) <= 0)
			return (unsigned)((clock_monotonic_ns() - begin) / NS_PER_MS);
	}
}

void world_expect_log(const struct world *world, const char *text)
{
	for (int tries = 0; tries < PATIENCE_MS / 20; tries++) {
		char *log = NULL;
		size_t size;
		bool found;

		found = file_read(world->log, 1024 * 1024, &log, &size) == 0 && strstr(log, text);
		free(log);
		if (found)
			return;
		poll(NULL, 0, 20);
	}
	fail_msg("the log has no \"%s\"", text);
}
