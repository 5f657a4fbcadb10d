/* SPDX-License-Identifier: ISC */
#include "tests/vpi/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/vpi/wire.h"

/* The boot ROM's constant transaction number [net]. */
#define ROM_XID UINT32_C(0x26f30339)

/* The boards' packets have no padding: 322 bytes in the capture of f#941. */
struct options {
	uint8_t *bytes;
	size_t used;
};

static void put(struct options *options, uint8_t code, const void *value, size_t length)
{
	options->bytes[options->used++] = code;
	options->bytes[options->used++] = (uint8_t)length;
	memcpy(options->bytes + options->used, value, length);
	options->used += length;
}

static void put_little_32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (8 * i));
}

/* Option 97: type 0 and 16 bytes. 3B: constant 0x44. 3B+: the serial four times [net]. EEPROM:
 * FourCC, revision, low 4 bytes of the MAC, serial [eep]. */
static void make_uuid(const struct lease_client *client, uint8_t uuid[static 17])
{
	const struct model *model = client->model;
	const uint8_t *mac = client->mac.octet;

	uuid[0] = 0;
	if (model->family == MODEL_ROM) {
		memset(uuid + 1, 0x44, 16);
		for (int i = 0; i < 4 && !model->early_rom; i++)
			put_little_32(uuid + 1 + 4 * i, client->serial);
		return;
	}
	memcpy(uuid + 1, model->family == MODEL_EEPROM5 ? "RPi5" : "RPi4", 4);
	put_little_32(uuid + 5, model->revision);
	put_little_32(uuid + 9,
		(uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5]);
	put_little_32(uuid + 13, client->serial);
}

static void put_parameters(
	struct options *options, const struct model *model, enum lease_stage stage)
{
	static const uint8_t subnet_and_router[2] = { 1, 3 };
	uint8_t parameters[32];
	size_t count = model->parameter_count;

	memcpy(parameters, model->parameters, count);
	if (stage == LEASE_BOOTCODE) {
		memcpy(parameters + count, subnet_and_router, sizeof(subnet_and_router));
		count += sizeof(subnet_and_router);
	}
	put(options, 55, parameters, count);
}

size_t lease_build(const struct lease_client *client, enum lease_stage stage, uint32_t xid,
	const struct dhcp_packet *offer, uint8_t *out)
{
	static const uint8_t arch[2] = { 0, 0 }, network_interface[3] = { 1, 2, 1 };
	static const char vendor_class[] = "PXEClient:Arch:00000:UNDI:002001";
	static const uint8_t cookie[4] = { 99, 130, 83, 99 };
	const uint8_t message = offer ? DHCP_REQUEST : DHCP_DISCOVER;
	struct options options = { .bytes = out, .used = 240 };
	uint8_t uuid[17];

	memset(out, 0, DHCP_PACKET_SIZE);
	out[0] = 1; /* BOOTREQUEST */
	out[1] = 1; /* Ethernet */
	out[2] = 6;
	/* RFC 2131 section 2: since it began to ask [assumed]. */
	out[8] = (uint8_t)(client->seconds >> 8);
	out[9] = (uint8_t)client->seconds;
	for (int i = 0; i < 4; i++)
		out[4 + i] = (uint8_t)(xid >> (24 - 8 * i));
	memcpy(out + 28, client->mac.octet, 6);
	memcpy(out + 236, cookie, sizeof(cookie));
	put(&options, 53, &message, 1);
	if (offer) {
		put(&options, 50, &offer->yiaddr.s_addr, 4);
		put(&options, 54, &offer->server.s_addr, 4);
	}
	put_parameters(&options, client->model, stage);
	put(&options, 93, arch, sizeof(arch));
	put(&options, 94, network_interface, sizeof(network_interface));
	make_uuid(client, uuid);
	put(&options, 97, uuid, sizeof(uuid));
	put(&options, 60, vendor_class, sizeof(vendor_class) - 1);
	out[options.used++] = 255;
	return options.used;
}

static int send_packet(const struct lease_client *client, int fd, enum lease_stage stage,
	uint32_t xid, const struct dhcp_packet *offer)
{
	uint8_t payload[DHCP_PACKET_SIZE], frame[WIRE_FRAME_SIZE];
	size_t length = lease_build(client, stage, xid, offer, payload);

	/* The ROM's packets have no UDP checksum [net, f#941: "no cksum"]. */
	length = wire_build(
		&client->mac, client->model->family != MODEL_ROM, payload, length, frame);
	return wire_send(fd, frame, length);
}

/* What has been offered so far: the address may come from one server and the boot text from a
 * proxy, in separate OFFERs [net, e#376]. */
struct offers {
	struct dhcp_packet address, boot;
	bool has_address, has_boot;
};

static bool is_for_us(const struct lease_client *client, const struct dhcp_packet *packet)
{
	return memcmp(packet->mac.octet, client->mac.octet, sizeof(client->mac.octet)) == 0 ||
	       (client->quirks && client->model->family == MODEL_ROM);
}

static bool has_boot_text(const struct model *model, const struct dhcp_packet *packet)
{
	return memmem(packet->vendor_options, packet->vendor_options_length, model->boot_text,
		       strlen(model->boot_text)) != NULL;
}

static void take_offer(
	struct lease_client *client, struct offers *offers, const struct dhcp_packet *packet)
{
	char address[ADDRESS_TEXT_SIZE], server[ADDRESS_TEXT_SIZE];
	bool boot = has_boot_text(client->model, packet);

