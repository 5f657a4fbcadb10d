/* SPDX-License-Identifier: ISC */
/* What bramble-clusterd decides, without a cluster. */
#include "tests/unit/test.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/clusterd/drain.h"
#include "provisioner/clusterd/kubeconfig.h"
#include "provisioner/clusterd/nodes.h"
#include "provisioner/clusterd/request.h"
#include "provisioner/clusterd/token.h"
#include "provisioner/clusterd/volumes.h"

/* Who a request is for, and with what. */
struct wish {
	const char *organization, *common, *more, *dns;
	bool forged; /* signed by another key */
};

static EVP_PKEY *make_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	assert_non_null(key);
	return key;
}

static void add_dns(X509_REQ *request, const char *name)
{
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);

	sk_X509_EXTENSION_push(extensions, extension);
	X509_REQ_add_extensions(request, extensions);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

static void make_pem(const struct wish *wish, char out[static 4096])
{
	X509_REQ *request = X509_REQ_new();
	X509_NAME *name = X509_NAME_new();
	EVP_PKEY *key = make_key(), *signer = wish->forged ? make_key() : key;
	BIO *bio = BIO_new(BIO_s_mem());
	int length;

	X509_NAME_add_entry_by_txt(
		name, "O", MBSTRING_ASC, (const unsigned char *)wish->organization, -1, -1, 0);
	if (wish->more)
		X509_NAME_add_entry_by_txt(
			name, "O", MBSTRING_ASC, (const unsigned char *)wish->more, -1, -1, 0);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const unsigned char *)wish->common, -1, -1, 0);
	X509_REQ_set_subject_name(request, name);
	X509_REQ_set_pubkey(request, key);
	if (wish->dns)
		add_dns(request, wish->dns);
	assert_true(X509_REQ_sign(request, signer, EVP_sha256()) > 0);
	PEM_write_bio_X509_REQ(bio, request);
	length = BIO_read(bio, out, 4095);
	assert_true(length > 0);
	out[length] = '\0';
	BIO_free(bio);
	if (signer != key)
		EVP_PKEY_free(signer);
	EVP_PKEY_free(key);
	X509_NAME_free(name);
	X509_REQ_free(request);
}

static int check_wish(const struct wish *wish, const char *node)
{
	char pem[4096], reason[REQUEST_REASON_SIZE] = "";
	int result;

	make_pem(wish, pem);
	result = request_check(pem, strlen(pem), node, reason);
	assert_true((result == 0) == (reason[0] == '\0'));
	return result;
}

static const struct wish of_rasp1 = { .organization = "system:nodes",
	.common = "system:node:rasp1" };

static void a_request_is_good_for_its_own_node_alone(void **state)
{
	(void)state;
	assert_int_equal(check_wish(&of_rasp1, "rasp1"), 0);
	assert_int_equal(check_wish(&of_rasp1, "rasp2"), -EACCES);
	assert_int_equal(check_wish(&of_rasp1, "rasp"), -EACCES);
	assert_int_equal(check_wish(&of_rasp1, "rasp11"), -EACCES);
}

