/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "tftpd/packet.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static int parse(const uint8_t *bytes, size_t length, struct tftp_request *request)
{
	const char *why = "";

	return tftp_parse_request(bytes, length, request, &why);
}

static void reads_a_plain_request(void **state)
{
	struct tftp_request request;

	(void)state;
	assert_int_equal(parse(BYTES("\0\1bootcode.bin\0OcTeT\0"), &request), 0);
	assert_string_equal(request.name, "bootcode.bin");
	assert_int_equal(request.options, 0);
	assert_int_equal(request.blksize, 512);
	assert_int_equal(request.windowsize, 1);
}

static void refuses_what_is_no_read_request(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		int result;
	} cases[] = {
#define CASE(text, result) { text, sizeof(text) - 1, result }
		CASE("", TFTP_IGNORE),
		CASE("\0", TFTP_IGNORE),
		CASE("\0\3\0\1data", TFTP_IGNORE),
		CASE("\0\4\0\1", TFTP_IGNORE),
		CASE("\0\5\0\0text\0", TFTP_IGNORE),
		CASE("\0\0a\0octet\0", TFTP_IGNORE),
		CASE("\xff\xff", TFTP_IGNORE),
		CASE("\0\2name\0octet\0", -TFTP_ERROR_ACCESS),
		CASE("\0\1", -TFTP_ERROR_ILLEGAL),
		CASE("\0\1name", -TFTP_ERROR_ILLEGAL),
		CASE("\0\1name\0", -TFTP_ERROR_ILLEGAL),
		CASE("\0\1name\0octet", -TFTP_ERROR_ILLEGAL),
		CASE("\0\1\0octet\0", -TFTP_ERROR_ILLEGAL),
		CASE("\0\1name\0mail\0", -TFTP_ERROR_ILLEGAL),
		CASE("\0\1name\0netasci\0", -TFTP_ERROR_ILLEGAL),
	};
	struct tftp_request request;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(parse((const uint8_t *)cases[i].bytes, cases[i].length, &request),
			cases[i].result);
}

/* How long the text becomes isn't known before it is sent. */
static void takes_netascii_without_tsize(void **state)
{
	struct tftp_request request;

	(void)state;
	assert_int_equal(
		parse(BYTES("\0\1name\0NetAscii\0tsize\0000\0blksize\0001024\0"), &request), 0);
	assert_true(request.netascii);
	assert_int_equal(request.options, TFTP_OPTION_BLKSIZE);
	assert_int_equal(parse(BYTES("\0\1name\0octet\0"), &request), 0);
	assert_false(request.netascii);
}

static void refuses_a_request_over_512_bytes(void **state)
{
	uint8_t bytes[600] = "\0\1name\0octet\0x\0";
	struct tftp_request request;

	(void)state;
	memset(bytes + 16, 'y', sizeof(bytes) - 17);
	bytes[511] = '\0';
	assert_int_equal(parse(bytes, 512, &request), 0);
	assert_int_equal(parse(bytes, 513, &request), -TFTP_ERROR_ILLEGAL);
}

