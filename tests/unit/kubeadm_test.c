/* SPDX-License-Identifier: ISC */
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cluster/kubeadm.h"
#include "provisioner/cluster/place.h"
#include "provisioner/cluster/processes.h"
#include "provisioner/cluster/yaml.h"

static int render(const char *version, char out[static KUBEADM_CONFIG_SIZE])
{
	const struct kubeadm_config config = { .version = version,
		.name = "lab",
		.address = { .s_addr = htonl(0x0a4d0001) },
		.pki = "/s/pki",
		.etcd = "/s/etcd",
		.pod_cidr = "10.244.0.0/16",
		.service_cidr = "10.96.0.0/12" };

	return kubeadm_render(&config, out);
}

static void each_version_gets_the_kind_that_it_reads(void **state)
{
	char out[KUBEADM_CONFIG_SIZE];

	(void)state;
	assert_int_equal(render("v1.20.2", out), 0);
	assert_non_null(strstr(out, "kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\n"));
	assert_non_null(strstr(out, "      listen-client-urls: https://127.0.0.1:2379\n"));
	assert_non_null(strstr(out, "advertiseAddress: 10.77.0.1\n"));
	assert_int_equal(render("v1.21.14", out), 0);
	assert_non_null(strstr(out, "v1beta2\n"));
	assert_int_equal(render("v1.22.0", out), 0);
	assert_non_null(strstr(out, "v1beta3\n"));
	assert_int_equal(render("v1.30.9", out), 0);
	assert_non_null(strstr(out, "v1beta3\n"));
	assert_int_equal(render("v1.31.0-rc.1", out), 0);
	assert_non_null(strstr(out, "v1beta4\n"));
	assert_non_null(strstr(
		out, "    - name: listen-client-urls\n      value: https://127.0.0.1:2379\n"));
}

/* The arguments of etcd in the second document, or those of the API server. */
static yaml_node_t *find_arguments(yaml_document_t *document, bool etcd)
{
	yaml_node_t *node = yaml_document_get_root_node(document);

	node = cluster_yaml_member(document, node, etcd ? "etcd" : "apiServer");
	if (etcd)
		node = cluster_yaml_member(document, node, "local");
	return cluster_yaml_member(document, node, "extraArgs");
}

/* https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta3/ and …v1beta4/: a map of
 * arguments became a list of names and values. */
static void the_configuration_is_yaml_of_the_kinds_shape(void **state)
{
	static const struct {
		const char *version;
		yaml_node_type_t type;
	} cases[] = { { "v1.20.2", YAML_MAPPING_NODE }, { "v1.29.0", YAML_MAPPING_NODE },
		{ "v1.33.1", YAML_SEQUENCE_NODE } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[KUBEADM_CONFIG_SIZE], version[64];
		yaml_document_t document;
		yaml_parser_t parser;

		assert_int_equal(render(cases[i].version, out), 0);
		assert_int_equal(kubeadm_read_version(out, version, sizeof(version)), 0);
		assert_string_equal(version, cases[i].version);
		assert_true(yaml_parser_initialize(&parser));
		yaml_parser_set_input_string(&parser, (const unsigned char *)out, strlen(out));
		assert_true(yaml_parser_load(&parser, &document));
		assert_non_null(cluster_yaml_member(
			&document, yaml_document_get_root_node(&document), "localAPIEndpoint"));
		yaml_document_delete(&document);
		assert_true(yaml_parser_load(&parser, &document));
		assert_int_equal(find_arguments(&document, true)->type, cases[i].type);
		assert_int_equal(find_arguments(&document, false)->type, cases[i].type);
		yaml_document_delete(&document);
		yaml_parser_delete(&parser);
	}
}

static void what_is_no_version_or_too_old_is_refused(void **state)
{
	char out[KUBEADM_CONFIG_SIZE];

	(void)state;
	assert_int_equal(render("", out), -EBADMSG);
	assert_int_equal(render("1.20.2", out), -EBADMSG);
	assert_int_equal(render("v1.20", out), -EBADMSG);
	assert_int_equal(render("v1.14.3", out), -ENOTSUP);
}

