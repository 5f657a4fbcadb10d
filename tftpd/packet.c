/* SPDX-License-Identifier: ISC */
#include "tftpd/packet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/str.h"

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void put16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* The next NUL-terminated string, or NULL when there is none that ends in the packet. */
static const char *next_string(const uint8_t *bytes, size_t length, size_t *offset)
{
	const uint8_t *start = bytes + *offset;
	const uint8_t *end = *offset < length ? memchr(start, '\0', length - *offset) : NULL;

	if (!end)
		return NULL;
	*offset += (size_t)(end - start) + 1;
	return (const char *)start;
}

/* A malformed or impossible value makes the option as if it weren't there (RFC 2347), and the first
 * of two equal options counts. */
static void parse_option(struct tftp_request *request, const char *name, const char *value)
{
	static const struct {
		const char *name;
		enum tftp_option option;
		uint64_t min, max;
		size_t offset;
	} known[] = {
		{ "blksize", TFTP_OPTION_BLKSIZE, TFTP_BLOCK_MIN, UINT32_MAX,
			offsetof(struct tftp_request, blksize) },
		{ "timeout", TFTP_OPTION_TIMEOUT, 1, 255,
			offsetof(struct tftp_request, timeout_s) },
		{ "tsize", TFTP_OPTION_TSIZE, 0, UINT64_MAX, 0 },
		{ "windowsize", TFTP_OPTION_WINDOWSIZE, 1, 65535,
			offsetof(struct tftp_request, windowsize) },
	};
	uint64_t number;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcasecmp(name, known[i].name) != 0)
			continue;
		if (request->options & known[i].option ||
			str_parse_u64(value, known[i].min, known[i].max, &number) != 0)
			return;
		request->options |= known[i].option;
		if (known[i].offset) {
			uint32_t kept = (uint32_t)number;

			memcpy((char *)request + known[i].offset, &kept, sizeof(kept));
		}
		return;
	}
}

int tftp_parse_request(
	const uint8_t *bytes, size_t length, struct tftp_request *request, const char **why)
{
	const char *name, *mode, *option, *value;
	size_t offset = 2;

	if (length < 2)
		return TFTP_IGNORE;
	if (get16(bytes) == TFTP_WRQ) {
		*why = "this server is read-only";
		return -TFTP_ERROR_ACCESS;
	}
	if (get16(bytes) != TFTP_RRQ)
		return TFTP_IGNORE;
	*why = "malformed request";
	name = next_string(bytes, length, &offset);
	mode = name ? next_string(bytes, length, &offset) : NULL;
	if (!mode || length > TFTP_REQUEST_SIZE || *name == '\0')
		return -TFTP_ERROR_ILLEGAL;
	*request = (struct tftp_request){
		.length = length, .blksize = TFTP_BLOCK_DEFAULT, .windowsize = 1
	};
	request->netascii = strcasecmp(mode, "netascii") == 0;
	if (!request->netascii && strcasecmp(mode, "octet") != 0) {
		*why = "only modes octet and netascii are served";
		return -TFTP_ERROR_ILLEGAL;
	}
	str_copy(request->name, sizeof(request->name), name);
	while ((option = next_string(bytes, length, &offset)) &&
		(value = next_string(bytes, length, &offset)))
		parse_option(request, option, value);
	if (request->netascii)
		request->options &= ~(unsigned)TFTP_OPTION_TSIZE;
	return 0;
}

int tftp_parse_reply(const uint8_t *bytes, size_t length, struct tftp_reply *reply)
{
	if (length < TFTP_HEADER)
		return -EBADMSG;
	switch (get16(bytes)) {
	case TFTP_ACK:
		*reply = (struct tftp_reply){ .opcode = TFTP_ACK, .block = get16(bytes + 2) };
		return 0;
	case TFTP_ERROR:
		*reply = (struct tftp_reply){ .opcode = TFTP_ERROR, .code = get16(bytes + 2) };
		str_copy_visible(reply->text, sizeof(reply->text),
			(const char *)bytes + TFTP_HEADER,
			strnlen((const char *)bytes + TFTP_HEADER, length - TFTP_HEADER));
		return 0;
	default:
		return -EBADMSG;
	}
}

size_t tftp_build_error(uint8_t *out, enum tftp_error code, const char *text)
{
	put16(out, TFTP_ERROR);
	put16(out + 2, (uint16_t)code);
	str_copy((char *)out + TFTP_HEADER, TFTP_REPLY_SIZE - TFTP_HEADER, text);
	return TFTP_HEADER + strlen((char *)out + TFTP_HEADER) + 1;
}

static size_t put_option(uint8_t *out, size_t used, const char *name, uint64_t value)
{
	/* Both strings end with NUL on the wire; four options of this kind take less than 100
	 * bytes. */
	int n = snprintf(
		(char *)out + used, TFTP_REPLY_SIZE - used, "%s%c%" PRIu64, name, '\0', value);

	return used + (size_t)n + 1;
}

size_t tftp_build_oack(uint8_t *out, const struct tftp_request *request, uint64_t size)
{
	size_t used = 2;

	put16(out, TFTP_OACK);
	if (request->options & TFTP_OPTION_BLKSIZE)
		used = put_option(out, used, "blksize", request->blksize);
	if (request->options & TFTP_OPTION_TIMEOUT)
		used = put_option(out, used, "timeout", request->timeout_s);
	if (request->options & TFTP_OPTION_TSIZE)
		used = put_option(out, used, "tsize", size);
	if (request->options & TFTP_OPTION_WINDOWSIZE)
		used = put_option(out, used, "windowsize", request->windowsize);
	return used;
}

void tftp_build_data_header(uint8_t out[static TFTP_HEADER], uint16_t block)
{
	put16(out, TFTP_DATA);
	put16(out + 2, block);
}
