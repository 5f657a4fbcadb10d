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
#include "provisioner/dhcpwatch/probe.h"
#include "provisioner/dhcpwatch/report.h"

#define RETRY_MS 500
#define PACKETS_AT_ONCE 64 /* before other events get their turn */
#define DROPPED_EVERY_NS (10 * NS_PER_S)
/* The first one may come before the switch's port forwards. */
#define SECOND_PROBE_S 3
/* At least between two of them, however often another Bramble shows itself. */
#define PROBE_PAUSE_NS (2 * NS_PER_S)

struct watch {
	char interface[IF_NAMESIZE];
	struct probe self;
	unsigned probe_s, probes; /* how often, how many so far */
	uint64_t probed_ns;
	struct report *report;
	int socket;
	bool missing_was_said;
	uint64_t dropped_said_ns;
	struct event *readable, *retry, *probe;
	struct limits dhcp_limits, console_limits;
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

static void probe(struct watch *watch)
{
	uint8_t bytes[FRAME_HEADERS + DHCP_PACKET_SIZE];
	struct dhcp_packet packet;
	uint32_t xid;
	size_t length;

	watch->probed_ns = clock_monotonic_ns();
	if (getrandom(&xid, sizeof(xid), 0) != sizeof(xid))
		return;
	probe_make(&watch->self, xid, &packet);
	length = dhcp_build(&packet, bytes + FRAME_HEADERS);
	length = frame_build(&watch->self.mac, bytes, length);
	if (sendto(watch->socket, bytes, length, 0, NULL, 0) < 0)
		log_debug("%s: a probe was not sent: %s", watch->interface, strerror(errno));
}

static void probe_later(struct watch *watch, unsigned seconds)
{
	const struct timeval delay = { .tv_sec = (time_t)seconds };

	if (watch->probe_s > 0)
		evtimer_add(watch->probe, &delay);
}

static void on_probe(evutil_socket_t fd, short what, void *argument)
{
	struct watch *watch = argument;

	(void)fd;
	(void)what;
	probe(watch);
	probe_later(watch, ++watch->probes == 1 && watch->probe_s > SECOND_PROBE_S
				   ? SECOND_PROBE_S
				   : watch->probe_s);
}

/* Another Bramble asks: it shall know of us at once, too. */
static void answer_probe(struct watch *watch, const struct dhcp_packet *packet)
{
	struct probe other;

	if (packet->reply || watch->probe_s == 0 ||
		!probe_read(packet->uuid, packet->uuid_length, &other) ||
		clock_monotonic_ns() - watch->probed_ns < PROBE_PAUSE_NS)
		return;
	probe(watch);
}

static void take_dhcp(struct watch *watch, const struct frame *frame, bool own)
{
	struct dhcp_packet packet;
	struct ipc_dhcp record;

	if (dhcp_parse(frame->payload, frame->length, &packet) != 0 || !is_consistent(&packet))
		return;
	/* Answers all come from the server; they count for whom they are meant. */
	if (!limits_allow(&watch->dhcp_limits, packet.reply ? &packet.mac : &frame->source,
		    clock_monotonic_ns()))
		return;
	if (!own)
		answer_probe(watch, &packet);
	watch_describe(&packet, &record);
	record.own = own;
	report_dhcp(watch->report, &record);
}

static void take_console(struct watch *watch, const struct frame *frame)
{
	struct ipc_console piece = { .mac = frame->source };

	if (!limits_allow(&watch->console_limits, &frame->source, clock_monotonic_ns()))
		return;
	piece.length =
		(uint16_t)(frame->length < IPC_CONSOLE_SIZE ? frame->length : IPC_CONSOLE_SIZE);
	memcpy(piece.text, frame->payload, piece.length);
	report_console(watch->report, &piece);
}

static void take(struct watch *watch, const uint8_t *bytes, size_t length, bool own)
{
	struct frame frame;

	if (frame_parse(bytes, length, &frame) != 0)
		return;
	switch (frame.kind) {
	case FRAME_DHCP:
		take_dhcp(watch, &frame, own);
		break;
	case FRAME_CONSOLE:
		if (!own)
			take_console(watch, &frame);
		break;
	}
}

static void say_what_was_dropped(struct watch *watch)
{
	uint64_t now = clock_monotonic_ns();

	if (watch->dhcp_limits.dropped + watch->console_limits.dropped == 0 ||
		now - watch->dropped_said_ns < DROPPED_EVERY_NS)
		return;
	log_warning("%s: too many packets: %llu of DHCP and %llu of consoles were not looked at",
		watch->interface, (unsigned long long)watch->dhcp_limits.dropped,
		(unsigned long long)watch->console_limits.dropped);
	watch->dhcp_limits.dropped = watch->console_limits.dropped = 0;
	watch->dropped_said_ns = now;
}

static void retry_later(struct watch *watch)
{
	const struct timeval delay = { .tv_usec = RETRY_MS * 1000 };

	event_del(watch->readable);
	event_del(watch->probe);
	evtimer_add(watch->retry, &delay);
}

static void on_readable(evutil_socket_t fd, short what, void *argument)
{
	struct watch *watch = argument;
	uint8_t bytes[FRAME_SIZE];

	(void)what;
	for (int i = 0; i < PACKETS_AT_ONCE; i++) {
		struct sockaddr_ll from = { 0 };
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);

		if (n >= 0) {
			take(watch, bytes, (size_t)n, from.sll_pkttype == PACKET_OUTGOING);
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

/* Firmware sends its console to the MAC 00:00:00:00:00:00, whatever its EEPROM says (raspberrypi/
 * rpi-eeprom issue 440): a card takes that for somebody else's, unless it is told. */
static void take_for_nobody(const struct watch *watch, int index)
{
	const struct packet_mreq request = { .mr_ifindex = index,
		.mr_type = PACKET_MR_UNICAST,
		.mr_alen = sizeof(((struct mac *)0)->octet) };

	if (setsockopt(watch->socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request,
		    sizeof(request)) != 0)
		log_notice("%s: what firmware says by NETCONSOLE may not be heard: %s",
			watch->interface, strerror(errno));
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
	take_for_nobody(watch, address.sll_ifindex);
	if (ioctl(watch->socket, SIOCGIFHWADDR, &request) != 0)
		return -errno;
	memcpy(watch->self.mac.octet, request.ifr_hwaddr.sa_data, sizeof(watch->self.mac.octet));
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
		watch->probes = 0;
		probe_later(watch, 0);
		return;
	}
	if (!watch->missing_was_said)
		log_warning("%s: can't watch it: %s; waiting for it", watch->interface,
			strerror(-result));
	watch->missing_was_said = true;
	retry_later(watch);
}

struct watch *watch_new(
	struct event_base *base, int socket, const struct watch_place *place, struct report *report)
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
	watch->probe = evtimer_new(base, on_probe, watch);
	watch->probe_s = place->probe_s;
	watch->self.router = place->router;
	if (!str_copy(watch->interface, sizeof(watch->interface), place->interface)) {
		watch_free(watch);
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (!watch->readable || !watch->retry || !watch->probe ||
		evtimer_add(watch->retry, &now) != 0 ||
		getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		watch_free(watch);
		errno = ENOMEM;
		return NULL;
	}
	limits_init(&watch->dhcp_limits, &limits_of_dhcp, seed, clock_monotonic_ns());
	limits_init(&watch->console_limits, &limits_of_console, seed, clock_monotonic_ns());
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
	if (watch->probe)
		event_free(watch->probe);
	close(watch->socket);
	free(watch);
}
