/* SPDX-License-Identifier: ISC */
/* Wired ports, the address that DHCP gave (lease.c), the default route. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "rootfs/init/init.h"

#define LINK_WAIT_MS 30000 /* a USB port (Pi 3) shows up seconds after the kernel's start */
#define LINK_POLL_MS 50
#define PORTS_LIMIT 8

struct port {
	char interface[IF_NAMESIZE];
	struct mac mac;
};

struct ports {
	unsigned seen;	 /* wired ports */
	unsigned linked; /* those among them that have a link: port[0..linked-1] */
	struct port port[PORTS_LIMIT];
};

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

static bool is_wireless(const char *interface)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%.15s/wireless", interface);
	return access(path, F_OK) == 0;
}

/* Set every wired Ethernet port up; list those that have a link. */
static void find_ports(struct ports *ports)
{
	DIR *directory = opendir("/sys/class/net");
	const struct dirent *entry;

	*ports = (struct ports){ 0 };
	while (directory && ports->linked < PORTS_LIMIT && (entry = readdir(directory))) {
		struct port *port = &ports->port[ports->linked];

		if (entry->d_name[0] == '.' ||
			!str_copy(port->interface, sizeof(port->interface), entry->d_name) ||
			is_wireless(port->interface) || !is_ethernet(port->interface, &port->mac))
			continue;
		ports->seen++;
		if (set_up(port->interface) == 0 && has_link(port->interface))
			ports->linked++;
	}
	if (directory)
		closedir(directory);
}

static int wait_for_link(struct ports *ports, char reason[static INIT_REASON_SIZE])
{
	uint64_t deadline = clock_monotonic_ns() + LINK_WAIT_MS * NS_PER_MS;

	for (find_ports(ports); ports->linked == 0; find_ports(ports)) {
		if (clock_monotonic_ns() < deadline) {
			poll(NULL, 0, LINK_POLL_MS);
			continue;
		}
		if (ports->seen == 0)
			snprintf(reason, INIT_REASON_SIZE,
				"no wired network port was found: this kernel or initramfs has no "
				"driver for it");
		else
			snprintf(reason, INIT_REASON_SIZE,
				"no link on %u wired port(s): look at cable and switch",
				ports->seen);
		return -ENETDOWN;
	}
	return 0;
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

static int configure(const struct init_network *network)
{
	int result = set_address(network->interface, SIOCSIFADDR, network->address);

	if (result == 0 && network->netmask.s_addr)
		result = set_address(network->interface, SIOCSIFNETMASK, network->netmask);
	if (result == 0 && network->gateway.s_addr)
		result = add_default_route(network->gateway);
	return result;
}

static void explain_lease(int result, const char *interface, struct in_addr stranger,
	char reason[static INIT_REASON_SIZE])
{
	char address[ADDRESS_TEXT_SIZE];

	if (result == -EPERM) {
		str_format_address(stranger, address);
		snprintf(reason, INIT_REASON_SIZE,
			"only a stranger's DHCP server, %s, answers on %s: switch it off, or is "
			"this the wrong LAN?",
			address, interface);
	} else if (result == -ETIMEDOUT) {
		snprintf(reason, INIT_REASON_SIZE,
			"no DHCP server answers on %s: does the router run? `bramble status` there "
			"says",
			interface);
	} else {
		snprintf(reason, INIT_REASON_SIZE, "no address by DHCP on %s: %s", interface,
			strerror(-result));
	}
}

int init_bring_up_network(
	struct in_addr router, struct init_network *network, char reason[static INIT_REASON_SIZE])
{
	struct dhcp_packet answer;
	struct in_addr stranger;
	struct ports ports;
	const struct port *port;
	int result = set_up("lo");

	if (result != 0)
		snprintf(reason, INIT_REASON_SIZE, "lo can't be set up: %s", strerror(-result));
	else
		result = wait_for_link(&ports, reason);
	if (result != 0)
		return result;
	/* A port that leads elsewhere must not keep us from the one that leads to the router. */
	port = &ports.port[network->tries++ % ports.linked];
	memcpy(network->interface, port->interface, sizeof(network->interface));
	result = init_ask_for_address(network->interface, &port->mac, router, &answer, &stranger);
	if (result != 0) {
		explain_lease(result, network->interface, stranger, reason);
		return result;
	}
	network->address = answer.yiaddr;
	network->netmask = answer.subnet_mask;
	network->gateway = answer.router;
	network->dns = answer.dns;
	result = configure(network);
	if (result != 0)
		snprintf(reason, INIT_REASON_SIZE, "can't configure %s: %s", network->interface,
			strerror(-result));
	return result;
}