/* RFC 2347: names in any case and order, unknown ones and wrong values as if they weren't there. */
static void takes_options_it_knows_with_values_it_can_grant(void **state)
{
	static const struct {
		const char *value;
		unsigned options;
		uint32_t blksize;
	} cases[] = {
		{ "8", TFTP_OPTION_BLKSIZE, 8 },
		{ "1468", TFTP_OPTION_BLKSIZE, 1468 },
		{ "65464", TFTP_OPTION_BLKSIZE, 65464 },
		{ "008", TFTP_OPTION_BLKSIZE, 8 },
		{ "0", 0, 512 },
		{ "7", 0, 512 },
		{ "-1", 0, 512 },
		{ "+8", 0, 512 },
		{ " 8", 0, 512 },
		{ "0x10", 0, 512 },
		{ "1e3", 0, 512 },
		{ "abc", 0, 512 },
		{ "", 0, 512 },
		{ "99999999999999999999999999", 0, 512 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[128] = "\0\1name\0octet\0unknown\0x\0BlkSize\0";
		size_t used = 2 + 5 + 6 + 8 + 2 + 8;
		struct tftp_request request;

		memcpy(bytes + used, cases[i].value, strlen(cases[i].value) + 1);
		assert_int_equal(parse(bytes, used + strlen(cases[i].value) + 1, &request), 0);
		assert_int_equal(request.options, cases[i].options);
		assert_int_equal(request.blksize, cases[i].blksize);
	}
}

static void the_first_of_two_equal_options_counts(void **state)
{
	struct tftp_request request;

	(void)state;
	assert_int_equal(
		parse(BYTES("\0\1n\0octet\0blksize\0001024\0blksize\0002048\0"), &request), 0);
	assert_int_equal(request.blksize, 1024);
	assert_int_equal(parse(BYTES("\0\1n\0octet\0timeout\000256\0timeout\0002\0"), &request), 0);
	assert_int_equal(request.timeout_s, 2);
	assert_int_equal(parse(BYTES("\0\1n\0octet\0windowsize\0000\0tsize\0000\0"), &request), 0);
	assert_int_equal(request.options, TFTP_OPTION_TSIZE);
	assert_int_equal(parse(BYTES("\0\1n\0octet\0blksize"), &request), 0);
	assert_int_equal(request.options, 0);
}

static void acknowledges_only_what_was_asked(void **state)
{
	static const char expected[] =
		"\0\6blksize\0001468\0tsize\0005000000000\0windowsize\00016\0";
	const struct tftp_request request = { .options = TFTP_OPTION_BLKSIZE | TFTP_OPTION_TSIZE |
							 TFTP_OPTION_WINDOWSIZE,
		.blksize = 1468,
		.windowsize = 16 };
	uint8_t out[TFTP_REPLY_SIZE];

	(void)state;
	assert_int_equal(tftp_build_oack(out, &request, 5000000000), sizeof(expected) - 1);
	assert_memory_equal(out, expected, sizeof(expected) - 1);
}

static void reads_replies_within_a_session(void **state)
{
	struct tftp_reply reply;

	(void)state;
	assert_int_equal(tftp_parse_reply(BYTES("\0\4\xff\xfe"), &reply), 0);
	assert_int_equal(reply.opcode, TFTP_ACK);
	assert_int_equal(reply.block, 0xfffe);
	assert_int_equal(tftp_parse_reply(BYTES("\0\5\0\1a\nb"), &reply), 0);
	assert_int_equal(reply.code, 1);
	assert_string_equal(reply.text, "a\\x0ab");
	assert_int_equal(tftp_parse_reply(BYTES("\0\4\0"), &reply), -EBADMSG);
	assert_int_equal(tftp_parse_reply(BYTES("\0\1\0\0"), &reply), -EBADMSG);
	assert_int_equal(tftp_parse_reply(BYTES("\0\6\0\0"), &reply), -EBADMSG);
}

static void errors_end_with_nul(void **state)
{
	uint8_t out[TFTP_REPLY_SIZE];

	(void)state;
	assert_int_equal(tftp_build_error(out, TFTP_ERROR_NOT_FOUND, "gone"), 9);
	assert_memory_equal(out, "\0\5\0\1gone\0", 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_plain_request),
		cmocka_unit_test(refuses_what_is_no_read_request),
		cmocka_unit_test(takes_netascii_without_tsize),
		cmocka_unit_test(refuses_a_request_over_512_bytes),
		cmocka_unit_test(takes_options_it_knows_with_values_it_can_grant),
		cmocka_unit_test(the_first_of_two_equal_options_counts),
		cmocka_unit_test(acknowledges_only_what_was_asked),
		cmocka_unit_test(reads_replies_within_a_session),
		cmocka_unit_test(errors_end_with_nul),
	};

	return cmocka_run_group_tests_name("tftp-packet", tests, NULL, NULL);
}
