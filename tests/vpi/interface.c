/* SPDX-License-Identifier: ISC */
#include "tests/vpi/interface.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int control(const char *name, unsigned long call, struct ifreq *request)
{
	int result, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (!str_copy(request->ifr_name, sizeof(request->ifr_name), name)) {
		close(fd);
		return -ENODEV;
	}
	result = ioctl(fd, call, request) == 0 ? 0 : -errno;
	close(fd);
	return result;
}

int interface_get_mac(const char *name, struct mac *mac)
{
	struct ifreq request = { 0 };
	int result = control(name, SIOCGIFHWADDR, &request);

	if (result == 0)
		memcpy(mac->octet, request.ifr_hwaddr.sa_data, sizeof(mac->octet));
	return result;
}

int interface_set_mac(const char *name, const struct mac *mac)
{
	struct ifreq request = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	memcpy(request.ifr_hwaddr.sa_data, mac->octet, sizeof(mac->octet));
	return control(name, SIOCSIFHWADDR, &request);
}

int interface_set_up(const char *name, bool up)
{
	struct ifreq request = { 0 };
	int result = control(name, SIOCGIFFLAGS, &request);

	if (result != 0)
		return result;
	if (up)
		request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
	else
		request.ifr_flags = (short)(request.ifr_flags & ~IFF_UP);
	return control(name, SIOCSIFFLAGS, &request);
}

static int set(const char *name, unsigned long call, struct in_addr value)
{
	struct ifreq request = { 0 };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = value };

	memcpy(&request.ifr_addr, &address, sizeof(address));
	return control(name, call, &request);
}

int interface_set_address(const char *name, struct in_addr address, struct in_addr mask)
{
	const struct in_addr none = { 0 };
	int result = set(name, SIOCSIFADDR, none);

	if (result == 0 && address.s_addr != 0) {
		result = set(name, SIOCSIFADDR, address);
		if (result == 0)
			result = set(name, SIOCSIFNETMASK, mask);
	}
	return result;
}

int interface_answer_arp(const char *name, bool answer)
{
	const char *value = answer ? "0" : "8"; /* 8: for none of our addresses */
	char path[128];
	int fd, result;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/arp_ignore", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = write(fd, value, 1) == 1 ? 0 : -errno;
	close(fd);
	return result;
}
