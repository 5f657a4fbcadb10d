/* SPDX-License-Identifier: ISC */
#include "tests/soak/crowd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/soak/random.h"

#define FIRST_PORT 1024u
#define PORTS 60000u
#define LOOPBACK 0x7f000000u
#define TICK_NS (20 * NS_PER_MS)
#define SILENT_NS (40 * NS_PER_S) /* the server gives up after 30 s */
#define PACKETS_PER_WAKE 16
#define BEGIN_PER_STEP 50u
#define RECEIVE_BUFFER (256 * 1024)

static struct sockaddr_in server_at(const struct crowd *crowd, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port ? port : crowd->port) };
}

static void send_now(struct slot *slot, uint16_t port, const uint8_t *bytes, size_t length)
{
	const struct sockaddr_in server = server_at(slot->crowd, port);

	/* A full queue or a session that is over: lost, as on any network. */
	(void)!sendto(slot->socket, bytes, length, MSG_DONTWAIT, (const struct sockaddr *)&server,
		sizeof(server));
}

static void hold(struct slot *slot, bool inbound, uint16_t port, const uint8_t *bytes,
	size_t length, uint32_t delay_us)
{
	struct packet *packet = delay_new(&slot->crowd->delay);

	if (!packet)
		return;
	packet->due_ns = clock_monotonic_ns() + delay_us * UINT64_C(1000);
	packet->slot = slot->index;
	packet->generation = slot->generation;
	packet->inbound = inbound;
	packet->port = port;
	packet->epoch = slot->crowd->files->file[slot->client.plan.file].n - 1;
	packet->length = (uint16_t)length;
	memcpy(packet->bytes, bytes, length);
	packet->bytes[length] = 0;
	delay_put(&slot->crowd->delay, packet);
	slot->crowd->tally.delayed++;
}

static void deliver(
	struct slot *slot, uint16_t port, const uint8_t *bytes, size_t length, unsigned epoch)
{
	client_receive(&slot->client, port, bytes, length, epoch, clock_monotonic_ns());
}

/* An ERROR isn't sent again: who loses it waits in vain. Here it needn't wait. */
static void lose_error(struct client *client, uint16_t port, const uint8_t *bytes, size_t length)
{
	if ((client->state == CLIENT_RECEIVING || client->state == CLIENT_PAUSING) &&
		port == client->port && length >= 4 && bytes[1] == 5) {
		client->error = (uint16_t)(bytes[2] << 8 | bytes[3]);
		client->state = CLIENT_REFUSED;
	}
}

/* What the network does to a packet of this client. `bytes` has room for one more. */
static void pass(
	struct slot *slot, bool inbound, uint16_t port, const uint8_t *bytes, size_t length)
{
	struct crowd *crowd = slot->crowd;
	uint32_t delays_us[2];
	unsigned copies = plan_pass(slot->client.plan.profile, &crowd->random, delays_us);

	crowd->tally.packets++;
	crowd->tally.dropped += copies == 0;
	if (copies == 0 && inbound)
		lose_error(&slot->client, port, bytes, length);
	crowd->tally.doubled += copies == 2;
	for (unsigned i = 0; i < copies; i++) {
		if (delays_us[i] > 0)
			hold(slot, inbound, port, bytes, length, delays_us[i]);
		else if (inbound)
			deliver(slot, port, bytes, length,
				crowd->files->file[slot->client.plan.file].n - 1);
		else
			send_now(slot, port, bytes, length);
	}
}

static void send_of_client(
	struct client *client, uint16_t port, const uint8_t *bytes, size_t length)
{
	pass(client->owner, false, port, bytes, length);
}

static uint32_t size_of(const void *files, unsigned file)
{
	return files_now(files, file)->size;
}

/* Every server's crowd has addresses of its own: two runs side by side must not hear each other. */
static uint32_t address_of(const struct crowd *crowd, unsigned host)
{
	_Static_assert(SOAK_HOSTS < 1u << 10, "a crowd's addresses are 10 bits");
	return LOOPBACK + ((crowd->port & 0x3fffu) << 10) + host + 1;
}

/* Each transfer of a host from a port of its own (RFC 1350 section 4): the kernel chooses at
 * random, and of 100,000 one now and then got the port of an earlier one that the server still sent
 * to. */
