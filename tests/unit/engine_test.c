/* SPDX-License-Identifier: ISC */
/* The kubeadm engine in brambled: nodes that leave for a reboot and come back, and those that are
 * forgotten. bramble-clusterd and the node are played by the tests. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "provisioner/cluster/engine.h"
#include "provisioner/cluster/routes.h"
#include "provisioner/nodes/orders.h"

#define PEER "10.77.0.50"

static void make_cluster(struct world *world)
{
	char path[300];

	world->brambled.settings.kubernetes_engine = ENGINE_KUBEADM;
	world->brambled.settings.drain_s = 300;
	world->brambled.cluster_ticked = true;
	snprintf(path, sizeof(path), "%s/cluster", world->brambled.settings.share);
	assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
}

static char *join_rasp1(struct world *world)
{
	char body[128], *token;
	int status;

	world_discover(world, 1, 0x1a2b3c4d);
	token = world_fetch_token(world, PEER, "1a2b3c4d");
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	cJSON_Delete(world_call(world, PEER, IPC_POST, "/v1/join", body, &status));
	assert_int_equal(status, 200);
	return token;
}

/* Its agent says in which life it is, as it does for its network. */
static void live(struct world *world, const char *token, const char *life)
{
	char body[160];
	int status;

	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"boot_id\":\"%s\"}", token, life);
	cJSON_Delete(world_call(world, PEER, IPC_POST, "/v1/cluster/network", body, &status));
	assert_int_equal(status, 200);
}

static cJSON *clusterd(
	struct world *world, enum ipc_method method, const char *path, const char *body)
{
	const struct api_call call = {
		.method = method, .cluster = true, .path = path, .query = "", .body = body
	};
	struct api_reply reply = { .status = 200 };

	assert_true(api_cluster_call(&world->brambled, &call, &reply));
	return reply.json;
}

/* The cluster has the Node rasp1, Ready in that life; NULL: it has none. */
static void list(struct world *world, const char *life, bool cordoned)
{
	char body[300] = "{\"nodes\":[],\"more\":false}";

	if (life)
		snprintf(body, sizeof(body),
			"{\"nodes\":[{\"name\":\"rasp1\",\"uid\":\"u\",\"boot_id\":\"%s\","
			"\"ready\":true,\"cordoned\":%s,\"ours\":%s}],\"more\":false}",
			life, cordoned ? "true" : "false", cordoned ? "true" : "false");
	cJSON_Delete(clusterd(world, IPC_POST, "/v1/cluster/nodes", body));
}

static void tell_left(struct world *world, int left)
{
	char body[128];

	snprintf(body, sizeof(body), "{\"node\":\"rasp1\",\"left\":%d,\"text\":\"pod a/b ends\"}",
		left);
	cJSON_Delete(clusterd(world, IPC_POST, "/v1/cluster/drains", body));
}

/* What bramble-clusterd is to do about rasp1. */
static void expect_work(struct world *world, bool cordon, bool drain)
{
	cJSON *work = clusterd(world, IPC_GET, "/v1/cluster/work", "");
	const cJSON *node = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(work, "nodes"), 0);

	assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node, "cordon")), cordon);
	assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(node, "drain")), drain);
	cJSON_Delete(work);
}

static void expect_forgotten(struct world *world, int n)
{
	cJSON *work = clusterd(world, IPC_GET, "/v1/cluster/work", "");

	assert_int_equal(
		cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(work, "forgotten")), n);
	cJSON_Delete(work);
}

static int order_reboot(struct world *world, const char *body)
{
	int status, id;
	cJSON *json = world_call(world, NULL, IPC_POST, "/v1/nodes/rasp1/orders", body, &status);

	assert_int_equal(status, 200);
	id = (int)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "id"));
	cJSON_Delete(json);
	return id;
}

static void expect_order(struct world *world, int id, const char *state, const char *waits)
{
	char path[64];
	int status;
	cJSON *json;

	snprintf(path, sizeof(path), "/v1/orders/%d", id);
	json = world_call(world, NULL, IPC_GET, path, "", &status);
	assert_string_equal(world_text(json, "state"), state);
	assert_string_equal(world_text(json, "waits_for"), waits);
	cJSON_Delete(json);
}

/* Does the answer to a heartbeat tell it to reboot? */
static bool hears(struct world *world, const char *token)
{
	char body[128];
	int status;
	cJSON *json;
	bool told;

	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	json = world_call(world, PEER, IPC_POST, "/v1/heartbeat", body, &status);
	told = cJSON_HasObjectItem(json, "order_id");
	cJSON_Delete(json);
	return told;
}