static void a_request_for_more_is_refused(void **state)
{
	static const struct wish wishes[] = {
		{ .organization = "system:masters", .common = "system:node:rasp1" },
		{ .organization = "system:nodes",
			.common = "system:node:rasp1",
			.more = "system:masters" },
		{ .organization = "system:nodes", .common = "rasp1" },
		{ .organization = "system:nodes",
			.common = "system:node:rasp1",
			.dns = "DNS:router" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
		assert_int_equal(check_wish(&wishes[i], "rasp1"), -EACCES);
}

static void a_request_that_is_none_is_refused(void **state)
{
	const struct wish forged = {
		.organization = "system:nodes", .common = "system:node:rasp1", .forged = true
	};
	char reason[REQUEST_REASON_SIZE];

	(void)state;
	assert_int_equal(check_wish(&forged, "rasp1"), -EBADMSG);
	assert_int_equal(request_check("", 0, "rasp1", reason), -EBADMSG);
	assert_int_equal(request_check("-----BEGIN", 10, "rasp1", reason), -EBADMSG);
}

/* An object of the API, as a kubelet's request gives it. */
static cJSON *make_object(const struct wish *wish, const char *usages, const char *user)
{
	char pem[4096], encoded[8192], text[12288];
	cJSON *object;

	make_pem(wish, pem);
	sodium_bin2base64(encoded, sizeof(encoded), (const unsigned char *)pem, strlen(pem),
		sodium_base64_VARIANT_ORIGINAL);
	snprintf(text, sizeof(text),
		"{\"metadata\":{\"name\":\"node-csr-1\"},\"spec\":{\"request\":\"%s\","
		"\"signerName\":\"kubernetes.io/kube-apiserver-client-kubelet\","
		"\"username\":\"%s\",\"usages\":[%s]},\"status\":{}}",
		encoded, user, usages);
	object = cJSON_Parse(text);
	assert_non_null(object);
	return object;
}

#define USAGES "\"digital signature\",\"key encipherment\",\"client auth\""

static bool judge(const char *usages, bool used)
{
	cJSON *object = make_object(&of_rasp1, usages, "system:bootstrap:abcdef");
	char reason[REQUEST_REASON_SIZE];
	bool good = request_judge(object, "rasp1", used, reason);

	cJSON_Delete(object);
	return good;
}

static void a_token_is_good_for_one_certificate_of_a_kubelet(void **state)
{
	(void)state;
	assert_true(judge(USAGES, false));
	assert_true(judge("\"digital signature\",\"client auth\"", false));
	assert_false(judge(USAGES, true));
	assert_false(judge(USAGES ",\"server auth\"", false));
	assert_false(judge("\"digital signature\"", false));
	assert_false(judge("", false));
}

static bool reads(const char *user, struct request *request, cJSON **object)
{
	*object = make_object(&of_rasp1, USAGES, user);
	return request_read(*object, request);
}

static void only_requests_made_with_tokens_are_decided(void **state)
{
	struct request request;
	cJSON *object, *conditions;

	(void)state;
	assert_true(reads("system:bootstrap:abcdef", &request, &object));
	assert_string_equal(request.token, "abcdef");
	assert_string_equal(request.name, "node-csr-1");
	assert_false(request.decided);
	conditions = cJSON_AddArrayToObject(
		cJSON_GetObjectItemCaseSensitive(object, "status"), "conditions");
	cJSON_AddItemToArray(conditions, cJSON_Parse("{\"type\":\"Approved\"}"));
	assert_true(request_read(object, &request));
	assert_true(request.decided && request.approved);
	cJSON_Delete(object);
	assert_false(reads("system:node:rasp1", &request, &object));
	cJSON_Delete(object);
	assert_false(reads("system:bootstrap:abc/ef", &request, &object));
	cJSON_Delete(object);
}

static void a_token_lives_for_fifteen_minutes_and_bears_its_node(void **state)
{
	char token[TOKEN_SIZE];
	cJSON *secret;
	const cJSON *data;

	(void)state;
	token_make(token);
	assert_int_equal(strlen(token), 23);
	assert_int_equal(token[6], '.');
	assert_int_equal(strspn(token, "abcdefghijklmnopqrstuvwxyz0123456789."), 23);
	secret = token_secret(token, "rasp1", 1790000000);
	data = cJSON_GetObjectItemCaseSensitive(secret, "stringData");
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "expiration")),
		"2026-09-21T14:28:20Z");
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "token-secret")),
		token + 7);
	assert_string_equal(token_node(secret), "rasp1");
	cJSON_Delete(secret);
	secret = cJSON_Parse("{\"metadata\":{\"labels\":{\"bramble/node\":\"../x\"}}}");
	assert_null(token_node(secret));
	cJSON_Delete(secret);
}

