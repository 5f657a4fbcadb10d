/* SPDX-License-Identifier: ISC */
/* Which image of an OCI archive is taken, and what of its texts isn't believed. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rootfs/oci_text.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define BLOB(hash) "\"digest\":\"sha256:" hash "\",\"size\":7"
#define FOR(architecture) ",\"platform\":{\"architecture\":\"" architecture "\",\"os\":\"linux\"}"
#define MANIFEST_TYPE "\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
#define INDEX_TYPE "\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
#define LAYER(type) "{\"mediaType\":\"application/vnd.oci.image.layer.v1." type "\"," BLOB(A) "}"

static struct failure failure;

static int choose(const char *text, const char *architecture, struct oci_blob *blob, bool *is_index)
{
	failure = (struct failure){ 0 };
	return oci_choose_manifest(text, strlen(text), architecture, blob, is_index, &failure);
}

static void the_image_for_the_recipe_is_taken(void **state)
{
	static const struct {
		const char *text, *architecture, *hash; /* NULL: refused */
		bool is_index;
	} cases[] = {
		{ "{\"manifests\":[{" MANIFEST_TYPE BLOB(A) "}]}", "arm64", A, false },
		{ "{\"manifests\":[{" INDEX_TYPE BLOB(A) "}]}", "arm64", A, true },
		{ "{\"manifests\":[{" BLOB(A) FOR("amd64") "},{" BLOB(B) FOR("arm64") "}]}",
			"arm64", B, false },
		{ "{\"manifests\":[{" BLOB(A) FOR("amd64") "},{" BLOB(B) FOR("arm") "}]}", "armhf",
			B, false },
		{ "{\"manifests\":[{" BLOB(A) FOR("amd64") "}]}", "arm64", NULL, false },
		{ "{\"manifests\":[{" BLOB(A) FOR("arm64") "},{" BLOB(B) FOR("arm64") "}]}",
			"arm64", NULL, false },
		{ "{\"manifests\":[{" BLOB(A) "},{" BLOB(B) "}]}", "arm64", NULL, false },
		{ "{\"manifests\":[]}", "arm64", NULL, false },
		{ "{\"manifests\":{}}", "arm64", NULL, false },
		{ "[]", "arm64", NULL, false },
		{ "", "arm64", NULL, false },
		{ "{\"manifests\":[{\"digest\":\"sha512:" A "\",\"size\":7}]}", "arm64", NULL,
			false },
		{ "{\"manifests\":[{\"digest\":\"sha256:../../etc/passwd\",\"size\":7}]}", "arm64",
			NULL, false },
		{ "{\"manifests\":[{\"digest\":\"sha256:" A "\",\"size\":-1}]}", "arm64", NULL,
			false },
		{ "{\"manifests\":[{\"digest\":\"sha256:" A "\",\"size\":1e30}]}", "arm64", NULL,
			false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oci_blob blob = { .size = 0 };
		bool is_index = false;
		int result = choose(cases[i].text, cases[i].architecture, &blob, &is_index);

		if ((result == 0) != (cases[i].hash != NULL))
			fail_msg("%s: %d %s", cases[i].text, result, failure.text);
		if (result != 0)
			continue;
		assert_string_equal(blob.hash, cases[i].hash);
		assert_int_equal(blob.size, 7);
		assert_int_equal(is_index, cases[i].is_index);
	}
	(void)state;
}

static void its_layers_are_read_in_order(void **state)
{
	static const char text[] = "{\"config\":{" BLOB(B) "},\"layers\":[" LAYER("tar") "," LAYER(
		"tar+gzip") "," LAYER("tar+zstd") ",{\"mediaType\":\"application/"
						  "vnd.docker.image.rootfs.diff.tar."
						  "gzip\"," BLOB(B) "}]}";
	struct oci_manifest manifest;

	assert_int_equal(oci_parse_manifest(text, strlen(text), &manifest, &failure), 0);
	assert_string_equal(manifest.config.hash, B);
	assert_int_equal(manifest.count, 4);
	assert_int_equal(manifest.layers[0].compression, OCI_PLAIN);
	assert_int_equal(manifest.layers[1].compression, OCI_GZIP);
	assert_int_equal(manifest.layers[2].compression, OCI_ZSTD);
	assert_int_equal(manifest.layers[3].compression, OCI_GZIP);
	assert_string_equal(manifest.layers[3].blob.hash, B);
	(void)state;
}

