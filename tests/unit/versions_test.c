/* SPDX-License-Identifier: ISC */
/* Versions of nodes over their boots, with the whole of brambled. */
#include "tests/unit/brambled_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provisioner/cluster/engine.h"
#include "provisioner/nodes/versions.h"

#define PEER "10.77.0.50"
#define OTHER "10.77.0.51"

static char *begin_boot(struct world *world, unsigned number)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "1a2b3c%02x", number);
	world_discover(world, number, 0x1a2b3c00u + number);
	return world_fetch_token(world, number == 1 ? PEER : OTHER, prefix);
}

static void say(struct world *world, unsigned number, const char *path, const char *token)
{
	char body[128];
	int status;

	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	cJSON_Delete(world_call(world, number == 1 ? PEER : OTHER, IPC_POST, path, body, &status));
	assert_int_equal(status, 200);
}

static void join(struct world *world, unsigned number)
{
	char *token = begin_boot(world, number);

	say(world, number, "/v1/join", token);
	free(token);
}

/* It loads everything, and then its firmware begins anew. */
static void fail_boot(struct world *world, unsigned number)
{
	free(begin_boot(world, number));
	world_discover(world, number, 0x1a2b3c00u + number);
}

static cJSON *show(struct world *world, const char *name)
{
	char path[64];
	int status;
	cJSON *json;

	snprintf(path, sizeof(path), "/v1/nodes/%s", name);
	json = world_call(world, NULL, IPC_GET, path, "", &status);
	assert_int_equal(status, 200);
	return json;
}

static void expect_next(struct world *world, const char *name, const char *hash, const char *why)
{
	cJSON *json = show(world, name);
	const cJSON *next = cJSON_GetObjectItemCaseSensitive(json, "next");

	assert_string_equal(world_text(next, "hash"), hash);
	if (!strstr(world_text(next, "why"), why))
		fail_msg("\"%s\" lacks \"%s\"", world_text(next, "why"), why);
	cJSON_Delete(json);
}

static void expect_boots_with(struct world *world, unsigned number, const char *hash)
{
	char *content, name[40];

	snprintf(name, sizeof(name), "1a2b3c%02x/cmdline.txt", number);
	world_discover(world, number, 0x1a2b3c00u + number);
	content = world_read(world, number == 1 ? PEER : OTHER, name);
	if (!strstr(content, hash))
		fail_msg("%s isn't in: %s", hash, content);
	free(content);
}

/* rasp1 has joined with the first version; the second one is current now. */
static void begin(struct world *world)
{
	world_use_image(world, FIRST_HASH);
	join(world, 1);
	world_use_image(world, SECOND_HASH);
	world->brambled.settings.fallback_after = 2;
}

static void a_version_that_fails_again_and_again_is_left(void **state)
{
	struct world *world = *state;
	int status;

	begin(world);
	expect_next(world, "rasp1", SECOND_HASH, "the current version");
	fail_boot(world, 1);
	assert_int_equal(world_count_events(world, "node.fell-back"), 0);
	expect_boots_with(world, 1, SECOND_HASH);
	/* The second one fails: this same DISCOVER begins a boot with the good one. */
	expect_boots_with(world, 1, FIRST_HASH);
	assert_int_equal(world_count_events(world, "node.fell-back"), 1);
	expect_next(world, "rasp1", FIRST_HASH, "2 boots in a row failed");
	join(world, 1);
	expect_next(world, "rasp1", FIRST_HASH, "it fell back from 222222222222");
	/* It may be told to try again. */
	cJSON_Delete(world_call(world, NULL, IPC_POST, "/v1/nodes/rasp1/retry", "{}", &status));
	assert_int_equal(status, 200);
	expect_next(world, "rasp1", SECOND_HASH, "the current version");
	cJSON_Delete(world_call(world, NULL, IPC_POST, "/v1/nodes/rasp1/retry", "{}", &status));
	assert_int_equal(status, 409);
	join(world, 1);
	expect_next(world, "rasp1", SECOND_HASH, "the current version");
}

static void what_is_stuck_counts_too_and_a_crash_forgets_nothing(void **state)
{
	struct world *world = *state;

	begin(world);
	for (int i = 0; i < 2; i++) {
		free(begin_boot(world, 1));
		world->brambled.settings.stuck_after_s = 0;
		timeline_tick(&world->brambled);
		world->brambled.settings.stuck_after_s = 120;
		assert_int_equal(world_commit(world), 0);
		world_crash(world);
	}
	assert_int_equal(world_count_events(world, "boot.stuck"), 2);
	assert_int_equal(world_count_events(world, "node.fell-back"), 1);
	expect_boots_with(world, 1, FIRST_HASH);
}

