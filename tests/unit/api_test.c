/* SPDX-License-Identifier: ISC */
/* The JSON API by both doors. */
#include "tests/unit/brambled_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

#define PEER "10.77.0.50"

/* Board 1 is rasp1 and about to start its kernel; its token, for the caller to free. */
static char *boot_rasp1(struct world *world)
{
	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1a2b3c4d);
	return world_fetch_token(world, PEER, "1a2b3c4d");
}

/* A call of a node; `extra` follows the token in the body. */
static int say(struct world *world, const char *peer, const char *path, const char *token,
	const char *extra)
{
	char body[512];
	int status;
	cJSON *json;

	snprintf(body, sizeof(body), "{\"token\":\"%s\"%s%s}", token, extra[0] ? "," : "", extra);
	json = world_call(world, peer, IPC_POST, path, body, &status);
	if (status == 200)
		assert_true(strlen(world_text(json, "time_ns")) > 15);
	cJSON_Delete(json);
	return status;
}

static int join(struct world *world, const char *token)
{
	return say(world, PEER, "/v1/join", token,
		"\"board\":{\"serial\":\"1a2b3c4d\",\"revision\":12595473}");
}

static int ask(struct world *world, enum ipc_method method, const char *path, const char *body)
{
	int status;

	cJSON_Delete(world_call(world, NULL, method, path, body, &status));
	return status;
}

/* A number within the answer to GET path. */
static double number(struct world *world, const char *path, const char *object, const char *name)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, path, "", &status);
	const cJSON *from = object ? cJSON_GetObjectItemCaseSensitive(json, object) : json;
	double value = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(from, name));

	assert_int_equal(status, 200);
	cJSON_Delete(json);
	return value;
}

static unsigned length(struct world *world, const char *path, const char *name)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, path, "", &status);
	int n = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, name));

	assert_int_equal(status, 200);
	cJSON_Delete(json);
	return (unsigned)n;
}

static void a_node_joins(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);

	assert_int_equal(say(world, PEER, "/v1/boot/stage", token, "\"stage\":\"init\""), 200);
	assert_int_equal(say(world, PEER, "/v1/boot/stage", token, "\"stage\":\"root\""), 200);
	assert_int_equal(world_commit(world), 0);
	world_crash(world);
	world_expect_node(world, "rasp1", 1, "booting", PEER);
	assert_int_equal(join(world, token), 200);
	/* Acknowledged is durable. */
	world_crash(world);
	world_expect_node(world, "rasp1", 1, "joined", PEER);
	assert_int_equal(world_count_events(world, "node.joined"), 1);
	assert_int_equal(length(world, "/v1/boots/1", "steps"), 5);
	assert_true(number(world, "/v1/boots/1", NULL, "ended_ms") > 0);
	assert_int_equal(join(world, token), 200); /* again: nothing changes */
	assert_int_equal(world_count_events(world, "node.joined"), 1);
	free(token);
}

static void only_the_token_at_its_address_counts(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world), *other;
	const char *const wrong[] = { "", "00000000000000000000000000000000", "\\u0000", "x" };

	world_discover(world, 2, 0x1002);
	other = world_fetch_token(world, "10.77.0.51", "00001002");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(join(world, wrong[i]), 403);
	assert_int_equal(join(world, other), 403);
	token[31] = (char)(token[31] == '0' ? '1' : '0');
	assert_int_equal(join(world, token), 403);
	token[31] = '\0';
	assert_int_equal(join(world, token), 403);
	assert_int_equal(say(world, "10.77.0.51", "/v1/join", token, ""), 403);
	assert_int_equal(say(world, "10.77.0.99", "/v1/join", other, ""), 403);
	assert_int_equal(say(world, PEER, "/v1/heartbeat", other, ""), 403);
	assert_int_equal(say(world, "10.77.0.51", "/v1/join", other, ""), 200);
	/* A boot that has no token yet has none that is empty. */
	world_discover(world, 3, 0x1003);
	assert_int_equal(say(world, "10.77.0.52", "/v1/join", "", ""), 403);
	free(token);
	free(other);
}

static void a_board_without_a_node_has_no_say(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);

	assert_int_equal(ask(world, IPC_POST, "/v1/nodes/rasp1/replace", "{\"next\":true}"), 200);
	assert_int_equal(join(world, token), 403);
	free(token);
}

