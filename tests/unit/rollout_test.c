/* SPDX-License-Identifier: ISC */
/* Roll-outs with the whole of brambled: the administrator's calls, nodes that boot and join. */
#include "tests/unit/brambled_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/cluster/engine.h"
#include "provisioner/nodes/orders.h"
#include "provisioner/rollout/run.h"

#define NODES 3

static const char *const peers[] = { "10.77.0.50", "10.77.0.51", "10.77.0.52" };

/* What the engine of these tests answers. */
static int drain_answer;
static unsigned drained, released;

static int drain(
	struct brambled *brambled, const char *node, char reason[static ENGINE_REASON_SIZE])
{
	(void)brambled;
	(void)node;
	if (drain_answer != 0)
		str_copy(reason, ENGINE_REASON_SIZE, "pod web-1 must not go");
	else
		drained++;
	return drain_answer;
}

static int release(
	struct brambled *brambled, const char *node, char reason[static ENGINE_REASON_SIZE])
{
	(void)brambled;
	(void)node;
	(void)reason;
	released++;
	return 0;
}

static bool is_ready(struct brambled *brambled, const char *node)
{
	(void)brambled;
	(void)node;
	return true;
}

static void let_return(struct brambled *brambled, const char *node)
{
	(void)brambled;
	(void)node;
}

static const struct engine engine = { .name = "test",
	.drain = drain,
	.uncordon = release,
	.is_ready = is_ready,
	.expect = let_return };

static char *begin_boot(struct world *world, unsigned number)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "1a2b3c%02x", number);
	world_discover(world, number, 0x1a2b3c00u + number);
	return world_fetch_token(world, peers[number - 1], prefix);
}

static cJSON *say(struct world *world, unsigned number, const char *path, const char *token,
	const char *extra)
{
	char body[200];
	int status;
	cJSON *json;

	snprintf(body, sizeof(body), "{\"token\":\"%s\"%s}", token, extra);
	json = world_call(world, peers[number - 1], IPC_POST, path, body, &status);
	assert_int_equal(status, 200);
	return json;
}

static char *join(struct world *world, unsigned number)
{
	char *token = begin_boot(world, number);

	cJSON_Delete(say(world, number, "/v1/join", token, ""));
	return token;
}

/* The tokens of the boots in which the nodes run. */
static char *tokens[NODES];

static void begin(struct world *world)
{
	world->brambled.settings.fallback_after = 2;
	world_use_image(world, FIRST_HASH);
	world_make_image(world, SECOND_HASH);
	for (unsigned i = 0; i < NODES; i++)
		tokens[i] = join(world, i + 1);
	drain_answer = 0;
	drained = released = 0;
	world->brambled.engine = &engine;
}

static void end(void)
{
	for (unsigned i = 0; i < NODES; i++) {
		free(tokens[i]);
		tokens[i] = NULL;
	}
}

static cJSON *post(struct world *world, const char *path, const char *body, int expected)
{
	int status;
	cJSON *json = world_call(world, NULL, IPC_POST, path, body, &status);

	if (status != expected)
		fail_msg("%s: %d: %s", path, status, world_text(json, "error"));
	return json;
}

static void start(struct world *world)
{
	cJSON_Delete(post(world, "/v1/rollouts",
		"{\"image\":\"base\",\"version\":\"22222222\",\"waves\":\"1\"}", 200));
}

/* Ticks of brambled; after each it is killed. */
static void pass(struct world *world, unsigned ticks)
{
	for (unsigned i = 0; i < ticks; i++) {
		rollout_tick(&world->brambled);
		assert_int_equal(world_commit(world), 0);
		world_crash(world);
		for (unsigned n = 0; n < NODES; n++) {
			struct registry_node node;
			char name[16];

			snprintf(name, sizeof(name), "rasp%u", n + 1);
			if (registry_get_node(world->brambled.registry, name, &node) == 0)
				(void)heartbeats_hear(&world->brambled, &node);
		}
	}
}

static void expect(struct world *world, const char *state, const char *phases)
{
	char found[200] = "";
	const cJSON *node;
	int status;
	cJSON *json = world_call(world, NULL, IPC_GET, "/v1/rollouts/1", "", &status);

	assert_int_equal(status, 200);
	assert_string_equal(world_text(json, "state"), state);
	cJSON_ArrayForEach(node, cJSON_GetObjectItemCaseSensitive(json, "nodes"))
	{
		size_t used = strlen(found);

		snprintf(found + used, sizeof(found) - used, "%s%s", used ? " " : "",
			world_text(node, "phase"));
	}
	assert_string_equal(found, phases);
	cJSON_Delete(json);
}

