/* SPDX-License-Identifier: ISC */
/*
 * Raw bytes of a client through the whole HTTP server, over a Unix socket and without waiting.
 * brambled's answers are the input's, too: sound, refusing, late, absurd. Whatever comes: the
 * answers are well-formed and say their length, a file's bytes are its bytes, a question is
 * answered once and forgotten when its asker has gone, and in time the connection ends.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "httpd/server.h"
#include "tests/fuzz/http_answers.h"
#include "tests/fuzz/world.h"

#define QUESTIONS 8u
#define HEAD 8u /* bytes of the input before the client's */
#define TURNS 12u
#define OTHERS 3u
#define LARGEST_FILE 20000u /* see fuzz_tree(); brambled's are smaller */
#define HEADER_LIMIT 1024u
#define KNOWN_LIMIT 32u /* requests of run_known() */
#define OUT_SIZE (16u * 1024u * 1024u)

/* In place of common/broker.c; brambled's side of it is the target broker.c. */
struct broker {
	const uint8_t *answers; /* four bytes, one after the other */
	unsigned asked;
	struct question {
		int64_t id; /* 0 free */
		enum ipc_type type;
		broker_answer answer;
		void *argument;
		uint8_t how;
	} questions[QUESTIONS];
	int64_t last_id;
	uint64_t transfers_begun, transfers_ended;
	bool shortens; /* a file, while it is sent */
};

int64_t broker_ask(struct broker *broker, enum ipc_type type, const void *body, const char *text,
	size_t text_length, broker_answer answer, void *argument)
{
	uint8_t how = broker->answers[broker->asked++ % 4];

	must(ipc_body_size(type) > 0 && text_length <= IPC_TEXT_LIMIT);
	if (type == IPC_RESOLVE)
		must(memchr(((const struct ipc_resolve *)body)->name, 0, IPC_NAME_SIZE) != NULL);
	else
		must(type == IPC_API && (text_length == 0 || text));
	for (unsigned i = 0; i < QUESTIONS && (how & 15u) != 15; i++) {
		struct question *question = &broker->questions[i];

		if (question->id != 0)
			continue;
		*question = (struct question){ ++broker->last_id, type, answer, argument, how };
		return question->id;
	}
	return -EAGAIN;
}

void broker_forget(struct broker *broker, int64_t id)
{
	for (unsigned i = 0; i < QUESTIONS; i++) {
		if (broker->questions[i].id == id)
			broker->questions[i].id = 0;
	}
}

void broker_tell(struct broker *broker, enum ipc_type type, const void *body)
{
	const struct ipc_transfer *transfer = body;
	const struct ipc_waits *waits = body;

	if (type == IPC_WAITS) {
		must(waits->transfer == 4711 && !waits->waits);
		must(broker->transfers_ended < broker->transfers_begun);
		return;
	}
	must(type == IPC_TRANSFER && transfer->transfer == 4711);
	must(memchr(transfer->reason, 0, sizeof(transfer->reason)) != NULL);
	must(transfer->bytes <= LARGEST_FILE);
	broker->transfers_ended++;
	must(broker->transfers_ended <= broker->transfers_begun);
}

static void fill_resolved(struct broker *broker, uint8_t how, struct ipc_message *message)
{
	static const int errors[] = { ENOENT, EACCES, EIO, ENAMETOOLONG, EMFILE, 12345 };
	struct ipc_resolved *resolved = &message->body.resolved;

	message->header.type = IPC_RESOLVED;
	resolved->transfer = 4711;
	resolved->size = (uint64_t)(how >> 4) * 1111;
	str_copy(resolved->key, sizeof(resolved->key),
		how & 16   ? "0123abcd"
		: how & 32 ? "a\""
			   : "");
	switch (how & 15u) {
	case 0:
	case 1:
	case 2:
		message->fd = fuzz_file(resolved->size);
		break;
	case 3: /* shorter than it says */
		message->fd = fuzz_file(resolved->size);
		resolved->size++;
		break;
	case 4: /* not a file */
		message->fd = dup(fuzz_tree());
		break;
	case 5:
		break; /* none at all */
	case 6:	       /* a refusal with a descriptor */
		message->fd = fuzz_file(1);
		resolved->error = ENOENT;
		break;
	default:
		resolved->error = errors[(how >> 4) % 6];
		str_copy(resolved->reason, sizeof(resolved->reason),
			how & 128 ? "" : "a \"reason\\\" with \x01\xff\r\nHTTP/1.1 in it");
		break;
	}
	if (resolved->error == 0)
		broker->transfers_begun++;
}

static void fill_reply(uint8_t how, struct ipc_message *message)
{
	static const int statuses[] = { 200, 404, 503, 100, 0, -1, 600, 204 };
	struct ipc_api_reply *reply = &message->body.api_reply;

	message->header.type = IPC_API_REPLY;
	reply->status = statuses[(how & 15u) < 3 ? 0 : (how >> 4) & 7u];
	reply->size = (uint64_t)(how >> 4) * 11;
	str_copy(reply->content_type, sizeof(reply->content_type),
		(how & 15u) == 7   ? ""
		: (how & 15u) == 8 ? "a\r\nX: y"
				   : "application/json");
	message->fd = (how & 15u) == 5 ? -1 : fuzz_file(reply->size + ((how & 15u) == 3));
}

