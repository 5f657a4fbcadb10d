/* SPDX-License-Identifier: ISC */
#include "common/dhcp.h"

#include <errno.h>
#include <string.h>

/* RFC 2131 section 2, figure 1: offsets of the fixed fields. */
enum {
	AT_OP = 0,
	AT_HARDWARE_TYPE = 1,
	AT_HARDWARE_LENGTH = 2,
	AT_XID = 4,
	AT_SECONDS = 8,
	AT_FLAGS = 10,
	AT_CIADDR = 12,
	AT_YIADDR = 16,
	AT_SIADDR = 20,
	AT_GIADDR = 24,
	AT_CHADDR = 28,
	AT_SERVER_NAME = 44,
	SERVER_NAME_SIZE = 64,
	AT_FILE = 108,
	FILE_SIZE = 128,
	AT_COOKIE = 236,
	AT_OPTIONS = 240,
};

enum {
	OP_REQUEST = 1,
	OP_REPLY = 2,
	HARDWARE_ETHERNET = 1,
	FLAG_BROADCAST = 0x8000,
	SHORTEST_PACKET = 300, /* RFC 1542 section 2.1: relays may drop shorter ones */
};

enum option {
	OPTION_PAD = 0,
	OPTION_SUBNET_MASK = 1,
	OPTION_ROUTER = 3,
	OPTION_DNS = 6,
	OPTION_HOST_NAME = 12,
	OPTION_VENDOR = 43,
	OPTION_REQUESTED_ADDRESS = 50,
	OPTION_LEASE_TIME = 51,
	OPTION_OVERLOAD = 52,
	OPTION_MESSAGE = 53,
	OPTION_SERVER = 54,
	OPTION_PARAMETERS = 55,
	OPTION_VENDOR_CLASS = 60,
	OPTION_TFTP_NAME = 66,
	OPTION_BOOT_FILE = 67,
	OPTION_ARCH = 93,
	OPTION_NETWORK_INTERFACE = 94,
	OPTION_UUID = 97,
	OPTION_TFTP_ADDRESS = 150,
	OPTION_END = 255,
};

static const uint8_t cookie[4] = { 99, 130, 83, 99 };

static uint16_t read_16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t read_32(const uint8_t *p)
{
	return (uint32_t)read_16(p) << 16 | read_16(p + 2);
}

static uint32_t read_little_32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void write_16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void write_32(uint8_t *p, uint32_t value)
{
	write_16(p, (uint16_t)(value >> 16));
	write_16(p + 2, (uint16_t)value);
}

static struct in_addr read_address(const uint8_t *p)
{
	struct in_addr address;

	memcpy(&address.s_addr, p, sizeof(address.s_addr));
	return address;
}

/* A text that ends at its first NUL or at `length`. */
static void read_text(char *out, size_t size, const uint8_t *p, size_t length)
{
	str_copy_visible(out, size, (const char *)p, strnlen((const char *)p, length));
}

/* An address, or the first of a list, unless the option is too short for one. */
static void read_address_option(struct in_addr *out, const uint8_t *value, size_t length)
{
	if (length >= sizeof(out->s_addr))
		*out = read_address(value);
}

/* Repeated options are one long option (RFC 3396 section 7); what doesn't fit is cut. */
static void append_bytes(
	uint8_t *out, uint8_t *used, size_t size, const uint8_t *value, size_t length)
{
	size_t room = size - *used;
	size_t taken = length < room ? length : room;

	memcpy(out + *used, value, taken);
	*used = (uint8_t)(*used + taken);
}

static void read_tftp_name(struct dhcp_packet *packet, const uint8_t *value, size_t length)
{
	char text[ADDRESS_TEXT_SIZE];
	struct in_addr address;

	read_text(text, sizeof(text), value, length);
	if (str_parse_address(text, &address) == 0)
		packet->tftp_server = address;
}

static void read_numbers(
	struct dhcp_packet *packet, enum option code, const uint8_t *value, size_t length)
{
	if (code == OPTION_MESSAGE && length == 1)
		packet->message = value[0];
	else if (code == OPTION_LEASE_TIME && length == 4)
		packet->lease_seconds = read_32(value);
	else if (code == OPTION_ARCH && length >= 2)
		packet->arch = read_16(value);
	else if (code == OPTION_NETWORK_INTERFACE && length == 3)
		packet->has_network_interface = true;
}

