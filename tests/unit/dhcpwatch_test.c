/* SPDX-License-Identifier: ISC */
/* The pure half of bramble-dhcpwatch. The program itself is tested in
 * tests/integration/dnsmasq_dhcp.sh. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/dhcp.h"
#include "provisioner/dhcpwatch/frame.h"
#include "provisioner/dhcpwatch/limits.h"
#include "provisioner/dhcpwatch/probe.h"
#include "provisioner/dhcpwatch/watch.h"

#define HEADERS 42 /* Ethernet, IP without options, UDP */

/* A broadcast DISCOVER as a boot ROM sends it: no UDP checksum. */
static size_t make_frame(uint8_t *out)
{
	static const uint8_t headers[HEADERS] = {
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xff,
		0xb8,
		0x27,
		0xeb,
		0,
		0,
		1,
		0x08,
		0x00, /* */
		0x45,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		64,
		17,
		0,
		0,
		0,
		0,
		0,
		0,
		255,
		255,
		255,
		255, /* */
		0,
		68,
		0,
		67,
		0,
		0,
		0,
		0,
	};
	const struct dhcp_packet packet = { .message = DHCP_DISCOVER,
		.xid = 0x26f30339,
		.mac = { { 0xb8, 0x27, 0xeb, 0, 0, 1 } },
		.arch = 0 };
	size_t length = dhcp_build(&packet, out + HEADERS);

	memcpy(out, headers, sizeof(headers));
	out[16] = (uint8_t)((length + 28) >> 8);
	out[17] = (uint8_t)(length + 28);
	out[38] = (uint8_t)((length + 8) >> 8);
	out[39] = (uint8_t)(length + 8);
	return HEADERS + length;
}

/* What the kernel would make of a frame. */
static bool filter_takes(const uint8_t *bytes, size_t length)
{
	uint8_t got[FRAME_SIZE];
	int ends[2];
	bool taken;

	/* Socket filters work on any socket; a datagram is a "frame" here. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_ATTACH_FILTER, &frame_filter,
				 sizeof(frame_filter)),
		0);
	if (write(ends[1], bytes, length) < 0)
		assert_int_equal(errno, EPERM);
	taken = read(ends[0], got, sizeof(got)) == (ssize_t)length;
	close(ends[0]);
	close(ends[1]);
	return taken;
}

static void a_frame_without_udp_checksum_is_parsed(void **state)
{
	uint8_t bytes[2048];
	size_t length = make_frame(bytes);
	struct dhcp_packet packet;
	struct frame frame;

	(void)state;
	assert_true(filter_takes(bytes, length));
	assert_int_equal(frame_parse(bytes, length, &frame), 0);
	assert_int_equal(frame.length, length - HEADERS);
	assert_int_equal(frame.source.octet[5], 1);
	assert_int_equal(dhcp_parse(frame.payload, frame.length, &packet), 0);
	assert_int_equal(packet.xid, 0x26f30339);
}

static void padding_and_ip_options_are_understood(void **state)
{
	uint8_t bytes[2048], moved[2048] = { 0 };
	size_t length = make_frame(bytes);
	struct frame frame;

	(void)state;
	assert_int_equal(frame_parse(bytes, length + 4, &frame), 0);
	assert_int_equal(frame.length, length - HEADERS);
	memcpy(moved, bytes, 34);
	memcpy(moved + 38, bytes + 34, length - 34);
	moved[14] = 0x46;
	moved[16] = (uint8_t)((length - 14 + 4) >> 8);
	moved[17] = (uint8_t)(length - 14 + 4);
	assert_true(filter_takes(moved, length + 4));
	assert_int_equal(frame_parse(moved, length + 4, &frame), 0);
	assert_ptr_equal(frame.payload, moved + HEADERS + 4);
	assert_int_equal(frame.length, length - HEADERS);
}

static void other_frames_are_refused_by_parser_and_filter(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		bool filter_too;
	} cases[] = {
		{ "IPv6", 12, 0x86, true },
		{ "version 6", 14, 0x65, false },
		{ "header of 16 bytes", 14, 0x44, false },
		{ "longer than the frame", 16, 0x7f, false },
		{ "shorter than its header", 16, 0, false }, /* and 17 is set to 10 */
		{ "more fragments", 20, 0x20, true },
		{ "a later fragment", 21, 1, true },
		{ "TCP", 23, 6, true },
		{ "UDP length over the packet", 38, 0x7f, false },
	};
	uint8_t bytes[2048];
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length = make_frame(bytes);

		bytes[cases[i].at] = cases[i].value;
		if (cases[i].at == 16 && cases[i].value == 0)
			bytes[17] = 10;
		if (frame_parse(bytes, length, &frame) != -EBADMSG)
			fail_msg("parsed: %s", cases[i].what);
		if (cases[i].filter_too && filter_takes(bytes, length))
			fail_msg("the filter took: %s", cases[i].what);
	}
}

