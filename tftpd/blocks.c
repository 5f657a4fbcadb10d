/* SPDX-License-Identifier: ISC */
#include "tftpd/blocks.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103 /* linux/udp.h, since Linux 4.18 */
#endif

/* Drop what has been read from the front of `vectors`; returns how many are left. */
static size_t drop_front(struct iovec *vectors, size_t n, size_t bytes)
{
	size_t whole = 0;

	while (whole < n && bytes >= vectors[whole].iov_len)
		bytes -= vectors[whole++].iov_len;
	memmove(vectors, vectors + whole, (n - whole) * sizeof(*vectors));
	if (whole < n) {
		vectors[0].iov_base = (uint8_t *)vectors[0].iov_base + bytes;
		vectors[0].iov_len -= bytes;
	}
	return n - whole;
}

/* Read consecutive bytes into `vectors` (used up). 0, or -EIO when the file ends before. */
static int read_all(int file, struct iovec *vectors, size_t n, uint64_t offset)
{
	n = drop_front(vectors, n, 0); /* an empty last block */
	while (n > 0) {
		ssize_t got =
			n == 1 ? pread(file, vectors[0].iov_base, vectors[0].iov_len, (off_t)offset)
			       : preadv(file, vectors, (int)n, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EIO;
		offset += (uint64_t)got;
		n = drop_front(vectors, n, (size_t)got);
	}
	return 0;
}

/* Put blocks with their headers one behind the other. Returns the length of all, or -EIO. */
static ssize_t put_together(struct tftp_scratch *scratch, int file,
	const struct tftp_session *session, uint64_t first, uint32_t count)
{
	struct iovec vectors[TFTP_SEGMENTS];
	uint8_t *at = scratch->bytes;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t length = tftp_session_length(session, first + i);

		tftp_build_data_header(at, (uint16_t)(first + i));
		vectors[i] = (struct iovec){ .iov_base = at + TFTP_HEADER, .iov_len = length };
		at += TFTP_HEADER + length;
	}
	if (read_all(file, vectors, count, tftp_session_offset(session, first)) != 0)
		return -EIO;
	return at - scratch->bytes;
}

/* One send of many packets. Returns false if the way to the client can't do this. */
static bool send_segments(int socket, struct tftp_scratch *scratch, size_t length, uint16_t segment)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(segment))];
	} control = { 0 };
	struct iovec vector = { .iov_base = scratch->bytes, .iov_len = length };
	const struct msghdr header = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);

	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
	/* EINVAL: a segment is larger than a packet; EIO: no checksum offload; else the queue is
	 * full, or the client's port is closed, which the next recv() tells. */
	return sendmsg(socket, &header, MSG_DONTWAIT) >= 0 ||
	       (errno != EINVAL && errno != EIO && errno != EOPNOTSUPP && errno != EMSGSIZE);
}

static void send_one_by_one(
	int socket, const struct tftp_scratch *scratch, size_t length, size_t segment)
{
	for (size_t at = 0; at < length; at += segment) {
		size_t left = length - at;

		(void)!send(
			socket, scratch->bytes + at, left < segment ? left : segment, MSG_DONTWAIT);
	}
}

int tftp_send_blocks(struct tftp_scratch *scratch, int socket, int file,
	const struct tftp_session *session, uint64_t first, uint32_t count, bool *singly)
{
	const uint32_t segment = TFTP_HEADER + session->blksize;
	const uint32_t most = TFTP_SEND_BYTES / segment < TFTP_SEGMENTS ? TFTP_SEND_BYTES / segment
									: TFTP_SEGMENTS;

	while (count > 0) {
		uint32_t n = count < most ? count : most;
		ssize_t length = put_together(scratch, file, session, first, n);

		if (length < 0)
			return -EIO;
		if (n > 1 && !*singly)
			*singly =
				!send_segments(socket, scratch, (size_t)length, (uint16_t)segment);
		if (n == 1 || *singly)
			send_one_by_one(socket, scratch, (size_t)length, segment);
		first += n;
		count -= n;
	}
	return 0;
}