static void read_option(
	struct dhcp_packet *packet, enum option code, const uint8_t *value, size_t length)
{
	switch ((int)code) {
	case OPTION_SUBNET_MASK:
		read_address_option(&packet->subnet_mask, value, length);
		break;
	case OPTION_ROUTER:
		read_address_option(&packet->router, value, length);
		break;
	case OPTION_DNS:
		read_address_option(&packet->dns, value, length);
		break;
	case OPTION_REQUESTED_ADDRESS:
		read_address_option(&packet->requested, value, length);
		break;
	case OPTION_SERVER:
		read_address_option(&packet->server, value, length);
		break;
	case OPTION_TFTP_ADDRESS:
		if (packet->tftp_server.s_addr == 0)
			read_address_option(&packet->tftp_server, value, length);
		break;
	case OPTION_TFTP_NAME:
		read_tftp_name(packet, value, length);
		break;
	case OPTION_HOST_NAME:
		read_text(packet->host_name, sizeof(packet->host_name), value, length);
		break;
	case OPTION_VENDOR_CLASS:
		read_text(packet->vendor_class, sizeof(packet->vendor_class), value, length);
		break;
	case OPTION_BOOT_FILE:
		read_text(packet->file, sizeof(packet->file), value, length);
		break;
	case OPTION_VENDOR:
		append_bytes(packet->vendor_options, &packet->vendor_options_length,
			sizeof(packet->vendor_options), value, length);
		break;
	case OPTION_PARAMETERS:
		append_bytes(packet->parameter_list, &packet->parameter_list_length,
			sizeof(packet->parameter_list), value, length);
		break;
	case OPTION_UUID:
		packet->uuid_length = 0;
		append_bytes(
			packet->uuid, &packet->uuid_length, sizeof(packet->uuid), value, length);
		break;
	default:
		read_numbers(packet, code, value, length);
	}
}

/* One area of options (RFC 2131 section 4.1): the option field, or an overloaded `file` or `sname`.
 * Sets *overload when option 52 is met. */
static int read_options(
	struct dhcp_packet *packet, const uint8_t *p, size_t length, uint8_t *overload)
{
	size_t at = 0;

	while (at < length && p[at] != OPTION_END) {
		uint8_t code = p[at++];
		size_t value_length;

		if (code == OPTION_PAD)
			continue;
		if (at >= length)
			return -EBADMSG;
		value_length = p[at++];
		if (value_length > length - at)
			return -EBADMSG;
		if (code == OPTION_OVERLOAD && value_length == 1)
			*overload = p[at];
		else
			read_option(packet, code, p + at, value_length);
		at += value_length;
	}
	return 0;
}

static void read_fixed_fields(struct dhcp_packet *packet, const uint8_t *bytes)
{
	packet->reply = bytes[AT_OP] == OP_REPLY;
	packet->xid = read_32(bytes + AT_XID);
	packet->seconds = read_16(bytes + AT_SECONDS);
	packet->broadcast = (read_16(bytes + AT_FLAGS) & FLAG_BROADCAST) != 0;
	packet->ciaddr = read_address(bytes + AT_CIADDR);
	packet->yiaddr = read_address(bytes + AT_YIADDR);
	packet->siaddr = read_address(bytes + AT_SIADDR);
	packet->giaddr = read_address(bytes + AT_GIADDR);
	memcpy(packet->mac.octet, bytes + AT_CHADDR, sizeof(packet->mac.octet));
}

int dhcp_parse(const uint8_t *bytes, size_t length, struct dhcp_packet *packet)
{
	uint8_t overload = 0, ignored = 0;
	int result;

	memset(packet, 0, sizeof(*packet));
	packet->arch = UINT16_MAX;
	if (length < AT_OPTIONS || memcmp(bytes + AT_COOKIE, cookie, sizeof(cookie)) != 0)
		return -EBADMSG;
	if (bytes[AT_OP] != OP_REQUEST && bytes[AT_OP] != OP_REPLY)
		return -EBADMSG;
	if (bytes[AT_HARDWARE_TYPE] != HARDWARE_ETHERNET ||
		bytes[AT_HARDWARE_LENGTH] != sizeof(packet->mac.octet))
		return -EBADMSG;
	read_fixed_fields(packet, bytes);
	result = read_options(packet, bytes + AT_OPTIONS, length - AT_OPTIONS, &overload);
	if (result == 0 && (overload & 1))
		result = read_options(packet, bytes + AT_FILE, FILE_SIZE, &ignored);
	else if (result == 0 && bytes[AT_FILE] != '\0')
		read_text(packet->file, sizeof(packet->file), bytes + AT_FILE, FILE_SIZE);
	if (result == 0 && (overload & 2))
		result = read_options(packet, bytes + AT_SERVER_NAME, SERVER_NAME_SIZE, &ignored);
	if (packet->message < DHCP_DISCOVER || packet->message > DHCP_INFORM)
		return -EBADMSG;
	return result;
}

struct writer {
	uint8_t *bytes;
	size_t used;
};

/* One byte stays free for OPTION_END. An option that has no room is left out. */
static void put_option(struct writer *writer, enum option code, const void *value, size_t length)
{
	if (length == 0 || length > UINT8_MAX || writer->used + 2 + length >= DHCP_PACKET_SIZE)
		return;
	writer->bytes[writer->used++] = (uint8_t)code;
	writer->bytes[writer->used++] = (uint8_t)length;
	memcpy(writer->bytes + writer->used, value, length);
	writer->used += length;
}

