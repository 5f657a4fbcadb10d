/* SPDX-License-Identifier: ISC */
/* Link, DHCP (RFC 2131), address. The router gives each MAC one address for ever: no lease has to
 * be renewed. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/dhcp.h"
#include "rootfs/init/init.h"

#define LINK_WAIT_MS 30000 /* a USB port (Pi 3) shows up seconds after the kernel's start */
#define LINK_POLL_MS 50
#define TRIES 5

static int interface_ioctl(const char *interface, unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result = 0;

	if (fd < 0)
		return -errno;
	str_copy(ifr->ifr_name, sizeof(ifr->ifr_name), interface);
	if (ioctl(fd, request, ifr) != 0)
		result = -errno;
	close(fd);
	return result;
}

static int set_up(const char *interface)
{
	struct ifreq ifr = { 0 };
	int result = interface_ioctl(interface, SIOCGIFFLAGS, &ifr);

	if (result != 0)
		return result;
	ifr.ifr_flags = (short)(ifr.ifr_flags | IFF_UP);
	return interface_ioctl(interface, SIOCSIFFLAGS, &ifr);
}

static bool is_ethernet(const char *interface, struct mac *mac)
{
	struct ifreq ifr = { 0 };

	if (interface_ioctl(interface, SIOCGIFHWADDR, &ifr) != 0 ||
		ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return false;
	memcpy(mac->octet, ifr.ifr_hwaddr.sa_data, sizeof(mac->octet));
	return true;
}

static bool has_link(const char *interface)
{
	struct ifreq ifr = { 0 };

	return interface_ioctl(interface, SIOCGIFFLAGS, &ifr) == 0 && ifr.ifr_flags & IFF_RUNNING;
}

/* Set every Ethernet interface up; take the first that has a link. Wireless ones have none yet. */
static bool find_interface(char interface[static 16], struct mac *mac, unsigned *seen)
{
	DIR *directory = opendir("/sys/class/net");
	const struct dirent *entry;
	bool found = false;

	*seen = 0;
	while (directory && !found && (entry = readdir(directory))) {
		char wireless[300];

		snprintf(wireless, sizeof(wireless), "/sys/class/net/%s/wireless", entry->d_name);
		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= IFNAMSIZ ||
			access(wireless, F_OK) == 0 || !is_ethernet(entry->d_name, mac))
			continue;
		(*seen)++;
		str_copy(interface, 16, entry->d_name);
		found = set_up(interface) == 0 && has_link(interface);
	}
	if (directory)
		closedir(directory);
	return found;
}

static int wait_for_link(
	char interface[static 16], struct mac *mac, char reason[static INIT_REASON_SIZE])
{
	uint64_t deadline = clock_monotonic_ns() + LINK_WAIT_MS * NS_PER_MS;
	unsigned seen = 0;

	while (!find_interface(interface, mac, &seen)) {
		if (clock_monotonic_ns() < deadline) {
			poll(NULL, 0, LINK_POLL_MS);
			continue;
		}
		if (seen == 0)
			snprintf(reason, INIT_REASON_SIZE,
				"no wired network port was found: this kernel has no driver for "
				"it");
		else
			snprintf(reason, INIT_REASON_SIZE,
				"no link on %u wired port(s): look at cable and switch", seen);
		return -ENETDOWN;
	}
	return 0;
}

/* A broadcast UDP socket on one interface. The BROADCAST flag makes the server broadcast its
 * answers, which the kernel takes in before the interface has an address. */
static int open_socket(const char *interface)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = htons(DHCP_CLIENT_PORT) };
	const int on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

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

static int send_packet(int fd, const struct dhcp_packet *packet)
{
	const struct sockaddr_in all = { .sin_family = AF_INET,
		.sin_port = htons(DHCP_SERVER_PORT),
		.sin_addr = { .s_addr = INADDR_BROADCAST } };
	uint8_t bytes[DHCP_PACKET_SIZE];
	size_t length = dhcp_build(packet, bytes);

	return sendto(fd, bytes, length, 0, (const struct sockaddr *)&all, sizeof(all)) < 0 ? -errno
											    : 0;
}