static cJSON *patch(const char *object, const char *wanted)
{
	cJSON *node = cJSON_Parse(object), *role = cJSON_Parse(wanted), *result;

	assert_non_null(node);
	assert_non_null(role);
	result = nodes_patch(node, role);
	cJSON_Delete(node);
	cJSON_Delete(role);
	return result;
}

static void expect_patch(const char *object, const char *wanted, const char *expected)
{
	cJSON *result = patch(object, wanted);
	char *text = result ? cJSON_PrintUnformatted(result) : NULL;

	if (!expected)
		assert_null(text);
	else
		assert_string_equal(text, expected);
	free(text);
	cJSON_Delete(result);
}

static void labels_follow_the_role_and_others_stay(void **state)
{
	(void)state;
	expect_patch("{\"metadata\":{\"resourceVersion\":\"7\",\"labels\":{\"mine\":\"1\"}}}",
		"{\"labels\":[\"disk=ssd\",\"empty=\"],\"taints\":[]}",
		"{\"metadata\":{\"annotations\":{\"bramble/labels\":\"disk,empty\",\"bramble/"
		"taints\":"
		"\"\"},\"resourceVersion\":\"7\",\"labels\":{\"disk\":\"ssd\",\"empty\":\"\"}}}");
	expect_patch("{\"metadata\":{\"resourceVersion\":\"8\",\"labels\":{\"mine\":\"1\",\"disk\":"
		     "\"ssd\"},\"annotations\":{\"bramble/labels\":\"disk\"}}}",
		"{\"labels\":[\"disk=ssd\"],\"taints\":[]}", NULL);
	expect_patch("{\"metadata\":{\"resourceVersion\":\"9\",\"labels\":{\"mine\":\"1\",\"disk\":"
		     "\"ssd\"},\"annotations\":{\"bramble/labels\":\"disk\"}}}",
		"{\"labels\":[],\"taints\":[]}",
		"{\"metadata\":{\"annotations\":{\"bramble/labels\":\"\",\"bramble/taints\":\"\"},"
		"\"resourceVersion\":\"9\",\"labels\":{\"disk\":null}}}");
	expect_patch("{\"metadata\":{\"resourceVersion\":\"9\"}}", "{\"labels\":[],\"taints\":[]}",
		NULL);
}