static void answer(struct broker *broker, struct question *question)
{
	struct question asked = *question;
	struct ipc_message message = { .fd = -1 };
	const uint8_t how = asked.how;
	int shortened;

	question->id = 0;
	if ((how & 15u) == 14) {
		asked.answer(asked.argument, NULL);
		return;
	}
	/* The other kind of answer, for 13. */
	if ((asked.type == IPC_RESOLVE) == ((how & 15u) != 13))
		fill_resolved(broker, how, &message);
	else
		fill_reply(how, &message);
	if ((how & 15u) == 13 && asked.type != IPC_RESOLVE)
		broker->transfers_begun = 0;
	shortened = (how & 15u) == 2 && message.fd >= 0 ? dup(message.fd) : -1;
	asked.answer(asked.argument, &message);
	if (shortened >= 0) {
		broker->shortens = true;
		must(ftruncate(shortened, 1) == 0);
		close(shortened);
	}
}

struct scene {
	struct event_base *base;
	struct server *server;
	struct broker broker;
	struct source source;
	int client;
	bool closed;	    /* by the server */
	int others[OTHERS]; /* silent connections beside it */
	bool slow;	    /* it reads nothing before the end */
	size_t received;
	uint8_t out[OUT_SIZE];
};

/* Descriptors may run out, and sockets are small. */
static unsigned accepts_that_fail;

int accept4(int listening, __SOCKADDR_ARG address, socklen_t *size, int flags)
{
	const int room = 4608;
	int fd;

	if (accepts_that_fail > 0) {
		accepts_that_fail--;
		errno = EMFILE;
		return -1;
	}
	fd = (int)syscall(SYS_accept4, listening, address.__sockaddr__, size, flags);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return fd;
}

static void drain(struct scene *scene)
{
	ssize_t n;

	must(scene->received < OUT_SIZE);
	while ((n = recv(scene->client, scene->out + scene->received, OUT_SIZE - scene->received,
			MSG_DONTWAIT)) > 0)
		scene->received += (size_t)n;
	if (n == 0 || (n < 0 && errno != EAGAIN))
		scene->closed = true;
}

static void turn(struct scene *scene, bool patient)
{
	for (unsigned i = 0; i < TURNS; i++) {
		event_base_loop(scene->base, EVLOOP_NONBLOCK);
		for (unsigned j = 0; j < QUESTIONS; j++) {
			struct question *question = &scene->broker.questions[j];

			/* 12: only when its asker's patience is at an end. */
			if (question->id != 0 && ((question->how & 15u) != 12 || patient))
				answer(&scene->broker, question);
		}
		if (!scene->slow)
			drain(scene);
	}
}

static int listen_somewhere(struct sockaddr_un *address, socklen_t *size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	*size = sizeof(*address);
	/* A name that the kernel chooses, in no file system. */
	must(fd >= 0 && bind(fd, (struct sockaddr *)address, sizeof(sa_family_t)) == 0);
	must(listen(fd, 4) == 0 && getsockname(fd, (struct sockaddr *)address, size) == 0);
	return fd;
}

static int connect_to(const struct sockaddr_un *address, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && connect(fd, (const struct sockaddr *)address, size) == 0);
	return fd;
}

static void begin(struct scene *scene, const uint8_t *head)
{
	const struct server_limits limits = { .connections = head[0] & 8 ? 2 : 8,
		.per_address = head[0] & 16 ? 2 : 8,
		.header_s = 5,
		.body_s = 7,
		.transfer_s = 11 };
	struct sockaddr_un address;
	socklen_t size;
	int listening = listen_somewhere(&address, &size);

	memset(scene, 0, offsetof(struct scene, out));
	fuzz_set_time(1000 * NS_PER_S);
	/* Long after the files were made, or before. */
	fuzz_set_wall(head[3] & 1 ? 0 : INT64_C(4102444800000));
	scene->broker.answers = head + 4;
	if (head[0] & 1)
		scene->source.broker = &scene->broker;
	scene->source.root = fuzz_tree();
	scene->base = event_base_new();
	must(scene->base != NULL);
	scene->server = server_new(scene->base, listening, &scene->source, &limits);
	must(scene->server != NULL);
	scene->slow = head[0] & 64;
	accepts_that_fail = head[0] & 32 ? 1 : 0;
	for (unsigned i = 0; i < OTHERS && head[0] & 24; i++)
		scene->others[i] = connect_to(&address, size);
	scene->client = connect_to(&address, size);
	turn(scene, false);
	if (accepts_that_fail == 0 && (head[0] & 32))
		fuzz_pass_time(NS_PER_S);
	turn(scene, false);
}