	str_format_address(packet->yiaddr, address);
	str_format_address(packet->server, server);
	timeline_note(client->timeline, "offer", "%s from %s%s", address, server,
		boot ? ", \"Raspberry Pi Boot\"" : ", without the boot text: not enough");
	if (packet->yiaddr.s_addr != 0 && !offers->has_address) {
		offers->address = *packet;
		offers->has_address = true;
	}
	if (boot && !offers->has_boot) {
		offers->boot = *packet;
		offers->has_boot = true;
	}
}

static int wait_for_offers(
	struct lease_client *client, int fd, uint32_t xid, uint64_t deadline, struct offers *offers)
{
	struct dhcp_packet packet;
	int result = 0;

	while (!(offers->has_address && offers->has_boot)) {
		result = wire_receive(fd, deadline, &packet);
		if (result != 0)
			return result;
		if (packet.message == DHCP_OFFER && packet.xid == xid && is_for_us(client, &packet))
			take_offer(client, offers, &packet);
	}
	return 0;
}

static int discover(struct lease_client *client, int fd, enum lease_stage stage, uint32_t xid,
	struct offers *offers)
{
	const struct model *model = client->model;
	/* bootcode.bin asks for about a minute [f#1124]. */
	const unsigned tries = stage == LEASE_BOOTCODE ? 12 : model->dhcp_tries;
	uint64_t begin = clock_monotonic_ns();

	for (unsigned i = 1; tries == 0 || i <= tries; i++) {
		uint64_t deadline = begin + i * model->dhcp_interval_ms * NS_PER_MS;
		int result;

		client->seconds = (uint16_t)((clock_monotonic_ns() - begin) / NS_PER_S);
		result = send_packet(client, fd, stage, xid, NULL);
		if (result != 0)
			return result;
		client->discovers++;
		timeline_note(client->timeline, "discover", "try %u", i);
		result = wait_for_offers(client, fd, xid, deadline, offers);
		if (result != -ETIMEDOUT)
			return result;
		if (model->dhcp_total_ms != 0 &&
			clock_monotonic_ns() >= begin + model->dhcp_total_ms * NS_PER_MS)
			break;
	}
	return -ETIMEDOUT;
}

static int wait_for_ack(struct lease_client *client, int fd, uint32_t xid, struct dhcp_packet *ack)
{
	uint64_t deadline = clock_monotonic_ns() + client->model->dhcp_interval_ms * NS_PER_MS;
	int result;

	for (;;) {
		result = wire_receive(fd, deadline, ack);
		if (result != 0)
			return result;
		if (ack->xid != xid || !is_for_us(client, ack))
			continue;
		if (ack->message == DHCP_NAK)
			return -ECONNREFUSED;
		if (ack->message == DHCP_ACK)
			return 0;
	}
}

static int request(struct lease_client *client, int fd, enum lease_stage stage, uint32_t xid,
	const struct dhcp_packet *offer)
{
	struct dhcp_packet ack;
	int result;

	for (int i = 0; i < 3; i++) {
		result = send_packet(client, fd, stage, xid, offer);
		if (result == 0)
			result = wait_for_ack(client, fd, xid, &ack);
		if (result != -ETIMEDOUT)
			break;
	}
	timeline_note(client->timeline, "ack", "%s",
		result == 0 ? "granted"
			    : (result == -ECONNREFUSED ? "refused (NAK)" : "no answer"));
	return result;
}

static bool is_set(struct in_addr address)
{
	return address.s_addr != 0;
}

/* The ROM takes option 66 or the sender, not siaddr [f#670]; the EEPROM siaddr first [e#376]. */
static struct in_addr tftp_server_of(const struct model *model, const struct dhcp_packet *boot)
{
	if (model->family != MODEL_ROM && is_set(boot->siaddr))
		return boot->siaddr;
	return is_set(boot->tftp_server) ? boot->tftp_server : boot->server;
}

/* The ROM asks for no mask and knows no gateway: whatever the server's address, it looks for it on
 * its own network [f#670]. */
static struct in_addr joint_mask(struct in_addr a, struct in_addr b)
{
	uint32_t mask = UINT32_MAX;

	while (((ntohl(a.s_addr) ^ ntohl(b.s_addr)) & mask) != 0)
		mask <<= 1;
	return (struct in_addr){ .s_addr = htonl(mask) };
}

static void fill_lease(
	const struct lease_client *client, const struct offers *offers, struct lease *lease)
{
	char address[ADDRESS_TEXT_SIZE], server[ADDRESS_TEXT_SIZE];

	*lease = (struct lease){
		.address = offers->address.yiaddr,
		.mask = offers->address.subnet_mask,
		.router = offers->address.router,
		.dhcp_server = offers->address.server,
		.tftp_server = tftp_server_of(client->model, &offers->boot),
	};
	if (!is_set(lease->mask))
		lease->mask = joint_mask(lease->address, lease->tftp_server);
	str_format_address(lease->address, address);
	str_format_address(lease->tftp_server, server);
	timeline_note(client->timeline, "address", "%s, files from %s", address, server);
}

int lease_obtain(struct lease_client *client, enum lease_stage stage, struct lease *lease)
{
	struct offers offers = { .has_address = false };
	uint32_t xid = ROM_XID;
	int result, fd;

	if (client->model->family != MODEL_ROM && getrandom(&xid, sizeof(xid), 0) < 0)
		return -errno;
	fd = wire_open(client->interface);
	if (fd < 0)
		return fd;
	result = discover(client, fd, stage, xid, &offers);
	/* Neither the ROM nor bootcode.bin sends a REQUEST [net, f#986, f#1699]. */
	if (result == 0 && client->model->family != MODEL_ROM)
		result = request(client, fd, stage, xid, &offers.address);
	close(fd);
	if (result == 0)
		fill_lease(client, &offers, lease);
	return result;
}
