/* SPDX-License-Identifier: ISC */
/* How nodes are, over hours, kills and a clock that is set. */
#include "tests/unit/brambled_world.h"

#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"

#define HOUR_MS ((int64_t)SERIES_HOUR_MS)
#define START_MS (1790000000000 / HOUR_MS * HOUR_MS)

static int64_t wall_ms;
static uint64_t monotonic_ns = NS_PER_S;

/* In place of common/clock.c */
uint64_t clock_monotonic_ns(void)
{
	return monotonic_ns;
}

int64_t clock_wall_ms(void)
{
	return wall_ms;
}

static int make(void **state)
{
	struct registry_node node = {
		.name = "rasp1", .address = world_address("10.77.0.50"), .image_hash = FIRST_HASH
	};
	struct world *world;

	wall_ms = START_MS;
	if (world_make(state) != 0)
		return -1;
	world = *state;
	assert_int_equal(registry_put_node(world->brambled.registry, &node), 0);
	return world_commit(world);
}

static void pass(struct world *world, int64_t seconds)
{
	for (int64_t i = 0; i < seconds; i++) {
		wall_ms += 1000;
		monotonic_ns += NS_PER_S;
		health_tick(&world->brambled);
	}
}

static void hear(struct world *world, int temperature_mc)
{
	struct registry_node node;
	cJSON *body = cJSON_CreateObject();

	cJSON_AddNumberToObject(body, "temperature_mc", temperature_mc);
	assert_int_equal(registry_get_node(world->brambled.registry, "rasp1", &node), 0);
	health_hear(&world->brambled, &node, body);
	cJSON_Delete(body);
}

static void hear_each_minute(struct world *world, unsigned minutes, int temperature_mc)
{
	for (unsigned i = 0; i < minutes; i++) {
		hear(world, temperature_mc);
		pass(world, 60);
	}
}

static cJSON *ask(struct world *world, const char *query)
{
	char path[64];
	int status;
	cJSON *json;

	snprintf(path, sizeof(path), "/v1/nodes/rasp1/health%s", query);
	json = world_call(world, NULL, IPC_GET, path, "", &status);
	assert_int_equal(status, 200);
	return json;
}

static int count(struct world *world, const char *query, const char *name)
{
	cJSON *json = ask(world, query);
	int n = cJSON_GetArraySize(cJSON_GetObjectItem(json, name));

	cJSON_Delete(json);
	return n;
}

/* Of a sample, or of the first one of a list. */
static int temperature_of(struct world *world, const char *name)
{
	cJSON *json = ask(world, "");
	const cJSON *sample = cJSON_GetObjectItem(json, name);
	int number;

	sample = cJSON_IsArray(sample) ? cJSON_GetArrayItem(sample, 0) : sample;
	assert_non_null(cJSON_GetObjectItem(sample, "temperature_mc"));
	number = cJSON_GetObjectItem(sample, "temperature_mc")->valueint;
	cJSON_Delete(json);
	return number;
}

/* Of the n-th hour of the answer. */
static int hour_number(struct world *world, int n, const char *name, int part)
{
	cJSON *json = ask(world, "?hours=336");
	const cJSON *item = cJSON_GetObjectItem(
		cJSON_GetArrayItem(cJSON_GetObjectItem(json, "hours"), n), name);
	int number;

	item = part < 0 ? item : cJSON_GetArrayItem(item, part);
	assert_non_null(item);
	number = item->valueint;
	cJSON_Delete(json);
	return number;
}