static int bind_next_port(struct crowd *crowd, int fd, unsigned host)
{
	struct sockaddr_in local = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(address_of(crowd, host)) };

	for (unsigned i = 0; i < PORTS; i++) {
		local.sin_port = htons((uint16_t)(FIRST_PORT + crowd->ports[host]++ % PORTS));
		if (bind(fd, (const struct sockaddr *)&local, sizeof(local)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

static int open_socket(struct crowd *crowd, struct slot *slot, unsigned host)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = slot };
	const int buffer = RECEIVE_BUFFER;
	int result, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	result = bind_next_port(crowd, fd, host);
	if (result == 0 && epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		result = -errno;
	if (result == 0)
		return fd;
	close(fd);
	return result;
}

static void begin(struct crowd *crowd, struct slot *slot, bool may_be_silent)
{
	struct soak_plan plan;

	plan_draw(&plan, &crowd->last, size_of, crowd->files, &crowd->random, may_be_silent);
	crowd->last = plan;
	slot->socket = open_socket(crowd, slot, plan.host);
	if (slot->socket < 0) {
		fprintf(stderr, "no socket for a client: %s\n", strerror(-slot->socket));
		exit(EXIT_FAILURE);
	}
	slot->generation++;
	slot->number = ++crowd->tally.begun;
	slot->asked = crowd->files->file[plan.file].n - 1;
	slot->client.send = send_of_client;
	slot->client.owner = slot;
	slot->client.plan = plan;
	crowd->running++;
	client_start(
		&slot->client, &plan, crowd->files->file[plan.file].name, clock_monotonic_ns());
}

static void note_fault(struct slot *slot, const char *fault)
{
	const struct client *client = &slot->client;
	const struct soak_plan *plan = &client->plan;
	const uint64_t now_ns = clock_monotonic_ns();

	if (++slot->crowd->tally.faults > CROWD_FAULTS)
		return;
	printf("# transfer %u: %s\n#   %s (%zu bytes here), blksize %u, windowsize %u, network "
	       "\"%s\", "
	       "%llu blocks, error %u, epochs %u to %u of %u, after %.3f s, the last news %.3f s "
	       "ago\n",
		slot->number, fault, client->name, client->size, plan->blksize, plan->windowsize,
		plan->profile->name, (unsigned long long)client->blocks, client->error, slot->asked,
		client->opened, slot->crowd->files->file[plan->file].n - 1,
		(double)(now_ns - client->asked_ns) / 1e9,
		(double)(now_ns - client->news_ns) / 1e9);
	fflush(stdout);
}

static void judge_complete(struct slot *slot)
{
	const struct client *client = &slot->client;
	struct tally *tally = &slot->crowd->tally;

	if (files_hold(slot->crowd->files, client->plan.file, slot->asked, client->opened,
		    client->data, client->size)) {
		tally->complete++;
		tally->bytes += client->size;
	} else {
		tally->wrong++;
		note_fault(slot, "what it got was never published");
	}
}

/* An ERROR is right if the file was missing (1) or cut in place (0). */
static void judge_refused(struct slot *slot)
{
	const struct client *client = &slot->client;
	const struct soak_files *files = slot->crowd->files;

	if (client->error == 1 &&
		files_missed(files, client->plan.file, slot->asked, client->opened))
		slot->crowd->tally.missing++;
	else if (client->error == 0 && files_cut(files, client->plan.file, slot->asked))
		slot->crowd->tally.cut++;
	else
		note_fault(slot, "an ERROR without a reason");
}

static void keep_silent(struct crowd *crowd, int fd)
{
	unsigned at = crowd->silent_at++ % CROWD_SILENT;

	epoll_ctl(crowd->epoll, EPOLL_CTL_DEL, fd, NULL);
	if (crowd->silent[at].socket > 0)
		close(crowd->silent[at].socket);
	crowd->silent[at].socket = fd;
	crowd->silent[at].until_ns = clock_monotonic_ns() + SILENT_NS;
}

static bool has_room_for_silence(const struct crowd *crowd)
{
	unsigned at = crowd->silent_at % CROWD_SILENT;

	return crowd->silent[at].socket == 0 || crowd->silent[at].until_ns < clock_monotonic_ns();
}

static void end_if_over(struct slot *slot)
{
	struct crowd *crowd = slot->crowd;

	if (slot->socket < 0 || slot->client.state < CLIENT_COMPLETE)
		return;
	if (slot->client.state == CLIENT_SILENT && !has_room_for_silence(crowd))
		slot->client.state = CLIENT_CLOSED;
	if (slot->client.state == CLIENT_COMPLETE)
		judge_complete(slot);
	else if (slot->client.state == CLIENT_REFUSED)
		judge_refused(slot);
	else if (slot->client.state == CLIENT_FAULT)
		note_fault(slot, slot->client.fault);
	crowd->tally.aborted += slot->client.state == CLIENT_ABORTED;
	crowd->tally.closed += slot->client.state == CLIENT_CLOSED;
	crowd->tally.silent += slot->client.state == CLIENT_SILENT;
	if (slot->client.state == CLIENT_SILENT)
		keep_silent(crowd, slot->socket);
	else
		close(slot->socket);
	slot->socket = -1;
	slot->generation++;
	crowd->running--;
}

static void read_socket(struct slot *slot)
{
	uint8_t bytes[SOAK_PACKET_SIZE];
	struct sockaddr_in from = { 0 };

	for (int i = 0; i < PACKETS_PER_WAKE && slot->socket >= 0; i++) {
		socklen_t size = sizeof(from);
		ssize_t length = recvfrom(
			slot->socket, bytes, sizeof(bytes) - 1, 0, (struct sockaddr *)&from, &size);

		if (length < 0 && errno == EAGAIN)
			return;
		if (length < 0)
			continue;
		bytes[length] = 0;
		if (from.sin_addr.s_addr == htonl(INADDR_LOOPBACK))
			pass(slot, true, ntohs(from.sin_port), bytes, (size_t)length);
		end_if_over(slot);
	}
}

static void pass_delayed(struct crowd *crowd)
{
	struct packet *packet;

	while ((packet = delay_take(&crowd->delay, clock_monotonic_ns()))) {
		struct slot *slot = &crowd->slots[packet->slot];

		if (slot->socket >= 0 && slot->generation == packet->generation) {
			if (packet->inbound)
				deliver(slot, packet->port, packet->bytes, packet->length,
					packet->epoch);
			else
				send_now(slot, packet->port, packet->bytes, packet->length);
			end_if_over(slot);
		}
		delay_done(&crowd->delay, packet);
	}
}

static void tick(struct crowd *crowd)
{
	uint64_t now_ns = clock_monotonic_ns();

	if (now_ns - crowd->ticked_ns < TICK_NS)
		return;
	crowd->ticked_ns = now_ns;
	for (unsigned i = 0; i < crowd->size; i++) {
		if (crowd->slots[i].socket < 0)
			continue;
		client_tick(&crowd->slots[i].client, now_ns);
		end_if_over(&crowd->slots[i]);
	}
}

static int patience_ms(const struct crowd *crowd)
{
	uint64_t next_ns = delay_next_ns(&crowd->delay), now_ns = clock_monotonic_ns();

	if (next_ns <= now_ns)
		return 0;
	next_ns = (next_ns - now_ns) / NS_PER_MS;
	return next_ns < 10 ? (int)next_ns : 10;
}

void crowd_step(struct crowd *crowd, unsigned total, unsigned silent_until)
{
	struct epoll_event events[64];
	int n;

	for (unsigned i = 0, new = 0; i < crowd->size &&new < BEGIN_PER_STEP; i++) {
		if (crowd->tally.begun >= total || crowd->running >= crowd->size)
			break;
		if (crowd->slots[i].socket >= 0)
			continue;
		begin(crowd, &crowd->slots[i], crowd->tally.begun < silent_until);
		new ++;
	}
	n = epoll_wait(crowd->epoll, events, 64, patience_ms(crowd));
	for (int i = 0; i < n; i++)
		read_socket(events[i].data.ptr);
	pass_delayed(crowd);
	tick(crowd);
}

int crowd_open(
	struct crowd *crowd, struct soak_files *files, uint16_t port, unsigned size, uint64_t seed)
{
	crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (crowd->epoll < 0)
		return -errno;
	crowd->files = files;
	crowd->port = port;
	crowd->size = size;
	crowd->random = seed;
	for (unsigned i = 0; i < CROWD_MOST; i++) {
		crowd->slots[i].socket = -1;
		crowd->slots[i].index = i;
		crowd->slots[i].crowd = crowd;
	}
	return 0;
}

void crowd_close(struct crowd *crowd)
{
	for (unsigned i = 0; i < CROWD_MOST; i++) {
		if (crowd->slots[i].socket >= 0)
			close(crowd->slots[i].socket);
		free(crowd->slots[i].client.data);
	}
	for (unsigned i = 0; i < CROWD_SILENT; i++) {
		if (crowd->silent[i].socket > 0)
			close(crowd->silent[i].socket);
	}
	delay_free(&crowd->delay);
	close(crowd->epoll);
}
