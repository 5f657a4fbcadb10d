/* SPDX-License-Identifier: ISC */
#include "tftpd/netascii.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define PIECE 4096u /* bytes, read at once */

void tftp_netascii_start(struct tftp_netascii *text, uint64_t size)
{
	const struct tftp_netascii_place begin = { .block = 1 };

	*text = (struct tftp_netascii){ .size = size, .first = begin, .ahead = begin };
}

size_t tftp_netascii_translate(struct tftp_netascii_place *place, const uint8_t *bytes, size_t n,
	uint8_t *out, size_t room)
{
	size_t written = 0, used = 0;

	while (written < room) {
		if (place->half) {
			out[written++] = place->second;
			place->half = false;
		} else if (used == n) {
			break;
		} else {
			uint8_t byte = bytes[used++];

			place->half = byte == '\n' || byte == '\r';
			place->second = byte == '\n' ? '\n' : '\0';
			out[written++] = place->half ? '\r' : byte;
		}
	}
	place->offset += used;
	return written;
}

/* The block at `place`, which moves on to the next. Returns its length, less than blksize at the
 * text's end, or -EIO when the file has become shorter. */
static ssize_t read_block(const struct tftp_netascii *text, struct tftp_netascii_place *place,
	int file, uint8_t *out, uint32_t blksize)
{
	uint8_t bytes[PIECE];
	size_t have = 0;

	while (have < blksize && (place->half || place->offset < text->size)) {
		uint64_t left = text->size - place->offset;
		size_t most = blksize - have < PIECE ? blksize - have : PIECE;
		ssize_t n = 0;

		if (left > 0)
			n = preadv(file,
				&(struct iovec){ bytes, left < most ? (size_t)left : most }, 1,
				(off_t)place->offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (n == 0 && left > 0))
			return -EIO;
		have += tftp_netascii_translate(
			place, bytes, (size_t)n, out + have, blksize - have);
	}
	place->block++;
	return (ssize_t)have;
}

/* Let text->first be the place of block `number`, which is acknowledged up to there. */
static int move_to(struct tftp_netascii *text, struct tftp_scratch *scratch, int file,
	uint32_t blksize, uint64_t number)
{
	if (text->ahead.block == number)
		text->first = text->ahead;
	while (text->first.block < number) {
		if (read_block(text, &text->first, file, scratch->bytes, blksize) < 0)
			return -EIO;
	}
	return 0;
}

int tftp_send_netascii(struct tftp_scratch *scratch, int socket, int file,
	struct tftp_netascii *text, struct tftp_session *session, uint64_t first, uint32_t count)
{
	if (move_to(text, scratch, file, session->blksize, first) != 0)
		return -EIO;
	text->ahead = text->first;
	for (uint32_t i = 0; i < count && first + i <= session->last; i++) {
		ssize_t length = read_block(
			text, &text->ahead, file, scratch->bytes + TFTP_HEADER, session->blksize);

		if (length < 0)
			return -EIO;
		if ((size_t)length < session->blksize)
			tftp_session_end_at(session, first + i, (uint32_t)length);
		tftp_build_data_header(scratch->bytes, (uint16_t)(first + i));
		/* What a full queue doesn't take is lost, like on any link. */
		(void)!send(socket, scratch->bytes, TFTP_HEADER + (size_t)length, MSG_DONTWAIT);
	}
	return 0;
}