/* The node hears of the order to reboot and does so. True: it was told. */
static bool obeys(struct world *world, unsigned number)
{
	cJSON *json = say(world, number, "/v1/heartbeat", tokens[number - 1], "");
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "order_id");
	char extra[80];
	bool told = cJSON_IsNumber(id);

	if (told) {
		snprintf(extra, sizeof(extra),
			",\"order_id\":%d,\"done\":true,\"text\":\"it reboots\"",
			(int)id->valuedouble);
		cJSON_Delete(say(world, number, "/v1/order", tokens[number - 1], extra));
	}
	cJSON_Delete(json);
	return told;
}

static void come_back(struct world *world, unsigned number)
{
	free(tokens[number - 1]);
	tokens[number - 1] = join(world, number);
}

static void expect_runs(struct world *world, const char *name, const char *hash)
{
	struct registry_node node;

	assert_int_equal(registry_get_node(world->brambled.registry, name, &node), 0);
	assert_string_equal(node.image_hash, hash);
}

static void a_version_reaches_node_after_node(void **state)
{
	struct world *world = *state;
	struct registry_image image;

	begin(world);
	start(world);
	expect(world, "running", "waiting waiting waiting");
	assert_int_equal(obeys(world, 1), false);
	pass(world, 1);
	expect(world, "running", "draining waiting waiting");
	pass(world, 5);
	assert_int_equal(drained, 1);
	expect(world, "running", "rebooting waiting waiting");
	assert_false(obeys(world, 2));
	assert_true(obeys(world, 1));
	assert_false(obeys(world, 1));
	come_back(world, 1);
	expect_runs(world, "rasp1", SECOND_HASH);
	pass(world, 2);
	expect(world, "running", "updated waiting waiting");
	assert_int_equal(released, 1);
	for (unsigned number = 2; number <= NODES; number++) {
		pass(world, 3);
		assert_true(obeys(world, number));
		come_back(world, number);
		pass(world, 2);
	}
	pass(world, 2);
	expect(world, "done", "updated updated updated");
	assert_int_equal(registry_get_image(world->brambled.registry, "base", &image), 0);
	assert_string_equal(image.current, SECOND_HASH);
	assert_string_equal(image.previous, FIRST_HASH);
	assert_int_equal(world_count_events(world, "rollout.done"), 1);
	assert_int_equal(world_count_events(world, "order.given"), NODES);
	end();
}

static void one_that_fails_gets_its_old_version_and_the_rest_is_left_alone(void **state)
{
	struct world *world = *state;

	begin(world);
	start(world);
	pass(world, 3);
	assert_true(obeys(world, 1));
	for (int i = 0; i < 2; i++)
		free(begin_boot(world, 1));
	world_discover(world, 1, 0x1a2b3c01);
	assert_int_equal(world_count_events(world, "node.fell-back"), 1);
	pass(world, 3);
	expect(world, "stopped", "failed waiting waiting");
	come_back(world, 1);
	expect_runs(world, "rasp1", FIRST_HASH);
	pass(world, 5);
	expect(world, "stopped", "put-back waiting waiting");
	assert_int_equal(released, 1);
	assert_false(obeys(world, 2) || obeys(world, 3));
	/* It may be tried again, and works now. */
	cJSON_Delete(post(world, "/v1/rollouts/1/resume", "{}", 200));
	pass(world, 3);
	assert_true(obeys(world, 1));
	come_back(world, 1);
	expect_runs(world, "rasp1", SECOND_HASH);
	pass(world, 2);
	expect(world, "running", "updated waiting waiting");
	end();
}

static void one_that_takes_too_long_is_put_back(void **state)
{
	struct world *world = *state;

	begin(world);
	cJSON_Delete(post(world, "/v1/rollouts",
		"{\"image\":\"base\",\"version\":\"22222222\",\"within_s\":60}", 200));
	pass(world, 3);
	assert_true(obeys(world, 1));
	free(begin_boot(world, 1));
	pass(world, 1);
	expect(world, "running", "rebooting waiting waiting");
	/* A minute without brambled's end. */
	world->brambled.rollouts_ns -= 61000000000u;
	rollout_tick(&world->brambled);
	expect(world, "stopped", "failed waiting waiting");
	come_back(world, 1);
	expect_runs(world, "rasp1", FIRST_HASH);
	end();
}

