/* SPDX-License-Identifier: ISC */
/* The LAN interface itself, by rtnetlink(7). */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "provisioner/network/private.h"

#define ATTRIBUTES_SIZE 128

/* One request: header, the body of its family, attributes. */
struct request {
	struct nlmsghdr header;
	union {
		struct ndmsg neighbour;
		struct ifaddrmsg address;
		struct ifinfomsg link;
		struct rtmsg route;
		uint8_t bytes[ATTRIBUTES_SIZE];
	} body;
};

static void begin(struct request *request, uint16_t type, uint16_t flags, size_t body_size)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(body_size);
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
}

static void put_attribute(struct request *request, uint16_t type, const void *value, size_t size)
{
	const struct rtattr attribute = { .rta_len = (uint16_t)RTA_LENGTH(size), .rta_type = type };
	uint8_t *end = (uint8_t *)request + NLMSG_ALIGN(request->header.nlmsg_len);

	memcpy(end, &attribute, sizeof(attribute));
	memcpy(end + RTA_LENGTH(0), value, size);
	request->header.nlmsg_len =
		(uint32_t)(NLMSG_ALIGN(request->header.nlmsg_len) + RTA_SPACE(size));
}

static int open_link(struct network_link *link)
{
	if (link->is_open)
		return 0;
	link->socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (link->socket < 0)
		return -errno;
	link->is_open = true;
	return 0;
}

void network_link_close(struct network_link *link)
{
	if (link->is_open)
		close(link->socket);
	link->is_open = false;
}

/* The kernel answers each request with an nlmsgerr, 0 for success, before the request's system call
 * returns. */
static int read_answer(const struct network_link *link, int *error)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t rest[1024];
	} answer;
	ssize_t n = recv(link->socket, &answer, sizeof(answer), MSG_DONTWAIT);

	if (n < 0)
		return -errno;
	if ((size_t)n < NLMSG_LENGTH(sizeof(answer.error)) ||
		answer.header.nlmsg_type != NLMSG_ERROR ||
		answer.header.nlmsg_seq != link->sequence)
		return -EBADMSG;
	*error = answer.error.error;
	return 0;
}

/* Where the conversation itself goes wrong, the next request begins another. */
static int ask_by(struct network_link *link, struct request *request)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int error = 0, result = open_link(link);

	if (result != 0)
		return result;
	request->header.nlmsg_seq = ++link->sequence;
	if (sendto(link->socket, request, request->header.nlmsg_len, 0,
		    (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		result = -errno;
	else
		result = read_answer(link, &error);
	if (result != 0)
		network_link_close(link);
	return result != 0 ? result : error;
}

static int ask(struct request *request)
{
	struct network_link link = { .is_open = false };
	int result = ask_by(&link, request);

	network_link_close(&link);
	return result;
}

/* The number of an interface, by the same socket: any takes this (netdevice(7)). */
static int find_interface(struct network_link *link, const char *name, int *index)
{
	struct ifreq request = { .ifr_ifindex = 0 };
	int result = open_link(link);

	if (result != 0)
		return result;
	if (!str_copy(request.ifr_name, sizeof(request.ifr_name), name))
		return -ENODEV;
	if (ioctl(link->socket, SIOCGIFINDEX, &request) != 0)
		return -errno;
	*index = request.ifr_ifindex;
	return 0;
}

int network_set_neighbour(struct network_link *link, const char *interface, struct in_addr address,
	const struct mac *mac)
{
	struct request request;
	int index = 0, result = find_interface(link, interface, &index);

	if (result != 0)
		return result;
	begin(&request, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof(struct ndmsg));
	request.body.neighbour.ndm_family = AF_INET;
	request.body.neighbour.ndm_ifindex = index;
	request.body.neighbour.ndm_state = NUD_PERMANENT;
	put_attribute(&request, NDA_DST, &address, sizeof(address));
	put_attribute(&request, NDA_LLADDR, mac->octet, sizeof(mac->octet));
	return ask_by(link, &request);
}

int network_set_route(const char *interface, struct in_addr network, unsigned prefix_length,
	struct in_addr gateway)
{
	struct request request;
	unsigned index = if_nametoindex(interface);

	if (index == 0)
		return -errno;
	begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(struct rtmsg));
	request.body.route.rtm_family = AF_INET;
	request.body.route.rtm_dst_len = (uint8_t)prefix_length;
	request.body.route.rtm_table = RT_TABLE_MAIN;
	request.body.route.rtm_protocol = RTPROT_STATIC;
	request.body.route.rtm_scope = RT_SCOPE_UNIVERSE;
	request.body.route.rtm_type = RTN_UNICAST;
	put_attribute(&request, RTA_DST, &network, sizeof(network));
	put_attribute(&request, RTA_GATEWAY, &gateway, sizeof(gateway));
	put_attribute(&request, RTA_OIF, &index, sizeof(index));
	return ask(&request);
}

static int set_up(unsigned index)
{
	struct request request;

	begin(&request, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	request.body.link.ifi_family = AF_UNSPEC;
	request.body.link.ifi_index = (int)index;
	request.body.link.ifi_flags = IFF_UP;
	request.body.link.ifi_change = IFF_UP;
	return ask(&request);
}

static int add_address(const struct settings *settings, unsigned index)
{
	const struct in_addr broadcast = { settings->router.s_addr | ~settings->netmask.s_addr };
	struct request request;

	begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifaddrmsg));
	request.body.address.ifa_family = AF_INET;
	request.body.address.ifa_prefixlen = (uint8_t)settings->prefix_length;
	request.body.address.ifa_index = index;
	put_attribute(&request, IFA_LOCAL, &settings->router, sizeof(settings->router));
	put_attribute(&request, IFA_ADDRESS, &settings->router, sizeof(settings->router));
	put_attribute(&request, IFA_BROADCAST, &broadcast, sizeof(broadcast));
	return ask(&request);
}

