/* SPDX-License-Identifier: ISC */
/* What a node makes of the router's words about the cluster, and what it writes. */
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "common/file.h"
#include "common/str.h"
#include "rootfs/agent/configure.h"
#include "rootfs/cluster/member.h"

#define CLUSTER                                                                                    \
	"\"engine\":\"kubeadm\",\"joined\":true,\"exists\":true,\"server\":"                       \
	"\"https://10.77.0.1:6443\",\"node\":\"rasp1\",\"address\":\"10.77.0.50\","                \
	"\"domain\":\"cluster.local\",\"dns\":\"10.96.0.10\",\"pods\":\"10.244.0.0/16\","          \
	"\"store\":\"loop\""

/* The end of what a kubelet writes. */
#define CONFIG                                                                                     \
	"users:\n- name: default-auth\n  user:\n    client-certificate: /k/x.pem\n"                \
	"    client-key: /k/x.pem\n"

static void the_cluster_is_understood(void **state)
{
	static struct member_cluster cluster;

	(void)state;
	assert_int_equal(
		member_parse_cluster("{" CLUSTER ",\"store_mb\":4096,\"ca\":\"Y2E=\"}", &cluster),
		0);
	assert_true(cluster.engine && cluster.exists && cluster.joined);
	assert_string_equal(cluster.server, "https://10.77.0.1:6443");
	assert_string_equal(cluster.dns, "10.96.0.10");
	assert_int_equal(cluster.store, MEMBER_STORE_LOOP);
	assert_int_equal(cluster.store_mb, 4096);
	assert_int_equal(member_parse_cluster("{\"engine\":\"none\"}", &cluster), 0);
	assert_false(cluster.engine);
}

/* It becomes YAML, and arguments of programs. */
static void what_is_more_than_a_word_is_refused(void **state)
{
	static const char *const wrong[] = { "", "{}", "[]", "{" CLUSTER "}",
		"{" CLUSTER ",\"store_mb\":0,\"ca\":\"Y2E=\"}",
		"{" CLUSTER ",\"store_mb\":4096,\"ca\":\"Y2E=\\\"\"}",
		"{" CLUSTER ",\"store_mb\":4096,\"ca\":\"Y2 E\"}",
		"{" CLUSTER ",\"store_mb\":4096,\"ca\":\"\"}",
		"{\"engine\":\"kubeadm\",\"exists\":false,\"server\":\"a b\",\"node\":\"x\"}" };
	static struct member_cluster cluster;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(member_parse_cluster(wrong[i], &cluster), -EBADMSG);
}

static void a_token_is_exactly_one(void **state)
{
	char token[MEMBER_TOKEN_SIZE];

	(void)state;
	assert_int_equal(
		member_parse_token("{\"bootstrap\":\"abcdef.0123456789abcdef\"}", token), 0);
	assert_string_equal(token, "abcdef.0123456789abcdef");
	assert_int_equal(member_parse_token("{}", token), -EAGAIN);
	assert_int_equal(
		member_parse_token("{\"bootstrap\":\"abcdef.0123456789abcde\"}", token), -EBADMSG);
	assert_int_equal(
		member_parse_token("{\"bootstrap\":\"abcdefg0123456789abcdef\"}", token), -EBADMSG);
	assert_int_equal(
		member_parse_token("{\"bootstrap\":\"ABCDEF.0123456789abcdef\"}", token), -EBADMSG);
}

static void the_network_is_understood(void **state)
{
	static struct member_network network;

	(void)state;
	assert_int_equal(member_parse_network("{\"known\":false}", &network), 0);
	assert_false(network.known);
	assert_int_equal(
		member_parse_network(
			"{\"known\":true,\"pod_cidr\":\"\",\"routes\":\"\",\"ready\":false}",
			&network),
		0);
	assert_string_equal(network.pod_cidr, "");
	assert_int_equal(member_parse_network(
				 "{\"known\":true,\"pod_cidr\":\"10.244.1.0/"
				 "24\",\"routes\":\"10.244.2.0/24 10.77.0.51,\",\"ready\":true}",
				 &network),
		0);
	assert_true(network.ready);
	assert_int_equal(
		member_parse_network(
			"{\"known\":true,\"pod_cidr\":\"10.244.1.0\",\"routes\":\"\"}", &network),
		-EBADMSG);
	assert_int_equal(
		member_parse_network("{\"known\":true,\"pod_cidr\":\"\"}", &network), -EBADMSG);
}

