/* SPDX-License-Identifier: ISC */
/* What running nodes are told to do, and what is said of nodes and boards. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/nodes/orders.h"

#define PEER "10.77.0.50"

/* A call of the node with the token of one boot; `extra` follows the token. The caller deletes the
 * answer. */
static cJSON *say(
	struct world *world, const char *path, const char *token, const char *extra, int *status)
{
	char body[512];

	snprintf(body, sizeof(body), "{\"token\":\"%s\"%s}", token, extra);
	return world_call(world, PEER, IPC_POST, path, body, status);
}

static int say_only(struct world *world, const char *path, const char *token, const char *extra)
{
	int status;

	cJSON_Delete(say(world, path, token, extra, &status));
	return status;
}

/* rasp1 boots (again) and joins; the token of that boot, for the caller to free. */
static char *join_rasp1(struct world *world)
{
	char *token;

	world_use_image(world, FIRST_HASH);
	world_discover(world, 1, 0x1a2b3c4d);
	token = world_fetch_token(world, PEER, "1a2b3c4d");
	assert_int_equal(say_only(world, "/v1/join", token, ""), 200);
	return token;
}

/* Give an order; its number. */
static int give(struct world *world, const char *body)
{
	int status, id;
	cJSON *json = world_call(world, NULL, IPC_POST, "/v1/nodes/rasp1/orders", body, &status);

	assert_int_equal(status, 200);
	assert_string_equal(world_text(json, "state"), "pending");
	id = (int)cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "id"));
	cJSON_Delete(json);
	return id;
}

static int try_post(struct world *world, const char *path, const char *body)
{
	int status;

	cJSON_Delete(world_call(world, NULL, IPC_POST, path, body, &status));
	return status;
}

/* The order that the answer to a heartbeat brings; 0 none. */
static int heard(struct world *world, const char *token, const char *verb)
{
	int status, id;
	cJSON *json = say(world, "/v1/heartbeat", token, "", &status);
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(json, "order_id");

	assert_int_equal(status, 200);
	id = number ? (int)cJSON_GetNumberValue(number) : 0;
	if (id)
		assert_string_equal(world_text(json, "order"), verb);
	cJSON_Delete(json);
	return id;
}

static int acknowledge(struct world *world, const char *token, int id, bool done, const char *text)
{
	char extra[256];

	snprintf(extra, sizeof(extra), ",\"order_id\":%d,\"done\":%s,\"text\":\"%s\"", id,
		done ? "true" : "false", text);
	return say_only(world, "/v1/order", token, extra);
}

static void expect_order(struct world *world, int id, const char *state, const char *text)
{
	char path[64];
	int status;
	cJSON *json;

	snprintf(path, sizeof(path), "/v1/orders/%d", id);
	json = world_call(world, NULL, IPC_GET, path, "", &status);
	assert_int_equal(status, 200);
	assert_string_equal(world_text(json, "state"), state);
	assert_string_equal(world_text(json, "text"), text);
	assert_string_equal(world_text(json, "node"), "rasp1");
	cJSON_Delete(json);
}

static void an_order_travels_with_a_heartbeat(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world);
	int id, status;
	cJSON *json;

	assert_int_equal(heard(world, token, ""), 0);
	id = give(world, "{\"order\":\"identify\",\"for_s\":5}");
	expect_order(world, id, "pending", "");
	json = say(world, "/v1/heartbeat", token, "", &status);
	assert_int_equal(
		cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "order_s")), 5);
	cJSON_Delete(json);
	expect_order(world, id, "sent", "");
	/* Its answer was lost: told again, the same one, until it is acknowledged. */
	assert_int_equal(heard(world, token, "identify"), id);
	assert_int_equal(acknowledge(world, token, id, false, "no LED\\u001b"), 200);
	expect_order(world, id, "failed", "no LED\\x1b");
	assert_int_equal(heard(world, token, ""), 0);
	assert_int_equal(world_count_events(world, "order.given"), 1);
	assert_int_equal(world_count_events(world, "order.failed"), 1);
	/* The acknowledgement is said twice: nothing more happens. */
	assert_int_equal(acknowledge(world, token, id, true, ""), 200);
	expect_order(world, id, "failed", "no LED\\x1b");
	free(token);
}

static void a_disk_to_format_is_named_to_its_node(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world);
	int status, id = give(world, "{\"order\":\"scratch-format\",\"device\":\"/dev/"
				     "mmcblk0p2\",\"force\":true}");
	cJSON *json = say(world, "/v1/heartbeat", token, "", &status);

	assert_int_equal(
		cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "order_id")), id);
	assert_string_equal(world_text(json, "order"), "scratch-format");
	assert_string_equal(world_text(json, "order_target"), "mmcblk0p2");
	assert_int_equal(
		cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(json, "order_s")), 1);
	cJSON_Delete(json);
	/* A brambled that is started again tells the same. */
	world_crash(world);
	json = say(world, "/v1/heartbeat", token, "", &status);
	assert_string_equal(world_text(json, "order_target"), "mmcblk0p2");
	cJSON_Delete(json);
	free(token);
}

