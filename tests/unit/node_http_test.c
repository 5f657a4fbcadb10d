/* SPDX-License-Identifier: ISC */
/* What a node says to the router and takes from it: JSON, HTTP, /proc/meminfo. */
#include "tests/unit/test.h"

#include <errno.h>
#include <string.h>

#include "rootfs/agent/agent.h"
#include "rootfs/http.h"
#include "rootfs/json.h"

static void writes_flat_objects_with_escapes(void **state)
{
	char out[128];
	struct json_writer writer;

	(void)state;
	json_begin(&writer, out, sizeof(out));
	json_text(&writer, "a", "x\"\\\n\x80");
	json_open(&writer, "b");
	json_number(&writer, "c", -5);
	json_close(&writer);
	json_boolean(&writer, "d", true);
	assert_int_equal(json_end(&writer), 0);
	assert_string_equal(out, "{\"a\":\"x\\\"\\\\??\",\"b\":{\"c\":-5},\"d\":true}");
}

static void says_when_an_object_does_not_fit(void **state)
{
	char out[10];
	struct json_writer writer;

	(void)state;
	json_begin(&writer, out, sizeof(out));
	json_text(&writer, "name", "value");
	assert_int_equal(json_end(&writer), -ENOSPC);
	assert_true(strlen(out) < sizeof(out));
}

static void reads_values_of_flat_objects(void **state)
{
	static const struct {
		const char *text, *name;
		int result;
		const char *value;
	} cases[] = {
		{ "{\"time_ns\": \"179\"}", "time_ns", 0, "179" },
		{ " { \"a\" : 1 , \"b\" : \"x\\\"y\" } ", "b", 0, "x\"y" },
		{ "{\"a\":true}", "a", 0, "true" },
		{ "{\"a\":1}", "b", -ENOENT, "" },
		{ "{}", "a", -ENOENT, "" },
		{ "", "a", -EBADMSG, "" },
		{ "[1]", "a", -EBADMSG, "" },
		{ "{\"a\":1", "b", -EBADMSG, "" },
		{ "{\"a\":\"x", "a", -EBADMSG, "" },
		{ "{\"a\":{}}", "a", -EBADMSG, "" },
		{ "{\"a\" 1}", "a", -EBADMSG, "" },
		{ "{\"a\":\"\\u0041\"}", "a", -EBADMSG, "" },
		{ "{\"a\":\"longer than there is room for it\"}", "a", -EBADMSG, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char value[16] = "";

		assert_int_equal(json_get(cases[i].text, cases[i].name, value, sizeof(value)),
			cases[i].result);
		if (cases[i].result == 0)
			assert_string_equal(value, cases[i].value);
	}
}

static void reads_http_answers(void **state)
{
	static const struct {
		const char *bytes;
		int result, status;
		const char *body;
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 0, 200, "{}" },
		{ "HTTP/1.0 403 Forbidden\r\n\r\n", 0, 403, "" },
		{ "HTTP/1.1 200 OK\r\n", -EBADMSG, 0, "" },
		{ "HTTP/2 200\r\n\r\n", -EBADMSG, 0, "" },
		{ "HTTP/1.1 2x0 OK\r\n\r\n", -EBADMSG, 0, "" },
		{ "SSH-2.0-x\r\n\r\n", -EBADMSG, 0, "" },
		{ "", -EBADMSG, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_answer answer;

		assert_int_equal(http_parse(cases[i].bytes, strlen(cases[i].bytes), &answer),
			cases[i].result);
		if (cases[i].result == 0) {
			assert_int_equal(answer.status, cases[i].status);
			assert_string_equal(answer.body, cases[i].body);
		}
	}
}

static void reads_meminfo(void **state)
{
	static const char text[] =
		"MemTotal:        1024 kB\nMemFree: 5 kB\nMemAvailable:     512 kB\n";

	(void)state;
	assert_int_equal(agent_parse_meminfo(text, "MemTotal"), 1024);
	assert_int_equal(agent_parse_meminfo(text, "MemAvailable"), 512);
	assert_int_equal(agent_parse_meminfo(text, "Mem"), 0);
	assert_int_equal(agent_parse_meminfo("MemTotal: 99999999999999999999999", "MemTotal"), 0);
	assert_int_equal(agent_parse_meminfo("", "MemTotal"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_flat_objects_with_escapes),
		cmocka_unit_test(says_when_an_object_does_not_fit),
		cmocka_unit_test(reads_values_of_flat_objects),
		cmocka_unit_test(reads_http_answers),
		cmocka_unit_test(reads_meminfo),
	};

	return cmocka_run_group_tests_name("node-http", tests, NULL, NULL);
}
