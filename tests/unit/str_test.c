/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "common/str.h"

static void numbers_are_digits_within_the_range(void **state)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		int result;
		uint64_t value;
	} cases[] = {
		{ "0", 0, 10, 0, 0 },
		{ "10", 0, 10, 0, 10 },
		{ "008", 0, 10, 0, 8 },
		{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, -ERANGE, 0 },
		{ "11", 0, 10, -ERANGE, 0 },
		{ "7", 8, 10, -ERANGE, 0 },
		{ "", 0, 10, -EINVAL, 0 },
		{ "-1", 0, 10, -EINVAL, 0 },
		{ "+1", 0, 10, -EINVAL, 0 },
		{ " 1", 0, 10, -EINVAL, 0 },
		{ "1x", 0, 10, -EINVAL, 0 },
		{ "0x1", 0, 10, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		assert_int_equal(str_parse_u64(cases[i].text, cases[i].min, cases[i].max, &value),
			cases[i].result);
		assert_int_equal(value, cases[i].value);
	}
}

static void macs_are_six_pairs_with_one_separator(void **state)
{
	static const char *const bad[] = { "", "d", "dc", "dc:a6:32:01:36",
		"dc:a6:32:01:36:c2:", "dc:a6-32:01:36:c2", "dc:a6:32:01:36:g2", "dca6320136c2",
		"dc:a6:32:01:36:c", " dc:a6:32:01:36:c2" };
	struct mac mac;
	char text[MAC_TEXT_SIZE];

	(void)state;
	assert_int_equal(str_parse_mac("DC-a6-32-01-36-C2", &mac), 0);
	str_format_mac(&mac, text);
	assert_string_equal(text, "dc:a6:32:01:36:c2");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(str_parse_mac(bad[i], &mac), -EINVAL);
}

static void networks_have_an_address_and_a_length(void **state)
{
	struct in_addr address;
	unsigned length;
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	assert_int_equal(str_parse_network("10.77.0.1/24", &address, &length), 0);
	assert_int_equal(length, 24);
	str_format_address(address, text);
	assert_string_equal(text, "10.77.0.1");
	assert_int_equal(str_parse_network("10.77.0.1", &address, &length), -EINVAL);
	assert_int_equal(str_parse_network("10.77.0.1/33", &address, &length), -EINVAL);
	assert_int_equal(str_parse_network("10.77.0/24", &address, &length), -EINVAL);
	assert_int_equal(str_parse_network("255.255.255.255.255/24", &address, &length), -EINVAL);
}

static void addresses_are_written_as_they_are_read(void **state)
{
	static const char *const texts[] = { "0.0.0.0", "255.255.255.255", "192.168.100.9",
		"10.1.99.200", "1.10.101.110" };
	char text[ADDRESS_TEXT_SIZE];
	struct in_addr address;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(str_parse_address(texts[i], &address), 0);
		str_format_address(address, text);
		assert_string_equal(text, texts[i]);
	}
}

static void node_names_are_one_rfc1123_label(void **state)
{
	char longest[NODE_NAME_SIZE + 1];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	longest[63] = '\0';
	assert_true(str_is_node_name("rasp1"));
	assert_true(str_is_node_name("1-a"));
	assert_true(str_is_node_name(longest));
	longest[63] = 'a';
	longest[64] = '\0';
	assert_false(str_is_node_name(longest));
	assert_false(str_is_node_name(""));
	assert_false(str_is_node_name("-a"));
	assert_false(str_is_node_name("a-"));
	assert_false(str_is_node_name("Rasp1"));
	assert_false(str_is_node_name("a.b"));
	assert_false(str_is_node_name("../a"));
	assert_false(str_is_node_name("a\nb"));
}

static void control_bytes_become_visible(void **state)
{
	char out[32], small[6];

	(void)state;
	str_copy_visible(out, sizeof(out), "a\n\\\xff", 4);
	assert_string_equal(out, "a\\x0a\\x5c\\xff");
	str_copy_visible(small, sizeof(small), "ab\ncd", 5);
	assert_string_equal(small, "ab");
	assert_false(str_copy(small, sizeof(small), "123456"));
	assert_string_equal(small, "12345");
	assert_true(str_copy(small, sizeof(small), "12345"));
}

static void serials_are_eight_hex_digits(void **state)
{
	(void)state;
	assert_true(str_is_serial("b66c4C16", 8));
	assert_false(str_is_serial("b66c4c1", 7));
	assert_false(str_is_serial("b66c4c1g", 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_digits_within_the_range),
		cmocka_unit_test(macs_are_six_pairs_with_one_separator),
		cmocka_unit_test(networks_have_an_address_and_a_length),
		cmocka_unit_test(addresses_are_written_as_they_are_read),
		cmocka_unit_test(node_names_are_one_rfc1123_label),
		cmocka_unit_test(control_bytes_become_visible),
		cmocka_unit_test(serials_are_eight_hex_digits),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