static void orders_come_one_after_the_other(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world);
	int first = give(world, "{\"order\":\"identify\"}"),
	    second = give(world, "{\"order\":\"reboot\"}"), status;
	cJSON *json;

	assert_int_equal(heard(world, token, "identify"), first);
	assert_int_equal(heard(world, token, "identify"), first);
	assert_int_equal(acknowledge(world, token, first, true, ""), 200);
	assert_int_equal(heard(world, token, "reboot"), second);
	json = world_call(world, NULL, IPC_GET, "/v1/nodes/rasp1", "", &status);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "orders")), 2);
	assert_string_equal(
		world_text(cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(json, "orders"), 0),
			"order"),
		"reboot");
	cJSON_Delete(json);
	free(token);
}

/* A crash of brambled right after it has told the order, and the node reboots without saying so. */
static void a_reboot_is_never_told_to_the_next_boot(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world), *later;
	int id = give(world, "{\"order\":\"reboot\"}");

	world_crash(world);
	assert_int_equal(heard(world, token, "reboot"), id);
	world_crash(world);
	later = join_rasp1(world);
	assert_int_equal(heard(world, later, ""), 0);
	expect_order(world, id, "done", "it has booted again");
	/* It may be ordered again. */
	id = give(world, "{\"order\":\"reboot\"}");
	assert_int_equal(heard(world, later, "reboot"), id);
	free(later);
	free(token);
}

static void an_identify_ends_with_its_boot(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world), *later;
	int id = give(world, "{\"order\":\"identify\"}");

	assert_int_equal(heard(world, token, "identify"), id);
	later = join_rasp1(world);
	expect_order(world, id, "failed", "it booted again before it had answered");
	assert_int_equal(acknowledge(world, later, id, true, ""), 404);
	/* What wasn't heard yet goes to the new boot. */
	id = give(world, "{\"order\":\"identify\"}");
	world_discover(world, 1, 0x1a2b3c4d);
	free(later);
	later = join_rasp1(world);
	assert_int_equal(heard(world, later, "identify"), id);
	free(later);
	free(token);
}

static void what_is_not_fetched_expires(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world);
	int id = give(world, "{\"order\":\"reboot\"}");
	struct registry_order order;

	orders_tick(&world->brambled);
	expect_order(world, id, "pending", "");
	assert_int_equal(registry_get_order(world->brambled.registry, id, &order), 0);
	assert_in_range(order.expires_ms - order.created_ms, 60000, 4 * 3600 * 1000);
	order.expires_ms = order.created_ms - 1;
	assert_int_equal(registry_put_order(world->brambled.registry, &order), 0);
	/* Not told any more, even before the tick has seen it. */
	assert_int_equal(heard(world, token, ""), 0);
	orders_tick(&world->brambled);
	expect_order(world, id, "expired", "the node didn't ask for it in time");
	assert_int_equal(world_count_events(world, "order.expired"), 1);
	free(token);
}

static void only_who_was_told_may_acknowledge(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world), *other;
	int id = give(world, "{\"order\":\"identify\"}"), status;
	char body[256];

	world_discover(world, 2, 0x1002);
	other = world_fetch_token(world, "10.77.0.51", "00001002");
	assert_int_equal(acknowledge(world, token, id, true, ""), 404); /* not told yet */
	assert_int_equal(heard(world, token, "identify"), id);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"order_id\":%d,\"done\":true}", other, id);
	cJSON_Delete(world_call(world, "10.77.0.51", IPC_POST, "/v1/order", body, &status));
	assert_int_equal(status, 404);
	assert_int_equal(acknowledge(world, other, id, true, ""), 403);
	assert_int_equal(say_only(world, "/v1/order", token, ",\"order_id\":\"1\""), 404);
	assert_int_equal(say_only(world, "/v1/order", token, ",\"order_id\":1e300"), 404);
	assert_int_equal(say_only(world, "/v1/order", token, ""), 404);
	expect_order(world, id, "sent", "");
	free(other);
	free(token);
}