static void acknowledge(struct world *world, const char *token, int id)
{
	char body[200];
	int status;

	snprintf(body, sizeof(body),
		"{\"token\":\"%s\",\"order_id\":%d,\"done\":true,\"text\":\"\"}", token, id);
	cJSON_Delete(world_call(world, PEER, IPC_POST, "/v1/order", body, &status));
	assert_int_equal(status, 200);
}

static char *begin(struct world *world)
{
	char *token;

	make_cluster(world);
	world_use_image(world, FIRST_HASH);
	token = join_rasp1(world);
	live(world, token, "first");
	list(world, "first", false);
	return token;
}

static void a_reboot_waits_for_the_pods_and_work_comes_back_with_the_node(void **state)
{
	struct world *world = *state;
	char *token = begin(world), *next;
	int id;

	expect_work(world, false, false);
	id = order_reboot(world, "{\"order\":\"reboot\"}");
	orders_tick(&world->brambled);
	assert_false(hears(world, token));
	expect_work(world, true, true);
	expect_order(world, id, "pending", "the API server hasn't said yet what runs there");
	list(world, "first", true);
	tell_left(world, 2);
	expect_order(world, id, "pending", "2 pods are left: pod a/b ends");
	assert_false(hears(world, token));
	tell_left(world, 0);
	expect_work(world, true, false);
	assert_true(hears(world, token));
	acknowledge(world, token, id);
	/* It is still the old life that the cluster speaks of. */
	live(world, token, "first");
	list(world, "first", true);
	expect_work(world, true, false);
	next = join_rasp1(world);
	expect_work(world, true, false);
	live(world, next, "second");
	expect_work(world, true, false);
	list(world, "second", true);
	expect_work(world, false, false);
	free(next);
	free(token);
}

static void a_cordon_outlives_brambled_until_the_node_is_back(void **state)
{
	struct world *world = *state;
	char *token = begin(world), *next;
	int id = order_reboot(world, "{\"order\":\"reboot\"}");

	list(world, "first", true);
	orders_tick(&world->brambled);
	tell_left(world, 0);
	assert_true(hears(world, token));
	acknowledge(world, token, id);
	world_crash(world);
	make_cluster(world);
	expect_work(world, true, false);
	/* It hasn't ended yet: Ready, but in the life that it is to leave. */
	live(world, token, "first");
	list(world, "first", true);
	expect_work(world, true, false);
	next = join_rasp1(world);
	list(world, "first", true);
	expect_work(world, true, false);
	world_crash(world);
	make_cluster(world);
	expect_work(world, true, false);
	live(world, next, "second");
	list(world, "second", true);
	expect_work(world, false, false);
	free(next);
	free(token);
}

/* Roll-outs and orders say so at the first tick. */
static void after_a_restart_no_node_is_touched_before_it_is_known_which_leave(void **state)
{
	struct world *world = *state;
	char *token = begin(world);
	cJSON *work;

	world->brambled.cluster_ticked = false;
	work = clusterd(world, IPC_GET, "/v1/cluster/work", "");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(work, "nodes")), 0);
	cJSON_Delete(work);
	free(token);
}

static void what_can_not_be_drained_in_time_is_not_rebooted_or_is_as_configured(void **state)
{
	struct world *world = *state;
	char *token = begin(world);
	int id = order_reboot(world, "{\"order\":\"reboot\"}");

	list(world, "first", true);
	orders_tick(&world->brambled);
	tell_left(world, 1);
	world->brambled.settings.drain_s = 0;
	orders_tick(&world->brambled);
	expect_order(world, id, "failed", "");
	expect_work(world, false, false);
	assert_false(hears(world, token));
	assert_int_equal(world_count_events(world, "node.overdue"), 1);
	world->brambled.settings.drain_overdue = DRAIN_GO_ON;
	(void)order_reboot(world, "{\"order\":\"reboot\"}");
	orders_tick(&world->brambled);
	assert_true(hears(world, token));
	free(token);
}

static void put_plane_on(struct world *world, const char *node)
{
	char path[300], text[128];

	snprintf(path, sizeof(path), "%s/cluster/place", world->brambled.settings.share);
	snprintf(text, sizeof(text), "%s " PEER " 0123456789abcdef0123456789abcdef empty\n", node);
	assert_int_equal(file_replace(path, text, strlen(text), 0600), 0);
}

