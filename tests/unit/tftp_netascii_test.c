/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tftpd/netascii.h"

/* A text whose every kind of line end falls on every place of a block. */
static const char raw[] = "a\nb\rc\r\n\n\r\r\nlonger lines, and\n\nmore\r";
static const char wire[] = "a\r\nb\r\0c\r\0\r\n\r\n\r\0\r\0\r\nlonger lines, and\r\n\r\nmore\r\0";
#define RAW_SIZE (sizeof(raw) - 1)
#define WIRE_SIZE (sizeof(wire) - 1)

struct transfer {
	struct tftp_session session;
	struct tftp_netascii text;
	int file, sockets[2];
};

static struct tftp_scratch scratch;

static struct transfer begin(uint32_t blksize, uint32_t windowsize)
{
	const struct tftp_request request = {
		.netascii = true, .blksize = blksize, .windowsize = windowsize
	};
	struct transfer t;

	t.file = memfd_create("text", 0);
	assert_int_equal(write(t.file, raw, RAW_SIZE), RAW_SIZE);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, t.sockets), 0);
	tftp_netascii_start(&t.text, RAW_SIZE);
	(void)tftp_session_start(&t.session, &request, RAW_SIZE, 0);
	return t;
}

static void end(const struct transfer *t)
{
	close(t->file);
	close(t->sockets[0]);
	close(t->sockets[1]);
}

static int send_some(struct transfer *t, uint64_t first, uint32_t count)
{
	return tftp_send_netascii(
		&scratch, t->sockets[0], t->file, &t->text, &t->session, first, count);
}

/* One packet: block `number` of what must come. */
static void expect(const struct transfer *t, uint64_t number)
{
	const uint32_t blksize = t->session.blksize;
	size_t offset = (number - 1) * blksize, left = WIRE_SIZE - offset;
	uint8_t packet[600];
	ssize_t length = recv(t->sockets[1], packet, sizeof(packet), MSG_DONTWAIT);

	if (left > blksize)
		left = blksize;
	assert_int_equal(length, TFTP_HEADER + left);
	assert_int_equal(packet[3], number);
	assert_memory_equal(packet + TFTP_HEADER, wire + offset, left);
}

static void expect_nothing(const struct transfer *t)
{
	uint8_t packet[4];

	assert_int_equal(recv(t->sockets[1], packet, sizeof(packet), MSG_DONTWAIT), -1);
}

static void translates_alike_in_pieces_of_any_size(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= RAW_SIZE; piece++) {
		for (size_t room = 1; room <= WIRE_SIZE; room++) {
			struct tftp_netascii_place place = { .block = 1 };
			uint8_t out[WIRE_SIZE + 1];
			size_t have = 0;

			while (place.offset < RAW_SIZE || place.half) {
				size_t left = RAW_SIZE - place.offset;
				size_t free = WIRE_SIZE - have;

				assert_true(free > 0);
				have += tftp_netascii_translate(&place,
					(const uint8_t *)raw + place.offset,
					left < piece ? left : piece, out + have,
					free < room ? free : room);
			}
			assert_int_equal(have, WIRE_SIZE);
			assert_memory_equal(out, wire, WIRE_SIZE);
		}
	}
}

static void sends_block_after_block_and_finds_the_end(void **state)
{
	(void)state;
	for (uint32_t blksize = 8; blksize < 70; blksize++) {
		struct transfer t = begin(blksize, 1);
		uint64_t last = WIRE_SIZE / blksize + 1;

		for (uint64_t block = 1; block <= last; block++) {
			assert_true(t.session.last > last);
			assert_int_equal(send_some(&t, block, 1), 0);
			expect(&t, block);
		}
		assert_int_equal(t.session.last, last);
		assert_int_equal(t.session.size, WIRE_SIZE);
		end(&t);
	}
}

static void a_window_ends_with_the_text(void **state)
{
	struct transfer t = begin(8, 64);

	(void)state;
	t.session.sent = 64;
	assert_int_equal(send_some(&t, 1, 64), 0);
	for (uint64_t block = 1; block <= WIRE_SIZE / 8 + 1; block++)
		expect(&t, block);
	expect_nothing(&t);
	assert_int_equal(t.session.sent, WIRE_SIZE / 8 + 1);
	end(&t);
}

static void sends_the_same_again_from_any_place(void **state)
{
	(void)state;
	for (uint64_t gap = 1; gap <= 4; gap++) {
		struct transfer t = begin(8, 4);

		assert_int_equal(send_some(&t, 1, 4), 0);
		for (uint64_t block = 1; block <= 4; block++)
			expect(&t, block);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(send_some(&t, gap, 4), 0);
			for (uint64_t block = gap; block < gap + 4 && block <= t.session.last;
				block++)
				expect(&t, block);
			expect_nothing(&t);
		}
		end(&t);
	}
}

static void a_file_that_became_shorter_is_an_error(void **state)
{
	struct transfer t = begin(8, 1);

	(void)state;
	assert_int_equal(send_some(&t, 1, 1), 0);
	expect(&t, 1);
	assert_int_equal(ftruncate(t.file, 7), 0);
	assert_int_equal(send_some(&t, 2, 1), -EIO);
	expect_nothing(&t);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translates_alike_in_pieces_of_any_size),
		cmocka_unit_test(sends_block_after_block_and_finds_the_end),
		cmocka_unit_test(a_window_ends_with_the_text),
		cmocka_unit_test(sends_the_same_again_from_any_place),
		cmocka_unit_test(a_file_that_became_shorter_is_an_error),
	};

	return cmocka_run_group_tests_name("tftp-netascii", tests, NULL, NULL);
}
