/* SPDX-License-Identifier: ISC */
/*
 * brambled's socket, and peers of several users that say what the input says. What a peer says
 * reaches the rest of brambled (here: what stands in for it) only if its user may have the role
 * that it named, and the role may say that; each question has at most one answer, well-formed; and
 * who says what it may not is disconnected.
 */
#include "provisioner/server.h"

#include <errno.h>
#include <event2/event.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/ipc.h"
#include "common/log.h"
#include "provisioner/api/api.h"
#include "provisioner/console.h"
#include "provisioner/nodes/sightings.h"
#include "provisioner/resolve.h"
#include "provisioner/timeline/timeline.h"
#include "tests/fuzz/world.h"

#define PEERS 4u

static struct scene {
	struct brambled brambled;
	struct peer {
		int socket; /* -1 none */
		uid_t uid;
		unsigned role; /* that it may have and has named; 0 none */
		unsigned questions, answers;
	} peers[PEERS];
	unsigned current; /* whose words are being heard */
	uid_t next_uid;
	bool events; /* there are some */
} scene;

/* The kernel's word for who is at the other end. */
int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict size)
{
	int result = (int)syscall(SYS_getsockopt, fd, level, name, value, size);

	if (result == 0 && level == SOL_SOCKET && name == SO_PEERCRED)
		((struct ucred *)value)->uid = scene.next_uid;
	return result;
}

static const uid_t uids[] = { 0, 501, 502, 503, 504, 1000 };

struct passwd *getpwnam(const char *name)
{
	static struct passwd entry;

	entry.pw_uid = strcmp(name, "bramble-tftp") == 0   ? 501
		       : strcmp(name, "bramble-http") == 0 ? 502
		       : strcmp(name, "bramble-dhcp") == 0 ? 503
							   : 504;
	return &entry;
}

static bool may_have(uid_t uid, unsigned role)
{
	return uid == 0 ? role >= IPC_ROLE_ADMIN && role <= IPC_ROLE_LAST
			: role >= IPC_ROLE_TFTPD && role <= IPC_ROLE_LAST && uid == 499 + role;
}

static unsigned role_now(void)
{
	return scene.peers[scene.current].role;
}

/* The rest of brambled */

int resolve_answer(
	struct brambled *brambled, const struct ipc_resolve *request, struct ipc_resolved *answer)
{
	must(role_now() == IPC_ROLE_TFTPD || role_now() == IPC_ROLE_HTTPD);
	must(memchr(request->name, 0, sizeof(request->name)) != NULL);
	brambled->settle_due |= (request->peer_port & 2) != 0;
	*answer = (struct ipc_resolved){ .error = request->peer_port & 1 ? ENOENT : 0 };
	return answer->error ? -1 : fuzz_file(3);
}

void timeline_end_transfer(struct brambled *brambled, const struct ipc_transfer *report)
{
	(void)brambled;
	must(role_now() == IPC_ROLE_TFTPD || role_now() == IPC_ROLE_HTTPD);
	must(memchr(report->reason, 0, sizeof(report->reason)) != NULL);
}

void timeline_note_waits(struct brambled *brambled, const struct ipc_waits *waits)
{
	(void)brambled;
	(void)waits;
}

void sightings_see_dhcp(struct brambled *brambled, const struct ipc_dhcp *packet)
{
	(void)brambled;
	must(role_now() == IPC_ROLE_DHCPWATCH && packet->uuid_length <= sizeof(packet->uuid));
}

void console_hear(struct brambled *brambled, const struct ipc_console *piece)
{
	(void)brambled;
	must(role_now() == IPC_ROLE_DHCPWATCH && piece->length <= sizeof(piece->text));
}

void api_answer(struct brambled *brambled, const struct api_call *call, struct api_reply *reply)
{
	(void)brambled;
	must(role_now() == IPC_ROLE_ADMIN || role_now() == IPC_ROLE_HTTPD ||
		role_now() == IPC_ROLE_CLUSTER);
	must(call->admin == (role_now() == IPC_ROLE_ADMIN));
	must(call->cluster == (role_now() == IPC_ROLE_CLUSTER));
	must(strlen(call->path) < IPC_PATH_SIZE && !strchr(call->path, '?'));
	must(strlen(call->body) <= IPC_TEXT_LIMIT && strlen(call->query) < IPC_PATH_SIZE);
	*reply = (struct api_reply){ .status = 200,
		.json = call->path[0] == 'n' ? NULL : cJSON_CreateObject() };
}

char *api_take_text(struct api_reply *reply)
{
	char *text = reply->json ? cJSON_PrintUnformatted(reply->json) : NULL;

	cJSON_Delete(reply->json);
	return text;
}

int64_t api_wait_seconds(const struct api_call *call, int64_t *after)
{
	must(call->admin);
	*after = 1;
	return call->query[0] == 'w' ? 5 : 0;
}

cJSON *api_events_json(struct brambled *brambled, int64_t after, unsigned limit)
{
	(void)brambled;
	must(after == 1 && limit > 0);
	return cJSON_CreateArray();
}

int brambled_settle(struct brambled *brambled)
{
	(void)brambled;
	return 0;
}

int registry_each_event(struct registry *registry, int64_t after, unsigned limit,
	int (*each)(void *argument, const struct registry_event *event), void *argument)
{
	const struct registry_event event = { 0 };

	(void)registry;
	(void)after;
	(void)limit;
	return scene.events ? each(argument, &event) : 0;
}

/* The peers */

static void turn(void)
{
	event_base_loop(scene.brambled.base, EVLOOP_NONBLOCK);
}

