/* SPDX-License-Identifier: ISC */
/* The first byte chooses: a request, or a session that is fed timed packets. */
#include <assert.h>
#include <string.h>

#include "common/clock.h"
#include "tftpd/limits.h"
#include "tftpd/session.h"

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

/* Whatever the client says: blocks come from the file, and each ACK brings at most one window. */
static void fuzz_session(const uint8_t *bytes, size_t length)
{
	const struct tftp_request request = { .options = bytes[0] & 15u,
		.blksize = 8u + bytes[1],
		.windowsize = 1u + bytes[2] % 64u,
		.timeout_s = 1 };
	uint64_t now = 0, size = (uint64_t)bytes[3] << 8;
	struct tftp_session session;
	struct tftp_output output = tftp_session_start(&session, &request, size, now);

	for (size_t i = 4; i + 5 <= length; i += 5) {
		struct tftp_reply reply;

		if (output.action == TFTP_SEND_DATA) {
			assert(output.first >= 1 && output.count >= 1 &&
				output.count <= session.windowsize);
			assert(output.first + output.count - 1 <= session.last);
			assert(tftp_session_offset(&session, output.first) <= size);
		}
		assert(tftp_session_bytes(&session) <= size);
		if (output.action >= TFTP_FINISHED)
			return;
		now += bytes[i] * NS_PER_MS;
		if (bytes[i] & 1)
			output = tftp_session_timeout(&session, now);
		else if (tftp_parse_reply(bytes + i + 1, 4, &reply) == 0)
			output = tftp_session_receive(&session, &reply, now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (length < 5)
		return 0;
	if (bytes[0] & 0x80)
		fuzz_request(bytes + 1, length - 1);
	else
		fuzz_session(bytes, length);
	return 0;
}
