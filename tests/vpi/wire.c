/* SPDX-License-Identifier: ISC */
#include "tests/vpi/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"

enum {
	ETHERNET_SIZE = 14,
	IP_SIZE = 20,
	UDP_SIZE = 8,
	AT_IP = ETHERNET_SIZE,
	AT_UDP = ETHERNET_SIZE + IP_SIZE,
	AT_PAYLOAD = ETHERNET_SIZE + IP_SIZE + UDP_SIZE,
	PROTOCOL_UDP = 17,
	TTL = 128, /* as the boards' packets carry it [f#941, f#1041] */
};

static void put_16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static size_t get_16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* RFC 1071. */
static uint32_t add_words(uint32_t sum, const uint8_t *p, size_t length)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)get_16(p + i);
	if (length % 2)
		sum += (uint32_t)p[length - 1] << 8;
	return sum;
}

static size_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static void fill_udp_checksum(uint8_t *frame, size_t udp_length)
{
	uint32_t sum = add_words(0, frame + AT_IP + 12, 8) + PROTOCOL_UDP + (uint32_t)udp_length;
	size_t folded = fold(add_words(sum, frame + AT_UDP, udp_length));

	put_16(frame + AT_UDP + 6, folded == 0 ? 0xffff : folded);
}

size_t wire_build_udp(const struct mac *from, uint16_t source, uint16_t destination,
	const uint8_t *payload, size_t length, uint8_t frame[static WIRE_FRAME_SIZE])
{
	memset(frame, 0, AT_PAYLOAD);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, from->octet, 6);
	put_16(frame + 12, ETHERTYPE_IP);
	frame[AT_IP] = 0x45;
	put_16(frame + AT_IP + 2, IP_SIZE + UDP_SIZE + length);
	frame[AT_IP + 8] = TTL;
	frame[AT_IP + 9] = PROTOCOL_UDP;
	memset(frame + AT_IP + 16, 0xff, 4);
	put_16(frame + AT_IP + 10, fold(add_words(0, frame + AT_IP, IP_SIZE)));
	put_16(frame + AT_UDP, source);
	put_16(frame + AT_UDP + 2, destination);
	put_16(frame + AT_UDP + 4, UDP_SIZE + length);
	memcpy(frame + AT_PAYLOAD, payload, length);
	return AT_PAYLOAD + length;
}

size_t wire_build(const struct mac *from, bool checksum, const uint8_t *payload, size_t length,
	uint8_t frame[static WIRE_FRAME_SIZE])
{
	size_t size =
		wire_build_udp(from, DHCP_CLIENT_PORT, DHCP_SERVER_PORT, payload, length, frame);

	if (checksum)
		fill_udp_checksum(frame, UDP_SIZE + length);
	return size;
}

ssize_t wire_parse(const uint8_t *frame, size_t length, const uint8_t **payload)
{
	size_t ip_size, udp_length;
	const uint8_t *udp;

	if (length < AT_PAYLOAD || get_16(frame + 12) != ETHERTYPE_IP || frame[AT_IP] >> 4 != 4)
		return -EBADMSG;
	ip_size = (size_t)(frame[AT_IP] & 15) * 4;
	if (ip_size < IP_SIZE || length < ETHERNET_SIZE + ip_size + UDP_SIZE ||
		frame[AT_IP + 9] != PROTOCOL_UDP || (get_16(frame + AT_IP + 6) & 0x3fff) != 0)
		return -EBADMSG;
	udp = frame + ETHERNET_SIZE + ip_size;
	udp_length = get_16(udp + 4);
	if (get_16(udp + 2) != DHCP_CLIENT_PORT || udp_length < UDP_SIZE ||
		udp_length > length - ETHERNET_SIZE - ip_size)
		return -EBADMSG;
	*payload = udp + UDP_SIZE;
	return (ssize_t)(udp_length - UDP_SIZE);
}

int wire_open(const char *interface)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex(interface),
	};
	int fd;

	if (address.sll_ifindex == 0)
		return -errno;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

int wire_send(int fd, const uint8_t *frame, size_t length)
{
	return send(fd, frame, length, 0) == (ssize_t)length ? 0 : -errno;
}

static int receive_one(int fd, struct dhcp_packet *packet)
{
	uint8_t frame[2048];
	const uint8_t *payload;
	ssize_t length = recv(fd, frame, sizeof(frame), MSG_DONTWAIT);

	if (length < 0)
		return -errno;
	length = wire_parse(frame, (size_t)length, &payload);
	if (length < 0)
		return (int)length;
	return dhcp_parse(payload, (size_t)length, packet);
}

int wire_receive(int fd, uint64_t deadline_ns, struct dhcp_packet *packet)
{
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		uint64_t now = clock_monotonic_ns();
		int result;

		if (now >= deadline_ns)
			return -ETIMEDOUT;
		result = poll(&ready, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1);
		if (result < 0)
			return -errno;
		if (result == 0)
			continue;
		result = receive_one(fd, packet);
		/* ENETDOWN: the link was taken away and is back. */
		if (result == 0 && packet->reply)
			return 0;
		if (result < 0 && result != -EBADMSG && result != -EAGAIN && result != -ENETDOWN)
			return result;
	}
}