static void base64_is_decoded_strictly(void **state)
{
	static const struct {
		const char *text, *expected; /* NULL: refused */
	} cases[] = { { "", "" }, { "YQ==", "a" }, { "YWI=", "ab" }, { "YWJj", "abc" },
		{ "YWJjZA==", "abcd" }, { "YQ", NULL }, { "YQ=", NULL }, { "Y", NULL },
		{ "Y===", NULL }, { "YQ==YQ==", NULL }, { "Y!==", NULL },
		{ "YWJjZGVmZw==", NULL } };
	char out[7];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int length = member_decode(cases[i].text, out, sizeof(out));

		if (!cases[i].expected) {
			assert_int_equal(length, -EBADMSG);
			continue;
		}
		assert_int_equal(length, (int)strlen(cases[i].expected));
		assert_string_equal(out, cases[i].expected);
	}
}

struct places {
	char base[64], kept[80], rendered[80];
};

static void make_places(struct places *places)
{
	snprintf(places->base, sizeof(places->base), "/tmp/member_test.XXXXXX");
	assert_non_null(mkdtemp(places->base));
	snprintf(places->kept, sizeof(places->kept), "%s/kept", places->base);
	snprintf(places->rendered, sizeof(places->rendered), "%s/rendered", places->base);
}

static void put(const char *directory, const char *name, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
}

static bool holds(const char *directory, const char *name, const char *text)
{
	char path[160], *content;
	size_t size;
	bool found;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (file_read(path, 65536, &content, &size) != 0)
		return false;
	found = strstr(content, text) != NULL;
	free(content);
	return found;
}

static void remove_places(const struct places *places)
{
	static const char *const names[] = { "rendered/kubelet.yaml", "rendered/arguments",
		"rendered/bootstrap.conf", "rendered", "kept/ca.crt", "kept/kubelet.conf",
		"kept/pki/kubelet-client-current.pem", "kept/pki", "kept", "proc/self/mountinfo",
		"proc/self", "proc", "" };
	char path[160];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", places->base, names[i]);
		(void)remove(path);
	}
	assert_int_equal(access(places->base, F_OK), -1);
}

static void parse(const char *ca, struct member_cluster *cluster)
{
	char text[512];

	snprintf(text, sizeof(text), "{" CLUSTER ",\"store_mb\":4096,\"ca\":\"%s\"}", ca);
	assert_int_equal(member_parse_cluster(text, cluster), 0);
}

static void what_the_kubelet_reads_is_written(void **state)
{
	static struct member_cluster cluster;
	struct places places = { "", "", "" };

	(void)state;
	make_places(&places);
	parse("Y2E=", &cluster);
	assert_int_equal(member_write_files(places.kept, places.rendered, &cluster, NULL), 0);
	assert_true(holds(places.kept, "ca.crt", "ca"));
	assert_true(holds(places.rendered, "kubelet.yaml", "clusterDNS: [ 10.96.0.10 ]\n"));
	assert_true(holds(
		places.rendered, "arguments", "--hostname-override=rasp1 --node-ip=10.77.0.50\n"));
	assert_false(holds(places.rendered, "bootstrap.conf", ""));
	assert_int_equal(member_write_files(
				 places.kept, places.rendered, &cluster, "abcdef.0123456789abcdef"),
		0);
	assert_true(holds(places.rendered, "bootstrap.conf", "certificate-authority-data: Y2E=\n"));
	member_remove_token(places.rendered);
	assert_false(holds(places.rendered, "bootstrap.conf", ""));
	remove_places(&places);
}