static void what_must_not_be_drained_stops_it(void **state)
{
	struct world *world = *state;
	int status;
	cJSON *json;

	begin(world);
	drain_answer = -EAGAIN;
	start(world);
	pass(world, 4);
	expect(world, "running", "draining waiting waiting");
	drain_answer = -EBUSY;
	pass(world, 3);
	expect(world, "stopped", "waiting waiting waiting");
	assert_int_equal(released, 1);
	assert_false(obeys(world, 1));
	json = world_call(world, NULL, IPC_GET, "/v1/rollouts/1", "", &status);
	assert_non_null(strstr(world_text(json, "reason"), "pod web-1 must not go"));
	cJSON_Delete(json);
	end();
}

static void it_is_paused_and_resumed_and_aborted(void **state)
{
	struct world *world = *state;

	begin(world);
	start(world);
	cJSON_Delete(post(world, "/v1/rollouts/1/pause", "{}", 200));
	cJSON_Delete(post(world, "/v1/rollouts/1/pause", "{}", 409));
	pass(world, 3);
	expect(world, "paused", "waiting waiting waiting");
	cJSON_Delete(post(world, "/v1/rollouts/1/resume", "{}", 200));
	pass(world, 3);
	assert_true(obeys(world, 1));
	cJSON_Delete(post(world, "/v1/rollouts/1/abort", "{}", 200));
	pass(world, 2);
	expect(world, "aborting", "rebooting left-out left-out");
	come_back(world, 1); /* it hadn't asked for its files yet */
	expect_runs(world, "rasp1", FIRST_HASH);
	pass(world, 4);
	expect(world, "aborted", "left-out left-out left-out");
	cJSON_Delete(post(world, "/v1/rollouts/1/resume", "{}", 409));
	cJSON_Delete(post(world, "/v1/rollouts/7/resume", "{}", 404));
	/* With nobody under way it is over at once, and makes room for another. */
	start(world);
	cJSON_Delete(post(world, "/v1/rollouts/2/abort", "{}", 200));
	start(world);
	end();
}

static void only_what_changes_is_planned(void **state)
{
	struct world *world = *state;
	cJSON *json;

	begin(world);
	json = post(world, "/v1/rollouts",
		"{\"image\":\"base\",\"version\":\"current\",\"dry_run\":true}", 200);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "nodes")), 0);
	cJSON_Delete(json);
	json = post(world, "/v1/rollouts",
		"{\"image\":\"base\",\"version\":\"22222222\",\"dry_run\":true}", 200);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "nodes")), 3);
	cJSON_Delete(json);
	cJSON_Delete(
		post(world, "/v1/rollouts", "{\"image\":\"base\",\"version\":\"33333333\"}", 404));
	cJSON_Delete(
		post(world, "/v1/rollouts", "{\"image\":\"none\",\"version\":\"22222222\"}", 404));
	cJSON_Delete(post(world, "/v1/rollouts",
		"{\"image\":\"base\",\"version\":\"22222222\",\"waves\":\"0\"}", 400));
	cJSON_Delete(post(world, "/v1/rollouts",
		"{\"image\":\"base\",\"version\":\"22222222\",\"within_s\":0}", 400));
	start(world);
	cJSON_Delete(
		post(world, "/v1/rollouts", "{\"image\":\"base\",\"version\":\"22222222\"}", 409));
	end();
}

static void gc_keeps_what_a_roll_out_brings(void **state)
{
	struct world *world = *state;
	const cJSON *kept;
	cJSON *json;

	begin(world);
	start(world);
	json = post(world, "/v1/images/base/gc", "{}", 200);
	kept = cJSON_GetObjectItemCaseSensitive(json, "kept");
	assert_int_equal(cJSON_GetArraySize(kept), 2);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "removed")), 0);
	cJSON_Delete(json);
	end();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)
	const struct CMUnitTest tests[] = {
		TEST(a_version_reaches_node_after_node),
		TEST(one_that_fails_gets_its_old_version_and_the_rest_is_left_alone),
		TEST(one_that_takes_too_long_is_put_back),
		TEST(what_must_not_be_drained_stops_it),
		TEST(it_is_paused_and_resumed_and_aborted),
		TEST(only_what_changes_is_planned),
		TEST(gc_keeps_what_a_roll_out_brings),
	};

	return cmocka_run_group_tests_name("rollout", tests, NULL, NULL);
}
