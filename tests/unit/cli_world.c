/* SPDX-License-Identifier: ISC */
#include "tests/unit/cli_world.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"

static void send_text(int client, uint32_t id, int status, const char *text)
{
	struct ipc_api_reply body = { .status = status, .size = strlen(text) };
	int fd = file_sealed("reply", text, strlen(text));

	ipc_send(client, IPC_API_REPLY, id, &body, NULL, 0, fd);
	close(fd);
}

static void answer(int client, uint32_t id, const struct reply *reply)
{
	if (reply->stray)
		send_text(client, id + 1000, 200, "{\"stray\":true}");
	send_text(client, id, reply->status, reply->text);
}

/* One call. Returns false when the connection shall end. */
static bool take_call(struct server *server, int client, struct ipc_message *message)
{
	const struct reply *reply;

	if (message->header.type == IPC_HELLO) {
		server->role = message->body.hello.role;
		return true;
	}
	if (message->header.type != IPC_API || server->calls >= CALLS_LIMIT)
		return false;
	if (message->fd >= 0) {
		struct stat status = { 0 };

		fstat(message->fd, &status);
		close(message->fd);
		server->files++;
		server->file_size = status.st_size;
	}
	server->asked[server->calls] = message->body.api;
	snprintf(server->bodies[server->calls], sizeof(server->bodies[0]), "%s", message->text);
	if (server->calls >= server->reply_count)
		return false;
	reply = &server->replies[server->calls++];
	usleep(reply->delay_ms * 1000);
	if (reply->status == 0)
		return false;
	answer(client, message->header.id, reply);
	return true;
}

static void *serve(void *argument)
{
	struct server *server = argument;
	uint8_t *buffer = malloc(IPC_PACKET_SIZE);
	int client = -1;

	while (buffer) {
		struct pollfd polls[] = { { .fd = server->stop[0], .events = POLLIN },
			{ .fd = client < 0 ? server->listener : client, .events = POLLIN } };
		struct ipc_message message = { .fd = -1 };

		poll(polls, 2, -1);
		if (polls[0].revents)
			break;
		if (client < 0) {
			client = accept(server->listener, NULL, NULL);
		} else if (ipc_receive(client, buffer, &message) != 1 ||
			   !take_call(server, client, &message)) {
			close(client);
			client = -1;
		}
	}
	if (client >= 0)
		close(client);
	free(buffer);
	return NULL;
}

static void server_start(struct server *server, const struct reply *replies, size_t n)
{
	char config[256];

	*server = (struct server){ .replies = replies, .reply_count = n };
	snprintf(server->directory, sizeof(server->directory), "/tmp/cli-test-XXXXXX");
	assert_non_null(mkdtemp(server->directory));
	snprintf(
		server->socket_path, sizeof(server->socket_path), "%s/ipc.sock", server->directory);
	snprintf(server->config_path, sizeof(server->config_path), "%s/b.conf", server->directory);
	snprintf(config, sizeof(config), "lan = { interface = \"e\"; }; paths = { run = \"%s\"; };",
		server->directory);
	assert_int_equal(file_replace(server->config_path, config, strlen(config), 0600), 0);
	if (n == 0)
		return;
	server->listener = ipc_listen(server->socket_path);
	assert_true(server->listener >= 0);
	assert_int_equal(pipe(server->stop), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
	if (server->reply_count > 0) {
		assert_int_equal(write(server->stop[1], "", 1), 1);
		pthread_join(server->thread, NULL);
		close(server->stop[0]);
		close(server->stop[1]);
		close(server->listener);
	}
	unlink(server->socket_path);
	unlink(server->config_path);
	rmdir(server->directory);
}

void outcome_free(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->error);
}

void run_with(struct outcome *outcome, const char *line, const struct reply *replies, size_t n,
	size_t width, const char *input)
{
	size_t out_size, error_size;
	char copy[512], *argv[24];
	struct cli cli = { .width = width, .interactive = input != NULL };
	int argc = 0;

	server_start(&outcome->server, replies, n);
	snprintf(copy, sizeof(copy), "bramble --config %s %s", outcome->server.config_path, line);
	for (char *word = copy; *word && argc < 23; argc++) {
		argv[argc] = word;
		word += strcspn(word, " ");
		if (*word)
			*word++ = '\0';
	}
	argv[argc] = NULL;
	cli.in =
		fmemopen((void *)(uintptr_t)(input ? input : "\n"), input ? strlen(input) : 1, "r");
	cli.out = open_memstream(&outcome->out, &out_size);
	cli.error = open_memstream(&outcome->error, &error_size);
	assert_true(cli.in && cli.out && cli.error);
	outcome->code = (int)commands_run(&cli, argc, argv);
	fclose(cli.in);
	fclose(cli.out);
	fclose(cli.error);
	server_stop(&outcome->server);
}

void assert_lines_fit(const char *text, size_t width)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > width)
			fail_msg("line of %zu columns: %.*s", length, (int)length, text);
		assert_true(length == 0 || text[length - 1] != ' ');
		text += length + (text[length] == '\n');
	}
}

void assert_holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}