/* What releases up to 1.35 took away:
 * https://kubernetes.io/docs/reference/command-line-tools-reference/ of kubelet and kube-proxy.
 * --container-runtime-endpoint is deprecated since 1.27, and there. */
static void no_argument_is_one_that_current_releases_took_away(void **state)
{
	static const char *const gone[] = { "--container-runtime=", "--pod-infra-container-image",
		"--network-plugin", "--cni-", "--experimental", "--allow-privileged",
		"--cloud-provider", "--dynamic-config-dir", "--keep-terminated-pod-volumes",
		"--register-schedulable", "--feature-gates", "--healthz-port", "--proxy-mode=ipvs",
		"--proxy-mode=userspace" };
	static const char *const there[] = { "--config=", "--kubeconfig=",
		"--bootstrap-kubeconfig=", "--cert-dir=",
		"--container-runtime-endpoint=unix:///run/containerd/containerd.sock",
		"--cluster-cidr=10.244.0.0/16", "--proxy-mode=iptables" };
	static struct member_cluster cluster;
	struct places places = { "", "", "" };

	(void)state;
	make_places(&places);
	parse("Y2E=", &cluster);
	assert_int_equal(member_write_files(places.kept, places.rendered, &cluster, NULL), 0);
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		assert_false(holds(places.rendered, "arguments", gone[i]));
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++)
		assert_true(holds(places.rendered, "arguments", there[i]));
	assert_true(holds(places.rendered, "kubelet.yaml",
		"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"));
	assert_true(holds(places.rendered, "kubelet.yaml", "cgroupDriver: systemd\n"));
	assert_false(holds(places.rendered, "kubelet.yaml", "dynamic"));
	remove_places(&places);
}

static void credentials_last_while_the_cluster_is_the_same(void **state)
{
	static struct member_cluster cluster, other;
	struct places places = { "", "", "" };

	(void)state;
	make_places(&places);
	parse("Y2E=", &cluster);
	parse("Y2I=", &other);
	assert_int_equal(member_write_files(places.kept, places.rendered, &cluster, NULL), 0);
	assert_false(member_has_credentials(places.kept, &cluster));
	put(places.kept, "kubelet.conf", CONFIG);
	put(places.kept, "pki/kubelet-client-current.pem", "x");
	assert_true(member_has_credentials(places.kept, &cluster));
	assert_false(member_has_credentials(places.kept, &other));
	assert_false(holds(places.kept, "kubelet.conf", ""));
	remove_places(&places);
}

/* The kubelet was killed while it wrote. */
static void half_a_kubeconfig_is_none(void **state)
{
	static struct member_cluster cluster;
	struct places places = { "", "", "" };
	char part[sizeof(CONFIG)];

	(void)state;
	make_places(&places);
	parse("Y2E=", &cluster);
	assert_int_equal(member_write_files(places.kept, places.rendered, &cluster, NULL), 0);
	put(places.kept, "pki/kubelet-client-current.pem", "x");
	for (size_t length = 0; length < strlen(CONFIG); length++) {
		memcpy(part, CONFIG, length);
		part[length] = '\0';
		put(places.kept, "kubelet.conf", part);
		assert_false(member_has_credentials(places.kept, &cluster));
	}
	assert_true(holds(places.kept, "pki/kubelet-client-current.pem", "x"));
	put(places.kept, "kubelet.conf", CONFIG);
	assert_true(member_has_credentials(places.kept, &cluster));
	remove_places(&places);
}

