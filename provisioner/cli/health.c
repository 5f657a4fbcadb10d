/* SPDX-License-Identifier: ISC */
/* bramble node health: how a node was in the last hour, or before. */
#include <inttypes.h>

#include "common/clock.h"
#include "common/str.h"
#include "common/throttled.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/health.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/node.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/targets.h"
#include "provisioner/cli/text.h"

const char *health_describe_power(const cJSON *sample)
{
	const int64_t bits = json_integer(sample, "throttled");

	if (!json_member(sample, "throttled"))
		return "-";
	if (bits & THROTTLED_UNDER_VOLTAGE)
		return "under-voltage";
	return bits & (THROTTLED_CAPPED | THROTTLED_NOW) ? "slowed down" : "ok";
}

static void add_number(struct table *table, int64_t number, double divisor, const char *unit)
{
	if (number == 0)
		table_cell(table, "-");
	else
		table_cellf(table, "%.1f %s", (double)number / divisor, unit);
}

static void add_sample(struct table *table, const cJSON *sample)
{
	const int64_t hot = json_integer(sample, "temperature_mc"),
		      mbps = json_integer(sample, "link_mbps");
	const cJSON *load = json_member(sample, "load1");
	char age[TEXT_UNIT_SIZE], cell[32];

	text_age(json_integer(sample, "at_ms"), clock_wall_ms(), age);
	table_row(table);
	table_cell(table, age);
	snprintf(cell, sizeof(cell), "%.1f °C", (double)hot / 1000);
	table_cell_colored(
		table, hot >= THROTTLED_HOT_MC ? TABLE_RED : TABLE_PLAIN, hot == 0 ? "-" : cell);
	table_cellf(table, "%.2f", cJSON_IsNumber(load) ? load->valuedouble : 0);
	table_cellf(table, "%.0f of %.0f MB",
		(double)json_integer(sample, "memory_available_kb") / 1e3 * 1.024,
		(double)json_integer(sample, "memory_total_kb") / 1e3 * 1.024);
	add_number(table, json_integer(sample, "nfs_us"), 1000, "ms");
	if (mbps == 0)
		table_cell(table, "-");
	else
		table_cellf(table, "%" PRId64 " Mb/s", mbps);
	table_cell(table, health_describe_power(sample));
}

static enum cli_exit print_health(struct cli *cli, const cJSON *json)
{
	static const struct table_column columns[] = { { "HEARD", false }, { "HEAT", true },
		{ "LOAD", true }, { "FREE MEMORY", true }, { "NFS", true }, { "LINK", true },
		{ "POWER", false }, { .title = NULL } };
	const cJSON *now = json_member(json, "now"), *sample;
	struct table *table;
	int result;

	if (!now) {
		fprintf(cli->out, "%s hasn't been heard lately; --hours goes back further.\n",
			json_text(json, "node"));
		return CLI_OK;
	}
	table = table_new(columns);
	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(sample, json_member(json, "minutes"))
	{
		if (json_integer(sample, "at_ms") != json_integer(now, "at_ms"))
			add_sample(table, sample);
	}
	add_sample(table, now);
	result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

struct wish {
	bool several;
	uint64_t hours; /* 0 = the last hour by minute */
};

static enum cli_exit show(struct cli *cli, const char *name, const void *argument)
{
	const struct wish *wish = argument;
	char action[40] = "/health";
	enum cli_exit code;
	cJSON *json;

	if (wish->hours > 0)
		snprintf(action, sizeof(action), "/health?hours=%" PRIu64, wish->hours);
	code = node_call(cli, IPC_GET, "nodes", name, action, NULL, &json);
	if (code == CLI_OK && !cli->json) {
		if (wish->several)
			fprintf(cli->out, "%s\n", json_text(json, "node"));
		code = wish->hours > 0 ? health_print_hours(cli, json, (unsigned)wish->hours)
				       : print_health(cli, json);
	}
	cJSON_Delete(json);
	return code;
}

enum cli_exit node_health_main(struct cli *cli, int argc, char **argv)
{
	const char *hours = NULL;
	const struct args_option options[] = {
		{ "hours", '\0', NULL, &hours,
			"N  the last N hours (at most 336), a line an hour" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "node health NODE... [--hours N]",
		.text = "How nodes were in the last hour, a line a minute, the newest at the end: "
			"heat, load\nof the last minute, memory that is free, mean round trip of "
			"NFS calls, speed of the\nlink, and what the firmware says of its power. "
			"With --hours up to two weeks: means\nof heat and load, and the worst of "
			"the rest.\n",
		.min_words = 1,
		.max_words = CLI_MANY_WORDS,
		.options = options,
	};
	struct wish wish = { 0 };
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (hours && str_parse_u64(hours, 1, HEALTH_HOURS, &wish.hours) != 0)
		return cli_complain(cli, CLI_USAGE, "--hours is a number, 1 to %d", HEALTH_HOURS);
	wish.several = argv[1] != NULL || targets_is_pattern(argv[0]);
	return targets_each(cli, argv, show, &wish);
}
