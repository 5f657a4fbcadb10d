/* SPDX-License-Identifier: ISC */
#include "common/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define DNS_NAME_LENGTH 253u

static const char hex_digits[] = "0123456789abcdef";

int str_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t result = 0;

	if (*text == '\0')
		return -EINVAL;
	for (const char *p = text; *p; p++) {
		unsigned digit;

		if (*p < '0' || *p > '9')
			return -EINVAL;
		digit = (unsigned)(*p - '0');
		if (result > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		result = result * 10 + digit;
	}
	if (result < min || result > max)
		return -ERANGE;
	*value = result;
	return 0;
}

int str_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int str_parse_mac(const char *text, struct mac *mac)
{
	struct mac result;
	char separator = text[0] && text[1] ? text[2] : '\0';

	if (separator != ':' && separator != '-')
		return -EINVAL;
	for (size_t i = 0; i < sizeof(result.octet); i++) {
		const char *p = text + 3 * i;
		int high = str_hex_value(p[0]);
		int low = high < 0 ? -1 : str_hex_value(p[1]);

		if (low < 0 || p[2] != (i + 1 < sizeof(result.octet) ? separator : '\0'))
			return -EINVAL;
		result.octet[i] = (uint8_t)(high << 4 | low);
	}
	*mac = result;
	return 0;
}

void str_format_mac(const struct mac *mac, char out[static MAC_TEXT_SIZE])
{
	for (size_t i = 0; i < sizeof(mac->octet); i++, out += 3) {
		out[0] = hex_digits[mac->octet[i] >> 4];
		out[1] = hex_digits[mac->octet[i] & 0xf];
		out[2] = ':';
	}
	out[-1] = '\0';
}

int str_parse_address(const char *text, struct in_addr *address)
{
	return inet_pton(AF_INET, text, address) == 1 ? 0 : -EINVAL;
}

void str_format_address(struct in_addr address, char out[static ADDRESS_TEXT_SIZE])
{
	const uint32_t all = ntohl(address.s_addr);

	for (unsigned shift = 24;; shift -= 8) {
		const unsigned octet = all >> shift & 0xff;

		if (octet >= 100)
			*out++ = (char)('0' + octet / 100);
		if (octet >= 10)
			*out++ = (char)('0' + octet / 10 % 10);
		*out++ = (char)('0' + octet % 10);
		if (shift == 0)
			break;
		*out++ = '.';
	}
	*out = '\0';
}

int str_parse_network(const char *text, struct in_addr *address, unsigned *prefix_length)
{
	char host[ADDRESS_TEXT_SIZE];
	const char *slash = strchr(text, '/');
	struct in_addr parsed;
	uint64_t length;

	if (!slash || (size_t)(slash - text) >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, (size_t)(slash - text));
	host[slash - text] = '\0';
	if (str_parse_address(host, &parsed) != 0 || str_parse_u64(slash + 1, 0, 32, &length) != 0)
		return -EINVAL;
	*address = parsed;
	*prefix_length = (unsigned)length;
	return 0;
}

static bool is_label_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool str_is_node_name(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length >= NODE_NAME_SIZE || text[0] == '-' || text[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_label_byte(text[i]))
			return false;
	}
	return true;
}

bool str_is_dns_name(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > DNS_NAME_LENGTH || text[0] == '-' || text[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_label_byte(text[i]) && text[i] != '.')
			return false;
	}
	return true;
}

bool str_is_hash(const char *text, size_t length)
{
	return length == HASH_TEXT_SIZE - 1 && strspn(text, "0123456789abcdef") >= length;
}

bool str_is_serial(const char *text, size_t length)
{
	if (length != SERIAL_TEXT_SIZE - 1)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (str_hex_value(text[i]) < 0)
			return false;
	}
	return true;
}

void str_format_hex(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex_digits[bytes[i] >> 4];
		out[2 * i + 1] = hex_digits[bytes[i] & 0xf];
	}
	out[2 * n] = '\0';
}

bool str_copy(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);
	size_t taken = length < size ? length : size - 1;

	memcpy(out, text, taken);
	out[taken] = '\0';
	return taken == length;
}

void str_copy_visible(char *out, size_t size, const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= 0x20 && c < 0x7f && c != '\\';
		size_t need = plain ? 1 : 4;

		if (used + need >= size)
			break;
		if (plain) {
			out[used] = (char)c;
		} else {
			const char shown[4] = { '\\', 'x', hex_digits[c >> 4],
				hex_digits[c & 0xf] };

			memcpy(out + used, shown, sizeof(shown));
		}
		used += need;
	}
	out[used] = '\0';
}