static void a_failed_stage_is_a_reason(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);
	int status;
	cJSON *json;

	assert_int_equal(say(world, PEER, "/v1/boot/stage", token,
				 "\"stage\":\"nfs\",\"failed\":true,\"detail\":\"refused\\u001b\""),
		200);
	json = world_call(world, NULL, IPC_GET, "/v1/boots/1", "", &status);
	assert_string_equal(world_text(json, "reason"), "nfs failed: refused\\x1b");
	assert_string_equal(world_text(json, "stage"), "config");
	cJSON_Delete(json);
	assert_int_equal(say(world, PEER, "/v1/boot/stage", token, "\"stage\":\"nfs\""), 200);
	assert_int_equal(say(world, PEER, "/v1/boot/stage", token, "\"stage\":\"joined\""), 200);
	json = world_call(world, NULL, IPC_GET, "/v1/boots/1", "", &status);
	assert_string_equal(world_text(json, "reason"), "");
	assert_string_equal(world_text(json, "stage"), "nfs"); /* joined is said by a join alone */
	cJSON_Delete(json);
	free(token);
}

/* Given up after two minutes, but it was only slow. */
static void a_stuck_boot_may_go_on(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);
	char *token = boot_rasp1(world);

	timeline_end(&world->brambled, &mac, "it stopped");
	world_expect_node(world, "rasp1", 1, "stuck", PEER);
	assert_int_equal(say(world, PEER, "/v1/boot/stage", token, "\"stage\":\"root\""), 200);
	assert_int_equal(world_commit(world), 0);
	world_crash(world);
	world_expect_node(world, "rasp1", 1, "booting", PEER);
	assert_int_equal(join(world, token), 200);
	world_expect_node(world, "rasp1", 1, "joined", PEER);
	assert_int_equal(length(world, "/v1/boots", "boots"), 1);
	free(token);
}

/* Somebody invents a DISCOVER with the node's MAC, or a user of the node fetches a boot file. */
static void a_running_node_is_not_put_out(void **state)
{
	struct world *world = *state;
	struct mac mac = world_mac(1);
	char *token = boot_rasp1(world), *later;

	assert_int_equal(join(world, token), 200);
	world_discover(world, 1, 0x1a2b3c4d);
	world_expect_node(world, "rasp1", 1, "booting", PEER);
	assert_int_equal(say(world, PEER, "/v1/heartbeat", token, ""), 200);
	world_expect_node(world, "rasp1", 1, "joined", PEER);
	assert_null(timeline_boot(&world->brambled, &mac));
	world_discover(world, 1, 0x1a2b3c4d);
	later = world_fetch_token(world, PEER, "1a2b3c4d");
	assert_int_equal(say(world, PEER, "/v1/heartbeat", token, ""), 200);
	world_expect_node(world, "rasp1", 1, "joined", PEER);
	free(later);
	/* Again and again, and over a restart. */
	world_discover(world, 1, 0x1a2b3c4d);
	assert_int_equal(world_commit(world), 0);
	world_crash(world);
	assert_int_equal(say(world, PEER, "/v1/heartbeat", token, ""), 200);
	world_expect_node(world, "rasp1", 1, "joined", PEER);
	/* But once a new system speaks, the old token is worth nothing. */
	world_discover(world, 1, 0x1a2b3c4d);
	later = world_fetch_token(world, PEER, "1a2b3c4d");
	assert_int_equal(say(world, PEER, "/v1/boot/stage", later, "\"stage\":\"init\""), 200);
	assert_int_equal(say(world, PEER, "/v1/heartbeat", token, ""), 403);
	assert_int_equal(join(world, token), 403);
	assert_int_equal(join(world, later), 200);
	assert_int_equal(say(world, PEER, "/v1/heartbeat", token, ""), 403);
	free(later);
	free(token);
}

static void a_silent_node_is_absent(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);

	assert_int_equal(join(world, token), 200);
	world->brambled.settings.heartbeat_s = -1; /* as if three intervals had passed */
	heartbeats_tick(&world->brambled);
	heartbeats_tick(&world->brambled);
	world_expect_node(world, "rasp1", 1, "absent", PEER);
	assert_int_equal(world_count_events(world, "node.absent"), 1);
	assert_int_equal(say(world, PEER, "/v1/heartbeat", token, ""), 200);
	assert_int_equal(world_count_events(world, "node.back"), 1);
	world->brambled.settings.heartbeat_s = -1;
	world->brambled.settings.absent_after_s = 60; /* as long as the administrator says */
	heartbeats_tick(&world->brambled);
	world_expect_node(world, "rasp1", 1, "joined", PEER);
	world->brambled.settings.absent_after_s = 0;
	world->brambled.settings.heartbeat_s = 10;
	world_expect_node(world, "rasp1", 1, "joined", PEER);
	free(token);
}