static void taints_follow_the_role_and_others_stay(void **state)
{
	static const char with[] =
		"{\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":{\"bramble/taints\":"
		"\"gpu:NoSchedule\"}},\"spec\":{\"taints\":[{\"key\":\"gpu\",\"value\":\"no\","
		"\"effect\":\"NoSchedule\"},{\"key\":\"other\",\"effect\":\"NoExecute\"}]}}";

	(void)state;
	expect_patch("{\"metadata\":{\"resourceVersion\":\"6\"},\"spec\":{\"taints\":[{\"key\":"
		     "\"other\",\"effect\":\"NoExecute\"}]}}",
		"{\"labels\":[],\"taints\":[\"gpu=no:NoSchedule\"]}",
		"{\"metadata\":{\"annotations\":{\"bramble/labels\":\"\",\"bramble/taints\":\"gpu:"
		"NoSchedule\"},\"resourceVersion\":\"6\",\"labels\":{}},\"spec\":{\"taints\":[{"
		"\"key\":\"gpu\",\"value\":\"no\",\"effect\":\"NoSchedule\"},{\"key\":\"other\","
		"\"effect\":\"NoExecute\"}]}}");
	expect_patch(with, "{\"labels\":[],\"taints\":[\"gpu=no:NoSchedule\"]}", NULL);
	expect_patch(with, "{\"labels\":[],\"taints\":[]}",
		"{\"metadata\":{\"annotations\":{\"bramble/labels\":\"\",\"bramble/taints\":\"\"},"
		"\"resourceVersion\":\"7\",\"labels\":{}},\"spec\":{\"taints\":[{\"key\":\"other\","
		"\"effect\":\"NoExecute\"}]}}");
}

/* Both kinds of lists are empty in what is expected of these. */
#define CORDON(wanted) "{\"labels\":[],\"taints\":[],\"cordon\":" wanted "}"
#define SPEC(cordoned) ",\"spec\":{\"unschedulable\":" cordoned "}}"
#define MINE "\"annotations\":{\"bramble/cordoned\":\"true\"}"
#define GIVEN                                                                                      \
	"{\"metadata\":{\"annotations\":{\"bramble/labels\":\"\",\"bramble/"                       \
	"taints\":\"\",\"bramble/cordoned\":"
#define REST "},\"resourceVersion\":\"\",\"labels\":{}}"

static void a_cordon_is_given_and_taken_away_but_not_that_of_others(void **state)
{
	static const struct {
		const char *object, *wanted, *expected;
	} cases[] = {
		{ "{\"metadata\":{}}", CORDON("false"), NULL },
		{ "{\"metadata\":{}}", CORDON("true"), GIVEN "\"true\"" REST SPEC("true") },
		{ "{\"metadata\":{" MINE "}" SPEC("true"), CORDON("true"), NULL },
		{ "{\"metadata\":{" MINE "}" SPEC("true"), CORDON("false"),
			GIVEN "null" REST SPEC("null") },
		{ "{\"metadata\":{}" SPEC("true"), CORDON("true"), NULL },
		{ "{\"metadata\":{}" SPEC("true"), CORDON("false"), NULL },
		/* Somebody uncordoned it meanwhile. */
		{ "{\"metadata\":{" MINE "}}", CORDON("true"), GIVEN "\"true\"" REST SPEC("true") },
		{ "{\"metadata\":{" MINE "}}", CORDON("false"), GIVEN "null" REST "}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_patch(cases[i].object, cases[i].wanted, cases[i].expected);
}

#define OWNED(kind)                                                                                \
	"{\"metadata\":{\"name\":\"a\",\"namespace\":\"b\",\"ownerReferences\":[{\"kind\":\"" kind \
	"\",\"controller\":true}]"

static void only_pods_that_somebody_makes_anew_are_evicted(void **state)
{
	static const struct {
		const char *pod;
		enum drain_fate fate;
	} cases[] = {
		{ OWNED("ReplicaSet") "}}", DRAIN_GOES },
		{ OWNED("ReplicaSet") ",\"deletionTimestamp\":\"x\"}}", DRAIN_GOING },
		{ OWNED("Job") "},\"status\":{\"phase\":\"Succeeded\"}}", DRAIN_STAYS },
		{ OWNED("DaemonSet") "}}", DRAIN_STAYS },
		{ OWNED("Node") ",\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}}}",
			DRAIN_STAYS },
		{ "{\"metadata\":{\"name\":\"a\",\"namespace\":\"b\"}}", DRAIN_STAYS },
		{ "[]", DRAIN_STAYS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *pod = cJSON_Parse(cases[i].pod);

		assert_non_null(pod);
		assert_int_equal(drain_judge(pod), cases[i].fate);
		cJSON_Delete(pod);
	}
}

static void an_eviction_is_of_the_kind_that_the_server_knows(void **state)
{
	cJSON *pod = cJSON_Parse(OWNED("ReplicaSet") "}}"), *eviction;
	cJSON *bad = cJSON_Parse("{\"metadata\":{\"name\":\"../x\",\"namespace\":\"b\"}}");
	cJSON *version = cJSON_Parse("{\"minor\":\"20+\"}");
	char path[DRAIN_PATH_SIZE];

	(void)state;
	assert_int_equal(drain_format_path(pod, path), 0);
	assert_string_equal(path, "/api/v1/namespaces/b/pods/a/eviction");
	assert_int_equal(drain_format_path(bad, path), -EBADMSG);
	assert_int_equal(drain_parse_minor(version), 20);
	for (int minor = 20; minor <= 22; minor += 2) {
		eviction = drain_eviction(pod, minor);
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
					    eviction, "apiVersion")),
			minor == 20 ? "policy/v1beta1" : "policy/v1");
		cJSON_Delete(eviction);
	}
	cJSON_Delete(version);
	cJSON_Delete(bad);
	cJSON_Delete(pod);
}

static void nodes_are_described_in_chunks(void **state)
{
	cJSON *list = cJSON_CreateObject(), *items = cJSON_AddArrayToObject(list, "items"), *chunk;
	char *text;

	(void)state;
	for (int i = 0; i < NODES_CHUNK; i++)
		cJSON_AddItemToArray(items, cJSON_Parse("{\"metadata\":{\"name\":\"a\"}}"));
	cJSON_AddItemToArray(items,
		cJSON_Parse(
			"{\"metadata\":{\"name\":\"rasp1\",\"uid\":\"u\"},\"spec\":{\"podCIDR\":"
			"\"10.244.1.0/24\"},\"status\":{\"nodeInfo\":{\"bootID\":\"b\"},"
			"\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"message\":"
			"\"no \\u0007 CNI\"}]}}"));
	chunk = nodes_describe(list, NODES_CHUNK);
	text = cJSON_PrintUnformatted(chunk);
	assert_string_equal(text,
		"{\"nodes\":[{\"name\":\"rasp1\",\"uid\":\"u\",\"boot_id\":\"b\",\"ready\":false,"
		"\"reason\":\"no \\\\x07 CNI\",\"pod_cidr\":\"10.244.1.0/24\","
		"\"version\":\"\",\"cordoned\":false,\"ours\":false}],\"more\":false}");
	free(text);
	cJSON_Delete(chunk);
	chunk = nodes_describe(list, 0);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(chunk, "more")));
	cJSON_Delete(chunk);
	/* A list without nodes is one too. */
	chunk = nodes_describe(list, NODES_CHUNK + 1);
	assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(chunk, "more")));
	cJSON_Delete(chunk);
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(nodes_find(list, "rasp1"), "metadata"),
			"uid")),
		"u");
	assert_null(nodes_find(list, "rasp2"));
	cJSON_Delete(list);
}