static void hang_up(struct peer *peer)
{
	if (peer->socket >= 0)
		close(peer->socket);
	peer->socket = -1;
	turn();
}

static void hear(struct peer *peer)
{
	static uint8_t packet[IPC_PACKET_SIZE];
	struct ipc_message message;
	int result;

	while (peer->socket >= 0 &&
		(result = ipc_receive(peer->socket, packet, &message)) != -EAGAIN) {
		if (result == 0 || result == -ECONNRESET) {
			hang_up(peer);
			return;
		}
		must(result == 1);
		must(message.header.type == IPC_RESOLVED || message.header.type == IPC_API_REPLY);
		must(++peer->answers <= peer->questions);
		if (message.fd >= 0)
			close(message.fd);
	}
}

static void call_brambled(struct peer *peer, uint8_t argument)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	hang_up(peer);
	*peer = (struct peer){ .uid = uids[argument % (sizeof(uids) / sizeof(uids[0]))] };
	scene.next_uid = peer->uid;
	peer->socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/ipc.sock",
		scene.brambled.settings.run);
	must(connect(peer->socket, (struct sockaddr *)&address, sizeof(address)) == 0);
	turn();
}

/* A message of this type whose body begins with these bytes; `text` behind it. */
static void say(struct peer *peer, unsigned type, const uint8_t *bytes, size_t length)
{
	static uint8_t packet[sizeof(struct ipc_header) + 2048];
	struct ipc_header header = { .magic = IPC_MAGIC, .type = (uint16_t)type, .id = 7 };
	const size_t body = ipc_body_size((enum ipc_type)type);
	uint32_t named = 0;

	memset(packet, 0, sizeof(packet));
	header.length = (uint32_t)body;
	memcpy(packet, &header, sizeof(header));
	memcpy(packet + sizeof(header), bytes, length < body ? length : body);
	memcpy(&named, packet + sizeof(header), sizeof(named));
	if (type == IPC_API)
		memset(packet + sizeof(header) + offsetof(struct ipc_api, text_length), 0, 4);
	if (type == IPC_HELLO && peer->role == 0 && may_have(peer->uid, named))
		peer->role = named;
	peer->questions++;
	(void)!send(peer->socket, packet, sizeof(header) + body, MSG_NOSIGNAL);
}

/* A call "PATH?QUERY", or any bytes at all. */
static size_t say_something(struct peer *peer, const uint8_t *bytes, size_t length)
{
	const unsigned type = bytes[0] & 7u;
	const size_t text = length - 1 < 40 ? length - 1 : 40;
	struct ipc_api api = { .method = IPC_GET };

	if (peer->socket < 0)
		return 1;
	if (type == 0) {
		peer->questions++;
		(void)!send(peer->socket, bytes + 1, text, MSG_NOSIGNAL);
	} else if (type == IPC_API && bytes[0] & 8) {
		memcpy(api.path, bytes + 1, text);
		say(peer, type, (const uint8_t *)&api, sizeof(api));
	} else {
		say(peer, type, bytes + 1, text);
	}
	turn();
	hear(peer);
	return 1 + text;
}

static void greet(struct peer *peer, uint8_t argument)
{
	const uint32_t role = argument % 6u;
	bool welcome = peer->role == 0 && may_have(peer->uid, role) && peer->socket >= 0;

	if (peer->socket < 0)
		return;
	say(peer, IPC_HELLO, (const uint8_t *)&role, sizeof(role));
	turn();
	hear(peer);
	must((peer->socket >= 0) == welcome);
}

static size_t step(const uint8_t *bytes, size_t length)
{
	const uint8_t argument = length > 1 ? bytes[1] : 0;
	struct peer *peer;

	scene.current = bytes[0] >> 6;
	peer = &scene.peers[scene.current];
	switch (bytes[0] & 7u) {
	case 0:
		call_brambled(peer, argument);
		return 2;
	case 1:
		greet(peer, argument);
		return 2;
	case 2:
	case 3:
	case 4:
		return length > 1 ? 1 + say_something(peer, bytes + 1, length - 1) : 1;
	case 5:
		hang_up(peer);
		return 1;
	case 6:
		scene.events = argument & 1;
		server_wake_followers(&scene.brambled);
		return 2;
	default:
		fuzz_pass_time(argument * NS_PER_S / 20);
		server_wake_followers(&scene.brambled);
		return 2;
	}
}

static char directory[64];

static void remove_directory(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%.60s/ipc.sock", directory);
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
	atexit(remove_directory);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint64_t descriptors = fuzz_descriptors();

	memset(&scene, 0, sizeof(scene));
	fuzz_set_time(1000 * NS_PER_S);
	snprintf(scene.brambled.settings.run, sizeof(scene.brambled.settings.run), "%s", directory);
	scene.brambled.base = event_base_new();
	must(scene.brambled.base != NULL && server_start(&scene.brambled) == 0);
	for (unsigned i = 0; i < PEERS; i++)
		scene.peers[i].socket = -1;
	for (size_t at = 0; at < length;)
		at += step(bytes + at, length - at);
	for (unsigned i = 0; i < PEERS; i++) {
		scene.current = i;
		hear(&scene.peers[i]);
	}
	server_stop(&scene.brambled);
	event_base_free(scene.brambled.base);
	for (unsigned i = 0; i < PEERS; i++) {
		if (scene.peers[i].socket >= 0)
			close(scene.peers[i].socket);
	}
	must(fuzz_descriptors() == descriptors);
	return 0;
}
