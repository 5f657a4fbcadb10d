/* SPDX-License-Identifier: ISC */
/* What is kept of how nodes were: the file, and how an hour is summed up. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/nodes/health_sum.h"
#include "provisioner/registry/private.h"

#define HOUR_MS ((int64_t)SERIES_HOUR_MS)
#define START_MS (1790000000000 / HOUR_MS * HOUR_MS)

struct world {
	char directory[64], path[96];
	struct series *series;
};

static int make(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	bool anew;

	assert_non_null(world);
	str_copy(world->directory, sizeof(world->directory), "/tmp/series_test.XXXXXX");
	assert_non_null(mkdtemp(world->directory));
	snprintf(world->path, sizeof(world->path), "%s/health.db", world->directory);
	assert_int_equal(series_open(world->path, &world->series, &anew), 0);
	assert_false(anew);
	*state = world;
	return 0;
}

static int unmake(void **state)
{
	struct world *world = *state;

	series_close(world->series);
	registry_remove_file(world->path);
	rmdir(world->directory);
	free(world);
	return 0;
}

/* As large as samples get. */
static struct series_sample largest_sample(int64_t at_ms)
{
	return (struct series_sample){ .at_ms = at_ms,
		.temperature_mc = 200000,
		.throttled = 0xfffff,
		.memory_total_kb = 1000000000,
		.memory_available_kb = 1000000000,
		.nfs_us = 1000000000,
		.link_mbps = 1000000,
		.load_hundredths = 100000000 };
}

static void put_minute(struct world *world, uint32_t node, int64_t at_ms)
{
	struct series_sample sample = largest_sample(at_ms);

	assert_int_equal(series_put_minute(world->series, node, &sample), 0);
}

static void put_hour(struct world *world, uint32_t node, int64_t at_ms, unsigned minutes)
{
	struct series_sample sample = largest_sample(at_ms);
	struct health_sum sum = { 0 };
	struct series_hour hour;

	health_sum_add(&sum, &sample);
	hour = health_sum_hour(&sum);
	hour.minutes = minutes;
	assert_int_equal(series_put_hour(world->series, node, &hour), 0);
}

struct found {
	unsigned n, minutes;
	int64_t first_ms, last_ms;
};

static int find_hour(void *argument, const struct series_hour *hour)
{
	struct found *found = argument;

	if (found->n++ == 0)
		found->first_ms = hour->at_ms;
	assert_true(hour->at_ms >= found->last_ms);
	found->last_ms = hour->at_ms;
	found->minutes += hour->minutes;
	return 0;
}

static struct found hours_of(struct world *world, uint32_t node, int64_t first_ms, int64_t last_ms)
{
	struct found found = { 0 };

	assert_int_equal(
		series_each_hour(world->series, node, first_ms, last_ms, find_hour, &found), 0);
	return found;
}

static int find_minute(void *argument, uint32_t node, const struct series_sample *sample)
{
	struct found *found = argument;

	(void)node;
	found->n++;
	found->last_ms = sample->at_ms;
	return 0;
}

static struct found all_minutes(struct world *world)
{
	struct found found = { 0 };

	assert_int_equal(series_each_minute(world->series, find_minute, &found), 0);
	return found;
}

static int64_t file_bytes(const struct world *world)
{
	char wal[128];
	struct stat file, journal = { 0 };

	snprintf(wal, sizeof(wal), "%s-wal", world->path);
	assert_int_equal(stat(world->path, &file), 0);
	(void)stat(wal, &journal);
	return (int64_t)file.st_size + (int64_t)journal.st_size;
}

static void reopen(struct world *world, bool expect_anew)
{
	bool anew;

	series_close(world->series);
	assert_int_equal(series_open(world->path, &world->series, &anew), 0);
	assert_int_equal(anew, expect_anew);
}

static void three_weeks_of_many_nodes_take_bounded_room(void **state)
{
	struct world *world = *state;
	const uint32_t nodes = 30;

	for (int64_t hour = 0; hour < 3 * 7 * 24; hour++) {
		/* The minutes of an hour in the places of the hour before. */
		for (int64_t minute = 0; minute < SERIES_MINUTES; minute += hour < 500 ? 20 : 1) {
			const int64_t now = START_MS + hour * HOUR_MS + minute * SERIES_MINUTE_MS;

			assert_int_equal(series_trim(world->series, now), 0);
			for (uint32_t node = 1; node <= nodes; node++)
				put_minute(world, 1000000 + node, now);
		}
		for (uint32_t node = 1; node <= nodes; node++)
			put_hour(world, 1000000 + node, START_MS + hour * HOUR_MS, 60);
		assert_int_equal(series_commit(world->series), 0);
	}
	assert_int_equal(
		hours_of(world, 1000001, 0 + START_MS, START_MS + 600 * HOUR_MS).n, SERIES_HOURS);
	assert_int_equal(all_minutes(world).n, SERIES_MINUTES * nodes);
	reopen(world, false);
	print_message("# %lld bytes a node\n", (long long)(file_bytes(world) / nodes));
	assert_true(file_bytes(world) <= (int64_t)nodes * SERIES_NODE_BYTES);
}