/* Wait for the answer of this kind to our packet. */
static int receive_packet(int fd, const struct dhcp_packet *sent, enum dhcp_message wanted,
	unsigned timeout_ms, struct dhcp_packet *answer)
{
	uint64_t deadline = clock_monotonic_ns() + timeout_ms * NS_PER_MS;
	uint8_t bytes[DHCP_PACKET_SIZE];

	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_monotonic_ns();
		ssize_t length;

		if (now >= deadline ||
			poll(&poll_fd, 1, (int)((deadline - now) / NS_PER_MS) + 1) == 0)
			return -ETIMEDOUT;
		length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (length < 0 || dhcp_parse(bytes, (size_t)length, answer) != 0 ||
			!answer->reply || answer->xid != sent->xid ||
			memcmp(&answer->mac, &sent->mac, sizeof(sent->mac)) != 0)
			continue;
		if (answer->message == wanted)
			return 0;
		if (answer->message == DHCP_NAK)
			return -EACCES;
	}
}

static int exchange(
	int fd, struct dhcp_packet *packet, unsigned timeout_ms, struct dhcp_packet *answer)
{
	int result;

	packet->message = DHCP_DISCOVER;
	packet->requested.s_addr = packet->server.s_addr = 0;
	result = send_packet(fd, packet);
	if (result == 0)
		result = receive_packet(fd, packet, DHCP_OFFER, timeout_ms, answer);
	if (result != 0)
		return result;
	packet->message = DHCP_REQUEST;
	packet->requested = answer->yiaddr;
	packet->server = answer->server;
	result = send_packet(fd, packet);
	return result == 0 ? receive_packet(fd, packet, DHCP_ACK, timeout_ms, answer) : result;
}

static int ask_for_address(const char *interface, const struct mac *mac, struct dhcp_packet *answer)
{
	static const uint8_t wanted[] = { 1, 3, 6, 12, 15, 51, 54 };
	struct dhcp_packet packet = { .broadcast = true,
		.mac = *mac,
		.arch = 0xffff,
		.vendor_class = "bramble-init",
		.parameter_list_length = sizeof(wanted) };
	int fd = open_socket(interface), result = -ETIMEDOUT;

	if (fd < 0)
		return fd;
	memcpy(packet.parameter_list, wanted, sizeof(wanted));
	if (getrandom(&packet.xid, sizeof(packet.xid), GRND_NONBLOCK) !=
		(ssize_t)sizeof(packet.xid))
		packet.xid = (uint32_t)clock_monotonic_ns();
	/* 1, 2, 4 … seconds (RFC 2131 section 4.1 doubles from 4; a LAN is quicker). */
	for (unsigned try = 0; try < TRIES && result != 0; try++)
		result = exchange(fd, &packet, 1000u << try, answer);
	close(fd);
	return result;
}

static int set_address(const char *interface, unsigned long request, struct in_addr address)
{
	struct ifreq ifr = { 0 };
	const struct sockaddr_in value = { .sin_family = AF_INET, .sin_addr = address };

	memcpy(&ifr.ifr_addr, &value, sizeof(value));
	return interface_ioctl(interface, request, &ifr);
}

static int add_default_route(struct in_addr gateway)
{
	struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };
	const struct sockaddr_in any = { .sin_family = AF_INET },
				 via = { .sin_family = AF_INET, .sin_addr = gateway };
	int fd, result = 0;

	memcpy(&route.rt_dst, &any, sizeof(any));
	memcpy(&route.rt_genmask, &any, sizeof(any));
	memcpy(&route.rt_gateway, &via, sizeof(via));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCADDRT, &route) != 0 && errno != EEXIST)
		result = -errno;
	close(fd);
	return result;
}

int init_bring_up_network(struct init_network *network, char reason[static INIT_REASON_SIZE])
{
	struct dhcp_packet answer;
	struct mac mac;
	int result = set_up("lo");

	if (result == 0)
		result = wait_for_link(network->interface, &mac, reason);
	if (result != 0)
		return result;
	result = ask_for_address(network->interface, &mac, &answer);
	if (result != 0) {
		snprintf(reason, INIT_REASON_SIZE,
			"no address by DHCP on %s: %s; is the router reachable?",
			network->interface, strerror(-result));
		return result;
	}
	network->address = answer.yiaddr;
	network->netmask = answer.subnet_mask;
	network->gateway = answer.router;
	network->dns = answer.dns;
	result = set_address(network->interface, SIOCSIFADDR, network->address);
	if (result == 0)
		result = set_address(network->interface, SIOCSIFNETMASK, network->netmask);
	if (result == 0 && network->gateway.s_addr)
		result = add_default_route(network->gateway);
	if (result != 0)
		snprintf(reason, INIT_REASON_SIZE, "can't configure %s: %s", network->interface,
			strerror(-result));
	return result;
}
