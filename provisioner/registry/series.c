/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/series.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "provisioner/registry/private.h"

#define BUSY_MS 2000

/* A registry by its file alone: statements and transactions are the same. */
struct series {
	struct registry store;
};

/* By place first: what is written together lies together, whichever node it is of. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS minutes(place INTEGER NOT NULL, node INTEGER NOT NULL,"
	"  at INTEGER NOT NULL, temperature INTEGER NOT NULL, throttled INTEGER NOT NULL,"
	"  memory_total INTEGER NOT NULL, memory_available INTEGER NOT NULL, nfs INTEGER NOT NULL,"
	"  link INTEGER NOT NULL, load INTEGER NOT NULL, PRIMARY KEY(place, node)) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS hours(place INTEGER NOT NULL, node INTEGER NOT NULL,"
	"  at INTEGER NOT NULL, minutes INTEGER NOT NULL,"
	"  temperature_least INTEGER NOT NULL, temperature_mean INTEGER NOT NULL,"
	"  temperature_most INTEGER NOT NULL, load_least INTEGER NOT NULL,"
	"  load_mean INTEGER NOT NULL, load_most INTEGER NOT NULL,"
	"  memory_least INTEGER NOT NULL, memory_mean INTEGER NOT NULL,"
	"  memory_most INTEGER NOT NULL, nfs_least INTEGER NOT NULL, nfs_mean INTEGER NOT NULL,"
	"  nfs_most INTEGER NOT NULL, throttled INTEGER NOT NULL, memory_total INTEGER NOT NULL,"
	"  link INTEGER NOT NULL, PRIMARY KEY(place, node)) WITHOUT ROWID;"
	"PRAGMA user_version = 1";

static int open_file(struct registry *store)
{
	int version = 0;
	int result = registry_error(sqlite3_open_v2(
		store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));

	if (result == 0)
		sqlite3_busy_timeout(store->db, BUSY_MS);
	if (result == 0)
		result = registry_execute(
			store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
	if (result == 0)
		result = registry_check_integrity(store);
	if (result == 0)
		result = registry_schema_version(store, &version);
	/* Of another Bramble: its history is worth less than code that reads it. */
	if (result == 0 && version > 1)
		result = -EUCLEAN;
	if (result == 0)
		result = registry_execute(store, schema);
	if (result == 0 && chmod(store->path, 0600) != 0)
		result = -errno;
	if (result != 0)
		registry_close_file(store);
	return result;
}

int series_open(const char *path, struct series **out, bool *anew)
{
	struct series *series = calloc(1, sizeof(*series));
	int result = -ENAMETOOLONG;

	*anew = false;
	if (!series)
		return -ENOMEM;
	if (str_copy(series->store.path, sizeof(series->store.path), path))
		result = open_file(&series->store);
	if (result == -EUCLEAN) {
		*anew = true;
		registry_remove_file(path);
		result = open_file(&series->store);
	}
	if (result == 0)
		*out = series;
	else
		free(series);
	return result;
}

void series_close(struct series *series)
{
	if (!series)
		return;
	registry_rollback(&series->store);
	registry_close_file(&series->store);
	free(series);
}

int series_commit(struct series *series)
{
	return registry_commit(&series->store);
}

/* registry_write() with a statement that stays prepared: there may be one for each node. */
static sqlite3_stmt *begin_write(struct registry *store, const char *sql, int *result)
{
	*result = store->failed;
	if (*result == 0 && !store->changed)
		*result = registry_execute(store, "BEGIN IMMEDIATE");
	store->changed = true;
	store->failed = *result;
	return *result == 0 ? registry_lookup(store, sql, result) : NULL;
}

static int finish_write(struct registry *store, sqlite3_stmt *statement)
{
	int result = registry_step(store, statement);

	registry_release(statement);
	store->failed = result == -ENOENT ? 0 : result;
	return store->failed;
}

static int64_t place_of(int64_t at_ms, int64_t period_ms, int64_t places)
{
	return at_ms / period_ms % places;
}

int series_put_minute(struct series *series, uint32_t node, const struct series_sample *sample)
{
	static const char sql[] = "INSERT OR REPLACE INTO minutes VALUES(?, ?, ?, ?, ?, ?, ?, ?, "
				  "?, ?)";
	const int64_t values[] = { place_of(sample->at_ms, SERIES_MINUTE_MS, SERIES_MINUTES), node,
		sample->at_ms, sample->temperature_mc, sample->throttled, sample->memory_total_kb,
		sample->memory_available_kb, sample->nfs_us, sample->link_mbps,
		sample->load_hundredths };
	int result;
	sqlite3_stmt *statement = begin_write(&series->store, sql, &result);

	if (!statement)
		return result;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		sqlite3_bind_int64(statement, (int)i + 1, values[i]);
	return finish_write(&series->store, statement);
}

int series_put_hour(struct series *series, uint32_t node, const struct series_hour *hour)
{
	static const char sql[] =
		"INSERT OR REPLACE INTO hours SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
		" ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19 WHERE NOT EXISTS (SELECT 1 FROM hours"
		" WHERE place = ?1 AND node = ?2 AND at = ?3 AND minutes > ?4)";
	const struct series_range *const ranges[] = { &hour->temperature_mc, &hour->load_hundredths,
		&hour->memory_available_kb, &hour->nfs_us };
	int n = 0, result;
	sqlite3_stmt *statement = begin_write(&series->store, sql, &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, ++n, place_of(hour->at_ms, SERIES_HOUR_MS, SERIES_HOURS));
	sqlite3_bind_int64(statement, ++n, node);
	sqlite3_bind_int64(statement, ++n, hour->at_ms);
	sqlite3_bind_int64(statement, ++n, hour->minutes);
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		sqlite3_bind_int64(statement, ++n, ranges[i]->least);
		sqlite3_bind_int64(statement, ++n, ranges[i]->mean);
		sqlite3_bind_int64(statement, ++n, ranges[i]->most);
	}
	sqlite3_bind_int64(statement, ++n, hour->throttled);
	sqlite3_bind_int64(statement, ++n, hour->memory_total_kb);
	sqlite3_bind_int64(statement, ++n, hour->link_mbps);
	return finish_write(&series->store, statement);
}

