/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "rootfs/json.h"

static void an_object_is_written_with_all_kinds_of_values(void **state)
{
	struct json_writer writer;
	char out[256];

	(void)state;
	json_begin(&writer, out, sizeof(out));
	json_text(&writer, "token", "a\"b\\c{");
	json_open(&writer, "board");
	json_number(&writer, "revision", 0xc03112);
	json_close(&writer);
	json_boolean(&writer, "failed", false);
	json_decimal(&writer, "load1", 0.625);
	json_number(&writer, "t", INT64_MIN);
	assert_int_equal(json_end(&writer), 0);
	assert_string_equal(out, "{\"token\":\"a\\\"b\\\\c{\",\"board\":{\"revision\":12595474},"
				 "\"failed\":false,\"load1\":0.62,\"t\":-9223372036854775808}");
}

static void what_disturbs_a_terminal_doesnt_leave_the_node(void **state)
{
	struct json_writer writer;
	char out[64];

	(void)state;
	json_begin(&writer, out, sizeof(out));
	json_text(&writer, "a", "x\033[2J\n\x7f\xc3\xa4");
	assert_int_equal(json_end(&writer), 0);
	assert_string_equal(out, "{\"a\":\"x?[2J????\"}");
}

static void numbers_that_json_cant_say_are_0(void **state)
{
	static const double odd[] = { NAN, INFINITY, -INFINITY, 1e300 };
	struct json_writer writer;
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		json_begin(&writer, out, sizeof(out));
		json_decimal(&writer, "a", odd[i]);
		assert_int_equal(json_end(&writer), 0);
		assert_string_equal(out, "{\"a\":0.00}");
	}
}

static void what_doesnt_fit_is_not_sent(void **state)
{
	struct json_writer writer;
	char out[16];

	(void)state;
	for (size_t size = 2; size <= sizeof(out); size++) {
		memset(out, 'x', sizeof(out));
		json_begin(&writer, out, size);
		json_text(&writer, "a", "bcdefg");
		assert_int_equal(json_end(&writer), size < 15 ? -ENOSPC : 0);
		assert_true(memchr(out, '\0', size) != NULL);
		if (size < sizeof(out))
			assert_int_equal(out[size], 'x');
	}
}

static const struct {
	const char *text;
	int result;
	const char *value; /* of "a" */
} objects[] = {
	{ "{\"a\":\"b\"}", 0, "b" },
	{ " {\t\"x\" : 1 ,\r\n \"a\" : \"1790000000123456789\" } ", 0, "1790000000123456789" },
	{ "{\"a\":-1.5e+3}", 0, "-1.5e+3" },
	{ "{\"a\":true,\"b\":null}", 0, "true" },
	{ "{\"a\":\"q\\\"b\\\\s\\/\"}", 0, "q\"b\\s/" },
	{ "{\"a\":\"\"}", 0, "" },
	{ "{\"a\":null}", -ENOENT, NULL },
	{ "{}", -ENOENT, NULL },
	{ "{\"aa\":1,\"b\":\"a\"}", -ENOENT, NULL },
	{ "{\"a\":1,\"a\":2}", -EBADMSG, NULL },
	{ "{\"a\":1}x", -EBADMSG, NULL },
	{ "{\"a\":1,}", -EBADMSG, NULL },
	{ "{\"a\":1 \"b\":2}", -EBADMSG, NULL },
	{ "{\"a\" 1}", -EBADMSG, NULL },
	{ "{\"a\":}", -EBADMSG, NULL },
	{ "{a:1}", -EBADMSG, NULL },
	{ "{\"a\":01}", -EBADMSG, NULL },
	{ "{\"a\":1.}", -EBADMSG, NULL },
	{ "{\"a\":1e}", -EBADMSG, NULL },
	{ "{\"a\":-}", -EBADMSG, NULL },
	{ "{\"a\":nan}", -EBADMSG, NULL },
	{ "{\"a\":{\"b\":1}}", -EBADMSG, NULL }, /* flat objects only */
	{ "{\"b\":[1],\"a\":1}", -EBADMSG, NULL },
	{ "{\"a\":\"\\u0041\"}", -EBADMSG, NULL },
	{ "{\"a\":\"x\ny\"}", -EBADMSG, NULL },
	{ "{\"a\":\"0123456789012345678901234567890\"}", 0, "0123456789012345678901234567890" },
	{ "{\"a\":\"01234567890123456789012345678901\"}", -EBADMSG, NULL }, /* doesn't fit */
	{ "{\"a\":12345678901234567890123456789012}", -EBADMSG, NULL },
	{ "[]", -EBADMSG, NULL },
	{ "", -EBADMSG, NULL },
	{ "null", -EBADMSG, NULL },
};

static void objects_are_read_strictly(void **state)
{
	char value[32];

	(void)state;
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		int result = json_get(objects[i].text, "a", value, sizeof(value));

		if (result != objects[i].result)
			fail_msg("%s: %d", objects[i].text, result);
		assert_string_equal(value, result == 0 ? objects[i].value : "");
	}
}

static void every_truncation_is_refused(void **state)
{
	static const char whole[] = "{\"b\":\"c\\\"\",\"a\":-1.5e3,\"d\":false}";
	char text[sizeof(whole)], value[32];

	(void)state;
	assert_int_equal(json_get(whole, "a", value, sizeof(value)), 0);
	for (size_t n = 0; n < strlen(whole); n++) {
		memcpy(text, whole, n);
		text[n] = '\0';
		assert_int_equal(json_get(text, "a", value, sizeof(value)), -EBADMSG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_written_with_all_kinds_of_values),
		cmocka_unit_test(what_disturbs_a_terminal_doesnt_leave_the_node),
		cmocka_unit_test(numbers_that_json_cant_say_are_0),
		cmocka_unit_test(what_doesnt_fit_is_not_sent),
		cmocka_unit_test(objects_are_read_strictly),
		cmocka_unit_test(every_truncation_is_refused),
	};

	return cmocka_run_group_tests_name("node_json", tests, NULL, NULL);
}