static int read_command(const char *text, char **words)
{
	return kubeadm_read_command(text, strlen(text), words);
}

static void the_command_of_a_static_pod_is_read(void **state)
{
	char *words[PROCESSES_ARGUMENTS + 1];

	(void)state;
	assert_int_equal(read_command("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n"
				      "  - command:\n    - etcd\n    - --name=router\n"
				      "    - \"--quoted=a b\"\n    image: x\n  hostNetwork: true\n",
				 words),
		0);
	assert_string_equal(words[0], "etcd");
	assert_string_equal(words[1], "--name=router");
	assert_string_equal(words[2], "--quoted=a b");
	assert_null(words[3]);
	for (size_t i = 0; i < 3; i++)
		free(words[i]);
}

static void what_is_no_such_manifest_is_refused(void **state)
{
	static const char *const texts[] = { "", "- a\n", "spec: 1\n", "spec: {containers: []}\n",
		"spec: {containers: [{command: []}]}\n", "spec: {containers: [{command: [[a]]}]}\n",
		"spec: {containers: [{command: [a]}, {command: [b]}]}\n", "spec: {\n",
		"spec: {containers: [{command: [\"a\\0b\"]}]}\n" };
	char *words[PROCESSES_ARGUMENTS + 1], many[8 * PROCESSES_ARGUMENTS];
	size_t used;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(read_command(texts[i], words), -EBADMSG);
	used = (size_t)snprintf(many, sizeof(many), "spec: {containers: [{command: [a");
	for (size_t i = 0; i < PROCESSES_ARGUMENTS; i++)
		used += (size_t)snprintf(many + used, sizeof(many) - used, ",a");
	snprintf(many + used, sizeof(many) - used, "]}]}\n");
	assert_int_equal(read_command(many, words), -E2BIG);
}