/* Nobody is left to say what runs there, and a reboot is what brings it back. */
static void a_node_whose_own_api_server_is_silent_is_rebooted(void **state)
{
	static const struct {
		const char *carrier;
		bool goes;
	} cases[] = { { "rasp2", false }, { "rasp1", true } };
	struct world *world = *state;
	char *token = begin(world);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_plane_on(world, cases[i].carrier);
		world->brambled.settings.drain_s = 300;
		(void)order_reboot(world, "{\"order\":\"reboot\"}");
		orders_tick(&world->brambled);
		assert_false(hears(world, token));
		world->brambled.settings.drain_s = 0;
		orders_tick(&world->brambled);
		assert_int_equal(hears(world, token), cases[i].goes);
	}
	free(token);
}

static void a_reboot_at_once_asks_nobody(void **state)
{
	struct world *world = *state;
	char *token = begin(world);

	(void)order_reboot(world, "{\"order\":\"reboot\",\"drain\":false}");
	orders_tick(&world->brambled);
	assert_true(hears(world, token));
	expect_work(world, false, false);
	free(token);
}

static void without_a_cluster_and_for_nodes_that_are_none_of_its_nothing_is_waited_for(void **state)
{
	struct world *world = *state;
	const struct engine *engine;
	char reason[ENGINE_REASON_SIZE], *token;

	world->brambled.settings.kubernetes_engine = ENGINE_KUBEADM;
	world_use_image(world, FIRST_HASH);
	token = join_rasp1(world);
	engine = engine_of(&world->brambled);
	assert_int_equal(engine->drain(&world->brambled, "rasp1", reason), 0);
	assert_true(engine->is_ready(&world->brambled, "rasp1"));
	make_cluster(world);
	/* Nobody has said which nodes it has. */
	assert_false(engine->is_ready(&world->brambled, "rasp1"));
	assert_int_equal(engine->drain(&world->brambled, "rasp1", reason), -EAGAIN);
	list(world, NULL, false);
	assert_true(engine->is_ready(&world->brambled, "rasp1"));
	assert_int_equal(engine->drain(&world->brambled, "rasp1", reason), 0);
	/* Its Node is gone: then it isn't Ready, whatever was said before. */
	live(world, token, "first");
	list(world, "first", false);
	assert_true(engine->is_ready(&world->brambled, "rasp1"));
	list(world, NULL, false);
	assert_false(engine->is_ready(&world->brambled, "rasp1"));
	free(token);
}

static void only_networks_of_pods_are_routed(void **state)
{
	static const char *const bad[] = { "", "x", "10.245.1.0/24", "0.0.0.0/0", "10.244.1.1/24",
		"10.244.0.0/15", "10.244.1.1/32", "10.77.0.0/24" };
	struct in_addr network;
	unsigned length = 0;

	(void)state;
	assert_true(routes_parse("10.244.3.0/24", "10.244.0.0/16", &network, &length));
	assert_int_equal(length, 24);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(routes_parse(bad[i], "10.244.0.0/16", &network, &length));
}

static void a_forgotten_node_is_to_be_deleted_until_its_name_is_given_anew(void **state)
{
	struct world *world = *state;
	char reason[NODES_REASON_SIZE], *token = begin(world);
	struct registry_node node;

	expect_forgotten(world, 0);
	assert_int_equal(nodes_forget(&world->brambled, "rasp1", reason), 0);
	expect_forgotten(world, 1);
	world_crash(world);
	make_cluster(world);
	expect_forgotten(world, 1);
	{
		struct registry_board board;

		assert_int_equal(
			registry_find_board(world->brambled.registry, "1a2b3c4d", &board), 0);
		assert_int_equal(nodes_admit(&world->brambled, &board, "rasp1", &node, reason), 0);
	}
	expect_forgotten(world, 0);
	free(token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reboot_waits_for_the_pods_and_work_comes_back_with_the_node),
		TEST(a_cordon_outlives_brambled_until_the_node_is_back),
		TEST(after_a_restart_no_node_is_touched_before_it_is_known_which_leave),
		TEST(what_can_not_be_drained_in_time_is_not_rebooted_or_is_as_configured),
		TEST(a_node_whose_own_api_server_is_silent_is_rebooted),
		TEST(a_reboot_at_once_asks_nobody),
		TEST(without_a_cluster_and_for_nodes_that_are_none_of_its_nothing_is_waited_for),
		cmocka_unit_test(only_networks_of_pods_are_routed),
		TEST(a_forgotten_node_is_to_be_deleted_until_its_name_is_given_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
