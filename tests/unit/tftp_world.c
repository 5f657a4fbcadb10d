/* SPDX-License-Identifier: ISC */
#include "tests/unit/tftp_world.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/file.h"

#define PATIENCE_MS 15000
#define ARGUMENTS 24
#define SHELL_FILES 256 /* a server must not depend on the shell's default */

static pid_t running; /* the program of the test that goes on; 0 none */

static bool is_ready(int fd, int ms)
{
	struct pollfd wanted = { .fd = fd, .events = POLLIN };

	return poll(&wanted, 1, ms) == 1;
}

static void await(int fd)
{
	if (!is_ready(fd, PATIENCE_MS))
		fail_msg("nothing happened within %d ms", PATIENCE_MS);
}

static int bind_udp(struct in_addr address, uint16_t *port)
{
	struct sockaddr_in local = { .sin_family = AF_INET, .sin_addr = address };
	socklen_t size = sizeof(local);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&local, &size), 0);
	*port = ntohs(local.sin_port);
	return fd;
}

/* In the child: fd 3 is the server's socket, standard error the log. */
static void run_program(const struct world *world, int listening, const char *const arguments[])
{
	struct rlimit files;
	char program[256], *slash;
	const char *argv[ARGUMENTS] = { program, "--ipc", world->ipc, "--listen-fd", "3" };
	size_t n = 5;
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 32);
	int log = open(world->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (length < 0 || log < 0)
		_exit(125);
	program[length] = '\0';
	slash = strrchr(program, '/');
	snprintf(slash, 32, "/bramble-tftpd");
	while (*arguments && n < ARGUMENTS - 1)
		argv[n++] = *arguments++;
	dup2(log, STDERR_FILENO);
	if (listening != 3)
		dup2(listening, 3);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = SHELL_FILES;
	setrlimit(RLIMIT_NOFILE, &files);
	execv(program, (char *const *)(uintptr_t)argv);
	_exit(126);
}

static void expect_ready(const struct world *world)
{
	for (int tries = 0; tries < PATIENCE_MS / 20; tries++) {
		char *log = NULL;
		size_t size;
		bool found;

		found = file_read(world->log, 1024 * 1024, &log, &size) == 0 &&
			strstr(log, "ready");
		free(log);
		if (found)
			return;
		poll(NULL, 0, 20);
	}
	fail_msg("it isn't ready; see %s", world->log);
}

void world_begin(struct world *world, const char *const arguments[])
{
	struct rlimit files;
	int listening;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max; /* for a crowd of clients */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	*world = (struct world){ .listening = -1, .brambled = -1 };
	str_copy(world->directory, sizeof(world->directory), "/tmp/tftp-test-XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	assert_int_equal(chmod(world->directory, 0755), 0);
	snprintf(world->ipc, sizeof(world->ipc), "%s/ipc.sock", world->directory);
	snprintf(world->log, sizeof(world->log), "%s/log", world->directory);
	listening = bind_udp((struct in_addr){ INADDR_ANY }, &world->port);
	brambled_appear(world);
	world->server = fork();
	assert_true(world->server >= 0);
	if (world->server == 0)
		run_program(world, listening, arguments);
	running = world->server;
	close(listening);
	brambled_accept(world);
	expect_ready(world);
}

void world_end(struct world *world)
{
	int status = 0;

	assert_int_equal(kill(world->server, SIGTERM), 0);
	assert_int_equal(waitpid(world->server, &status, 0), world->server);
	running = 0;
	if (status != 0)
		fail_msg("bramble-tftpd ended with %#x; see %s", (unsigned)status, world->log);
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

unsigned world_descriptors(const struct world *world)
{
	char path[64];
	unsigned n = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)world->server);
	directory = opendir(path);
	assert_non_null(directory);
	while (readdir(directory))
		n++;
	closedir(directory);
	return n;
}

long world_status(const struct world *world, const char *name)
{
	char path[64], *text = NULL, *line;
	size_t size;
	long value;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)world->server);
	assert_int_equal(file_read(path, 16384, &text, &size), 0);
	line = strstr(text, name);
	assert_non_null(line);
	value = strtol(line + strlen(name), NULL, 0);
	free(text);
	return value;
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
	await(world->listening);
	world->brambled = accept4(world->listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(world->brambled >= 0);
	brambled_expect(world, IPC_HELLO);
	assert_int_equal(world->message.body.hello.role, IPC_ROLE_TFTPD);
}

