/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "common/dhcp.h"

#define AT_OPTIONS 240

static const uint8_t pi4_uuid[17] = { 0, 'R', 'P', 'i', '4', 0x11, 0x31, 0xc0, 0x00, 0x32, 0x01,
	0x36, 0xc2, 0x16, 0x4c, 0x6c, 0xb6 };

/* What a Pi 4 sends first (rpi-eeprom documentation, release notes of 2020-03). */
static struct dhcp_packet pi4_discover(void)
{
	struct dhcp_packet packet = {
		.xid = 0xb66c4c16,
		.seconds = 4,
		.mac = { { 0xdc, 0xa6, 0x32, 0x01, 0x36, 0xc2 } },
		.message = DHCP_DISCOVER,
		.vendor_class = "PXEClient:Arch:00000:UNDI:002001",
		.arch = 0,
		.has_network_interface = true,
		.uuid_length = sizeof(pi4_uuid),
		.parameter_list = { 1, 3, 43, 60, 66, 67, 128 },
		.parameter_list_length = 7,
	};

	memcpy(packet.uuid, pi4_uuid, sizeof(pi4_uuid));
	return packet;
}

/* The fixed part of an OFFER to the same board, options from AT_OPTIONS on are the test's. */
static void make_offer(uint8_t *out)
{
	struct dhcp_packet packet = pi4_discover();

	dhcp_build(&packet, out);
	memset(out + AT_OPTIONS, 0, DHCP_PACKET_SIZE - AT_OPTIONS);
	out[0] = 2;
	memcpy(out + 16, (uint8_t[]){ 10, 77, 0, 21 }, 4);
	memcpy(out + 20, (uint8_t[]){ 10, 77, 0, 1 }, 4);
}

static int parse_options(const uint8_t *options, size_t length, struct dhcp_packet *packet)
{
	uint8_t bytes[DHCP_PACKET_SIZE];

	make_offer(bytes);
	memcpy(bytes + AT_OPTIONS, options, length);
	return dhcp_parse(bytes, AT_OPTIONS + length, packet);
}

static void what_is_built_is_parsed_to_the_same(void **state)
{
	struct dhcp_packet packet = pi4_discover(), parsed;
	uint8_t bytes[DHCP_PACKET_SIZE];
	size_t length;

	(void)state;
	packet.requested.s_addr = htonl(0x0a4d0015);
	packet.server.s_addr = htonl(0x0a4d0001);
	packet.lease_seconds = UINT32_MAX;
	packet.broadcast = true;
	str_copy(packet.host_name, sizeof(packet.host_name), "rasp1");
	length = dhcp_build(&packet, bytes);
	assert_int_equal(dhcp_parse(bytes, length, &parsed), 0);
	assert_memory_equal(&packet, &parsed, sizeof(packet));
}

static void packets_are_never_shorter_than_300_bytes(void **state)
{
	struct dhcp_packet packet = { .message = DHCP_DISCOVER, .arch = UINT16_MAX };
	uint8_t bytes[DHCP_PACKET_SIZE];

	(void)state;
	assert_int_equal(dhcp_build(&packet, bytes), 300);
	packet.vendor_options_length = 255;
	assert_int_equal(dhcp_build(&packet, bytes), AT_OPTIONS + 3 + 257 + 1);
}

