/* SPDX-License-Identifier: ISC */
/* A requested file name, from the network: who asks, and for what. Pure. */
#include "boot/boot.h"

#include <errno.h>
#include <string.h>

#define SERIAL_LENGTH (SERIAL_TEXT_SIZE - 1)
#define MAC_LENGTH (MAC_TEXT_SIZE - 1)

/* Visible ASCII without '\': what a board's firmware, U-Boot and iPXE put in names. */
static bool is_name_byte(unsigned char byte)
{
	return byte > ' ' && byte < 0x7f && byte != '\\';
}

static bool is_safe_segment(const char *segment, size_t length)
{
	if (length == 0 || (length == 1 && segment[0] == '.') ||
		(length == 2 && segment[0] == '.' && segment[1] == '.'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_name_byte((unsigned char)segment[i]))
			return false;
	return true;
}

static bool is_safe_path(const char *path)
{
	for (;;) {
		size_t length = strcspn(path, "/");

		if (!is_safe_segment(path, length))
			return false;
		if (path[length] == '\0')
			return true;
		path += length + 1;
	}
}

/* TFTP_PREFIX=2 of the EEPROM writes the MAC with '-' only. */
static bool take_mac(const char *segment, struct mac *mac)
{
	char text[MAC_TEXT_SIZE];

	memcpy(text, segment, MAC_LENGTH);
	text[MAC_LENGTH] = '\0';
	return text[2] == '-' && str_parse_mac(text, mac) == 0;
}

static void take_serial(const char *segment, char out[static SERIAL_TEXT_SIZE])
{
	for (size_t i = 0; i < SERIAL_LENGTH; i++) {
		char digit = segment[i];

		out[i] = digit >= 'A' && digit <= 'F' ? (char)(digit - 'A' + 'a') : digit;
	}
	out[SERIAL_LENGTH] = '\0';
}

int boot_split_name(const char *name, struct boot_name *out)
{
	size_t first;

	memset(out, 0, sizeof(*out));
	if (*name == '/')
		name++;
	if (!is_safe_path(name))
		return -EINVAL;
	out->leaf = name;
	first = strcspn(name, "/");
	if (name[first] == '\0')
		return 0;
	if (first == SERIAL_LENGTH && str_is_serial(name, first))
		take_serial(name, out->serial);
	else if (first == MAC_LENGTH && take_mac(name, &out->mac))
		out->has_mac = true;
	else
		return 0;
	out->leaf = name + first + 1;
	return 0;
}