/* Heartbeats stay in memory, and a restart of brambled makes nobody absent. */
static void heartbeats_do_not_wear_the_disk(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);

	assert_int_equal(join(world, token), 200);
	assert_int_equal(world_commit(world), 0);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(say(world, PEER, "/v1/heartbeat", token, ""), 200);
	assert_false(registry_has_changes(world->brambled.registry));
	world_crash(world);
	world_expect_node(world, "rasp1", 1, "joined", PEER);
	assert_int_equal(say(world, PEER, "/v1/heartbeat", token, ""), 200);
	free(token);
}

static void a_join_on_a_full_disk_is_tried_again(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);

	assert_int_equal(world_commit(world), 0);
	world_fill_disk(world, true);
	while (world->brambled.registry_warning[0] == '\0') {
		brambled_event(&world->brambled, "filler", "", "%0200d", 0);
		(void)world_commit(world);
	}
	while (join(world, token) == 200) /* what is left of the last page */
		world_discover(world, 1, 0x1a2b3c4d);
	world_expect_node(world, "rasp1", 1, "stuck", PEER);
	world_fill_disk(world, false);
	assert_int_equal(join(world, token), 200);
	world_crash(world);
	world_expect_node(world, "rasp1", 1, "joined", PEER);
	free(token);
}

static void nodes_get_nothing_of_the_administrators(void **state)
{
	static const struct {
		enum ipc_method method;
		const char *path;
	} calls[] = { { IPC_GET, "/v1/status" }, { IPC_GET, "/v1/nodes" },
		{ IPC_DELETE, "/v1/nodes/rasp1" }, { IPC_POST, "/v1/images" },
		{ IPC_GET, "/v1/boots/1" }, { IPC_GET, "/v1/events" },
		{ IPC_GET, "/v1/../v1/nodes" }, { IPC_GET, "/" } };
	struct world *world = *state;
	char *token = boot_rasp1(world);
	int status;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		cJSON_Delete(world_call(world, PEER, calls[i].method, calls[i].path, "", &status));
		assert_int_equal(status, 403);
	}
	cJSON_Delete(world_call(world, PEER, IPC_GET, "/v1/time", "", &status));
	assert_int_equal(status, 200);
	world_expect_node(world, "rasp1", 1, "booting", PEER);
	free(token);
}

static void wrong_calls_are_told_so(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);
	int status;

	assert_int_equal(ask(world, IPC_GET, "/v1/nothing", ""), 404);
	assert_int_equal(ask(world, IPC_PUT, "/v1/nodes/rasp1", ""), 404);
	assert_int_equal(ask(world, IPC_GET, "/v1/nodes/rasp9", ""), 404);
	assert_int_equal(ask(world, IPC_GET, "/v1/nodes/a/b", ""), 404);
	assert_int_equal(ask(world, IPC_GET, "/v1/boots/0", ""), 404);
	assert_int_equal(ask(world, IPC_GET, "/v1/boots/x", ""), 404);
	assert_int_equal(ask(world, IPC_POST, "/v1/nodes/rasp1/replace", ""), 400);
	assert_int_equal(ask(world, IPC_POST, "/v1/nodes/rasp1/replace", "{\"next\":1}"), 400);
	assert_int_equal(ask(world, IPC_POST, "/v1/nodes/rasp1/replace", "[1"), 400);
	assert_int_equal(
		ask(world, IPC_POST, "/v1/nodes/rasp1/replace", "{\"board\":\"ffff\"}"), 404);
	assert_int_equal(ask(world, IPC_POST, "/v1/boards/1a2b/admit", "{\"node\":\"A B\"}"), 409);
	assert_int_equal(ask(world, IPC_POST, "/v1/boards/1a2/admit", ""), 404);
	assert_int_equal(ask(world, IPC_POST, "/v1/images", "{\"name\":\"base\"}"), 400);
	assert_int_equal(ask(world, IPC_DELETE, "/v1/nodes/rasp9", ""), 404);
	cJSON_Delete(world_call(world, PEER, IPC_POST, "/v1/join", "", &status));
	assert_int_equal(status, 400);
	cJSON_Delete(world_call(world, PEER, IPC_POST, "/v1/join", "[]", &status));
	assert_int_equal(status, 400);
	cJSON_Delete(world_call(world, PEER, IPC_GET, "/v1/join", "", &status));
	assert_int_equal(status, 405);
	free(token);
}

