/* SPDX-License-Identifier: ISC */
/* The same bytes as a request, as a reply, and as limits: texts end and are visible, values are
 * what is granted, and answers fit. */
#include <assert.h>
#include <string.h>

#include "tftpd/limits.h"
#include "tftpd/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void fuzz_request(const uint8_t *bytes, size_t length)
{
	struct tftp_request request;
	uint8_t out[TFTP_REPLY_SIZE];
	const char *why = "";

	if (tftp_parse_request(bytes, length, &request, &why) != 0)
		return;
	assert(request.blksize >= TFTP_BLOCK_MIN && request.windowsize >= 1 &&
		request.windowsize <= 65535);
	assert(memchr(request.name, '\0', sizeof(request.name)) && request.name[0]);
	tftp_limits_apply(&tftp_limits_default, &request);
	assert(request.blksize >= TFTP_BLOCK_MIN && request.blksize <= 1468);
	assert(request.windowsize >= 1 && request.windowsize <= 64);
	assert(tftp_build_oack(out, &request, UINT64_MAX) <= sizeof(out));
}

static void fuzz_reply(const uint8_t *bytes, size_t length)
{
	struct tftp_reply reply;
	uint8_t out[TFTP_REPLY_SIZE];
	size_t written;

	if (tftp_parse_reply(bytes, length, &reply) != 0)
		return;
	assert(reply.opcode == TFTP_ACK || reply.opcode == TFTP_ERROR);
	assert(memchr(reply.text, '\0', sizeof(reply.text)));
	for (const char *p = reply.text; *p; p++)
		assert(*p >= ' ' && *p < 0x7f);
	if (reply.opcode == TFTP_ACK)
		return;
	written = tftp_build_error(out, TFTP_ERROR_UNDEFINED, reply.text);
	assert(written <= sizeof(out) && out[written - 1] == '\0');
}

/* Limits as an administrator may set them. */
static void fuzz_limits(const uint8_t *bytes, size_t length)
{
	struct tftp_limits limits = tftp_limits_default;
	uint64_t descriptors;

	if (length < 4)
		return;
	limits.sessions = 1u + bytes[0] * 256u + bytes[1];
	descriptors = bytes[2] * 256u + bytes[3];
	tftp_limits_fit(&limits, descriptors);
	assert(limits.sessions >= 1);
	assert(limits.sessions == 1 || tftp_limits_descriptors(&limits) <= descriptors);
	assert(!tftp_limits_admit(&limits, limits.sessions, 0));
	assert(!tftp_limits_admit(&limits, 0, limits.sessions_per_peer));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t header[TFTP_HEADER];

	fuzz_request(bytes, length);
	fuzz_reply(bytes, length);
	fuzz_limits(bytes, length);
	tftp_build_data_header(header, (uint16_t)length);
	assert(header[1] == TFTP_DATA && header[3] == (uint8_t)length);
	return 0;
}
