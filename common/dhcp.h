/* SPDX-License-Identifier: ISC */
/* DHCP packets (RFC 2131, options RFC 2132, PXE options RFC 4578): bytes <-> struct. Pure. */
#ifndef BRAMBLE_DHCP_H
#define BRAMBLE_DHCP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCP_PACKET_SIZE 1500

enum dhcp_message {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
};

/* The fields and options that Bramble uses. Absent addresses are 0, absent texts empty. */
struct dhcp_packet {
	bool reply; /* op == BOOTREPLY */
	uint32_t xid;
	uint16_t seconds;
	bool broadcast;
	struct in_addr ciaddr, yiaddr, siaddr, giaddr;
	struct mac mac;		     /* chaddr, Ethernet only */
	char file[128];		     /* field file, or option 67 */
	enum dhcp_message message;   /* 53 */
	struct in_addr subnet_mask;  /* 1 */
	struct in_addr router;	     /* 3, the first */
	struct in_addr dns;	     /* 6, the first */
	struct in_addr requested;    /* 50 */
	struct in_addr server;	     /* 54 */
	struct in_addr tftp_server;  /* 66 as dotted quad, or 150 */
	uint32_t lease_seconds;	     /* 51; UINT32_MAX = for ever */
	char host_name[64];	     /* 12 */
	char vendor_class[64];	     /* 60 */
	uint16_t arch;		     /* 93; 0xffff absent */
	bool has_network_interface;  /* 94 present */
	uint8_t uuid[17];	     /* 97 as it came */
	uint8_t uuid_length;	     /* 0 absent */
	uint8_t vendor_options[255]; /* 43 as it came */
	uint8_t vendor_options_length;
	uint8_t parameter_list[64]; /* 55 */
	uint8_t parameter_list_length;
};

/* Option 93, RFC 4578 section 2.1 and IANA's registry of it: what x86-64 firmware says. A Raspberry
 * Pi says the first. */
enum dhcp_arch {
	DHCP_ARCH_BIOS = 0,
	DHCP_ARCH_UEFI = 7,
	DHCP_ARCH_UEFI_BYTE_CODE = 9, /* said by x86-64 firmware that knows 4578's first text */
	DHCP_ARCH_UEFI_HTTP = 16,
};

/* Parse the UDP payload. Texts are made visible (no control bytes). Returns 0 or -EBADMSG. Fuzzed.
 */
int dhcp_parse(const uint8_t *bytes, size_t length, struct dhcp_packet *packet);

/* Build a client packet (BOOTREQUEST) from the fields that are set. `out` has DHCP_PACKET_SIZE
 * bytes. Returns its length (at least 300, RFC 1542 section 2.1). */
size_t dhcp_build(const struct dhcp_packet *packet, uint8_t *out);

/* Does option 43 hold the boot menu text "Raspberry Pi Boot"? */
bool dhcp_offers_raspberry_boot(const struct dhcp_packet *packet);

/* What a Raspberry Pi says of itself in option 97: EEPROM boards (4, 5): FourCC "RPi4"/"RPi5",
 * revision, low 4 bytes of the MAC, serial, little-endian; boot ROM of the 3B+ or DHCP_OPTION97=0:
 * the serial four times; 3B: constant 0x44. */
struct dhcp_board {
	unsigned generation; /* 4, 5; 3 for the boot ROM; 0 = not a Raspberry Pi or not told */
	uint32_t revision;   /* revision code, 0 not told */
	uint32_t serial;     /* low 32 bits, 0 not told */
};
void dhcp_identify_board(const struct dhcp_packet *packet, struct dhcp_board *board);

#endif