static void credentials_older_than_a_year_are_none(void **state)
{
	static struct member_cluster cluster;
	const struct utimbuf old = { .modtime = 1500000000, .actime = 1500000000 };
	struct places places = { "", "", "" };
	char path[160];

	(void)state;
	make_places(&places);
	parse("Y2E=", &cluster);
	assert_int_equal(member_write_files(places.kept, places.rendered, &cluster, NULL), 0);
	put(places.kept, "kubelet.conf", CONFIG);
	put(places.kept, "pki/kubelet-client-current.pem", "x");
	snprintf(path, sizeof(path), "%s/pki/kubelet-client-current.pem", places.kept);
	assert_int_equal(utime(path, &old), 0);
	assert_false(member_has_credentials(places.kept, &cluster));
	assert_false(holds(places.kept, "kubelet.conf", ""));
	remove_places(&places);
}

static void programs_are_run_with_a_limit(void **state)
{
	const char *const echo[] = { "sh", "-c", "echo out; echo err >&2; exit 3", NULL };
	const char *const sleep_long[] = { "sleep", "30", NULL };
	const char *const none[] = { "no-such-program", NULL };
	char out[6];

	(void)state;
	assert_int_equal(member_run(echo, 10, out, sizeof(out)), 3);
	assert_string_equal(out, "out\ne");
	assert_int_equal(member_run(sleep_long, 1, NULL, 0), -ETIMEDOUT);
	assert_int_equal(member_run(none, 1, NULL, 0), -ENOENT);
}

#define STORE "0123456789abcdef0123456789abcdef"
#define PEM "-----BEGIN SOMETHING-----\\nAAAAAAAA\\n"

/* A router's document, in which `name` has another value; NULL: it is absent. */
static const char *write_document(const char *name, const char *value)
{
	static const char *const plain[][2] = { { "store", STORE }, { "version", "v1.20.2" },
		{ "begin", "empty" },
		{ "etcd",
			"--name=router\\n--listen-client-urls=https://127.0.0.1:2379,https://a:1" },
		{ "kube-apiserver", "--a=b" } };
	static char out[8192];
	const size_t n = sizeof(plain) / sizeof(plain[0]);

	out[0] = '{';
	out[1] = '\0';
	for (size_t i = 0; i < n + PLANE_FILES; i++) {
		const char *key = i < n ? plain[i][0] : plane_files[i - n];
		const char *text = strcmp(key, name) == 0 ? value : i < n ? plain[i][1] : PEM;
		size_t used = strlen(out);

		if (text)
			snprintf(out + used, sizeof(out) - used, "%s\"%s\":\"%s\"",
				used > 1 ? "," : "", key, text);
	}
	str_copy(out + strlen(out), sizeof(out) - strlen(out), "}");
	return out;
}

static void a_control_plane_is_all_or_nothing(void **state)
{
	static const struct {
		const char *name, *value;
	} bad[] = { { "store", "0123" }, { "store", NULL }, { "begin", "anew" },
		{ "version", "v1 20" }, { "etcd", "--a=b $HOME" }, { "etcd", "a" },
		{ "etcd", "--a=\\nb" }, { "etcd", "" }, { "kube-apiserver", "--a='b'" },
		{ "kube-apiserver", NULL }, { "sa.key", NULL }, { "etcd/peer.key", "" } };
	static struct plane_document document;

	(void)state;
	assert_int_equal(plane_parse(write_document("", ""), &document), 0);
	assert_string_equal(document.store, STORE);
	assert_int_equal(document.begin, PLANE_EMPTY);
	assert_string_equal(document.arguments[0],
		"--name=router --listen-client-urls=https://127.0.0.1:2379,https://a:1");
	assert_string_equal(document.files[16], "-----BEGIN SOMETHING-----\nAAAAAAAA\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(plane_parse(write_document(bad[i].name, bad[i].value), &document),
			-EBADMSG);
		assert_string_equal(document.files[0], "");
	}
}