struct found {
	bool right;		     /* the address with its netmask, on the LAN interface */
	bool wrong_netmask;	     /* there, but with another netmask */
	char elsewhere[IF_NAMESIZE]; /* another interface that has the address, "" none */
};

static void look_at(
	const struct settings *settings, const struct ifaddrs *entry, struct found *found)
{
	struct sockaddr_in address, netmask = { .sin_family = AF_INET };

	if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET)
		return;
	memcpy(&address, entry->ifa_addr, sizeof(address));
	if (address.sin_addr.s_addr != settings->router.s_addr)
		return;
	if (entry->ifa_netmask)
		memcpy(&netmask, entry->ifa_netmask, sizeof(netmask));
	/* An address may have a label such as eth0:1 for a name. */
	if (strncmp(entry->ifa_name, settings->lan_interface, strcspn(entry->ifa_name, ":")) != 0 ||
		settings->lan_interface[strcspn(entry->ifa_name, ":")] != '\0')
		str_copy(found->elsewhere, sizeof(found->elsewhere), entry->ifa_name);
	else if (netmask.sin_addr.s_addr == settings->netmask.s_addr)
		found->right = true;
	else
		found->wrong_netmask = true;
}

static int look_for_address(const struct settings *settings, struct found *found)
{
	struct ifaddrs *all;

	memset(found, 0, sizeof(*found));
	if (getifaddrs(&all) != 0)
		return -errno;
	for (const struct ifaddrs *entry = all; entry; entry = entry->ifa_next)
		look_at(settings, entry, found);
	freeifaddrs(all);
	return 0;
}

static int prepare_address(
	const struct settings *settings, unsigned index, char *reason, size_t size)
{
	struct found found;
	int result = look_for_address(settings, &found);

	if (result == 0 && !found.right && found.elsewhere[0]) {
		snprintf(reason, size,
			"interface %s has the address %s already; lan.interface is %s",
			found.elsewhere, settings->lan_address, settings->lan_interface);
		return -EADDRINUSE;
	}
	if (result == 0 && !found.right && found.wrong_netmask) {
		snprintf(reason, size,
			"interface %s has the address of %s with another prefix length",
			settings->lan_interface, settings->lan_address);
		return -EADDRINUSE;
	}
	if (result == 0 && !found.right)
		result = add_address(settings, index);
	if (result != 0)
		snprintf(reason, size, "can't add address %s to interface %s: %s",
			settings->lan_address, settings->lan_interface, strerror(-result));
	return result;
}

int network_prepare_interface(const struct settings *settings, char *reason, size_t size)
{
	unsigned index = if_nametoindex(settings->lan_interface);
	int result;

	if (index == 0) {
		snprintf(reason, size,
			"there is no network interface %s (lan.interface); `ip link` lists them",
			settings->lan_interface);
		return -ENODEV;
	}
	result = prepare_address(settings, index, reason, size);
	if (result != 0)
		return result;
	/* What this machine says to its own address, such as a released lease, goes through lo. */
	set_up(if_nametoindex("lo"));
	result = set_up(index);
	if (result != 0)
		snprintf(reason, size, "can't set interface %s up: %s", settings->lan_interface,
			strerror(-result));
	return result;
}