/* In pieces, with time between them. */
static void send_all(struct scene *scene, const uint8_t *head, const uint8_t *bytes, size_t length)
{
	const size_t piece = head[1] ? head[1] * 16u : length;
	const uint64_t pause_ns = head[2] & 0x80 ? head[2] * 10 * NS_PER_MS : 0;

	for (size_t at = 0; at < length && !scene->closed;) {
		size_t n = length - at < piece ? length - at : piece;
		ssize_t sent = send(scene->client, bytes + at, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent <= 0)
			break;
		at += (size_t)sent;
		fuzz_pass_time(pause_ns);
		turn(scene, false);
	}
}

static void end(struct scene *scene, const uint8_t *head)
{
	if (head[0] & 2)
		shutdown(scene->client, SHUT_WR);
	if (!(head[0] & 4)) { /* else it is stopped in the midst of it */
		turn(scene, false);
		turn(scene, true);
		for (unsigned i = 0; i < 4 || (i < 20 && !scene->closed); i++) {
			fuzz_pass_time(6 * NS_PER_S);
			turn(scene, true);
		}
		scene->slow = false;
		turn(scene, true);
		must(scene->closed);
	}
	server_free(scene->server);
	for (unsigned i = 0; i < QUESTIONS; i++)
		must(scene->broker.questions[i].id == 0);
	event_base_free(scene->base);
	drain(scene);
	close(scene->client);
	for (unsigned i = 0; i < OTHERS && head[0] & 24; i++)
		close(scene->others[i]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	log_init("fuzz", LOG_LEVEL_ERROR);
	(void)fuzz_tree();
	return 0;
}

/* Well-formed, and not more than was asked for. Returns how many answers there are. */
static int check_answers(const struct scene *scene, const uint8_t *bytes, size_t length, bool whole,
	int *statuses, unsigned room)
{
	const bool heads = memmem(bytes, length, "HEAD", 4) != NULL;
	size_t lines = 1;
	int n;

	for (size_t i = 0; i < length; i++)
		lines += bytes[i] == '\n';
	must(scene->received <= lines * (LARGEST_FILE + HEADER_LIMIT));
	n = answers_read(scene->out, scene->received, heads, whole, statuses, room);
	must(n >= 0);
	return n;
}

/* Requests that follow each other on one connection, and what answers them. */
static const struct {
	const char *text;
	int status;
} known[] = {
	{ "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
	{ "GET /dir/b HTTP/1.1\r\nHost: x\r\nRange: bytes=7-99\r\n\r\n", 206 },
	{ "HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
	{ "\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n", 404 },
	{ "GET /empty HTTP/1.1\r\nHost: x\r\nAccept: *\r\n\r\n", 200 },
	{ "GET /link HTTP/1.1\r\nHost: x\r\n\r\n", 403 },
	{ "GET /%2e%2e/secret HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
	{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n\r\n", 304 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nIf-Match: \"b\"\r\n\r\n", 412 },
	{ "GET /a HTTP/1.1\r\nHost: x\r\nRange: bytes=500-\r\n\r\n", 416 },
	{ "GET http://x/large HTTP/1.1\r\nHost: x\r\n\r\n", 200 },
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

static void run_known(struct scene *scene, const uint8_t *bytes, size_t length)
{
	static uint8_t text[KNOWN_LIMIT * 100];
	int statuses[KNOWN_LIMIT];
	size_t used = 0, n = length - HEAD < KNOWN_LIMIT ? length - HEAD : KNOWN_LIMIT;
	const uint8_t *chosen = bytes + HEAD;

	for (size_t i = 0; i < n; i++) {
		const char *request = known[chosen[i] % KNOWN].text;
		const size_t size = strlen(request);

		/* Without its NUL: the next one follows. */
		for (size_t k = 0; k < size; k++)
			text[used++] = (uint8_t)request[k];
	}
	begin(scene, bytes);
	send_all(scene, bytes, text, used);
	end(scene, bytes);
	must(check_answers(scene, text, used, true, statuses, KNOWN_LIMIT) == (int)n);
	for (size_t i = 0; i < n; i++)
		must(statuses[i] == known[chosen[i] % KNOWN].status);
}

static void run_any(struct scene *scene, const uint8_t *bytes, size_t length)
{
	bool whole;

	begin(scene, bytes);
	send_all(scene, bytes, bytes + HEAD, length - HEAD);
	end(scene, bytes);
	/* Stopped, too slow, or a file that became shorter: the last answer is broken off. */
	whole = !(bytes[0] & (4 | 64)) && !scene->broker.shortens && !(bytes[2] & 0x80);
	(void)check_answers(scene, bytes + HEAD, length - HEAD, whole, NULL, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct scene scene;
	const uint64_t descriptors = fuzz_descriptors();

	if (length < HEAD)
		return 0;
	/* Stand-alone, not stopped, without long pauses. */
	if ((bytes[0] & 0xf0) == 0x80 && (bytes[0] & 5) == 0 && !(bytes[2] & 0x80))
		run_known(&scene, bytes, length);
	else
		run_any(&scene, bytes, length);
	must(fuzz_descriptors() == descriptors);
	return 0;
}