static void a_part_of_a_snapshot_is_the_one_asked_for(void **state)
{
	static const char part[] = "{\"size\":6,\"offset\":3,\"text\":\"AQID\"}";
	char out[64];
	uint64_t whole;
	size_t length;

	(void)state;
	assert_int_equal(plane_parse_part(part, 3, out, sizeof(out), &length, &whole), 0);
	assert_int_equal(length, 3);
	assert_int_equal(whole, 6);
	assert_memory_equal(out, "\1\2\3", 3);
	assert_int_equal(plane_parse_part(part, 0, out, sizeof(out), &length, &whole), -EBADMSG);
	assert_int_equal(plane_parse_part("{\"size\":5,\"offset\":3,\"text\":\"AQID\"}", 3, out,
				 sizeof(out), &length, &whole),
		-EBADMSG);
	assert_int_equal(plane_parse_part(part, 3, out, 3, &length, &whole), -EBADMSG);
}

static void a_node_learns_which_store_it_carries(void **state)
{
	static struct member_cluster cluster;

	(void)state;
	assert_int_equal(member_parse_cluster("{" CLUSTER ",\"store_mb\":4096,\"ca\":\"Y2E=\","
					      "\"plane\":\"" STORE "\"}",
				 &cluster),
		0);
	assert_string_equal(cluster.plane, STORE);
	assert_int_equal(member_parse_cluster("{" CLUSTER ",\"store_mb\":4096,\"ca\":\"Y2E=\","
					      "\"plane\":\"../x\"}",
				 &cluster),
		-EBADMSG);
}

/* overlayfs, and with it containerd, needs a file system of this machine. */
static void only_a_local_disk_is_taken_for_containers_by_itself(void **state)
{
	static const struct {
		const char *mounts;
		enum member_store chosen;
	} cases[] = {
		{ "", MEMBER_STORE_LOOP },
		{ "2 1 8:1 / /scratch rw - ext4 /dev/sda1 rw\n", MEMBER_STORE_SCRATCH },
		{ "2 1 7:0 / /scratch rw - ext4 /dev/loop0 rw\n", MEMBER_STORE_LOOP },
		{ "2 1 0:9 / /scratch rw - tmpfs scratch rw\n", MEMBER_STORE_LOOP },
		{ "2 1 0:9 /b /scratch rw - nfs4 10.77.0.1:/b rw\n", MEMBER_STORE_LOOP },
		{ "2 1 8:1 / /scratch rw - ext4 /dev/sda1 rw\n"
		  "3 2 7:0 / /scratch rw - ext4 /dev/loop0 rw\n",
			MEMBER_STORE_LOOP },
	};
	struct places places = { "", "", "" };
	const struct config_world world = { .root = places.base };
	char proc[160];

	(void)state;
	make_places(&places);
	snprintf(proc, sizeof(proc), "%s/proc/self", places.base);
	assert_int_equal(file_make_directories(proc, 0755), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(proc, "mountinfo", cases[i].mounts);
		assert_int_equal(member_choose_store(&world, MEMBER_STORE_AUTO), cases[i].chosen);
		assert_int_equal(
			member_choose_store(&world, MEMBER_STORE_SCRATCH), MEMBER_STORE_SCRATCH);
	}
	remove_places(&places);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cluster_is_understood),
		cmocka_unit_test(what_is_more_than_a_word_is_refused),
		cmocka_unit_test(a_token_is_exactly_one),
		cmocka_unit_test(the_network_is_understood),
		cmocka_unit_test(base64_is_decoded_strictly),
		cmocka_unit_test(what_the_kubelet_reads_is_written),
		cmocka_unit_test(no_argument_is_one_that_current_releases_took_away),
		cmocka_unit_test(credentials_last_while_the_cluster_is_the_same),
		cmocka_unit_test(half_a_kubeconfig_is_none),
		cmocka_unit_test(credentials_older_than_a_year_are_none),
		cmocka_unit_test(programs_are_run_with_a_limit),
		cmocka_unit_test(a_control_plane_is_all_or_nothing),
		cmocka_unit_test(a_part_of_a_snapshot_is_the_one_asked_for),
		cmocka_unit_test(a_node_learns_which_store_it_carries),
		cmocka_unit_test(only_a_local_disk_is_taken_for_containers_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