static int trim(
	struct registry *store, const char *sql, int64_t place, int64_t first_ms, int64_t end_ms)
{
	int result;
	sqlite3_stmt *statement = begin_write(store, sql, &result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, place);
	sqlite3_bind_int64(statement, 2, first_ms);
	sqlite3_bind_int64(statement, 3, end_ms);
	return finish_write(store, statement);
}

int series_trim(struct series *series, int64_t now_ms)
{
	static const char minutes[] = "DELETE FROM minutes WHERE place = ?1 AND (at < ?2 OR at >= "
				      "?3)";
	static const char hours[] = "DELETE FROM hours WHERE place = ?1 AND (at < ?2 OR at >= ?3)";
	const int64_t minute = now_ms - now_ms % SERIES_MINUTE_MS,
		      hour = now_ms - now_ms % SERIES_HOUR_MS;
	int result =
		trim(&series->store, minutes, place_of(now_ms, SERIES_MINUTE_MS, SERIES_MINUTES),
			minute, minute + SERIES_MINUTE_MS);

	return result == 0
		       ? trim(&series->store, hours, place_of(now_ms, SERIES_HOUR_MS, SERIES_HOURS),
				 hour, hour + SERIES_HOUR_MS)
		       : result;
}

int series_each_minute(struct series *series,
	int (*each)(void *argument, uint32_t node, const struct series_sample *sample),
	void *argument)
{
	int result;
	sqlite3_stmt *statement = registry_read(&series->store,
		"SELECT node, at, temperature, throttled, memory_total, memory_available, nfs, "
		"link, load FROM minutes ORDER BY node, at",
		&result);

	if (!statement)
		return result;
	while ((result = registry_step(&series->store, statement)) == 0) {
		const struct series_sample sample = { .at_ms = sqlite3_column_int64(statement, 1),
			.temperature_mc = sqlite3_column_int(statement, 2),
			.throttled = sqlite3_column_int(statement, 3),
			.memory_total_kb = (uint32_t)sqlite3_column_int64(statement, 4),
			.memory_available_kb = (uint32_t)sqlite3_column_int64(statement, 5),
			.nfs_us = (uint32_t)sqlite3_column_int64(statement, 6),
			.link_mbps = (uint32_t)sqlite3_column_int64(statement, 7),
			.load_hundredths = (uint32_t)sqlite3_column_int64(statement, 8) };

		result = each(argument, (uint32_t)sqlite3_column_int64(statement, 0), &sample);
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}

static struct series_range range_of(sqlite3_stmt *statement, int column)
{
	return (struct series_range){ .least = sqlite3_column_int64(statement, column),
		.mean = sqlite3_column_int64(statement, column + 1),
		.most = sqlite3_column_int64(statement, column + 2) };
}

/* A row of the table from its third column on. */
static struct series_hour hour_of(sqlite3_stmt *statement)
{
	return (struct series_hour){ .at_ms = sqlite3_column_int64(statement, 0),
		.minutes = (unsigned)sqlite3_column_int(statement, 1),
		.temperature_mc = range_of(statement, 2),
		.load_hundredths = range_of(statement, 5),
		.memory_available_kb = range_of(statement, 8),
		.nfs_us = range_of(statement, 11),
		.throttled = sqlite3_column_int(statement, 14),
		.memory_total_kb = (uint32_t)sqlite3_column_int64(statement, 15),
		.link_mbps = (uint32_t)sqlite3_column_int64(statement, 16) };
}

int series_each_hour(struct series *series, uint32_t node, int64_t first_ms, int64_t last_ms,
	int (*each)(void *argument, const struct series_hour *hour), void *argument)
{
	static const char sql[] =
		"SELECT at, minutes, temperature_least, temperature_mean, temperature_most, "
		"load_least, load_mean, load_most, memory_least, memory_mean, memory_most, "
		"nfs_least, nfs_mean, nfs_most, throttled, memory_total, link "
		"FROM hours WHERE place = ?1 AND node = ?2 AND at = ?3";
	int result = 0;

	for (int64_t at = first_ms - first_ms % SERIES_HOUR_MS; at <= last_ms && result == 0;
		at += SERIES_HOUR_MS) {
		sqlite3_stmt *statement = registry_lookup(&series->store, sql, &result);
		struct series_hour hour;
		bool found;

		if (!statement)
			return result;
		sqlite3_bind_int64(statement, 1, place_of(at, SERIES_HOUR_MS, SERIES_HOURS));
		sqlite3_bind_int64(statement, 2, node);
		sqlite3_bind_int64(statement, 3, at);
		result = registry_step(&series->store, statement);
		found = result == 0;
		if (found)
			hour = hour_of(statement);
		registry_release(statement);
		if (result == -ENOENT)
			result = 0;
		if (found && at >= first_ms)
			result = each(argument, &hour);
	}
	return result;
}
