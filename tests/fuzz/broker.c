/* SPDX-License-Identifier: ISC */
/*
 * A server's connection to brambled, whose other end says what the input says: sound answers, any
 * bytes, descriptors, silence, and going away. A question is answered once, never after it was
 * forgotten, and in time whatever happens; what the server says is always well-formed, HELLO first.
 */
#include "common/broker.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "tests/fuzz/world.h"

#define LIMIT 4u
#define PATIENCE_MS 5000u
#define ASKED 256u
#define STEP_NS (100 * NS_PER_MS)

static char directory[64], path[80];

struct scene {
	struct event_base *base;
	struct broker *broker;
	int listening, peer;
	struct asked {
		int64_t id; /* 0: never asked, or over */
		uint64_t at_ns;
	} asked[ASKED];
	unsigned n;
	bool greeted;
	uint32_t last_id; /* that the peer has seen */
	enum ipc_type last_type;
};

static void on_answer(void *argument, const struct ipc_message *message)
{
	struct asked *asked = argument;

	must(asked->id > 0);
	if (message) {
		must(message->header.id == (uint32_t)asked->id);
		if (message->fd >= 0)
			close(message->fd);
	}
	asked->id = 0;
}

static void listen_again(struct scene *scene)
{
	if (scene->listening < 0)
		scene->listening = ipc_listen(path);
	must(scene->listening >= 0);
}

static void hang_up(struct scene *scene)
{
	if (scene->peer >= 0)
		close(scene->peer);
	scene->peer = -1;
	scene->greeted = false;
}

static void go_away(struct scene *scene)
{
	hang_up(scene);
	if (scene->listening >= 0)
		close(scene->listening);
	scene->listening = -1;
}