static void either_port_may_be_dhcp(void **state)
{
	static const struct {
		uint8_t source, destination;
		bool dhcp;
	} cases[] = { { 68, 67, true }, { 67, 68, true }, { 67, 53, true }, { 53, 68, true },
		{ 53, 53, false }, { 69, 66, false } };
	uint8_t bytes[2048];
	struct frame frame;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t length = make_frame(bytes);

		bytes[35] = cases[i].source;
		bytes[37] = cases[i].destination;
		assert_int_equal(frame_parse(bytes, length, &frame) == 0, cases[i].dhcp);
		assert_int_equal(filter_takes(bytes, length), cases[i].dhcp);
	}
}

static void every_truncated_frame_is_refused(void **state)
{
	uint8_t bytes[2048];
	size_t length = make_frame(bytes);
	struct frame frame;

	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		/* A copy of exactly that size, so that a sanitizer sees a byte too far. */
		uint8_t *copy = malloc(cut + 1);

		memcpy(copy, bytes, cut);
		assert_int_equal(frame_parse(copy, cut, &frame), -EBADMSG);
		free(copy);
	}
}

static void one_sender_cannot_use_up_what_others_need(void **state)
{
	static struct limits limits;
	const struct mac loud = { { 2, 0, 0, 0, 0, 1 } }, quiet = { { 2, 0, 0, 0, 0, 2 } };
	uint64_t now = 1000 * NS_PER_S;
	size_t allowed = 0;

	(void)state;
	limits_init(&limits, &limits_of_dhcp, 42, now);
	for (int i = 0; i < 10000; i++)
		allowed += limits_allow(&limits, &loud, now);
	assert_int_equal(allowed, limits_of_dhcp.sender_burst);
	assert_true(limits_allow(&limits, &quiet, now));
	assert_int_equal(limits.dropped, 10000 - limits_of_dhcp.sender_burst);
	/* Time gives it its rate back, also in small steps. */
	allowed = 0;
	for (int i = 0; i < 1000; i++)
		allowed += limits_allow(&limits, &loud, now += 10 * NS_PER_MS);
	assert_in_range(allowed, 10 * limits_of_dhcp.sender - 1, 10 * limits_of_dhcp.sender + 1);
	/* A week of silence is no more than a burst. */
	allowed = 0;
	now += 7 * 86400 * NS_PER_S;
	for (int i = 0; i < 1000; i++)
		allowed += limits_allow(&limits, &loud, now);
	assert_int_equal(allowed, limits_of_dhcp.sender_burst);
}

static void many_senders_share_the_total(void **state)
{
	static struct limits limits;
	uint64_t now = 1000 * NS_PER_S;
	size_t allowed = 0;

	(void)state;
	limits_init(&limits, &limits_of_dhcp, 42, now);
	for (unsigned i = 0; i < 20000; i++) {
		const struct mac sender = { { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i } };

		allowed += limits_allow(&limits, &sender, now);
	}
	assert_int_equal(allowed, limits_of_dhcp.total_burst);
}

