/* SPDX-License-Identifier: ISC */
#include "tftpd/limits.h"

#define OTHER_DESCRIPTORS 64u
#define DESCRIPTORS_OF_SESSION 3u

const struct tftp_limits tftp_limits_default = {
	.sessions = 1024, .sessions_per_peer = 16, .blksize = 1468, .windowsize = 64
};

bool tftp_limits_admit(const struct tftp_limits *limits, unsigned sessions, unsigned of_peer)
{
	return sessions < limits->sessions && of_peer < limits->sessions_per_peer;
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

void tftp_limits_apply(const struct tftp_limits *limits, struct tftp_request *request)
{
	uint32_t fitting;

	request->blksize = at_most(request->blksize, limits->blksize);
	fitting = TFTP_WINDOW_BYTES / request->blksize;
	request->windowsize = at_most(request->windowsize, limits->windowsize);
	request->windowsize = at_most(request->windowsize, fitting > 1 ? fitting : 1);
}

uint64_t tftp_limits_descriptors(const struct tftp_limits *limits)
{
	return DESCRIPTORS_OF_SESSION * (uint64_t)limits->sessions + OTHER_DESCRIPTORS;
}

void tftp_limits_fit(struct tftp_limits *limits, uint64_t descriptors)
{
	uint64_t fitting = descriptors > OTHER_DESCRIPTORS + DESCRIPTORS_OF_SESSION
				   ? (descriptors - OTHER_DESCRIPTORS) / DESCRIPTORS_OF_SESSION
				   : 1;

	if (limits->sessions > fitting)
		limits->sessions = (unsigned)fitting;
}