static void the_lists_are_complete(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);

	world_discover(world, 2, 0x1002);
	world->brambled.settings.join = JOIN_APPROVE;
	world_discover(world, 3, 0x1003);
	assert_int_equal(world_commit(world), 0);
	assert_int_equal(length(world, "/v1/nodes", "nodes"), 2);
	assert_int_equal(length(world, "/v1/boards", "boards"), 3);
	assert_int_equal(length(world, "/v1/boots", "boots"), 3);
	assert_int_equal(length(world, "/v1/boots?limit=2", "boots"), 2);
	assert_int_equal(length(world, "/v1/boots?node=rasp1", "boots"), 1);
	assert_int_equal(length(world, "/v1/boots?board=00001003", "boots"), 1);
	assert_int_equal(length(world, "/v1/images", "images"), 1);
	assert_int_equal(length(world, "/v1/nodes/rasp1", "history"), 1);
	assert_int_equal(number(world, "/v1/status", "nodes", "total"), 2);
	assert_int_equal(number(world, "/v1/status", "boards", "parked"), 1);
	free(token);
}

/* Lists are read from the registry by other statements. */
static void expect_as_in_the_list(struct world *world, const cJSON *item, const char *name)
{
	char path[64];
	int status;
	cJSON *alone;

	snprintf(path, sizeof(path), "/v1/nodes/%s", name);
	alone = world_call(world, NULL, IPC_GET, path, "", &status);
	assert_int_equal(status, 200);
	cJSON_DeleteItemFromObjectCaseSensitive(alone, "history");
	cJSON_DeleteItemFromObjectCaseSensitive(alone, "orders");
	if (!cJSON_Compare(item, alone, true))
		fail_msg("alone %s, in the list %s", cJSON_Print(alone), cJSON_Print(item));
	cJSON_Delete(alone);
}

/* What the brief list says is what the list says; but for `next`, which may have less. */
static void expect_brief_list(struct world *world)
{
	int status;
	cJSON *whole = world_call(world, NULL, IPC_GET, "/v1/nodes", "", &status);
	cJSON *brief = world_call(world, NULL, IPC_GET, "/v1/nodes?brief=true", "", &status);
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(whole, "nodes")->child, *item, *member;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(brief, "nodes"))
	{
		assert_true(cJSON_GetArraySize(item) >= 9);
		cJSON_ArrayForEach(member, item)
		{
			const cJSON *same = cJSON_GetObjectItemCaseSensitive(node, member->string);

			assert_non_null(same);
			assert_true(strcmp(member->string, "next") == 0 ||
				    cJSON_Compare(member, same, true));
		}
		node = node->next;
	}
	assert_null(node);
	cJSON_Delete(whole);
	cJSON_Delete(brief);
}

static void a_node_in_the_list_is_as_it_is_alone(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);
	const cJSON *item;
	cJSON *list;
	int status;

	assert_int_equal(join(world, token), 200);
	world_discover(world, 2, 0x1a2b3c4e); /* boots */
	world_discover(world, 3, 0x1a2b3c4f); /* its board goes to rasp2, it has none */
	assert_int_equal(
		ask(world, IPC_POST, "/v1/nodes/rasp2/replace", "{\"board\":\"1a2b3c4f\"}"), 200);
	assert_int_equal(
		ask(world, IPC_POST, "/v1/nodes/rasp1/note", "{\"text\":\"\\\"top\\\"\"}"), 200);
	expect_brief_list(world);
	list = world_call(world, NULL, IPC_GET, "/v1/nodes", "", &status);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(list, "nodes")), 3);
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(list, "nodes"))
	{
		expect_as_in_the_list(world, item, world_text(item, "name"));
	}
	cJSON_Delete(list);
	free(token);
}

