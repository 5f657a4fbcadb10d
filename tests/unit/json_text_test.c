/* SPDX-License-Identifier: ISC */
/* JSON that is written as text: cJSON reads and writes the same. */
#include "provisioner/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

static void expect(struct json_text *json, const char *expected)
{
	char *text = json_text_take(json);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void members_and_items_are_separated(void **state)
{
	struct json_text json = { .data = NULL };

	(void)state;
	json_text_begin(&json, NULL, '{');
	json_text_begin(&json, "empty", '[');
	json_text_end(&json, ']');
	json_text_begin(&json, "list", '[');
	json_text_integer(&json, NULL, 1);
	json_text_begin(&json, NULL, '{');
	json_text_null(&json, "a");
	json_text_end(&json, '}');
	json_text_string(&json, NULL, "");
	json_text_end(&json, ']');
	json_text_bool(&json, "yes", true);
	json_text_bool(&json, "no", false);
	json_text_end(&json, '}');
	expect(&json, "{\"empty\":[],\"list\":[1,{\"a\":null},\"\"],\"yes\":true,\"no\":false}");
	json_text_null(&json, NULL); /* taken, it is as new */
	expect(&json, "null");
}

static void every_byte_is_escaped_as_cjson_does(void **state)
{
	(void)state;
	for (unsigned c = 1; c < 256; c++) {
		const char value[] = { 'a', (char)c, 'z', '\0' };
		struct json_text json = { .data = NULL };
		cJSON *other = cJSON_CreateString(value);
		char *expected = cJSON_PrintUnformatted(other);

		json_text_string(&json, NULL, value);
		expect(&json, expected);
		free(expected);
		cJSON_Delete(other);
	}
}

static void numbers_are_whole(void **state)
{
	static const int64_t numbers[] = { 0, 7, -7, 10, 1795873826503, INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct json_text json = { .data = NULL };
		char expected[24];

		snprintf(expected, sizeof(expected), "%lld", (long long)numbers[i]);
		json_text_integer(&json, NULL, numbers[i]);
		expect(&json, expected);
	}
}

/* Over many lengths, so that each kind of write is the one for which the room is too small. */
static void it_grows_as_it_must(void **state)
{
	(void)state;
	for (size_t length = 4000; length < 4200; length++) {
		struct json_text json = { .data = NULL };
		char *value = malloc(length + 1), *text;
		cJSON *parsed;

		assert_non_null(value);
		memset(value, '\n', length);
		value[length] = '\0';
		json_text_begin(&json, NULL, '[');
		json_text_string(&json, NULL, value + 1000);
		json_text_integer(&json, NULL, INT64_MIN);
		json_text_string(&json, NULL, value);
		json_text_end(&json, ']');
		text = json_text_take(&json);
		parsed = cJSON_Parse(text);
		assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(parsed, 2)), value);
		cJSON_Delete(parsed);
		free(text);
		free(value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_and_items_are_separated),
		cmocka_unit_test(every_byte_is_escaped_as_cjson_does),
		cmocka_unit_test(numbers_are_whole),
		cmocka_unit_test(it_grows_as_it_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