/* kubeadm 1.34 writes for etcd 3.6; Debian 12 has 3.4, Debian 13 has 3.5. */
static void the_arguments_of_etcd_are_those_of_the_one_that_is_installed(void **state)
{
	static const struct {
		const char *said, *written, *expected;
	} cases[] = {
		{ "etcd Version: 3.6.5\nGit SHA: x\n", "--watch-progress-notify-interval=5s",
			"--watch-progress-notify-interval=5s" },
		{ "etcd Version: 3.5.16\n", "--watch-progress-notify-interval=5s",
			"--experimental-watch-progress-notify-interval=5s" },
		{ "etcd Version: 3.4.23\n", "--watch-progress-notify-interval=5s",
			"--experimental-watch-progress-notify-interval=5s" },
		{ "etcd Version: 3.4.23\n", "--experimental-watch-progress-notify-interval=5s",
			"--experimental-watch-progress-notify-interval=5s" },
		{ "etcd Version: 3.3.25\n", "--experimental-watch-progress-notify-interval=5s",
			NULL },
		{ "etcd Version: 3.7.0\n", "--experimental-watch-progress-notify-interval=5s",
			"--watch-progress-notify-interval=5s" },
		{ "etcd Version: 3.6.5\n", "--experimental-initial-corrupt-check=true",
			"--feature-gates=InitialCorruptCheck=true" },
		{ "etcd Version: 3.4.23\n", "--feature-gates=InitialCorruptCheck=true",
			"--experimental-initial-corrupt-check=true" },
		{ "", "--feature-gates=InitialCorruptCheck=true", NULL },
		{ "etcd Version: 3.4.23\n", "--client-cert-auth=true", "--client-cert-auth=true" },
		{ "", "--client-cert-auth=true", "--client-cert-auth=true" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *argv[PROCESSES_ARGUMENTS + 1] = { strdup("/usr/bin/etcd"),
			strdup("--name=router"), strdup(cases[i].written), strdup("--last=1") };
		size_t n = cases[i].expected ? 3 : 2;

		kubeadm_fit_etcd(argv, kubeadm_read_etcd_minor(cases[i].said));
		assert_string_equal(argv[1], "--name=router");
		if (cases[i].expected)
			assert_string_equal(argv[2], cases[i].expected);
		assert_string_equal(argv[n], "--last=1");
		assert_null(argv[n + 1]);
		for (size_t k = 0; argv[k]; k++)
			free(argv[k]);
	}
}

static void admin_conf_needs_a_binding_since_1_29(void **state)
{
	(void)state;
	assert_false(kubeadm_has_super_admin("v1.20.2"));
	assert_false(kubeadm_has_super_admin("v1.28.15"));
	assert_true(kubeadm_has_super_admin("v1.29.0"));
	assert_true(kubeadm_has_super_admin("v1.34.1"));
	assert_false(kubeadm_has_super_admin("nonsense"));
}

static const char all[] = "{\"etcd\":[\"/usr/bin/etcd\",\"--name=router\"],\"kube-apiserver\":[\"/"
			  "b/kube-apiserver\"],"
			  "\"kube-controller-manager\":[\"/b/kube-controller-manager\"],"
			  "\"kube-scheduler\":[\"/b/kube-scheduler\",\"--x\"]}";

static void processes_survive_a_round_trip(void **state)
{
	struct processes processes, again;
	char *text;

	(void)state;
	assert_int_equal(processes_parse(all, &processes), 0);
	text = processes_format(&processes);
	assert_non_null(text);
	assert_int_equal(processes_parse(text, &again), 0);
	assert_string_equal(again.argv[0][1], "--name=router");
	assert_string_equal(again.argv[3][0], "/b/kube-scheduler");
	assert_null(again.argv[3][2]);
	processes_free(&processes);
	processes_free(&again);
	free(text);
}

static void only_the_four_programs_are_processes(void **state)
{
	static const char *const texts[] = { "", "[]", "{}", "{\"etcd\":[]}" };
	struct processes processes;
	char text[sizeof(all)];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(processes_parse(texts[i], &processes), -EBADMSG);
	memcpy(text, all, sizeof(all));
	strstr(text, "/bin/etcd")[8] = 'h';
	assert_int_equal(processes_parse(text, &processes), -EBADMSG);
	memcpy(text, all, sizeof(all));
	strstr(text, "/b/kube-a")[0] = 'x';
	assert_int_equal(processes_parse(text, &processes), -EBADMSG);
}

static void kubelets_are_not_newer_and_not_much_older_than_the_api_server(void **state)
{
	static const struct {
		const char *kubelet, *server;
		bool fit;
	} cases[] = {
		{ "v1.20.2", "v1.20.2", true },
		{ "v1.20.9", "v1.20.2", true },
		{ "v1.21.0", "v1.20.2", false },
		{ "v1.18.3", "v1.20.2", true },
		{ "v1.17.3", "v1.20.2", false },
		{ "v1.25.0", "v1.28.1", true },
		{ "v1.24.0", "v1.28.1", false },
		{ "v1.24.0", "v1.27.1", false },
		{ "v1.28.4+k3s1", "v1.28.1", true },
		{ "", "v1.28.1", false },
		{ "v1.x", "v1.28.1", false },
		{ "v1.28.1", "v2", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			kubeadm_versions_fit(cases[i].kubelet, cases[i].server), cases[i].fit);
}

static void no_minor_version_is_skipped_and_nothing_goes_back(void **state)
{
	static const struct {
		const char *from, *to;
		bool may;
	} cases[] = {
		{ "v1.20.2", "v1.20.3", true },
		{ "v1.20.2", "v1.20.2", true },
		{ "v1.20.2", "v1.21.0", true },
		{ "v1.20.2", "v1.22.0", false },
		{ "v1.20.2", "v1.20.1", false },
		{ "v1.20.2", "v1.19.9", false },
		{ "v1.9.2", "v1.10.0", true },
		{ "v1.20.2", "v1.21.", false },
		{ "", "v1.21.0", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(kubeadm_may_upgrade(cases[i].from, cases[i].to), cases[i].may);
}

static void on_a_node_etcd_listens_there_and_certificates_name_it(void **state)
{
	struct kubeadm_config config = { .version = "v1.31.0",
		.name = "lab",
		.address = { .s_addr = htonl(0x0a4d0001) },
		.node = { .s_addr = htonl(0x0a4d0033) },
		.pki = "/s/pki",
		.etcd = "/s/etcd",
		.pod_cidr = "10.244.0.0/16",
		.service_cidr = "10.96.0.0/12" };
	char out[KUBEADM_CONFIG_SIZE];

	(void)state;
	assert_int_equal(kubeadm_render(&config, out), 0);
	assert_non_null(strstr(out, "https://127.0.0.1:2379,https://10.77.0.51:2379\n"));
	assert_non_null(strstr(out, "apiServer:\n  certSANs:\n  - 10.77.0.51\n  extraArgs:\n"));
	assert_non_null(
		strstr(out, "  local:\n    serverCertSANs:\n    - 10.77.0.51\n    dataDir"));
	assert_non_null(strstr(out, "controlPlaneEndpoint: 10.77.0.1:6443\n"));
	config.node.s_addr = 0;
	assert_int_equal(kubeadm_render(&config, out), 0);
	assert_null(strstr(out, "SANs"));
}

#define STORE "0123456789abcdef0123456789abcdef"

static void a_place_is_read_as_it_is_written(void **state)
{
	static const char *const texts[] = { "rasp1 10.77.0.51 " STORE " empty\n",
		"rasp1 10.77.0.51 " STORE " 20261128T220000Z\n" };
	static const char *const bad[] = { "", "rasp1", "rasp1 10.77.0.51 " STORE " empty",
		"rasp1 10.77.0.51 " STORE " ../etc\n", "rasp1 10.77.0.51 0123 empty\n",
		"Rasp.1 10.77.0.51 " STORE " empty\n", "rasp1 10.77.0 " STORE " empty\n",
		"rasp1 10.77.0.51 " STORE " empty\nmore\n", "rasp1 10.77.0.51 " STORE "0 empty\n" };
	struct place place;
	char out[256];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(place_parse(texts[i], &place), 0);
		assert_string_equal(place.node, "rasp1");
		assert_int_equal(place_format(&place, out, sizeof(out)), 0);
		assert_string_equal(out, texts[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(place_parse(bad[i], &place), -EBADMSG);
		assert_string_equal(place.node, "");
	}
}

static void what_passes_on_to_a_node_looks_whether_it_is_ready(void **state)
{
	struct place place;
	char out[PLACE_FORWARDER_SIZE];

	(void)state;
	assert_int_equal(place_parse("rasp1 10.77.0.51 " STORE " empty\n", &place), 0);
	assert_int_equal(place_render_forwarder(&place,
				 (struct in_addr){ .s_addr = htonl(0x0a4d0001) }, "/s/pki", out),
		0);
	assert_non_null(strstr(out, "\tbind 10.77.0.1:6443\n"));
	assert_non_null(
		strstr(out, "\tserver rasp1 10.77.0.51:6443 check check-ssl verify required "
			    "ca-file \"/s/pki/ca.crt\"\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_version_gets_the_kind_that_it_reads),
		cmocka_unit_test(the_configuration_is_yaml_of_the_kinds_shape),
		cmocka_unit_test(what_is_no_version_or_too_old_is_refused),
		cmocka_unit_test(the_command_of_a_static_pod_is_read),
		cmocka_unit_test(what_is_no_such_manifest_is_refused),
		cmocka_unit_test(the_arguments_of_etcd_are_those_of_the_one_that_is_installed),
		cmocka_unit_test(admin_conf_needs_a_binding_since_1_29),
		cmocka_unit_test(processes_survive_a_round_trip),
		cmocka_unit_test(only_the_four_programs_are_processes),
		cmocka_unit_test(kubelets_are_not_newer_and_not_much_older_than_the_api_server),
		cmocka_unit_test(no_minor_version_is_skipped_and_nothing_goes_back),
		cmocka_unit_test(on_a_node_etcd_listens_there_and_certificates_name_it),
		cmocka_unit_test(a_place_is_read_as_it_is_written),
		cmocka_unit_test(what_passes_on_to_a_node_looks_whether_it_is_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
