/* SPDX-License-Identifier: ISC */
#include "provisioner/dhcpwatch/frame.h"

#include <errno.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "common/console.h"
#include "common/dhcp.h"

enum {
	ETHERNET_SIZE = 14,
	AT_ETHERNET_SOURCE = 6,
	AT_ETHERNET_TYPE = 12,
	IP_SIZE = 20, /* without options */
	AT_IP_LENGTH = 2,
	AT_IP_FRAGMENT = 6,
	AT_IP_LIFETIME = 8,
	AT_IP_PROTOCOL = 9,
	AT_IP_CHECKSUM = 10,
	AT_IP_DESTINATION = 16,
	LIFETIME = 64,
	IP_MORE_OR_OFFSET = 0x3fff,
	UDP_SIZE = 8,
	AT_UDP_SOURCE = 0,
	AT_UDP_DESTINATION = 2,
	AT_UDP_LENGTH = 4,
};

static uint16_t read_16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static bool is_dhcp_port(uint16_t port)
{
	return port == DHCP_SERVER_PORT || port == DHCP_CLIENT_PORT;
}

/* 0 for what is of no interest. */
static enum frame_kind kind_of(uint16_t source, uint16_t destination)
{
	if (is_dhcp_port(source) || is_dhcp_port(destination))
		return FRAME_DHCP;
	return destination == CONSOLE_PORT ? FRAME_CONSOLE : 0;
}

static int parse_udp(const uint8_t *bytes, size_t length, struct frame *frame)
{
	size_t udp_length;

	if (length < UDP_SIZE)
		return -EBADMSG;
	udp_length = read_16(bytes + AT_UDP_LENGTH);
	if (udp_length < UDP_SIZE || udp_length > length)
		return -EBADMSG;
	frame->kind = kind_of(read_16(bytes + AT_UDP_SOURCE), read_16(bytes + AT_UDP_DESTINATION));
	if (frame->kind == 0)
		return -EBADMSG;
	frame->payload = bytes + UDP_SIZE;
	frame->length = udp_length - UDP_SIZE;
	return 0;
}

static int parse_ip(const uint8_t *bytes, size_t length, struct frame *frame)
{
	size_t header_size, total;

	if (length < IP_SIZE || bytes[0] >> 4 != 4)
		return -EBADMSG;
	header_size = (size_t)(bytes[0] & 0xf) * 4;
	total = read_16(bytes + AT_IP_LENGTH);
	/* Behind a short packet there is Ethernet's padding. */
	if (header_size < IP_SIZE || total < header_size || total > length)
		return -EBADMSG;
	if (bytes[AT_IP_PROTOCOL] != IPPROTO_UDP ||
		(read_16(bytes + AT_IP_FRAGMENT) & IP_MORE_OR_OFFSET) != 0)
		return -EBADMSG;
	return parse_udp(bytes + header_size, total - header_size, frame);
}

int frame_parse(const uint8_t *bytes, size_t length, struct frame *frame)
{
	if (length < ETHERNET_SIZE || read_16(bytes + AT_ETHERNET_TYPE) != ETHERTYPE_IP)
		return -EBADMSG;
	memcpy(frame->source.octet, bytes + AT_ETHERNET_SOURCE, sizeof(frame->source.octet));
	return parse_ip(bytes + ETHERNET_SIZE, length - ETHERNET_SIZE, frame);
}

static void write_16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* RFC 1071, of a header without options. */
static size_t ip_checksum(const uint8_t *header)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < IP_SIZE; i += 2)
		sum += read_16(header + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

size_t frame_build(const struct mac *source, uint8_t *bytes, size_t length)
{
	uint8_t *ip = bytes + ETHERNET_SIZE, *udp = ip + IP_SIZE;

	memset(bytes, 0, FRAME_HEADERS);
	memset(bytes, 0xff, AT_ETHERNET_SOURCE); /* to all */
	memcpy(bytes + AT_ETHERNET_SOURCE, source->octet, sizeof(source->octet));
	write_16(bytes + AT_ETHERNET_TYPE, ETHERTYPE_IP);
	ip[0] = 0x45; /* version 4, 5 words */
	write_16(ip + AT_IP_LENGTH, IP_SIZE + UDP_SIZE + length);
	ip[AT_IP_LIFETIME] = LIFETIME;
	ip[AT_IP_PROTOCOL] = IPPROTO_UDP;
	memset(ip + AT_IP_DESTINATION, 0xff, 4); /* from 0.0.0.0 */
	write_16(ip + AT_IP_CHECKSUM, ip_checksum(ip));
	write_16(udp + AT_UDP_SOURCE, DHCP_CLIENT_PORT);
	write_16(udp + AT_UDP_DESTINATION, DHCP_SERVER_PORT);
	write_16(udp + AT_UDP_LENGTH, UDP_SIZE + length);
	return FRAME_HEADERS + length;
}

/* Jumps count instructions from the next one on; the last two are "take" and "drop". */
static struct sock_filter filter[] = {
	/*  0 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_ETHERNET_TYPE),
	/*  1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_IP, 0, 13),
	/*  2 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETHERNET_SIZE + AT_IP_PROTOCOL),
	/*  3 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 11),
	/*  4 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETHERNET_SIZE + AT_IP_FRAGMENT),
	/*  5 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, IP_MORE_OR_OFFSET, 9, 0),
	/*  6 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETHERNET_SIZE),
	/*  7 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETHERNET_SIZE + AT_UDP_SOURCE),
	/*  8 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP_SERVER_PORT, 5, 0),
	/*  9 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP_CLIENT_PORT, 4, 0),
	/* 10 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, ETHERNET_SIZE + AT_UDP_DESTINATION),
	/* 11 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP_SERVER_PORT, 2, 0),
	/* 12 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, DHCP_CLIENT_PORT, 1, 0),
	/* 13 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CONSOLE_PORT, 0, 1),
	/* 14 */ BPF_STMT(BPF_RET | BPF_K, FRAME_SIZE),
	/* 15 */ BPF_STMT(BPF_RET | BPF_K, 0),
};

const struct sock_fprog frame_filter = {
	.len = sizeof(filter) / sizeof(filter[0]),
	.filter = filter,
};