/* A board's firmware says something (EEPROM: NETCONSOLE). */
static void what_a_console_says_is_taken(void **state)
{
	uint8_t bytes[2048];
	size_t length = make_frame(bytes);
	struct frame frame;

	(void)state;
	bytes[34] = CONSOLE_SOURCE_PORT >> 8;
	bytes[35] = (uint8_t)CONSOLE_SOURCE_PORT;
	bytes[36] = CONSOLE_PORT >> 8;
	bytes[37] = (uint8_t)CONSOLE_PORT;
	assert_true(filter_takes(bytes, length));
	assert_int_equal(frame_parse(bytes, length, &frame), 0);
	assert_int_equal(frame.kind, FRAME_CONSOLE);
	bytes[37]++; /* another port */
	assert_false(filter_takes(bytes, length));
	assert_int_equal(frame_parse(bytes, length, &frame), -EBADMSG);
}

/* Through every layer, as another Bramble reads it. */
static void a_probe_is_known_by_another_bramble(void **state)
{
	const struct probe own = { .router.s_addr = htonl(0x0a4d0001),
		.mac = { { 0x52, 0x54, 0, 1, 2, 3 } } };
	uint8_t bytes[FRAME_HEADERS + DHCP_PACKET_SIZE];
	struct dhcp_packet made, packet;
	struct frame frame;
	struct probe read;
	size_t length;

	(void)state;
	probe_make(&own, 0xabcdef01, &made);
	length = dhcp_build(&made, bytes + FRAME_HEADERS);
	length = frame_build(&own.mac, bytes, length);
	assert_true(filter_takes(bytes, length));
	assert_int_equal(frame_parse(bytes, length, &frame), 0);
	assert_int_equal(frame.kind, FRAME_DHCP);
	assert_memory_equal(&frame.source, &own.mac, sizeof(own.mac));
	assert_int_equal(dhcp_parse(frame.payload, frame.length, &packet), 0);
	assert_int_equal(packet.message, DHCP_DISCOVER);
	assert_int_equal(packet.xid, 0xabcdef01);
	assert_true(probe_read(packet.uuid, packet.uuid_length, &read));
	assert_int_equal(read.router.s_addr, own.router.s_addr);
	assert_memory_equal(&read.mac, &own.mac, sizeof(own.mac));
	packet.uuid[1]++; /* a board's */
	assert_false(probe_read(packet.uuid, packet.uuid_length, &read));
	assert_false(probe_read(packet.uuid, packet.uuid_length - 1u, &read));
}

static void only_an_answer_can_offer_a_boot(void **state)
{
	struct dhcp_packet packet = { .message = DHCP_OFFER,
		.reply = true,
		.uuid_length = 17,
		.vendor_options_length = 17,
		.vendor_class = "PXEClient" };
	struct ipc_dhcp record;

	(void)state;
	memcpy(packet.vendor_options, "Raspberry Pi Boot", 17);
	watch_describe(&packet, &record);
	assert_true(record.pxe_raspberry);
	assert_string_equal(record.vendor_class, "PXEClient");
	packet.reply = false;
	watch_describe(&packet, &record);
	assert_false(record.pxe_raspberry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_without_udp_checksum_is_parsed),
		cmocka_unit_test(padding_and_ip_options_are_understood),
		cmocka_unit_test(other_frames_are_refused_by_parser_and_filter),
		cmocka_unit_test(either_port_may_be_dhcp),
		cmocka_unit_test(every_truncated_frame_is_refused),
		cmocka_unit_test(one_sender_cannot_use_up_what_others_need),
		cmocka_unit_test(many_senders_share_the_total),
		cmocka_unit_test(what_a_console_says_is_taken),
		cmocka_unit_test(a_probe_is_known_by_another_bramble),
		cmocka_unit_test(only_an_answer_can_offer_a_boot),
	};

	return cmocka_run_group_tests_name("dhcpwatch", tests, NULL, NULL);
}