static void minutes_and_hours_come_back_after_a_kill(void **state)
{
	struct world *world = *state;

	hear_each_minute(world, 60, 40000);
	hear_each_minute(world, 30, 60000);
	hear(world, 80000);
	assert_int_equal(count(world, "", "minutes"), 60);
	assert_int_equal(count(world, "?hours=2", "hours"), 2);
	world_crash(world);
	/* But for the last minute. */
	assert_int_equal(count(world, "", "minutes"), 59);
	assert_int_equal(count(world, "?hours=2", "hours"), 2);
	assert_int_equal(count(world, "?hours=1", "hours"), 1);
	assert_int_equal(count(world, "", "hours"), 0);
	assert_int_equal(hour_number(world, 0, "minutes", -1), 60);
	assert_int_equal(hour_number(world, 0, "temperature_mc", 1), 40000);
	assert_int_equal(hour_number(world, 1, "minutes", -1), 30);
	assert_int_equal(hour_number(world, 1, "temperature_mc", 2), 60000);
	/* The hour goes on where it was. */
	hear_each_minute(world, 30, 20000);
	hear(world, 20000);
	assert_int_equal(hour_number(world, 1, "minutes", -1), 60);
	assert_int_equal(hour_number(world, 1, "temperature_mc", 0), 20000);
	assert_int_equal(hour_number(world, 1, "temperature_mc", 1), 40000);
}

static void two_minutes_between_two_writes_are_both_written(void **state)
{
	struct world *world = *state;

	hear(world, 40000);
	wall_ms += 60000;
	hear(world, 50000);
	health_write(&world->brambled);
	world_crash(world);
	assert_int_equal(count(world, "", "minutes"), 2);
}

static void an_orderly_stop_loses_nothing(void **state)
{
	struct world *world = *state;

	hear_each_minute(world, 2, 40000);
	hear(world, 50000);
	health_write(&world->brambled);
	world_crash(world);
	assert_int_equal(count(world, "", "minutes"), 3);
	assert_int_equal(hour_number(world, 0, "temperature_mc", 2), 50000);
}

/* While brambled was off, hours ended. */
static void hours_end_while_nobody_looks(void **state)
{
	struct world *world = *state;

	hear_each_minute(world, 10, 40000);
	world_crash(world);
	wall_ms += 5 * HOUR_MS;
	assert_int_equal(count(world, "", "minutes"), 0);
	hear(world, 50000);
	assert_int_equal(count(world, "?hours=6", "hours"), 2);
	health_write(&world->brambled);
	world_crash(world);
	assert_int_equal(count(world, "?hours=6", "hours"), 2);
	assert_int_equal(hour_number(world, 0, "minutes", -1), 10);
}

static void a_node_that_fell_silent_has_its_hours(void **state)
{
	struct world *world = *state;

	hear_each_minute(world, 10, 40000);
	pass(world, 3 * 3600);
	world_crash(world);
	assert_int_equal(count(world, "", "minutes"), 0);
	assert_int_equal(count(world, "?hours=4", "hours"), 1);
	assert_int_equal(count(world, "?hours=2", "hours"), 0);
	wall_ms += SERIES_HOURS * HOUR_MS;
	assert_int_equal(count(world, "?hours=336", "hours"), 0);
}