static void nodes_that_are_gone_leave_nothing(void **state)
{
	struct world *world = *state;

	for (int64_t minute = 0; minute < SERIES_MINUTES; minute++)
		put_minute(world, 1, START_MS + minute * SERIES_MINUTE_MS);
	put_hour(world, 1, START_MS, 60);
	for (int64_t minute = 0; minute < (SERIES_HOURS - 1) * SERIES_MINUTES; minute++) {
		assert_int_equal(
			series_trim(world->series, START_MS + HOUR_MS + minute * SERIES_MINUTE_MS),
			0);
		if (minute < SERIES_MINUTES)
			assert_int_equal(all_minutes(world).n, SERIES_MINUTES - 1 - minute);
	}
	assert_int_equal(hours_of(world, 1, START_MS, START_MS).n, 1);
	assert_int_equal(series_trim(world->series, START_MS + SERIES_HOURS * HOUR_MS), 0);
	assert_int_equal(hours_of(world, 1, START_MS, START_MS).n, 0);
}

static void an_hour_known_in_part_does_not_replace_the_whole(void **state)
{
	struct world *world = *state;

	put_hour(world, 1, START_MS, 58);
	put_hour(world, 1, START_MS, 20);
	assert_int_equal(hours_of(world, 1, START_MS, START_MS).minutes, 58);
	put_hour(world, 1, START_MS, 59);
	assert_int_equal(hours_of(world, 1, START_MS, START_MS).minutes, 59);
	/* Two weeks later it is another hour. */
	put_hour(world, 1, START_MS + SERIES_HOURS * HOUR_MS, 1);
	assert_int_equal(hours_of(world, 1, START_MS, START_MS).n, 0);
	assert_int_equal(hours_of(world, 2, START_MS, START_MS + SERIES_HOURS * HOUR_MS).n, 0);
}

static void what_is_not_committed_is_lost_and_the_rest_kept(void **state)
{
	struct world *world = *state;

	put_minute(world, 1, START_MS);
	assert_int_equal(series_commit(world->series), 0);
	put_minute(world, 1, START_MS + SERIES_MINUTE_MS);
	reopen(world, false);
	assert_int_equal(all_minutes(world).n, 1);
	assert_int_equal(all_minutes(world).last_ms, START_MS);
}

static void a_damaged_file_is_begun_anew(void **state)
{
	static const char rubbish[8192] = "SQLite format 3";
	struct world *world = *state;

	put_minute(world, 1, START_MS);
	assert_int_equal(series_commit(world->series), 0);
	series_close(world->series);
	assert_int_equal(file_replace(world->path, rubbish, sizeof(rubbish), 0600), 0);
	world->series = NULL;
	reopen(world, true);
	assert_int_equal(all_minutes(world).n, 0);
	put_minute(world, 1, START_MS);
	assert_int_equal(series_commit(world->series), 0);
	reopen(world, false);
	assert_int_equal(all_minutes(world).n, 1);
}

static void an_hour_sums_up_what_was_known(void **state)
{
	const struct series_sample samples[] = {
		{ START_MS + 1, 40000, 0, 1000, 600, 0, 1000, 50 },
		{ START_MS + 2, 0, -1, 0, 0, 300, 0, 150 },
		{ START_MS + SERIES_MINUTE_MS, 50000, 4, 1000, 400, 500, 100, 100 },
		{ START_MS + SERIES_MINUTE_MS + 1, 45000, 1, 1000, 500, 400, 1000, 100 },
	};
	struct health_sum sum = { 0 };
	struct series_hour hour;

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		health_sum_add(&sum, &samples[i]);
	hour = health_sum_hour(&sum);
	assert_int_equal(hour.at_ms, START_MS);
	assert_int_equal(hour.minutes, 2);
	assert_int_equal(hour.temperature_mc.least, 40000);
	assert_int_equal(hour.temperature_mc.mean, 45000);
	assert_int_equal(hour.temperature_mc.most, 50000);
	assert_int_equal(hour.load_hundredths.mean, 100);
	assert_int_equal(hour.memory_available_kb.least, 400);
	assert_int_equal(hour.nfs_us.least, 300);
	assert_int_equal(hour.nfs_us.most, 500);
	assert_int_equal(hour.throttled, 5);
	assert_int_equal(hour.memory_total_kb, 1000);
	assert_int_equal(hour.link_mbps, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			three_weeks_of_many_nodes_take_bounded_room, make, unmake),
		cmocka_unit_test_setup_teardown(nodes_that_are_gone_leave_nothing, make, unmake),
		cmocka_unit_test_setup_teardown(
			an_hour_known_in_part_does_not_replace_the_whole, make, unmake),
		cmocka_unit_test_setup_teardown(
			what_is_not_committed_is_lost_and_the_rest_kept, make, unmake),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_begun_anew, make, unmake),
		cmocka_unit_test(an_hour_sums_up_what_was_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
