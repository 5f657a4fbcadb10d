/* SPDX-License-Identifier: ISC */
/* What brambled hands the node that carries etcd and the API server, and what it keeps from all
 * others. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/cluster/place.h"
#include "rootfs/cluster/plane.h"

#define PEER "10.77.0.50"
#define OTHER "10.77.0.51"
#define STORE "0123456789abcdef0123456789abcdef"
#define PLANE "/v1/cluster/plane"

static void write_file(struct world *world, const char *name, const char *text)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", world->brambled.settings.share, name);
	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
}

static void make_directory(struct world *world, const char *name)
{
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", world->brambled.settings.share, name);
	assert_int_equal(file_make_directories(path, 0700), 0);
}

/* A control plane on rasp1, as `bramble cluster create` leaves it. */
static void make_cluster(struct world *world, const char *begin)
{
	char text[256];

	world->brambled.settings.kubernetes_engine = ENGINE_KUBEADM;
	world->brambled.cluster_file = 1;
	make_directory(world, "cluster/pki/etcd");
	write_file(world, "cluster/processes.json",
		"{\"etcd\":[\"/usr/bin/etcd\",\"--data-dir=/scratch/etcd/x\",\"--name=router\"],"
		"\"kube-apiserver\":[\"/usr/bin/kube-apiserver\",\"--secure-port=6443\"],"
		"\"kube-controller-manager\":[\"/p/kube-controller-manager\"],"
		"\"kube-scheduler\":[\"/p/kube-scheduler\"]}");
	write_file(world, "cluster/kubeadm.yaml", "a: b\nkubernetesVersion: v1.20.2\n");
	for (size_t i = 0; i < PLANE_FILES; i++) {
		char name[128];

		snprintf(name, sizeof(name), "cluster/pki/%s", plane_files[i]);
		snprintf(text, sizeof(text), "-----BEGIN-----\nkey of %s\n-----END-----\n",
			plane_files[i]);
		write_file(world, name, text);
	}
	snprintf(text, sizeof(text), "rasp1 " PEER " " STORE " %s\n", begin);
	write_file(world, "cluster/place", text);
}

static cJSON *ask(struct world *world, const char *peer, const char *path, const char *token,
	const char *more, int *status)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"token\":\"%s\"%s}", token, more);
	return world_call(world, peer, IPC_POST, path, body, status);
}

static int ask_status(struct world *world, const char *peer, const char *path, const char *token,
	const char *more)
{
	int status;

	cJSON_Delete(ask(world, peer, path, token, more, &status));
	return status;
}

static char *join(struct world *world, unsigned n, const char *peer, const char *serial)
{
	char *token;

	if (n == 1)
		world_use_image(world, FIRST_HASH);
	world_discover(world, n, (uint32_t)strtoul(serial, NULL, 16));
	token = world_fetch_token(world, peer, serial);
	assert_int_equal(ask_status(world, peer, "/v1/join", token, ""), 200);
	return token;
}

/* The document as the agent puts it together. */
static void fetch(struct world *world, const char *token, struct plane_document *document)
{
	static char text[65536];
	size_t used = 0, size = 1;

	while (used < size) {
		char more[64];
		int status;
		cJSON *json;
		const char *part;

		snprintf(more, sizeof(more), ",\"offset\":%zu", used);
		json = ask(world, PEER, PLANE, token, more, &status);
		assert_int_equal(status, 200);
		part = cJSON_GetStringValue(cJSON_GetObjectItem(json, "text"));
		size = (size_t)cJSON_GetObjectItem(json, "size")->valuedouble;
		assert_in_range(used + strlen(part), used + 1, sizeof(text) - 1);
		memcpy(text + used, part, strlen(part) + 1);
		used += strlen(part);
		cJSON_Delete(json);
	}
	assert_int_equal(plane_parse(text, document), 0);
}

static void the_node_gets_what_it_needs_and_no_other_does(void **state)
{
	static struct plane_document document;
	struct world *world = *state;
	char *one = join(world, 1, PEER, "1a2b3c4d"), *two = join(world, 2, OTHER, "1a2b3c4e");

	make_cluster(world, "empty");
	fetch(world, one, &document);
	assert_string_equal(document.store, STORE);
	assert_string_equal(document.version, "v1.20.2");
	assert_string_equal(document.arguments[0], "--data-dir=/scratch/etcd/x --name=router");
	assert_string_equal(document.files[10], "-----BEGIN-----\nkey of sa.key\n-----END-----\n");
	assert_int_equal(document.begin, PLANE_EMPTY);
	assert_int_equal(ask_status(world, OTHER, PLANE, two, ""), 403);
	assert_int_equal(ask_status(world, OTHER, PLANE, one, ""), 403);
	assert_int_equal(
		ask_status(world, OTHER, PLANE "/begun", two, ",\"store\":\"" STORE "\""), 403);
	assert_int_equal(ask_status(world, PEER, PLANE, two, ""), 403);
	free(one);
	free(two);
}

static void when_pods_may_run_the_keys_are_handed_out_no_more(void **state)
{
	struct world *world = *state;
	char *token = join(world, 1, PEER, "1a2b3c4d");

	make_cluster(world, "empty");
	assert_int_equal(ask_status(world, PEER, "/v1/cluster/kept", token, ""), 200);
	assert_int_equal(ask_status(world, PEER, PLANE, token, ""), 403);
	assert_int_equal(ask_status(world, PEER, PLANE "/snapshot", token, ",\"offset\":0"), 403);
	free(token);
}

static void a_store_is_begun_once(void **state)
{
	static const char begun[] = ",\"store\":\"" STORE "\"";
	static struct plane_document document;
	struct world *world = *state;
	char *token = join(world, 1, PEER, "1a2b3c4d");

	make_cluster(world, "20261128T220000Z");
	make_directory(world, "cluster-snapshots/20261128T220000Z");
	write_file(world, "cluster-snapshots/20261128T220000Z/etcd.db", "abcdef");
	fetch(world, token, &document);
	assert_int_equal(document.begin, PLANE_SNAPSHOT);
	assert_int_equal(ask_status(world, PEER, PLANE "/snapshot", token, ",\"offset\":-1"), 404);
	assert_int_equal(ask_status(world, PEER, PLANE "/snapshot", token, ",\"offset\":4"), 200);
	assert_int_equal(
		ask_status(world, PEER, PLANE "/begun", token, ",\"store\":\"f123\""), 409);
	assert_int_equal(ask_status(world, PEER, PLANE "/begun", token, begun), 200);
	fetch(world, token, &document);
	assert_int_equal(document.begin, PLANE_KEPT);
	assert_int_equal(ask_status(world, PEER, PLANE "/snapshot", token, ",\"offset\":0"), 404);
	free(token);
}

static void what_is_missing_is_no_document(void **state)
{
	struct world *world = *state;
	char *token = join(world, 1, PEER, "1a2b3c4d"), path[400];

	make_cluster(world, "empty");
	snprintf(path, sizeof(path), "%s/cluster/pki/sa.key", world->brambled.settings.share);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ask_status(world, PEER, PLANE, token, ""), 503);
	free(token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_node_gets_what_it_needs_and_no_other_does),
		TEST(when_pods_may_run_the_keys_are_handed_out_no_more),
		TEST(a_store_is_begun_once),
		TEST(what_is_missing_is_no_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