static void events_go_on_where_one_stopped(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world), path[64];
	unsigned all;
	int64_t after = 0;
	struct api_call call = {
		.method = IPC_GET, .path = "/v1/events", .query = "after=3&wait=9"
	};

	assert_int_equal(world_commit(world), 0);
	all = length(world, "/v1/events?after=0&limit=1000", "events");
	assert_true(all > 4);
	assert_int_equal(length(world, "/v1/events?limit=2", "events"), 2);
	snprintf(path, sizeof(path), "/v1/events?after=%u", all - 1);
	assert_int_equal(length(world, path, "events"), 1);
	assert_int_equal(number(world, path, NULL, "last"), all);
	assert_int_equal(api_wait_seconds(&call, &after), 9);
	assert_int_equal(after, 3);
	call.query = "after=3&wait=26"; /* more than is allowed */
	assert_int_equal(api_wait_seconds(&call, &after), 0);
	call.query = "wait=9";
	assert_int_equal(api_wait_seconds(&call, &after), 0);
	free(token);
}

static void status_says_what_is_missing(void **state)
{
	struct world *world = *state;
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, "/v1/status", "", &status);
	const cJSON *warnings = cJSON_GetObjectItemCaseSensitive(json, "warnings");

	assert_string_equal(world_text(json, "state"), "degraded");
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(json, "image")));
	assert_int_equal(cJSON_GetArraySize(warnings), 1);
	assert_non_null(strstr(
		cJSON_GetStringValue(cJSON_GetArrayItem(warnings, 0)), "bramble image build base"));
	cJSON_Delete(json);
	world_use_image(world, FIRST_HASH);
	json = world_call(world, NULL, IPC_GET, "/v1/status", "", &status);
	assert_string_equal(world_text(json, "state"), "running");
	cJSON_Delete(json);
}

static void a_heartbeat_tells_how_the_node_is(void **state)
{
	struct world *world = *state;
	char *token = boot_rasp1(world);
	int status;
	cJSON *json;
	const cJSON *now;

	assert_int_equal(join(world, token), 200);
	json = world_call(world, NULL, IPC_GET, "/v1/nodes/rasp1/health", "", &status);
	assert_int_equal(status, 200);
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(json, "now")));
	cJSON_Delete(json);
	assert_int_equal(say(world, PEER, "/v1/heartbeat", token,
				 "\"temperature_mc\":51000,\"throttled\":1,\"nfs_us\":700,"
				 "\"load1\":1e99,\"link_mbps\":-1"),
		200);
	assert_int_equal(say(world, PEER, "/v1/heartbeat", token,
				 "\"temperature_mc\":52000,\"throttled\":1"),
		200);
	json = world_call(world, NULL, IPC_GET, "/v1/nodes/rasp1/health", "", &status);
	now = cJSON_GetObjectItem(json, "now");
	assert_int_equal(cJSON_GetObjectItem(now, "temperature_mc")->valueint, 52000);
	assert_int_equal(cJSON_GetObjectItem(now, "link_mbps")->valueint, 0);
	/* One a minute. */
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "minutes")), 1);
	cJSON_Delete(json);
	json = world_call(world, NULL, IPC_GET, "/v1/status", "", &status);
	assert_non_null(
		strstr(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "warnings"), 0)->valuestring,
			"rasp1 gets too little voltage"));
	cJSON_Delete(json);
	say(world, PEER, "/v1/heartbeat", token, "\"temperature_mc\":85000");
	json = world_call(world, NULL, IPC_GET, "/v1/status", "", &status);
	assert_non_null(
		strstr(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "warnings"), 0)->valuestring,
			"rasp1 is too hot (85 °C)"));
	cJSON_Delete(json);
	say(world, PEER, "/v1/heartbeat", token, "\"temperature_mc\":55000");
	json = world_call(world, NULL, IPC_GET, "/v1/status", "", &status);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "warnings")), 0);
	cJSON_Delete(json);
	free(token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_joins),
		TEST(only_the_token_at_its_address_counts),
		TEST(a_board_without_a_node_has_no_say),
		TEST(a_failed_stage_is_a_reason),
		TEST(a_stuck_boot_may_go_on),
		TEST(a_running_node_is_not_put_out),
		TEST(a_silent_node_is_absent),
		TEST(a_heartbeat_tells_how_the_node_is),
		TEST(heartbeats_do_not_wear_the_disk),
		TEST(a_join_on_a_full_disk_is_tried_again),
		TEST(nodes_get_nothing_of_the_administrators),
		TEST(wrong_calls_are_told_so),
		TEST(the_lists_are_complete),
		TEST(a_node_in_the_list_is_as_it_is_alone),
		TEST(events_go_on_where_one_stopped),
		TEST(status_says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