void brambled_expect(struct world *world, enum ipc_type type)
{
	/* On a busy machine any transfer may take long enough for IPC_WAITS. */
	do {
		await(world->brambled);
		assert_int_equal(ipc_receive(world->brambled, world->packet, &world->message), 1);
	} while (world->message.header.type == IPC_WAITS && type != IPC_WAITS);
	assert_int_equal(world->message.header.type, type);
}

void brambled_expect_silence(const struct world *world, int ms)
{
	assert_false(is_ready(world->brambled, ms));
}

void brambled_give(struct world *world, int fd, uint64_t size)
{
	struct ipc_resolved resolved = { .size = size, .transfer = 4711 };

	assert_int_equal(ipc_send(world->brambled, IPC_RESOLVED, world->message.header.id,
				 &resolved, NULL, 0, fd),
		0);
}

void brambled_refuse(struct world *world, int error, const char *reason)
{
	struct ipc_resolved resolved = { .error = error };

	str_copy(resolved.reason, sizeof(resolved.reason), reason);
	assert_int_equal(ipc_send(world->brambled, IPC_RESOLVED, world->message.header.id,
				 &resolved, NULL, 0, -1),
		0);
}

static uint8_t byte_at(uint64_t position)
{
	return (uint8_t)(position * 7 + position / 251);
}

int file_of(uint64_t size)
{
	int fd = memfd_create("content", MFD_CLOEXEC);
	uint8_t *data = malloc(size + 1);

	assert_true(fd >= 0);
	assert_non_null(data);
	for (uint64_t i = 0; i < size; i++)
		data[i] = byte_at(i);
	assert_int_equal(write(fd, data, size), size);
	free(data);
	return fd;
}

void client_open(
	struct client *client, const struct world *world, const char *address, const char *asked)
{
	struct in_addr local;
	uint16_t port;
	const int on = 1;

	*client = (struct client){ .server = { .sin_family = AF_INET } };
	assert_int_equal(str_parse_address(address, &local), 0);
	assert_int_equal(str_parse_address(asked, &client->server.sin_addr), 0);
	client->server.sin_port = htons(world->port);
	client->fd = bind_udp(local, &port);
	setsockopt(client->fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
}

void client_close(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

static void send_to(struct client *client, const void *bytes, size_t length)
{
	assert_int_equal(sendto(client->fd, bytes, length, 0, (struct sockaddr *)&client->server,
				 sizeof(client->server)),
		length);
}

void client_ask(struct client *client, const struct world *world, const char *bytes, size_t length)
{
	client->server.sin_port = htons(world->port);
	send_to(client, bytes, length);
}

void client_send_ack(struct client *client, uint16_t block)
{
	const uint8_t bytes[4] = { 0, 4, (uint8_t)(block >> 8), (uint8_t)block };

	send_to(client, bytes, sizeof(bytes));
}

void client_send_error(struct client *client, const char *text)
{
	uint8_t bytes[128] = { 0, 5, 0, 0 };

	assert_true(strlen(text) < sizeof(bytes) - 5);
	memcpy(bytes + 4, text, strlen(text) + 1);
	send_to(client, bytes, strlen(text) + 5);
}

void client_receive(struct client *client)
{
	struct in_addr asked = client->server.sin_addr;
	socklen_t size = sizeof(client->server);
	ssize_t length;

	await(client->fd);
	length = recvfrom(client->fd, client->bytes, sizeof(client->bytes), 0,
		(struct sockaddr *)&client->server, &size);
	assert_true(length >= 4);
	client->length = (size_t)length;
	/* From the address that was asked. */
	assert_int_equal(client->server.sin_addr.s_addr, asked.s_addr);
}

void client_expect_data(struct client *client, uint16_t block, size_t size)
{
	client_receive(client);
	assert_int_equal(client->bytes[1], 3);
	assert_int_equal(client->bytes[2] << 8 | client->bytes[3], block);
	assert_int_equal(client->length - 4, size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(client->bytes[4 + i], byte_at((block - 1u) * 512u + i));
}

void client_expect_error(struct client *client, int code, const char *text)
{
	client_receive(client);
	assert_int_equal(client->bytes[1], 5);
	assert_int_equal(client->bytes[3], code);
	assert_int_equal(client->bytes[client->length - 1], 0);
	assert_string_equal((const char *)client->bytes + 4, text);
}

void client_expect_silence(const struct client *client, int ms)
{
	assert_false(is_ready(client->fd, ms));
}