static void impossible_orders_are_refused(void **state)
{
	static const struct {
		const char *body;
		int status;
	} cases[] = {
		{ "", 400 }, { "{\"order\":\"halt\"}", 400 },
		{ "{\"order\":\"identify\",\"for_s\":0}", 400 },
		{ "{\"order\":\"identify\",\"for_s\":3601}", 400 },
		{ "{\"order\":\"identify\",\"for_s\":\"5\"}", 400 },
		{ "{\"order\":\"scratch-format\"}", 400 },
		{ "{\"order\":\"scratch-format\",\"device\":\"/dev/\"}", 400 },
		{ "{\"order\":\"scratch-format\",\"device\":\"../sda\"}", 400 },
		{ "{\"order\":\"scratch-format\",\"device\":\"disk/by-id/x\"}", 400 },
		{ "{\"order\":\"reboot\"}", 200 },
		{ "{\"order\":\"reboot\"}", 409 }, /* one is enough */
	};
	struct world *world = *state;
	char *token = join_rasp1(world);
	int n = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			try_post(world, "/v1/nodes/rasp1/orders", cases[i].body), cases[i].status);
	while (try_post(world, "/v1/nodes/rasp1/orders", "{\"order\":\"identify\"}") == 200)
		n++;
	assert_int_equal(n, 7);
	assert_int_equal(
		try_post(world, "/v1/nodes/rasp9/orders", "{\"order\":\"identify\"}"), 404);
	/* A node without a board doesn't run. */
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/replace", "{\"next\":true}"), 200);
	assert_int_equal(
		try_post(world, "/v1/nodes/rasp1/orders", "{\"order\":\"identify\"}"), 409);
	free(token);
}

static void orders_are_bounded_and_go_with_their_node(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world);
	struct registry_order order;
	int id = 0;

	for (int i = 0; i < 30; i++) {
		id = give(world, "{\"order\":\"identify\"}");
		assert_int_equal(heard(world, token, "identify"), id);
		assert_int_equal(acknowledge(world, token, id, true, ""), 200);
	}
	assert_int_equal(registry_get_order(world->brambled.registry, id - 19, &order), 0);
	assert_int_equal(registry_get_order(world->brambled.registry, id - 20, &order), -ENOENT);
	free(token);
}

static bool flag(struct world *world, const char *path, const char *name)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, path, "", &status);
	bool is = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, name));

	assert_int_equal(status, 200);
	cJSON_Delete(json);
	return is;
}

static void a_cordon_lasts(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world);

	assert_false(flag(world, "/v1/nodes/rasp1", "cordoned"));
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/cordon", "{\"cordoned\":true}"), 200);
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/cordon", "{\"cordoned\":true}"), 200);
	world_crash(world);
	assert_true(flag(world, "/v1/nodes/rasp1", "cordoned"));
	assert_int_equal(world_count_events(world, "node.cordoned"), 1);
	/* Neither another board nor a boot lifts it. */
	world_discover(world, 2, 0x1002);
	assert_int_equal(
		try_post(world, "/v1/nodes/rasp1/replace", "{\"board\":\"00001002\"}"), 200);
	assert_true(flag(world, "/v1/nodes/rasp1", "cordoned"));
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/cordon", "{\"cordoned\":false}"), 200);
	assert_false(flag(world, "/v1/nodes/rasp1", "cordoned"));
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/cordon", "{\"cordoned\":1}"), 400);
	assert_int_equal(try_post(world, "/v1/nodes/rasp9/cordon", "{\"cordoned\":true}"), 404);
	free(token);
}

static void expect_note(struct world *world, const char *path, const char *note)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, path, "", &status);

	assert_string_equal(world_text(json, "note"), note);
	cJSON_Delete(json);
}

static void notes_are_kept_on_nodes_and_boards(void **state)
{
	struct world *world = *state;
	char *token = join_rasp1(world), body[400];

	assert_int_equal(try_post(world, "/v1/nodes/rasp1/note",
				 "{\"text\":\"L\xc3\xbc"
				 "fter rattles\"}"),
		200);
	assert_int_equal(try_post(world, "/v1/boards/1a2b/note", "{\"text\":\"loose plug\"}"), 200);
	world_crash(world);
	expect_note(world, "/v1/nodes/rasp1",
		"L\xc3\xbc"
		"fter rattles");
	expect_note(world, "/v1/boards/1a2b3c4d", "loose plug");
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/note", "{\"text\":\"\"}"), 200);
	expect_note(world, "/v1/nodes/rasp1", "");
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/note", "{\"text\":\"a\\nb\"}"), 400);
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/note", "{\"text\":7}"), 400);
	assert_int_equal(try_post(world, "/v1/boards/ffff/note", "{\"text\":\"\"}"), 404);
	snprintf(body, sizeof(body), "{\"text\":\"%0255d\"}", 7);
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/note", body), 200);
	snprintf(body, sizeof(body), "{\"text\":\"%0256d\"}", 7);
	assert_int_equal(try_post(world, "/v1/nodes/rasp1/note", body), 400);
	free(token);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_order_travels_with_a_heartbeat),
		TEST(a_disk_to_format_is_named_to_its_node),
		TEST(orders_come_one_after_the_other),
		TEST(a_reboot_is_never_told_to_the_next_boot),
		TEST(an_identify_ends_with_its_boot),
		TEST(what_is_not_fetched_expires),
		TEST(only_who_was_told_may_acknowledge),
		TEST(impossible_orders_are_refused),
		TEST(orders_are_bounded_and_go_with_their_node),
		TEST(a_cordon_lasts),
		TEST(notes_are_kept_on_nodes_and_boards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