static void put_address(struct writer *writer, enum option code, struct in_addr address)
{
	if (address.s_addr != 0)
		put_option(writer, code, &address.s_addr, sizeof(address.s_addr));
}

static void put_client_options(struct writer *writer, const struct dhcp_packet *packet)
{
	/* RFC 4578 section 2.2: UNDI, version 2.1 as the boards send it. */
	static const uint8_t network_interface[3] = { 1, 2, 1 };
	uint8_t message = (uint8_t)packet->message, number[4];

	put_option(writer, OPTION_MESSAGE, &message, sizeof(message));
	put_address(writer, OPTION_REQUESTED_ADDRESS, packet->requested);
	put_address(writer, OPTION_SERVER, packet->server);
	put_option(
		writer, OPTION_PARAMETERS, packet->parameter_list, packet->parameter_list_length);
	put_option(writer, OPTION_HOST_NAME, packet->host_name, strlen(packet->host_name));
	put_option(writer, OPTION_VENDOR_CLASS, packet->vendor_class, strlen(packet->vendor_class));
	if (packet->lease_seconds != 0) {
		write_32(number, packet->lease_seconds);
		put_option(writer, OPTION_LEASE_TIME, number, 4);
	}
	if (packet->arch != UINT16_MAX) {
		write_16(number, packet->arch);
		put_option(writer, OPTION_ARCH, number, 2);
	}
	if (packet->has_network_interface)
		put_option(writer, OPTION_NETWORK_INTERFACE, network_interface,
			sizeof(network_interface));
	put_option(writer, OPTION_UUID, packet->uuid, packet->uuid_length);
	put_option(writer, OPTION_VENDOR, packet->vendor_options, packet->vendor_options_length);
}

size_t dhcp_build(const struct dhcp_packet *packet, uint8_t *out)
{
	struct writer writer = { .bytes = out, .used = AT_OPTIONS };

	memset(out, 0, DHCP_PACKET_SIZE);
	out[AT_OP] = OP_REQUEST;
	out[AT_HARDWARE_TYPE] = HARDWARE_ETHERNET;
	out[AT_HARDWARE_LENGTH] = sizeof(packet->mac.octet);
	write_32(out + AT_XID, packet->xid);
	write_16(out + AT_SECONDS, packet->seconds);
	write_16(out + AT_FLAGS, packet->broadcast ? FLAG_BROADCAST : 0);
	memcpy(out + AT_CIADDR, &packet->ciaddr.s_addr, 4);
	memcpy(out + AT_GIADDR, &packet->giaddr.s_addr, 4);
	memcpy(out + AT_CHADDR, packet->mac.octet, sizeof(packet->mac.octet));
	memcpy(out + AT_COOKIE, cookie, sizeof(cookie));
	put_client_options(&writer, packet);
	out[writer.used++] = OPTION_END;
	return writer.used < SHORTEST_PACKET ? SHORTEST_PACKET : writer.used;
}

bool dhcp_offers_raspberry_boot(const struct dhcp_packet *packet)
{
	static const char text[] = "Raspberry Pi Boot";

	return memmem(packet->vendor_options, packet->vendor_options_length, text,
		       sizeof(text) - 1) != NULL;
}

/* Raspberry Pi documentation, boot-net.adoc: a Pi 3 or older has MAC b8:27:eb and the low 24 bits
 * of its serial. */
static bool serial_made_the_mac(const struct mac *mac, uint32_t serial)
{
	const uint8_t expected[6] = { 0xb8, 0x27, 0xeb, (uint8_t)(serial >> 16),
		(uint8_t)(serial >> 8), (uint8_t)serial };

	return memcmp(mac->octet, expected, sizeof(expected)) == 0;
}

void dhcp_identify_board(const struct dhcp_packet *packet, struct dhcp_board *board)
{
	const uint8_t *id = packet->uuid + 1; /* behind the type, which is 0 */
	static const uint8_t rom_3b[4] = { 0x44, 0x44, 0x44, 0x44 };

	*board = (struct dhcp_board){ .generation = 0 };
	if (packet->uuid_length != sizeof(packet->uuid) || packet->uuid[0] != 0)
		return;
	if (memcmp(id, "RPi", 3) == 0 && id[3] >= '4' && id[3] <= '9') {
		board->generation = (unsigned)(id[3] - '0');
		board->revision = read_little_32(id + 4);
		board->serial = read_little_32(id + 12);
		return;
	}
	/* Otherwise four equal words. */
	if (memcmp(id, id + 4, 12) != 0)
		return;
	if (memcmp(id, rom_3b, sizeof(rom_3b)) == 0) {
		board->generation = 3;
		return;
	}
	board->serial = read_little_32(id);
	/* An EEPROM with DHCP_OPTION97=0 says the same as the boot ROM of the 3B+; its MAC has no
	 * relation to the serial. */
	if (serial_made_the_mac(&packet->mac, board->serial))
		board->generation = 3;
}
