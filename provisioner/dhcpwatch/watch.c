/* SPDX-License-Identifier: ISC */
#include "provisioner/dhcpwatch/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "provisioner/dhcpwatch/frame.h"
#include "provisioner/dhcpwatch/limits.h"
#include "provisioner/dhcpwatch/report.h"

#define RETRY_MS 500
#define PACKETS_AT_ONCE 64 /* before other events get their turn */
#define DROPPED_EVERY_NS (10 * NS_PER_S)

struct watch {
	char interface[IF_NAMESIZE];
	struct report *report;
	int socket;
	bool missing_was_said;
	uint64_t dropped_said_ns;
	struct event *readable, *retry;
	struct limits limits;
};

int watch_open(void)
{
	/* Protocol 0: nothing is received before bind. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int result;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &frame_filter, sizeof(frame_filter)) == 0)
		return fd;
	result = -errno;
	close(fd);
	return result;
}

void watch_describe(const struct dhcp_packet *packet, struct ipc_dhcp *record)
{
	memset(record, 0, sizeof(*record));
	record->message = packet->message;
	record->xid = packet->xid;
	record->mac = packet->mac;
	record->arch = packet->arch;
	record->yiaddr = packet->yiaddr;
	record->server = packet->server;
	record->seconds = packet->seconds;
	record->pxe_raspberry = packet->reply && dhcp_offers_raspberry_boot(packet);
	record->uuid_length = packet->uuid_length;
	memcpy(record->uuid, packet->uuid, sizeof(record->uuid));
	memcpy(record->vendor_class, packet->vendor_class, sizeof(record->vendor_class));
	memcpy(record->host_name, packet->host_name, sizeof(record->host_name));
}

/* A board that says what only a server says, or the other way round. */
static bool is_consistent(const struct dhcp_packet *packet)
{
	switch (packet->message) {
	case DHCP_OFFER:
	case DHCP_ACK:
	case DHCP_NAK:
		return packet->reply;
	case DHCP_DISCOVER:
	case DHCP_REQUEST:
	case DHCP_DECLINE:
	case DHCP_RELEASE:
	case DHCP_INFORM:
		return !packet->reply;
	}
	return false;
}

static void take(struct watch *watch, const uint8_t *bytes, size_t length)
{
	struct dhcp_packet packet;
	struct ipc_dhcp record;
	struct frame frame;

	if (frame_parse(bytes, length, &frame) != 0 ||
		dhcp_parse(frame.payload, frame.length, &packet) != 0 || !is_consistent(&packet))
		return;
	/* Answers all come from the server; they count for whom they are meant. */
	if (!limits_allow(&watch->limits, packet.reply ? &packet.mac : &frame.source,
		    clock_monotonic_ns()))
		return;
	watch_describe(&packet, &record);
	report_send(watch->report, &record);
}

static void say_what_was_dropped(struct watch *watch)
{
	uint64_t now = clock_monotonic_ns();

	if (watch->limits.dropped == 0 || now - watch->dropped_said_ns < DROPPED_EVERY_NS)
		return;
	log_warning("%s: too many DHCP packets, %llu were not looked at", watch->interface,
		(unsigned long long)watch->limits.dropped);
	watch->limits.dropped = 0;
	watch->dropped_said_ns = now;
}

static void retry_later(struct watch *watch)
{
	const struct timeval delay = { .tv_usec = RETRY_MS * 1000 };

	event_del(watch->readable);
	evtimer_add(watch->retry, &delay);
}

static void on_readable(evutil_socket_t fd, short what, void *argument)
{
	struct watch *watch = argument;
	uint8_t bytes[FRAME_SIZE];

	(void)what;
	for (int i = 0; i < PACKETS_AT_ONCE; i++) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n >= 0) {
			take(watch, bytes, (size_t)n);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			break;
		} else if (errno != EINTR) {
			/* ENETDOWN: the interface was set down or removed (packet(7)). */
			retry_later(watch);
			break;
		}
	}
	say_what_was_dropped(watch);
}

static int bind_to_interface(struct watch *watch)
{
	/* All protocols: only so are this machine's own packets seen (packet(7)). */
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct ifreq request = { .ifr_ifindex = 0 };

	memcpy(request.ifr_name, watch->interface, sizeof(request.ifr_name));
	if (ioctl(watch->socket, SIOCGIFINDEX, &request) != 0)
		return -errno;
	address.sll_ifindex = request.ifr_ifindex;
	if (bind(watch->socket, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return -errno;
	return 0;
}

static void on_retry(evutil_socket_t fd, short what, void *argument)
{
	struct watch *watch = argument;
	int result = bind_to_interface(watch);

	(void)fd;
	(void)what;
	if (result == 0) {
		if (watch->missing_was_said)
			log_notice("%s: the interface is there now", watch->interface);
		watch->missing_was_said = false;
		event_add(watch->readable, NULL);
		return;
	}
	if (!watch->missing_was_said)
		log_warning("%s: can't watch it: %s; waiting for it", watch->interface,
			strerror(-result));
	watch->missing_was_said = true;
	retry_later(watch);
}

struct watch *watch_new(
	struct event_base *base, int socket, const char *interface, struct report *report)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	const struct timeval now = { 0 };
	uint64_t seed;

	if (!watch)
		return NULL;
	watch->socket = socket;
	watch->report = report;
	watch->readable = event_new(base, socket, EV_READ | EV_PERSIST, on_readable, watch);
	watch->retry = evtimer_new(base, on_retry, watch);
	if (!str_copy(watch->interface, sizeof(watch->interface), interface)) {
		watch_free(watch);
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (!watch->readable || !watch->retry || evtimer_add(watch->retry, &now) != 0 ||
		getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		watch_free(watch);
		errno = ENOMEM;
		return NULL;
	}
	limits_init(&watch->limits, seed, clock_monotonic_ns());
	return watch;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	if (watch->readable)
		event_free(watch->readable);
	if (watch->retry)
		event_free(watch->retry);
	close(watch->socket);
	free(watch);
}
