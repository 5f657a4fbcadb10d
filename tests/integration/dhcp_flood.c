/* SPDX-License-Identifier: ISC */
/*
 * DISCOVERs of boards that don't exist, each from a MAC of its own, as fast as told. Bounded: ends
 * by itself.
 *
 *   dhcp-flood INTERFACE COUNT RATE
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/str.h"
#include "tests/vpi/lease.h"
#include "tests/vpi/wire.h"

#define LARGEST_COUNT 1000000
#define LARGEST_RATE 100000

/* All have a prefix of Raspberry Pi's and the name of a Pi 4 in option 97. */
static int send_discover(int fd, uint32_t number)
{
	const struct lease_client client = {
		.model = model_find("4b"),
		.mac = { { 0xdc, 0xa6, 0x32, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
			(uint8_t)number } },
		.serial = 0xf0000000 | number,
	};
	uint8_t payload[DHCP_PACKET_SIZE], frame[WIRE_FRAME_SIZE];
	size_t length = lease_build(&client, LEASE_ROM, number, NULL, payload);

	return wire_send(fd, frame, wire_build(&client.mac, true, payload, length, frame));
}

static void wait_until(uint64_t time_ns)
{
	const struct timespec time = { (time_t)(time_ns / NS_PER_S), (long)(time_ns % NS_PER_S) };

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static int flood(int fd, uint64_t count, uint64_t rate)
{
	const uint64_t begin_ns = clock_monotonic_ns();

	for (uint64_t i = 0; i < count; i++) {
		int result = send_discover(fd, 0x800000 | (uint32_t)i);

		if (result != 0 && result != -ENOBUFS) {
			fprintf(stderr, "dhcp-flood: %s\n", strerror(-result));
			return 1;
		}
		wait_until(begin_ns + i * NS_PER_S / rate);
	}
	printf("%llu DISCOVERs in %.1f s\n", (unsigned long long)count,
		(double)(clock_monotonic_ns() - begin_ns) / (double)NS_PER_S);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t count, rate;
	int fd, result;

	if (argc != 4 || str_parse_u64(argv[2], 1, LARGEST_COUNT, &count) != 0 ||
		str_parse_u64(argv[3], 1, LARGEST_RATE, &rate) != 0) {
		fprintf(stderr, "usage: dhcp-flood INTERFACE COUNT RATE\n");
		return 2;
	}
	fd = wire_open(argv[1]);
	if (fd < 0) {
		fprintf(stderr, "dhcp-flood: %s: %s\n", argv[1], strerror(-fd));
		return 1;
	}
	result = flood(fd, count, rate);
	close(fd);
	return result;
}
