/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/addons/addons.h"
#include "rootfs/failure.h"
#include "tests/unit/test.h"

#define ONE "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one, namespace: default }\n"
#define TWO                                                                                        \
	"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: two\n  labels: { a: b }\n"      \
	"spec: { containers: [ { image: 'r/i:1' }, { image: r/i:1 } ], flag: \"true\" }\n"

static struct addon_manifest manifest;
static char error[ADDON_ERROR_SIZE];
static unsigned line;

static int take(const char *text)
{
	addon_manifest_free(&manifest);
	addon_manifest_init(&manifest, "test");
	return addon_manifest_add(&manifest, text, strlen(text), &line, error);
}

static void takes_objects_and_gives_each_the_label(void **state)
{
	const char *text;

	(void)state;
	assert_int_equal(take("# SPDX-License-Identifier: ISC\n# About it.\n" ONE "---\n" TWO), 0);
	assert_string_equal(manifest.about, "About it.");
	assert_int_equal(manifest.n_objects, 2);
	assert_string_equal(manifest.objects[0].space, "default");
	assert_string_equal(manifest.objects[1].kind, "Deployment");
	assert_string_equal(manifest.objects[1].space, "");
	assert_int_equal(manifest.n_images, 1);
	assert_string_equal(manifest.images[0], "r/i:1");
	text = manifest.parts[ADDON_SERVER_SIDE].text;
	assert_non_null(strstr(text, "\"labels\": {\"bramble/addon\": \"test\"}"));
	assert_non_null(strstr(text, "{a: b, \"bramble/addon\": \"test\"}"));
	/* A text that looks like something else stays a text. */
	assert_non_null(strstr(text, "flag: \"true\""));
	assert_null(manifest.parts[ADDON_CLIENT_SIDE].text);
}

static void keeps_apart_what_the_server_cannot_apply(void **state)
{
	(void)state;
	assert_int_equal(take("apiVersion: apiregistration.k8s.io/v1\nkind: APIService\n"
			      "metadata: { name: v1beta1.metrics.k8s.io }\n---\n" ONE),
		0);
	assert_non_null(strstr(manifest.parts[ADDON_CLIENT_SIDE].text, "APIService"));
	assert_null(strstr(manifest.parts[ADDON_SERVER_SIDE].text, "APIService"));
}

static void refuses_what_is_no_object_with_its_line(void **state)
{
	static const struct {
		const char *text, *what;
		unsigned line;
	} cases[] = {
		{ "kind: [", "did not find", 2 },
		{ "- a\n", "is no object", 1 },
		{ ONE "---\nkind: ConfigMap\n", "no apiVersion", 5 },
		{ "apiVersion: v1\nmetadata: { name: a }\n", "no kind", 1 },
		{ "apiVersion: v1\nkind: A\nmetadata: {}\n", "no metadata.name", 1 },
		{ "apiVersion: v1\nkind: A\nmetadata: { name: 'a b' }\n", "no metadata.name", 1 },
		{ "apiVersion: v1\nkind: List\nitems: []\n", "a list", 1 },
		{ ONE "---\n" ONE, "second time", 5 },
		{ "apiVersion: v1\nkind: A\nmetadata: { name: a, labels: { bramble/addon: x } }\n",
			"Bramble's own", 3 },
		{ "apiVersion: v1\nkind: A\nmetadata: { name: a }\nimage: 'x y'\n",
			"no name of an image", 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(take(cases[i].text), -EINVAL);
		assert_non_null(strstr(error, cases[i].what));
		assert_int_equal(line, cases[i].line);
	}
	assert_int_equal(take("# nothing\n---\n---\n"), 0);
	assert_int_equal(manifest.n_objects, 0);
}

static void remembers_what_is_gone_until_it_is_deleted(void **state)
{
	struct addon_inventory before, both, now;
	cJSON *json, *rest, *items;

	(void)state;
	assert_int_equal(take(ONE "---\n" TWO), 0);
	addon_manifest_end(&manifest);
	json = addon_inventory_format(
		"test", manifest.hash, manifest.objects, manifest.n_objects, NULL);
	assert_int_equal(addon_inventory_parse(json, &before), 0);
	cJSON_Delete(json);
	assert_string_equal(before.hash, manifest.hash);

	assert_int_equal(take(TWO), 0);
	json = addon_inventory_format("test", "", manifest.objects, manifest.n_objects, &before);
	assert_int_equal(addon_inventory_parse(json, &both), 0);
	cJSON_Delete(json);
	assert_int_equal(both.n_objects, 2);
	rest = addon_inventory_rest(&both, &manifest);
	items = cJSON_GetObjectItemCaseSensitive(rest, "items");
	assert_int_equal(cJSON_GetArraySize(items), 1);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
				    cJSON_GetArrayItem(items, 0), "kind")),
		"ConfigMap");
	cJSON_Delete(rest);

	json = addon_inventory_format("test", "", manifest.objects, manifest.n_objects, NULL);
	assert_int_equal(addon_inventory_parse(json, &now), 0);
	cJSON_Delete(json);
	assert_null(addon_inventory_rest(&now, &manifest));
	/* Everything of an add-on, last first. */
	rest = addon_inventory_rest(&before, NULL);
	items = cJSON_GetObjectItemCaseSensitive(rest, "items");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
				    cJSON_GetArrayItem(items, 0), "kind")),
		"Deployment");
	cJSON_Delete(rest);
	addon_inventory_free(&before);
	addon_inventory_free(&both);
	addon_inventory_free(&now);
}