static unsigned data_version(sqlite3 *db)
{
	sqlite3_stmt *statement;
	unsigned version;

	assert_int_equal(
		sqlite3_prepare_v2(db, "PRAGMA data_version", -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	version = (unsigned)sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

/* Each commit costs an fsync, and wears the card. */
static void all_heartbeats_of_a_minute_are_written_at_once(void **state)
{
	struct world *world = *state;
	char path[128];
	sqlite3 *db;
	unsigned before, commits = 0;

	snprintf(path, sizeof(path), "%s/share/state/health.db", world->directory);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	before = data_version(db);
	/* Ten minutes, over the end of an hour, a heartbeat each second. */
	wall_ms = START_MS + HOUR_MS - 300000;
	for (unsigned i = 0; i < 600; i++) {
		unsigned now;

		hear(world, 40000);
		pass(world, 1);
		now = data_version(db);
		commits += now != before;
		before = now;
	}
	sqlite3_close(db);
	assert_in_range(commits, 9, 10);
	world_crash(world);
	assert_in_range(count(world, "", "minutes"), 9, 11);
	assert_int_equal(count(world, "?hours=2", "hours"), 2);
}

/* Its first is what the minute was; the newest is what is now. */
static void a_minute_is_its_first_heartbeat(void **state)
{
	struct world *world = *state;

	hear(world, 40000);
	pass(world, 20);
	hear(world, 60000);
	assert_int_equal(count(world, "", "minutes"), 1);
	assert_int_equal(temperature_of(world, "minutes"), 40000);
	assert_int_equal(temperature_of(world, "now"), 60000);
}

static void a_clock_that_is_set_does_no_harm(void **state)
{
	struct world *world = *state;

	wall_ms = START_MS + 100 * HOUR_MS;
	hear_each_minute(world, 3, 90000);
	wall_ms = START_MS + 600000;
	hear_each_minute(world, 3, 40000);
	assert_int_equal(count(world, "", "minutes"), 3);
	assert_int_equal(count(world, "?hours=336", "hours"), 1);
	world_crash(world);
	assert_int_equal(count(world, "", "minutes"), 3);
	assert_int_equal(hour_number(world, 0, "temperature_mc", 2), 40000);
	/* What was written of a later time isn't taken for the newest. */
	assert_int_equal(temperature_of(world, "now"), 40000);
}

static void without_a_file_it_is_known_while_brambled_runs(void **state)
{
	struct world *world = *state;
	char path[128];

	health_stop(&world->brambled);
	snprintf(path, sizeof(path), "%s/share/state/health.db", world->directory);
	assert_int_equal(remove(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(health_start(&world->brambled), 0);
	hear_each_minute(world, 5, 40000);
	assert_int_equal(count(world, "", "minutes"), 5);
	assert_int_equal(count(world, "?hours=1", "hours"), 1);
	/* It can be written again, and so is what was heard before. */
	assert_int_equal(rmdir(path), 0);
	hear_each_minute(world, 1, 40000);
	world_crash(world);
	assert_int_equal(count(world, "", "minutes"), 6);
}

static int keep_text(void *argument, const char *text)
{
	assert_true(str_copy(argument, HEALTH_WARNING_SIZE, text));
	return 0;
}

static void hear_of_image(struct world *world, bool corrupt)
{
	struct registry_node node;
	cJSON *body = cJSON_CreateObject();

	if (corrupt)
		cJSON_AddTrueToObject(body, "image_corrupt");
	assert_int_equal(registry_get_node(world->brambled.registry, "rasp1", &node), 0);
	health_hear(&world->brambled, &node, body);
	cJSON_Delete(body);
}

static void changed_bytes_are_told_with_image_and_version(void **state)
{
	struct world *world = *state;
	char text[HEALTH_WARNING_SIZE] = "";

	hear_of_image(world, true);
	hear_of_image(world, true);
	assert_int_equal(world_count_events(world, "node.image-corrupt"), 1);
	assert_int_equal(health_each_warning(&world->brambled, keep_text, text), 0);
	assert_string_equal(text,
		"rasp1 has read changed bytes of its image base 111111111111: `bramble image "
		"verify base/111111111111` says whether the router's copy is damaged, and where");
	hear_of_image(world, false);
	text[0] = '\0';
	assert_int_equal(health_each_warning(&world->brambled, keep_text, text), 0);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			changed_bytes_are_told_with_image_and_version, make, world_remove),
		cmocka_unit_test_setup_teardown(
			minutes_and_hours_come_back_after_a_kill, make, world_remove),
		cmocka_unit_test_setup_teardown(
			two_minutes_between_two_writes_are_both_written, make, world_remove),
		cmocka_unit_test_setup_teardown(an_orderly_stop_loses_nothing, make, world_remove),
		cmocka_unit_test_setup_teardown(hours_end_while_nobody_looks, make, world_remove),
		cmocka_unit_test_setup_teardown(
			a_node_that_fell_silent_has_its_hours, make, world_remove),
		cmocka_unit_test_setup_teardown(
			all_heartbeats_of_a_minute_are_written_at_once, make, world_remove),
		cmocka_unit_test_setup_teardown(
			a_minute_is_its_first_heartbeat, make, world_remove),
		cmocka_unit_test_setup_teardown(
			a_clock_that_is_set_does_no_harm, make, world_remove),
		cmocka_unit_test_setup_teardown(
			without_a_file_it_is_known_while_brambled_runs, make, world_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
