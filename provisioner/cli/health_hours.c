/* SPDX-License-Identifier: ISC */
/* bramble node health --hours: curves, and a line an hour. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/throttled.h"
#include "provisioner/cli/health.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

#define HOUR_MS 3600000
#define CURVE_COLUMNS 48
#define LEVELS 8
#define CURVE_TITLE_COLUMNS 6

enum part { LEAST, MEAN, MOST };

static double range_part(const cJSON *hour, const char *name, enum part part)
{
	const cJSON *value = cJSON_GetArrayItem(json_member(hour, name), (int)part);

	return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

struct curve {
	const char *title, *name, *unit;
	double divisor;
	bool zero_unknown;
};

struct column {
	double sum, n;
};

/* The mean of each column of the curve; returns how many columns there are. */
static size_t gather(const struct curve *curve, const cJSON *hours, unsigned n,
	struct column columns[static CURVE_COLUMNS], double *least, double *most)
{
	const unsigned per_column = (n + CURVE_COLUMNS - 1) / CURVE_COLUMNS;
	const int64_t first = clock_wall_ms() / HOUR_MS - n + 1;
	bool any = false;
	const cJSON *hour;

	cJSON_ArrayForEach(hour, hours)
	{
		const int64_t place = json_integer(hour, "at_ms") / HOUR_MS - first;
		const double value = range_part(hour, curve->name, MEAN) / curve->divisor,
			     low = range_part(hour, curve->name, LEAST) / curve->divisor,
			     high = range_part(hour, curve->name, MOST) / curve->divisor;

		if (place < 0 || place >= (int64_t)n || (curve->zero_unknown && value == 0))
			continue;
		columns[(unsigned)place / per_column].sum += value;
		columns[(unsigned)place / per_column].n++;
		*least = !any || low < *least ? low : *least;
		*most = !any || high > *most ? high : *most;
		any = true;
	}
	return any ? (n + per_column - 1) / per_column : 0;
}

/* One of the eight blocks U+2581 to U+2588; the scale goes from the least to the most. */
static void draw_curve(struct cli *cli, const struct curve *curve, const cJSON *hours, unsigned n)
{
	struct column columns[CURVE_COLUMNS] = { 0 };
	double least = 0, most = 0;
	const size_t used = gather(curve, hours, n, columns, &least, &most);

	if (used == 0)
		return;
	fprintf(cli->out, "%-*s", CURVE_TITLE_COLUMNS, curve->title);
	for (size_t i = 0; i < used; i++) {
		const double mean = columns[i].n > 0 ? columns[i].sum / columns[i].n : 0;
		const double part = most > least ? (mean - least) / (most - least) : 0;
		const int level = (int)(part * LEVELS);

		if (columns[i].n == 0)
			fputc(' ', cli->out);
		else
			fprintf(cli->out, "\xe2\x96%c",
				0x81 + (level < 0		 ? 0
					       : level >= LEVELS ? LEVELS - 1
								 : level));
	}
	fprintf(cli->out, "  %.1f to %.1f%s\n", least, most, curve->unit);
}

static void add_heat(struct table *table, double mc)
{
	char cell[TEXT_UNIT_SIZE];

	snprintf(cell, sizeof(cell), "%.1f °C", mc / 1000);
	table_cell_colored(
		table, mc >= THROTTLED_HOT_MC ? TABLE_RED : TABLE_PLAIN, mc == 0 ? "-" : cell);
}

static void add_known(struct table *table, double value, int digits, const char *unit)
{
	if (value == 0)
		table_cell(table, "-");
	else
		table_cellf(table, "%.*f %s", digits, value, unit);
}

static void add_hour(struct table *table, const cJSON *hour)
{
	char time[TEXT_UNIT_SIZE];

	text_time(json_integer(hour, "at_ms"), time);
	table_row(table);
	/* Without the year and the seconds. */
	table_cellf(table, "%.11s", time + 5);
	table_cellf(table, "%" PRId64, json_integer(hour, "minutes"));
	add_heat(table, range_part(hour, "temperature_mc", MEAN));
	add_heat(table, range_part(hour, "temperature_mc", MOST));
	table_cellf(table, "%.2f", range_part(hour, "load1", MEAN));
	add_known(table, range_part(hour, "memory_available_kb", LEAST) / 1e3 * 1.024, 0, "MB");
	add_known(table, range_part(hour, "nfs_us", MOST) / 1000, 1, "ms");
	add_known(table, (double)json_integer(hour, "link_mbps"), 0, "Mb/s");
	table_cell(table, health_describe_power(hour));
}

enum cli_exit health_print_hours(struct cli *cli, const cJSON *json, unsigned n)
{
	static const struct table_column columns[] = { { "HOUR", false }, { "MIN", true },
		{ "HEAT", true }, { "HOTTEST", true }, { "LOAD", true }, { "FREE", true },
		{ "NFS", true }, { "LINK", true }, { "POWER", false }, { .title = NULL } };
	static const struct curve curves[] = {
		{ "HEAT", "temperature_mc", " °C", 1000, true },
		{ "LOAD", "load1", "", 1, false },
	};
	const cJSON *hours = json_member(json, "hours"), *hour;
	struct table *table;
	int result;

	if (cJSON_GetArraySize(hours) == 0) {
		fprintf(cli->out, "%s wasn't heard in the last %u hours.\n",
			json_text(json, "node"), n);
		return CLI_OK;
	}
	table = table_new(columns);
	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	for (size_t i = 0; n > 1 && i < sizeof(curves) / sizeof(curves[0]); i++)
		draw_curve(cli, &curves[i], hours, n);
	if (n > 1)
		fputc('\n', cli->out);
	cJSON_ArrayForEach(hour, hours)
	{
		add_hour(table, hour);
	}
	result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}