/* As an API server 1.20.2 has it when its controllers wait for Bramble. */
#define CLAIM(annotation, spec)                                                                    \
	"{\"metadata\":{\"name\":\"data-0\",\"namespace\":\"web\",\"uid\":\"7b3ec7b1-3113\","      \
	"\"annotations\":{\"" annotation "\":\"bramble/share\"}},\"spec\":{"                       \
	"\"accessModes\":[\"ReadWriteMany\"],\"storageClassName\":\"bramble\","                    \
	"\"resources\":{\"requests\":{\"storage\":\"2Gi\"}}" spec "}}"
#define OLD "volume.beta.kubernetes.io/storage-provisioner"

static void a_claim_that_waits_for_bramble_gets_a_volume(void **state)
{
	static const char expected[] =
		"{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolume\",\"metadata\":{\"name\":\"pvc-"
		"7b3ec7b1-3113\",\"annotations\":{\"pv.kubernetes.io/provisioned-by\":\"bramble/"
		"share\"}},\"spec\":{\"capacity\":{\"storage\":\"2Gi\"},\"accessModes\":["
		"\"ReadWriteMany\"],\"storageClassName\":\"bramble\","
		"\"persistentVolumeReclaimPolicy\":\"Retain\",\"claimRef\":{\"apiVersion\":\"v1\","
		"\"kind\":\"PersistentVolumeClaim\",\"namespace\":\"web\",\"name\":\"data-0\","
		"\"uid\":\"7b3ec7b1-3113\"},\"hostPath\":{\"path\":\"/shared/volumes/web/data-0\","
		"\"type\":\"Directory\"}}}";
	cJSON *claim = cJSON_Parse(CLAIM(OLD, "")), *volume;
	struct volume_claim found;
	char why[96], *text;

	(void)state;
	assert_true(volumes_read_claim(claim, &found, why));
	assert_string_equal(why, "");
	assert_string_equal(found.space, "web");
	assert_string_equal(found.name, "data-0");
	volume = volumes_make(claim, "/shared/volumes/web/data-0");
	text = cJSON_PrintUnformatted(volume);
	assert_string_equal(text, expected);
	free(text);
	cJSON_Delete(volume);
	cJSON_Delete(claim);
}