static void other_manifests_are_refused(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"config\":{" BLOB(B) "}}",
		"{\"config\":{" BLOB(B) "},\"layers\":[]}",
		"{\"layers\":[" LAYER("tar") "]}",
		"{\"config\":{" BLOB(B) "},\"layers\":[" LAYER("zip") "]}",
		"{\"config\":{" BLOB(B) "},\"layers\":[{" BLOB(A) "}]}",
		"{\"config\":{" BLOB(B) "},\"layers\":[{\"mediaType\":\"application/vnd.oci.image."
					"layer.nondistributable.v1.tar\"," BLOB(A) "}]}",
	};
	struct oci_manifest manifest;
	char many[64 * 1024];
	size_t used;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(
			oci_parse_manifest(texts[i], strlen(texts[i]), &manifest, &failure),
			-EINVAL);
	used = (size_t)snprintf(
		many, sizeof(many), "{\"config\":{" BLOB(B) "},\"layers\":[" LAYER("tar"));
	for (size_t i = 0; i < OCI_LAYERS_LIMIT; i++)
		used += (size_t)snprintf(many + used, sizeof(many) - used, "," LAYER("tar"));
	used += (size_t)snprintf(many + used, sizeof(many) - used, "]}");
	assert_int_equal(oci_parse_manifest(many, used, &manifest, &failure), -EINVAL);
	(void)state;
}

static void the_configuration_must_fit(void **state)
{
	static const char text[] = "{\"architecture\":\"arm64\",\"os\":\"linux\",\"rootfs\":{"
				   "\"diff_ids\":[\"sha256:" A "\",\"sha256:" B "\"]}}";
	static const char odd[] = "{\"architecture\":\"arm64\",\"os\":\"linux\",\"rootfs\":{"
				  "\"diff_ids\":[\"sha512:" A "\"]}}";

	static struct oci_manifest two = { .count = 2 }, one = { .count = 1 }, none;

	failure = (struct failure){ 0 };
	assert_int_equal(oci_check_config(text, strlen(text), "arm64", &two, &failure), 0);
	assert_string_equal(two.layers[0].diff_id, A);
	assert_string_equal(two.layers[1].diff_id, B);
	assert_int_equal(oci_check_config(text, strlen(text), "arm64", &one, &failure), -EINVAL);
	failure = (struct failure){ 0 };
	assert_int_equal(oci_check_config(odd, strlen(odd), "arm64", &one, &failure), -EINVAL);
	assert_string_equal(failure.text, "it is no OCI image that can be taken: a diff_id of its "
					  "configuration is no sha256");
	failure = (struct failure){ 0 };
	assert_int_equal(oci_check_config(text, strlen(text), "armhf", &two, &failure), -EINVAL);
	assert_string_equal(failure.text, "it is for linux/arm64; the recipe says armhf");
	assert_int_equal(oci_check_config("{}", 2, "arm64", &none, &failure), -EINVAL);
	assert_int_equal(oci_check_layout("{\"imageLayoutVersion\":\"1.0.0\"}", 30, &failure), 0);
	assert_int_equal(
		oci_check_layout("{\"imageLayoutVersion\":\"2.0.0\"}", 30, &failure), -EINVAL);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_for_the_recipe_is_taken),
		cmocka_unit_test(its_layers_are_read_in_order),
		cmocka_unit_test(other_manifests_are_refused),
		cmocka_unit_test(the_configuration_must_fit),
	};

	return cmocka_run_group_tests_name("oci_text", tests, NULL, NULL);
}
