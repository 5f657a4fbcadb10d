/* SPDX-License-Identifier: ISC */
/* bramble status: one page that says whether all is well, and if not, what isn't. */
#include <inttypes.h>
#include <string.h>

#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

#define SHORT_HASH 12

static const char *explain_join(const char *join)
{
	if (strcmp(join, "auto") == 0)
		return "unknown boards join at once";
	if (strcmp(join, "approve") == 0)
		return "unknown boards wait for \"bramble node admit\"";
	if (strcmp(join, "window") == 0)
		return "unknown boards wait for \"bramble admit --for TIME\"";
	if (strcmp(join, "list") == 0)
		return "boards that were announced join (\"bramble import\")";
	if (strcmp(join, "deny") == 0)
		return "unknown boards get nothing";
	return join;
}

static void print_overview(struct cli *cli, const cJSON *json)
{
	const cJSON *lan = json_member(json, "lan"), *image = json_member(json, "image");
	const cJSON *nodes = json_member(json, "nodes"), *boards = json_member(json, "boards");
	char up[TEXT_UNIT_SIZE];

	text_duration(json_integer(json, "uptime_s") * 1000, up);
	cli_field(cli, "Bramble", "%s, %s; up %s", json_text(json, "version"),
		json_text(json, "state"), up);
	cli_field(cli, "LAN", "%s, router %s, boards get %s to %s", json_text(lan, "interface"),
		json_text(lan, "address"), json_text(lan, "range_first"),
		json_text(lan, "range_last"));
	cli_field(cli, "Share", "%s by %s", json_text(json, "share"), json_text(json, "nfs"));
	if (image)
		cli_field(cli, "Image", "%s %.*s", json_text(image, "name"), SHORT_HASH,
			json_text(image, "hash"));
	else
		cli_field(cli, "Image", "none yet; \"bramble image use\" makes one current");
	cli_field(cli, "Nodes", "%" PRId64 ", %" PRId64 " joined", json_integer(nodes, "total"),
		json_integer(nodes, "joined"));
	if (json_integer(nodes, "drifted") + json_integer(nodes, "config_failed") > 0)
		cli_field(cli, "Set up",
			"%" PRId64 " changed by hand, %" PRId64 " can't take it over",
			json_integer(nodes, "drifted"), json_integer(nodes, "config_failed"));
	cli_field(cli, "Boards", "%" PRId64 ", %" PRId64 " parked; %s",
		json_integer(boards, "total"), json_integer(boards, "parked"),
		explain_join(json_text(json, "join")));
	if (json_integer(json_member(json, "boots"), "waiting") > 0)
		cli_field(cli, "Boots",
			"%" PRId64 " go on, %" PRId64 " of them wait for their turn: the link or "
			"the processor gives no more",
			json_integer(json_member(json, "boots"), "going_on"),
			json_integer(json_member(json, "boots"), "waiting"));
}

static void add_process(struct table *table, const cJSON *process)
{
	int64_t pid = json_integer(process, "pid");
	const char *state = json_text(process, "state");
	char since[TEXT_UNIT_SIZE] = "";

	table_row(table);
	table_cell(table, json_text(process, "name"));
	table_cell_colored(table, pid > 0 ? TABLE_GREEN : TABLE_RED, state);
	if (pid > 0) {
		text_duration(json_integer(process, "running_ms"), since);
		table_cellf(table, "%" PRId64, pid);
	} else {
		table_cell(table, "");
	}
	table_cell(table, since);
	table_cellf(table, "%" PRId64, json_integer(process, "restarts"));
	table_cell(table, json_text(process, "reason"));
}

static int print_processes(struct cli *cli, const cJSON *processes)
{
	static const struct table_column columns[] = { { "PROCESS", false }, { "STATE", false },
		{ "PID", true }, { "FOR", true }, { "RESTARTS", true }, { "LAST END", false },
		{ .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *process;
	int result;

	if (!table)
		return -1;
	cJSON_ArrayForEach(process, processes)
	{
		add_process(table, process);
	}
	fputc('\n', cli->out);
	result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result;
}

static void print_exceptions(struct cli *cli, const cJSON *versions)
{
	const cJSON *version, *exception;

	cJSON_ArrayForEach(version, versions)
	{
		cJSON_ArrayForEach(exception, json_member(version, "exceptions"))
		{
			cli_field(cli, json_text(exception, "node"), "%.*s: %s", SHORT_HASH,
				json_text(version, "hash"), json_text(exception, "text"));
		}
	}
}

/* Who runs what; the nodes that don't run and get the current version by name. */
static int print_versions(struct cli *cli, const cJSON *versions)
{
	static const struct table_column columns[] = { { "VERSION", false }, { "", false },
		{ "RUN BY", true }, { "NEXT FOR", true }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *version;
	int result = 0;

	if (!table)
		return -1;
	cJSON_ArrayForEach(version, versions)
	{
		table_row(table);
		table_cellf(table, "%s %.*s", json_text(version, "image"), SHORT_HASH,
			json_text(version, "hash"));
		table_cell(table, json_is_true(version, "current") ? "current" : "");
		table_cellf(table, "%" PRId64, json_integer(version, "running"));
		table_cellf(table, "%" PRId64, json_integer(version, "next"));
	}
	if (table_rows(table) > 0) {
		fputc('\n', cli->out);
		result = table_print(table, cli->out, cli->width, cli->color);
		print_exceptions(cli, versions);
	}
	table_free(table);
	return result;
}

enum cli_exit status_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "status",
		.text = "How Bramble is doing: LAN, share, image, nodes, boards, versions that "
			"nodes "
			"run and\nget next, its processes, and warnings with what to do about "
			"them.\n",
	};
	const cJSON *warning;
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = cli_call(cli, IPC_GET, "/v1/status", NULL, &json);
	if (code != CLI_OK || cli->json) {
		cJSON_Delete(json);
		return code;
	}
	print_overview(cli, json);
	if (print_versions(cli, json_member(json, "versions")) != 0 ||
		print_processes(cli, json_member(json, "processes")) != 0)
		code = cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(warning, json_member(json, "warnings"))
	{
		fputc('\n', cli->out);
		cli_field(
			cli, "Warning", "%s", cJSON_IsString(warning) ? warning->valuestring : "?");
	}
	cJSON_Delete(json);
	return code;
}
