/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cluster/manifest.h"

#define HASH "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

static int parse_path(const char *path)
{
	static struct manifest manifest;
	char text[1024];

	snprintf(text, sizeof(text),
		"{\"made_ms\":1,\"kubernetes\":\"v1.20.2\",\"reason\":\"asked\",\"revision\":7,"
		"\"keys\":3,\"bytes\":9,\"files\":{\"%s\":\"" HASH "\"}}",
		path);
	return manifest_parse(text, &manifest);
}

static void what_is_written_is_read_again(void **state)
{
	static struct manifest manifest = { .made_ms = 1795843696000,
		.kubernetes = "v1.20.2",
		.reason = "asked",
		.cluster = "7b3ec7b1-3113-4883-9b9a-21b0400e2d57",
		.revision = 812,
		.keys = 401,
		.bytes = 9000000000,
		.n_files = 2,
		.files = { { "etcd.db", HASH }, { "pki/etcd/ca.crt", HASH } } };
	static struct manifest again;
	char *text = manifest_format(&manifest);

	(void)state;
	assert_non_null(text);
	assert_int_equal(manifest_parse(text, &again), 0);
	assert_memory_equal(&manifest, &again, sizeof(again));
	free(text);
	memset(manifest.cluster, 0, sizeof(manifest.cluster)); /* as older ones are */
	text = manifest_format(&manifest);
	assert_null(strstr(text, "cluster"));
	assert_int_equal(manifest_parse(text, &again), 0);
	assert_memory_equal(&manifest, &again, sizeof(again));
	free(text);
}

static void a_path_stays_below_the_snapshot(void **state)
{
	static const char *const bad[] = { "", "/etc/passwd", "../x", "a/../x", "a//b", "a/", "./a",
		"a/.b", "a b", "a\\nb" };

	(void)state;
	assert_int_equal(parse_path("pki/ca.key"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_path(bad[i]), -EBADMSG);
}

static void what_lacks_something_is_refused(void **state)
{
	static struct manifest manifest;

	(void)state;
	assert_int_equal(manifest_parse("", &manifest), -EBADMSG);
	assert_int_equal(manifest_parse("[]", &manifest), -EBADMSG);
	assert_int_equal(manifest_parse("{\"made_ms\":1,\"kubernetes\":\"v1\",\"reason\":\"x\","
					"\"revision\":1,\"keys\":1,\"bytes\":1,\"files\":{}}",
				 &manifest),
		-EBADMSG);
	assert_int_equal(
		manifest_parse("{\"made_ms\":-1,\"kubernetes\":\"v1\",\"reason\":\"x\","
			       "\"revision\":1,\"keys\":1,\"bytes\":1,\"files\":{\"a\":\"" HASH
			       "\"}}",
			&manifest),
		-EBADMSG);
	assert_int_equal(manifest.n_files, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_path_stays_below_the_snapshot),
		cmocka_unit_test(what_lacks_something_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