static void a_boot_over_a_restart_of_brambled_does_not_count(void **state)
{
	struct world *world = *state;

	begin(world);
	for (int i = 0; i < 5; i++) {
		free(begin_boot(world, 1));
		assert_int_equal(world_commit(world), 0);
		world_crash(world);
		world_discover(world, 1, 0x1a2b3c01);
	}
	assert_int_equal(world_count_events(world, "node.fell-back"), 0);
	expect_boots_with(world, 1, SECOND_HASH);
}

static void when_no_other_node_is_heard_nothing_counts(void **state)
{
	struct world *world = *state;
	int status;

	begin(world);
	join(world, 2);
	/* As if everybody had been silent for a minute. */
	world->brambled.started_ns -= 60000000000u;
	heartbeats_stop(&world->brambled);
	assert_int_equal(heartbeats_start(&world->brambled), 0);
	for (int i = 0; i < 5; i++)
		fail_boot(world, 1);
	assert_int_equal(world_count_events(world, "node.fell-back"), 0);
	/* But one that is away because it was told to reboot says nothing of the router. */
	cJSON_Delete(world_call(world, NULL, IPC_POST, "/v1/nodes/rasp2/orders",
		"{\"order\":\"reboot\"}", &status));
	assert_int_equal(status, 200);
	for (int i = 0; i < 2; i++)
		fail_boot(world, 1);
	assert_int_equal(world_count_events(world, "node.fell-back"), 1);
}

static void a_version_that_is_not_there_is_left_at_once(void **state)
{
	struct world *world = *state;
	char path[200];

	begin(world);
	snprintf(path, sizeof(path), "%s/share/images/base/" SECOND_HASH ".squashfs",
		world->directory);
	assert_int_equal(unlink(path), 0);
	expect_boots_with(world, 1, FIRST_HASH);
	assert_int_equal(world_count_events(world, "node.fell-back"), 1);
	expect_next(world, "rasp1", FIRST_HASH, "there is no version 222222222222");
}

static bool ready;

static bool says_ready(struct brambled *brambled, const char *node)
{
	(void)brambled;
	(void)node;
	return ready;
}

static void with_an_engine_good_is_what_is_ready(void **state)
{
	static const struct engine engine = { .name = "test", .is_ready = says_ready };
	struct world *world = *state;
	cJSON *json;

	begin(world);
	world->brambled.engine = &engine;
	ready = false;
	join(world, 1);
	versions_tick(&world->brambled);
	json = show(world, "rasp1");
	assert_string_equal(world_text(json, "image_hash"), SECOND_HASH);
	assert_string_equal(world_text(json, "good_hash"), FIRST_HASH);
	cJSON_Delete(json);
	ready = true;
	versions_tick(&world->brambled);
	json = show(world, "rasp1");
	assert_string_equal(world_text(json, "good_hash"), SECOND_HASH);
	cJSON_Delete(json);
}

static void the_status_says_who_runs_what_and_why(void **state)
{
	struct world *world = *state;
	const cJSON *versions, *first, *exceptions;
	cJSON *json;
	int status;

	begin(world);
	for (int i = 0; i < 2; i++)
		fail_boot(world, 1);
	join(world, 1);
	join(world, 2);
	json = world_call(world, NULL, IPC_GET, "/v1/status", "", &status);
	versions = cJSON_GetObjectItemCaseSensitive(json, "versions");
	assert_int_equal(cJSON_GetArraySize(versions), 2);
	assert_string_equal(world_text(cJSON_GetArrayItem(versions, 0), "hash"), SECOND_HASH);
	first = cJSON_GetArrayItem(versions, 1);
	assert_string_equal(world_text(first, "hash"), FIRST_HASH);
	exceptions = cJSON_GetObjectItemCaseSensitive(first, "exceptions");
	assert_int_equal(cJSON_GetArraySize(exceptions), 1);
	assert_string_equal(world_text(cJSON_GetArrayItem(exceptions, 0), "node"), "rasp1");
	assert_non_null(strstr(
		world_text(cJSON_GetArrayItem(exceptions, 0), "text"), "2 boots in a row failed"));
	assert_true(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "warnings")) > 0);
	cJSON_Delete(json);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_remove)
	const struct CMUnitTest tests[] = {
		TEST(a_version_that_fails_again_and_again_is_left),
		TEST(what_is_stuck_counts_too_and_a_crash_forgets_nothing),
		TEST(a_boot_over_a_restart_of_brambled_does_not_count),
		TEST(when_no_other_node_is_heard_nothing_counts),
		TEST(a_version_that_is_not_there_is_left_at_once),
		TEST(with_an_engine_good_is_what_is_ready),
		TEST(the_status_says_who_runs_what_and_why),
	};

	return cmocka_run_group_tests_name("versions", tests, NULL, NULL);
}
