/* SPDX-License-Identifier: ISC */
/*
 * One board's DHCP, by raw frames, so that it needs no address and can be anybody:
 *
 * dhcp-probe INTERFACE MAC pi3|pi4|linux SECONDS
 *
 * pi3   DISCOVER as the boot ROM sends it, takes an OFFER (boot-net.adoc), never REQUESTs
 * pi4   DISCOVER, OFFER, REQUEST, ACK as the EEPROM does
 * linux the same without PXE, with a client identifier
 *
 * Prints the last answer as one line, or "nothing" and ends with status 1. DISCOVER is repeated
 * every second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/dhcp.h"
#include "provisioner/dhcpwatch/frame.h"

#define HEADERS 42
#define VENDOR_CLASS "PXEClient:Arch:00000:UNDI:002001"

struct probe {
	int socket;
	int index;
	struct dhcp_packet packet;
	bool requests, client_identifier;
};

static void make_board(struct probe *probe, const char *kind)
{
	struct dhcp_packet *packet = &probe->packet;
	static const uint8_t wanted[] = { 1, 3, 6, 43, 60, 66, 67 };

	packet->message = DHCP_DISCOVER;
	packet->arch = UINT16_MAX;
	packet->xid = 0x26f30339;
	memcpy(packet->parameter_list, wanted, sizeof(wanted));
	packet->parameter_list_length = sizeof(wanted);
	probe->requests = strcmp(kind, "pi3") != 0;
	probe->client_identifier = strcmp(kind, "linux") == 0;
	if (probe->client_identifier) {
		packet->xid = 0x12345678;
		return;
	}
	str_copy(packet->vendor_class, sizeof(packet->vendor_class), VENDOR_CLASS);
	packet->arch = 0;
	packet->has_network_interface = true;
	packet->uuid_length = sizeof(packet->uuid);
	memset(packet->uuid + 1, 0x44, 16);
	if (probe->requests)
		memcpy(packet->uuid + 1, "RPi4\x11\x31\xc0\x00\x32\x01\x36\xc2\x16\x4c\x6c\xb6",
			16);
}

static uint16_t ip_checksum(const uint8_t *p)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

/* Behind dhcp_build's END there is zero padding: option 61 goes where END was. */
static size_t put_client_identifier(uint8_t *payload, size_t length)
{
	static const uint8_t option[] = { 61, 5, 255, 1, 2, 3, 4, 255 };
	size_t end = 240;

	while (payload[end] != 255)
		end += payload[end] == 0 ? 1 : 2u + payload[end + 1];
	memcpy(payload + end, option, sizeof(option));
	return end + sizeof(option) > length ? end + sizeof(option) : length;
}

static int send_packet(const struct probe *probe)
{
	static const uint8_t headers[HEADERS] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0,
		0, 0x08, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255,
		0, 68, 0, 67, 0, 0, 0, 0 };
	const struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = probe->index };
	uint8_t frame[HEADERS + DHCP_PACKET_SIZE];
	size_t length = dhcp_build(&probe->packet, frame + HEADERS);
	uint16_t sum;

	if (probe->client_identifier)
		length = put_client_identifier(frame + HEADERS, length);
	memcpy(frame, headers, HEADERS);
	memcpy(frame + 6, probe->packet.mac.octet, 6);
	frame[16] = (uint8_t)((length + 28) >> 8);
	frame[17] = (uint8_t)(length + 28);
	sum = ip_checksum(frame + 14);
	frame[24] = (uint8_t)(sum >> 8);
	frame[25] = (uint8_t)sum;
	frame[38] = (uint8_t)((length + 8) >> 8);
	frame[39] = (uint8_t)(length + 8);
	return sendto(probe->socket, frame, HEADERS + length, 0, (const struct sockaddr *)&to,
		       sizeof(to)) < 0
		       ? -errno
		       : 0;
}

/* An answer to us, within `timeout_ms`. */
static bool receive(const struct probe *probe, int timeout_ms, struct dhcp_packet *answer)
{
	uint64_t deadline = clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
	struct pollfd watched = { .fd = probe->socket, .events = POLLIN };

	for (;;) {
		uint64_t now = clock_monotonic_ns();
		uint8_t bytes[FRAME_SIZE];
		struct frame frame;
		ssize_t n;

		if (now >= deadline ||
			poll(&watched, 1, (int)((deadline - now) / NS_PER_MS) + 1) <= 0)
			return false;
		n = recv(probe->socket, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0 && frame_parse(bytes, (size_t)n, &frame) == 0 &&
			dhcp_parse(frame.payload, frame.length, answer) == 0 && answer->reply &&
			answer->xid == probe->packet.xid &&
			memcmp(&answer->mac, &probe->packet.mac, sizeof(answer->mac)) == 0)
			return true;
	}
}

static void print_address(const char *name, struct in_addr address)
{
	char text[ADDRESS_TEXT_SIZE];

	str_format_address(address, text);
	printf(" %s=%s", name, text);
}

static void print_answer(const struct dhcp_packet *answer)
{
	char menu[4 * sizeof(answer->vendor_options) + 1];

	fputs(answer->message == DHCP_OFFER   ? "OFFER"
		: answer->message == DHCP_ACK ? "ACK"
					      : "NAK",
		stdout);
	print_address("yiaddr", answer->yiaddr);
	print_address("siaddr", answer->siaddr);
	print_address("server", answer->server);
	print_address("tftp", answer->tftp_server);
	print_address("router", answer->router);
	print_address("dns", answer->dns);
	print_address("netmask", answer->subnet_mask);
	str_copy_visible(menu, sizeof(menu), (const char *)answer->vendor_options,
		answer->vendor_options_length);
	printf(" lease=%u name=%s pxe=%s vendor=%s menu='%s'\n", answer->lease_seconds,
		answer->host_name, dhcp_offers_raspberry_boot(answer) ? "yes" : "no",
		answer->vendor_class, menu);
}

static int boot(struct probe *probe, uint64_t deadline_ns)
{
	struct dhcp_packet answer;

	do {
		probe->packet.seconds++;
		if (send_packet(probe) != 0)
			return 2;
		if (!receive(probe, 1000, &answer))
			continue;
		if (!probe->requests || probe->packet.message == DHCP_REQUEST) {
			print_answer(&answer);
			return 0;
		}
		probe->packet.message = DHCP_REQUEST;
		probe->packet.requested = answer.yiaddr;
		probe->packet.server = answer.server;
	} while (clock_monotonic_ns() < deadline_ns);
	puts("nothing");
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	struct probe probe = { .socket = -1 };
	uint64_t seconds;

	if (argc != 5 || str_parse_mac(argv[2], &probe.packet.mac) != 0 ||
		str_parse_u64(argv[4], 0, 3600, &seconds) != 0)
		return 2;
	make_board(&probe, argv[3]);
	probe.index = (int)if_nametoindex(argv[1]);
	address.sll_ifindex = probe.index;
	probe.socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_IP));
	if (probe.index == 0 || probe.socket < 0 ||
		bind(probe.socket, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		perror(argv[1]);
		return 2;
	}
	return boot(&probe, clock_monotonic_ns() + seconds * NS_PER_S);
}