static void other_claims_are_left_alone(void **state)
{
	static const struct {
		const char *text;
		bool ours, can;
	} cases[] = {
		{ CLAIM("volume.kubernetes.io/storage-provisioner", ""), true, true },
		{ CLAIM(OLD, ",\"volumeMode\":\"Filesystem\""), true, true },
		{ CLAIM(OLD, ",\"volumeMode\":\"Block\""), true, false },
		{ CLAIM(OLD, ",\"selector\":{}"), true, false },
		{ CLAIM(OLD, ",\"volumeName\":\"pvc-1\""), false, false },
		{ CLAIM("other", ""), false, false },
		{ "{}", false, false },
		{ "[]", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cJSON *claim = cJSON_Parse(cases[i].text);
		struct volume_claim found;
		char why[96];

		assert_int_equal(volumes_read_claim(claim, &found, why), cases[i].ours);
		assert_int_equal(cases[i].ours && !*why, cases[i].can);
		cJSON_Delete(claim);
	}
}

static void credentials_are_read_from_what_kubeadm_writes(void **state)
{
	static const char text[] =
		"apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: Y2E=\n"
		"    server: https://10.77.0.1:6443\n  name: bramble\ncontexts: []\n"
		"users:\n- name: x\n  user:\n    client-certificate-data: Y2VydA==\n"
		"    client-key-data: a2V5\n";
	static struct kubeconfig config;

	(void)state;
	assert_int_equal(kubeconfig_parse(text, sizeof(text) - 1, &config), 0);
	assert_string_equal(config.server, "https://10.77.0.1:6443");
	assert_string_equal(config.authority, "ca");
	assert_string_equal(config.certificate, "cert");
	assert_string_equal(config.key, "key");
	assert_int_equal(config.key_size, 3);
	assert_int_equal(kubeconfig_parse("", 0, &config), -EBADMSG);
	assert_int_equal(kubeconfig_parse("clusters: 3\n", 12, &config), -EBADMSG);
	assert_int_equal(kubeconfig_parse(text, sizeof(text) - 30, &config), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_good_for_its_own_node_alone),
		cmocka_unit_test(a_request_for_more_is_refused),
		cmocka_unit_test(a_request_that_is_none_is_refused),
		cmocka_unit_test(a_token_is_good_for_one_certificate_of_a_kubelet),
		cmocka_unit_test(only_requests_made_with_tokens_are_decided),
		cmocka_unit_test(a_token_lives_for_fifteen_minutes_and_bears_its_node),
		cmocka_unit_test(labels_follow_the_role_and_others_stay),
		cmocka_unit_test(taints_follow_the_role_and_others_stay),
		cmocka_unit_test(a_cordon_is_given_and_taken_away_but_not_that_of_others),
		cmocka_unit_test(only_pods_that_somebody_makes_anew_are_evicted),
		cmocka_unit_test(an_eviction_is_of_the_kind_that_the_server_knows),
		cmocka_unit_test(nodes_are_described_in_chunks),
		cmocka_unit_test(a_claim_that_waits_for_bramble_gets_a_volume),
		cmocka_unit_test(other_claims_are_left_alone),
		cmocka_unit_test(credentials_are_read_from_what_kubeadm_writes),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