static void refuses_inventories_that_were_changed(void **state)
{
	static const char *const cases[] = { "{}", "{\"data\":{}}",
		"{\"data\":{\"name\":\"../x\",\"hash\":\"\",\"objects\":\"[]\"}}",
		"{\"data\":{\"name\":\"a\",\"hash\":\"12\",\"objects\":\"[]\"}}",
		"{\"data\":{\"name\":\"a\",\"hash\":\"\",\"objects\":\"{}\"}}",
		"{\"data\":{\"name\":\"a\",\"hash\":\"\",\"objects\":\"[[\\\"v1\\\"]]\"}}" };
	struct addon_inventory inventory;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *json = cJSON_Parse(cases[i]);

		assert_int_equal(addon_inventory_parse(json, &inventory), -EBADMSG);
		cJSON_Delete(json);
	}
}

static void what_bramble_brings_is_whole(void **state)
{
	static const char *const names[] = { "coredns", "flannel", "grafana", "headlamp",
		"influxdb", "metrics-server", "storage", "traefik" };
	static struct settings settings;
	struct failure failure = { .text = "" };

	(void)state;
	snprintf(settings.addons_path, sizeof(settings.addons_path), "etc/addons");
	snprintf(settings.service_cidr, sizeof(settings.service_cidr), "10.96.0.0/12");
	snprintf(settings.pod_cidr, sizeof(settings.pod_cidr), "10.244.0.0/16");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		addon_manifest_free(&manifest);
		if (addon_load(&settings, names[i], &manifest, &failure) != 0)
			fail_msg("%s", failure.text);
		assert_true(manifest.n_objects >= 1);
		assert_true(manifest.n_images >= 1 || strcmp(names[i], "storage") == 0);
		assert_true(manifest.about[0] != '\0');
	}
	addon_manifest_free(&manifest);
	assert_int_equal(addon_load(&settings, "../addons", &manifest, &failure), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_objects_and_gives_each_the_label),
		cmocka_unit_test(keeps_apart_what_the_server_cannot_apply),
		cmocka_unit_test(refuses_what_is_no_object_with_its_line),
		cmocka_unit_test(remembers_what_is_gone_until_it_is_deleted),
		cmocka_unit_test(refuses_inventories_that_were_changed),
		cmocka_unit_test(what_bramble_brings_is_whole),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	addon_manifest_free(&manifest);
	return failed;
}
