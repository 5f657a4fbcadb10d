/* SPDX-License-Identifier: ISC */
/* DHCP (RFC 2131), from DISCOVER to ACK. The router gives each MAC one address for ever: no lease
 * has to be renewed. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "rootfs/init/init.h"
#include "rootfs/tcp.h"

#define TRIES 4

/* One conversation. */
struct lease {
	int fd;
	struct in_addr router;
	struct dhcp_packet packet; /* what we send */
	struct in_addr stranger;   /* another server that answered, or 0 */
};

/* A broadcast UDP socket on one interface. The BROADCAST flag makes the server broadcast its
 * answers, which the kernel takes in before the interface has an address. */
static int open_socket(const char *interface)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = htons(DHCP_CLIENT_PORT) };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
		    (socklen_t)strlen(interface) + 1) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) != 0 ||
		bind(fd, (const struct sockaddr *)&any, sizeof(any)) != 0) {
		int result = -errno;

		close(fd);
		return result;
	}
	return fd;
}

static int send_packet(const struct lease *lease)
{
	const struct sockaddr_in all = { .sin_family = AF_INET,
		.sin_port = htons(DHCP_SERVER_PORT),
		.sin_addr = { .s_addr = INADDR_BROADCAST } };
	uint8_t bytes[DHCP_PACKET_SIZE];
	size_t length = dhcp_build(&lease->packet, bytes);

	return sendto(lease->fd, bytes, length, 0, (const struct sockaddr *)&all, sizeof(all)) < 0
		       ? -errno
		       : 0;
}

int init_judge_answer(const struct dhcp_packet *sent, const struct dhcp_packet *answer,
	enum dhcp_message wanted, struct in_addr router)
{
	if (!answer->reply || answer->xid != sent->xid ||
		memcmp(&answer->mac, &sent->mac, sizeof(sent->mac)) != 0 ||
		(answer->message != wanted && answer->message != DHCP_NAK))
		return -EAGAIN;
	if (answer->server.s_addr != router.s_addr)
		return -EPERM;
	if (answer->message == DHCP_NAK)
		return -EACCES;
	return answer->yiaddr.s_addr ? 0 : -EAGAIN;
}

/* Wait for our router's answer of this kind. */
static int receive_packet(struct lease *lease, enum dhcp_message wanted, uint64_t deadline_ns,
	struct dhcp_packet *answer)
{
	uint8_t bytes[DHCP_PACKET_SIZE];
	int result;

	while ((result = tcp_wait(lease->fd, POLLIN, deadline_ns)) == 0) {
		ssize_t length = recv(lease->fd, bytes, sizeof(bytes), 0);

		if (length < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (length < 0 || dhcp_parse(bytes, (size_t)length, answer) != 0)
			continue;
		result = init_judge_answer(&lease->packet, answer, wanted, lease->router);
		if (result == -EPERM)
			lease->stranger = answer->server;
		if (result == 0 || result == -EACCES)
			return result;
	}
	return result;
}

static int exchange(struct lease *lease, unsigned timeout_ms, struct dhcp_packet *answer)
{
	uint64_t deadline = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
	int result;

	lease->packet.message = DHCP_DISCOVER;
	lease->packet.requested.s_addr = lease->packet.server.s_addr = 0;
	result = send_packet(lease);
	if (result == 0)
		result = receive_packet(lease, DHCP_OFFER, deadline, answer);
	if (result != 0)
		return result;
	lease->packet.message = DHCP_REQUEST;
	lease->packet.requested = answer->yiaddr;
	lease->packet.server = answer->server;
	result = send_packet(lease);
	return result == 0 ? receive_packet(lease, DHCP_ACK, deadline, answer) : result;
}

int init_ask_for_address(const char *interface, const struct mac *mac, struct in_addr router,
	struct dhcp_packet *answer, struct in_addr *stranger)
{
	static const uint8_t wanted[] = { 1, 3, 6, 12, 15, 51, 54 };
	struct lease lease = { .router = router,
		.packet = { .broadcast = true,
			.mac = *mac,
			.arch = 0xffff,
			.vendor_class = "bramble-init",
			.parameter_list_length = sizeof(wanted) } };
	int result = -ETIMEDOUT;

	memcpy(lease.packet.parameter_list, wanted, sizeof(wanted));
	if (getrandom(&lease.packet.xid, sizeof(lease.packet.xid), GRND_NONBLOCK) !=
		(ssize_t)sizeof(lease.packet.xid))
		lease.packet.xid = (uint32_t)clock_monotonic_ns();
	lease.fd = open_socket(interface);
	if (lease.fd < 0)
		return lease.fd;
	/* 1, 2, 4 … seconds (RFC 2131 section 4.1 doubles from 4; a LAN is quicker). */
	for (unsigned try = 0; try < TRIES && result != 0; try++)
		result = exchange(&lease, 1000u << try, answer);
	close(lease.fd);
	*stranger = lease.stranger;
	return result != 0 && lease.stranger.s_addr ? -EPERM : result;
}