/* Take what the server has said. */
static void hear(struct scene *scene)
{
	static uint8_t packet[IPC_PACKET_SIZE];
	struct ipc_message message;
	int result;

	if (scene->peer < 0 && scene->listening >= 0)
		scene->peer = accept4(scene->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	while (scene->peer >= 0 &&
		(result = ipc_receive(scene->peer, packet, &message)) != -EAGAIN) {
		if (result == 0 || result == -ECONNRESET) {
			hang_up(scene);
			return;
		}
		must(result == 1 && message.fd < 0);
		must((message.header.type == IPC_HELLO) == !scene->greeted);
		scene->greeted = true;
		if (message.header.type == IPC_RESOLVE || message.header.type == IPC_API) {
			scene->last_id = message.header.id;
			scene->last_type = (enum ipc_type)message.header.type;
		}
	}
}

static void turn(struct scene *scene)
{
	event_base_loop(scene->base, EVLOOP_NONBLOCK);
}

static void ask(struct scene *scene, uint8_t argument)
{
	static const char text[20000];
	const struct ipc_resolve resolve = { .protocol = IPC_HTTP, .name = "a" };
	struct ipc_api api = { .method = IPC_POST, .text_length = argument * 70u, .path = "/v1/a" };
	struct asked *asked = &scene->asked[scene->n];
	unsigned open = 0;
	int64_t id;

	if (scene->n == ASKED)
		return;
	for (unsigned i = 0; i < scene->n; i++)
		open += scene->asked[i].id != 0;
	id = argument & 1
		     ? broker_ask(scene->broker, IPC_RESOLVE, &resolve, NULL, 0, on_answer, asked)
		     : broker_ask(scene->broker, IPC_API, &api, text, api.text_length, on_answer,
			       asked);
	must(id > 0 || id == -EAGAIN);
	must((id == -EAGAIN) == (open == LIMIT));
	if (id < 0)
		return;
	*asked = (struct asked){ id, clock_monotonic_ns() };
	scene->n++;
}

/* brambled's sound answer to what was asked last. */
static void reply(struct scene *scene, uint8_t argument)
{
	static const uint8_t body[sizeof(struct ipc_resolved)];
	enum ipc_type type = scene->last_type == IPC_RESOLVE ? IPC_RESOLVED : IPC_API_REPLY;
	int fd = argument & 1 ? fuzz_file(1) : -1;

	if (scene->peer >= 0)
		(void)ipc_send(
			scene->peer, type, scene->last_id + (argument >> 6), body, NULL, 0, fd);
	if (fd >= 0)
		close(fd);
}

/* Any bytes, behind a good header or not, with up to three descriptors. */
static size_t say(struct scene *scene, const uint8_t *bytes, size_t length)
{
	static uint8_t packet[sizeof(struct ipc_header) + 1024];
	const unsigned fds = bytes[0] >> 6, type = bytes[0] >> 3 & 7u;
	const size_t text = length - 1 < 64 ? length - 1 : 64;
	struct ipc_header header = {
		.magic = IPC_MAGIC, .type = (uint16_t)type, .id = scene->last_id
	};
	struct iovec vector = { .iov_base = packet };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(3 * sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	int passed[3];

	memset(packet, 0, sizeof(packet));
	header.length = (uint32_t)ipc_body_size((enum ipc_type)type);
	memcpy(packet, &header, sizeof(header));
	memcpy(packet + (type ? sizeof(header) : 0), bytes + 1, text);
	vector.iov_len = type ? sizeof(header) + header.length : text;
	for (unsigned i = 0; i < fds; i++)
		passed[i] = fuzz_file(0);
	if (fds > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(fds * sizeof(int));
		control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(fds * sizeof(int)) };
		memcpy(CMSG_DATA(&control.align), passed, fds * sizeof(int));
	}
	if (scene->peer >= 0)
		(void)!sendmsg(scene->peer, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	for (unsigned i = 0; i < fds; i++)
		close(passed[i]);
	return 1 + text;
}

static void forget(struct scene *scene, uint8_t argument)
{
	struct asked *asked = &scene->asked[scene->n ? argument % scene->n : 0];

	if (asked->id <= 0)
		return;
	broker_forget(scene->broker, asked->id);
	asked->id = 0;
}

/* In small steps: a jump would be a process that was stopped. */
static void pass(struct scene *scene, uint64_t ns)
{
	for (uint64_t passed = 0; passed < ns; passed += STEP_NS) {
		fuzz_pass_time(STEP_NS);
		turn(scene);
	}
	/* Patience, the longest pause between two looks at the time, and one before a new try. */
	for (unsigned i = 0; i < scene->n; i++)
		must(scene->asked[i].id == 0 ||
			clock_monotonic_ns() <= scene->asked[i].at_ns +
							(PATIENCE_MS + 1000) * NS_PER_MS +
							2 * STEP_NS);
}

static size_t step(struct scene *scene, const uint8_t *bytes, size_t length)
{
	const struct ipc_transfer transfer = { .transfer = 1 };
	const uint8_t argument = length > 1 ? bytes[1] : 0;

	switch (bytes[0] % 10) {
	case 0:
		ask(scene, argument);
		return 2;
	case 1:
		hear(scene);
		return 1;
	case 2:
		turn(scene);
		return 1;
	case 3:
		reply(scene, argument);
		return 2;
	case 4:
		return length > 1 ? 1 + say(scene, bytes + 1, length - 1) : 1;
	case 5:
		pass(scene, argument * 20 * NS_PER_MS);
		return 2;
	case 6:
		broker_tell(scene->broker, IPC_TRANSFER, &transfer);
		return 1;
	case 7:
		forget(scene, argument);
		return 2;
	case 8:
		hang_up(scene);
		return 1;
	default:
		if (argument & 1)
			go_away(scene);
		else
			listen_again(scene);
		return 2;
	}
}

static void begin(struct scene *scene, uint8_t head)
{
	*scene = (struct scene){ .listening = -1, .peer = -1 };
	unlink(path);
	fuzz_set_time(1000 * NS_PER_S);
	if (head & 1)
		listen_again(scene);
	scene->base = event_base_new();
	must(scene->base != NULL);
	scene->broker = broker_new(scene->base, path, IPC_ROLE_HTTPD, LIMIT, PATIENCE_MS);
	must(scene->broker != NULL);
}

/* brambled is back and sound: what is open is answered, or its time has passed. */
static void end_well(struct scene *scene)
{
	go_away(scene);
	listen_again(scene);
	for (unsigned i = 0; i < 20; i++) {
		pass(scene, 500 * NS_PER_MS);
		hear(scene);
		reply(scene, 0);
		turn(scene);
	}
	for (unsigned i = 0; i < scene->n; i++)
		must(scene->asked[i].id == 0);
	must(scene->greeted);
}

static void remove_directory(void)
{
	unlink(path);
	rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	log_init("fuzz", LOG_LEVEL_ERROR);
	snprintf(directory, sizeof(directory), "/tmp/bramble-fuzz-XXXXXX");
	must(mkdtemp(directory) != NULL);
	snprintf(path, sizeof(path), "%s/ipc.sock", directory);
	atexit(remove_directory);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct scene scene;
	const uint64_t descriptors = fuzz_descriptors();
	size_t at = 1;

	if (length < 2)
		return 0;
	begin(&scene, bytes[0]);
	while (at < length)
		at += step(&scene, bytes + at, length - at);
	if (bytes[0] & 2)
		end_well(&scene);
	broker_free(scene.broker);
	event_base_free(scene.base);
	go_away(&scene);
	must(fuzz_descriptors() == descriptors);
	return 0;
}