static void offers_are_read_with_all_their_options(void **state)
{
	static const uint8_t options[] = { 53, 1, 2, 54, 4, 10, 77, 0, 1, 51, 4, 0xff, 0xff, 0xff,
		0xff, 1, 4, 255, 255, 255, 0, 3, 8, 10, 77, 0, 1, 10, 77, 0, 2, 6, 4, 10, 77, 0, 1,
		66, 10, '1', '0', '.', '7', '7', '.', '0', '.', '1', 0, 43, 20, 9, 19, 0, 0, 17,
		'R', 'a', 's', 'p', 'b', 'e', 'r', 'r', 'y', ' ', 'P', 'i', ' ', 'B', 'o', 43, 4,
		'o', 't', ' ', ' ', 255 };
	struct dhcp_packet packet;

	(void)state;
	assert_int_equal(parse_options(options, sizeof(options), &packet), 0);
	assert_true(packet.reply);
	assert_int_equal(packet.message, DHCP_OFFER);
	assert_int_equal(ntohl(packet.yiaddr.s_addr), 0x0a4d0015);
	assert_int_equal(ntohl(packet.siaddr.s_addr), 0x0a4d0001);
	assert_int_equal(ntohl(packet.server.s_addr), 0x0a4d0001);
	assert_int_equal(ntohl(packet.router.s_addr), 0x0a4d0001);
	assert_int_equal(ntohl(packet.dns.s_addr), 0x0a4d0001);
	assert_int_equal(ntohl(packet.tftp_server.s_addr), 0x0a4d0001);
	assert_int_equal(ntohl(packet.subnet_mask.s_addr), 0xffffff00);
	assert_int_equal(packet.lease_seconds, UINT32_MAX);
	assert_int_equal(packet.arch, 0xffff);
	/* RFC 3396: the text is spread over two options. */
	assert_true(dhcp_offers_raspberry_boot(&packet));
	packet.vendor_options_length--;
	assert_true(dhcp_offers_raspberry_boot(&packet));
	packet.vendor_options_length = 20;
	assert_false(dhcp_offers_raspberry_boot(&packet));
}

static void overloaded_fields_hold_options(void **state)
{
	uint8_t bytes[DHCP_PACKET_SIZE];
	static const uint8_t options[] = { 52, 1, 3, 255 };
	static const uint8_t in_file[] = { 53, 1, 5, 255 };
	static const uint8_t in_name[] = { 12, 2, 'p', 'i', 255 };
	struct dhcp_packet packet;

	(void)state;
	make_offer(bytes);
	memcpy(bytes + AT_OPTIONS, options, sizeof(options));
	memcpy(bytes + 108, in_file, sizeof(in_file));
	memcpy(bytes + 44, in_name, sizeof(in_name));
	assert_int_equal(dhcp_parse(bytes, 300, &packet), 0);
	assert_int_equal(packet.message, DHCP_ACK);
	assert_string_equal(packet.host_name, "pi");
	assert_string_equal(packet.file, "");
	/* A truncated option in the overloaded field is as bad as elsewhere. */
	memset(bytes + 44, 0, 64);
	memcpy(bytes + 44 + 62, (uint8_t[]){ 12, 9 }, 2);
	assert_int_equal(dhcp_parse(bytes, 300, &packet), -EBADMSG);
}

static void texts_are_made_visible_and_bounded(void **state)
{
	static const uint8_t options[] = { 53, 1, 1, 12, 6, 'a', '\n', 'b', 0, 'c', 'd', 255 };
	struct dhcp_packet packet;
	uint8_t bytes[DHCP_PACKET_SIZE];

	(void)state;
	assert_int_equal(parse_options(options, sizeof(options), &packet), 0);
	assert_string_equal(packet.host_name, "a\\x0ab");
	make_offer(bytes);
	memcpy(bytes + AT_OPTIONS, options, sizeof(options));
	memset(bytes + 108, 'x', 128); /* a file field without a NUL */
	assert_int_equal(dhcp_parse(bytes, 300, &packet), 0);
	assert_int_equal(strlen(packet.file), 127);
}

static void malformed_packets_are_refused(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "op 3", 0, 3 },
		{ "op 0", 0, 0 },
		{ "token ring", 1, 6 },
		{ "hardware length", 2, 16 },
		{ "cookie", 236, 98 },
		{ "no message type", AT_OPTIONS, 254 },
		{ "message 0", AT_OPTIONS + 2, 0 },
		{ "message 9", AT_OPTIONS + 2, 9 },
		{ "message of two bytes", AT_OPTIONS + 1, 2 },
	};
	struct dhcp_packet packet = pi4_discover(), parsed;
	uint8_t good[DHCP_PACKET_SIZE], bytes[DHCP_PACKET_SIZE];
	size_t length = dhcp_build(&packet, good);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memcpy(bytes, good, sizeof(good));
		bytes[cases[i].at] = cases[i].value;
		if (dhcp_parse(bytes, length, &parsed) != -EBADMSG)
			fail_msg("accepted: %s", cases[i].what);
	}
}

