/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/file.h"
#include "common/ipc.h"

struct pair {
	int sockets[2];
	uint8_t buffer[IPC_PACKET_SIZE];
	struct ipc_message message;
};

static int make_pair(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair->sockets), 0);
	*state = pair;
	return 0;
}

static int end_pair(void **state)
{
	struct pair *pair = *state;

	close(pair->sockets[0]);
	close(pair->sockets[1]);
	free(pair);
	return 0;
}

static void carries_a_body_and_a_descriptor(void **state)
{
	struct pair *pair = *state;
	struct ipc_resolved answer = { .size = 5, .transfer = 42, .key = "abc" };
	int fd = file_sealed("x", "12345", 5);
	char text[8] = "";

	assert_int_equal(ipc_send(pair->sockets[0], IPC_RESOLVED, 7, &answer, NULL, 0, fd), 0);
	close(fd);
	assert_int_equal(ipc_receive(pair->sockets[1], pair->buffer, &pair->message), 1);
	assert_int_equal(pair->message.header.type, IPC_RESOLVED);
	assert_int_equal(pair->message.header.id, 7);
	assert_int_equal(pair->message.body.resolved.transfer, 42);
	assert_string_equal(pair->message.body.resolved.key, "abc");
	assert_int_equal(pread(pair->message.fd, text, sizeof(text), 0), 5);
	assert_string_equal(text, "12345");
	assert_int_equal(fcntl(pair->message.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(pair->message.fd);
}

static void carries_text_behind_an_api_request(void **state)
{
	struct pair *pair = *state;
	char *text = malloc(IPC_TEXT_LIMIT);
	struct ipc_api request = {
		.method = IPC_POST, .text_length = IPC_TEXT_LIMIT, .path = "/v1/join"
	};

	memset(text, 'x', IPC_TEXT_LIMIT);
	assert_int_equal(
		ipc_send(pair->sockets[0], IPC_API, 1, &request, text, IPC_TEXT_LIMIT, -1), 0);
	assert_int_equal(ipc_receive(pair->sockets[1], pair->buffer, &pair->message), 1);
	assert_memory_equal(pair->message.text, text, IPC_TEXT_LIMIT);
	assert_int_equal(pair->message.text[IPC_TEXT_LIMIT], '\0');
	assert_int_equal(pair->message.fd, -1);
	assert_int_equal(
		ipc_send(pair->sockets[0], IPC_API, 1, &request, text, IPC_TEXT_LIMIT + 1, -1),
		-EINVAL);
	free(text);
}

static void tells_the_end_from_silence(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(ipc_receive(pair->sockets[1], pair->buffer, &pair->message), -EAGAIN);
	shutdown(pair->sockets[0], SHUT_WR);
	assert_int_equal(ipc_receive(pair->sockets[1], pair->buffer, &pair->message), 0);
}

struct packet {
	struct ipc_header header;
	struct ipc_api api;
	char text[5];
	char spare;
};

static struct packet valid_packet(void)
{
	return (struct packet){
		.header = { .magic = IPC_MAGIC,
			.type = IPC_API,
			.length = sizeof(struct ipc_api) + 4 },
		.api = { .method = IPC_GET, .text_length = 4, .path = "/v1/time" },
		.text = "text",
	};
}

static int decode(struct packet packet, size_t length)
{
	struct ipc_message message;

	return ipc_decode((uint8_t *)&packet, length, &message);
}

static void refuses_every_malformed_packet(void **state)
{
	const size_t whole = sizeof(struct ipc_header) + sizeof(struct ipc_api) + 4;
	struct packet packet = valid_packet();

	(void)state;
	assert_int_equal(decode(packet, whole), 0);
	for (size_t length = 0; length < whole; length++)
		assert_int_equal(decode(packet, length), -EBADMSG);
	assert_int_equal(decode(packet, whole + 1), -EBADMSG);
	packet.header.magic ^= 1;
	assert_int_equal(decode(packet, whole), -EBADMSG);
	packet = valid_packet();
	packet.header.type = 0;
	assert_int_equal(decode(packet, whole), -EBADMSG);
	packet.header.type = IPC_WAITS + 1;
	assert_int_equal(decode(packet, whole), -EBADMSG);
	packet.header.type = IPC_HELLO;
	assert_int_equal(decode(packet, whole), -EBADMSG);
	/* A body that is cut short, with a header that says so. */
	packet = valid_packet();
	packet.header.length = 4;
	assert_int_equal(decode(packet, sizeof(struct ipc_header) + 4), -EBADMSG);
	packet = valid_packet();
	packet.header.reserved = 1;
	assert_int_equal(decode(packet, whole), -EBADMSG);
	packet = valid_packet();
	packet.api.text_length = 3;
	assert_int_equal(decode(packet, whole), -EBADMSG);
	packet = valid_packet();
	memset(packet.api.path, 'x', sizeof(packet.api.path));
	assert_int_equal(decode(packet, whole), -EBADMSG);
}

static void closes_descriptors_of_refused_messages(void **state)
{
	struct pair *pair = *state;
	struct ipc_resolved answer = { 0 };
	int before = dup(0), after;

	close(before);
	memset(answer.reason, 'x', sizeof(answer.reason));
	assert_int_equal(ipc_send(pair->sockets[0], IPC_RESOLVED, 7, &answer, NULL, 0, 0), 0);
	assert_int_equal(ipc_receive(pair->sockets[1], pair->buffer, &pair->message), -EBADMSG);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void connects_to_a_listening_socket_and_says_hello(void **state)
{
	struct pair *pair = *state;
	char directory[] = "/tmp/bramble-ipc-XXXXXX", path[64];
	int listening, client, accepted;

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/s", directory);
	assert_int_equal(ipc_connect(path, IPC_ROLE_TFTPD), -ENOENT);
	/* The second time replaces the stale socket of the first. */
	close(ipc_listen(path));
	assert_int_equal(ipc_connect(path, IPC_ROLE_TFTPD), -ECONNREFUSED);
	listening = ipc_listen(path);
	client = ipc_connect(path, IPC_ROLE_TFTPD);
	assert_true(listening >= 0 && client >= 0);
	accepted = accept(listening, NULL, NULL);
	assert_int_equal(ipc_receive(accepted, pair->buffer, &pair->message), 1);
	assert_int_equal(pair->message.header.type, IPC_HELLO);
	assert_int_equal(pair->message.body.hello.role, IPC_ROLE_TFTPD);
	close(accepted);
	close(client);
	close(listening);
	unlink(path);
	rmdir(directory);
}

int main(void)
{
#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, make_pair, end_pair)
	const struct CMUnitTest tests[] = {
		WITH_PAIR(carries_a_body_and_a_descriptor),
		WITH_PAIR(carries_text_behind_an_api_request),
		WITH_PAIR(tells_the_end_from_silence),
		cmocka_unit_test(refuses_every_malformed_packet),
		WITH_PAIR(closes_descriptors_of_refused_messages),
		WITH_PAIR(connects_to_a_listening_socket_and_says_hello),
	};

	return cmocka_run_group_tests_name("ipc", tests, NULL, NULL);
}