static void every_truncation_is_refused_or_harmless(void **state)
{
	struct dhcp_packet packet = pi4_discover(), parsed;
	uint8_t bytes[DHCP_PACKET_SIZE];
	/* Without END and padding, every cut is inside an option or between two. */
	size_t length = AT_OPTIONS + 3 + 9 + 34 + 4 + 5 + 19;

	(void)state;
	dhcp_build(&packet, bytes);
	assert_int_equal(bytes[length], 255);
	for (size_t cut = 0; cut < length; cut++) {
		bool between = cut == AT_OPTIONS + 3 || cut == AT_OPTIONS + 12 ||
			       cut == AT_OPTIONS + 46 || cut == AT_OPTIONS + 50 ||
			       cut == AT_OPTIONS + 55;

		if ((dhcp_parse(bytes, cut, &parsed) == 0) != between)
			fail_msg("cut at %zu", cut);
	}
}

static void boards_are_known_by_option_97(void **state)
{
	struct dhcp_packet packet = pi4_discover();
	struct dhcp_board board;

	(void)state;
	dhcp_identify_board(&packet, &board);
	assert_int_equal(board.generation, 4);
	assert_int_equal(board.revision, 0xc03111);
	assert_int_equal(board.serial, 0xb66c4c16);
	packet.uuid[4] = '5';
	dhcp_identify_board(&packet, &board);
	assert_int_equal(board.generation, 5);
	packet.uuid_length = 16;
	dhcp_identify_board(&packet, &board);
	assert_int_equal(board.generation, 0);
	packet.uuid_length = 17;
	packet.uuid[0] = 1;
	dhcp_identify_board(&packet, &board);
	assert_int_equal(board.generation, 0);
	assert_int_equal(board.serial, 0);
}

static void boot_roms_are_known_by_equal_words(void **state)
{
	struct dhcp_packet packet = pi4_discover();
	struct dhcp_board board;

	(void)state;
	memset(packet.uuid + 1, 0x44, 16);
	dhcp_identify_board(&packet, &board);
	assert_int_equal(board.generation, 3);
	assert_int_equal(board.serial, 0);
	for (size_t i = 0; i < 16; i += 4)
		memcpy(packet.uuid + 1 + i, (uint8_t[]){ 0x16, 0x4c, 0x6c, 0xb6 }, 4);
	dhcp_identify_board(&packet, &board);
	assert_int_equal(board.serial, 0xb66c4c16);
	assert_int_equal(board.generation, 0); /* DHCP_OPTION97=0 on a Pi 4 */
	packet.mac = (struct mac){ { 0xb8, 0x27, 0xeb, 0x6c, 0x4c, 0x16 } };
	dhcp_identify_board(&packet, &board);
	assert_int_equal(board.generation, 3);
	packet.uuid[16] = 0;
	dhcp_identify_board(&packet, &board);
	assert_int_equal(board.serial, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_built_is_parsed_to_the_same),
		cmocka_unit_test(packets_are_never_shorter_than_300_bytes),
		cmocka_unit_test(offers_are_read_with_all_their_options),
		cmocka_unit_test(overloaded_fields_hold_options),
		cmocka_unit_test(texts_are_made_visible_and_bounded),
		cmocka_unit_test(malformed_packets_are_refused),
		cmocka_unit_test(every_truncation_is_refused_or_harmless),
		cmocka_unit_test(boards_are_known_by_option_97),
		cmocka_unit_test(boot_roms_are_known_by_equal_words),
	};

	return cmocka_run_group_tests_name("dhcp", tests, NULL, NULL);
}
