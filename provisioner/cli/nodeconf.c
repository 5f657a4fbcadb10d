/* SPDX-License-Identifier: ISC */
/* bramble config show NODE, diff, apply. */
#include "provisioner/cli/nodeconf.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/node.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/targets.h"

#define VALUE_SIZE 96
#define PAUSE_MS 200
#define PATIENCE_NS (120 * NS_PER_S)
#define NOTICE_NS (2 * NS_PER_S)

/* The values of an item in one short line. */
static void describe_values(const cJSON *values, char out[static VALUE_SIZE])
{
	const cJSON *value;
	size_t used = 0;

	out[0] = '\0';
	cJSON_ArrayForEach(value, values)
	{
		const char *text = cJSON_GetStringValue(value);

		for (; text && *text && used + 4 < VALUE_SIZE; text++)
			out[used++] = *text == '\n' || *text == '\t' ? ' ' : *text;
		if (used + 4 >= VALUE_SIZE) {
			snprintf(out + used - 1, VALUE_SIZE - used + 1, "...");
			return;
		}
		if (value->next && used > 0)
			out[used++] = ' ';
	}
	while (used > 0 && out[used - 1] == ' ')
		used--;
	out[used] = '\0';
}

static void add_origin(struct table *table, const cJSON *item, const char *file)
{
	const char *level = json_text(item, "level"), *slash = strrchr(file, '/');

	file = slash ? slash + 1 : file;
	if (json_integer(item, "line") > 0)
		table_cellf(table, "%s:%" PRId64 " (%s)", file, json_integer(item, "line"), level);
	else
		table_cellf(table, "%s", level);
}

static void add_item(struct table *table, const cJSON *item)
{
	table_cellf(table, "%s%s%s", json_text(item, "kind"), *json_text(item, "name") ? " " : "",
		json_text(item, "name"));
}

static enum cli_exit show(struct cli *cli, const char *node, const void *argument)
{
	static const struct table_column columns[] = { { "WHAT", false }, { "FROM", false },
		{ "VALUE", false }, { .title = NULL } };
	struct table *table;
	const cJSON *item;
	cJSON *json;
	enum cli_exit code = node_call(cli, IPC_GET, "nodes", node, "/config", NULL, &json);

	(void)argument;
	table = code == CLI_OK && !cli->json ? table_new(columns) : NULL;
	if (table) {
		fprintf(cli->out, "%s (role %s)\n", json_text(json, "node"),
			json_text(json, "role"));
		cJSON_ArrayForEach(item, json_member(json, "items"))
		{
			char value[VALUE_SIZE];

			describe_values(json_member(item, "values"), value);
			table_row(table);
			add_item(table, item);
			add_origin(table, item, json_text(json, "file"));
			table_cell(table, value);
		}
		if (table_print(table, cli->out, cli->width, cli->color) != 0)
			code = cli_complain(cli, CLI_FAILED, "out of memory");
	}
	table_free(table);
	cJSON_Delete(json);
	return code;
}

enum cli_exit nodeconf_show(struct cli *cli, char **nodes)
{
	return targets_each(cli, nodes, show, NULL);
}

static void add_change(
	struct table *table, const cJSON *node, const cJSON *change, const char *file)
{
	char now[VALUE_SIZE], before[VALUE_SIZE] = "";
	bool removed = strcmp(json_text(change, "change"), "removed") == 0;

	describe_values(json_member(change, "values"), now);
	if (json_member(change, "before"))
		describe_values(json_member(change, "before"), before);
	table_row(table);
	table_cell(table, json_text(node, "node"));
	add_item(table, change);
	table_cell(table, json_is_true(change, "live") ? "live" : "reboot");
	add_origin(table, change, file);
	if (*before)
		table_cellf(table, "%s -> %s", before, now);
	else
		table_cellf(table, "%s%s", removed ? "gone: " : "", now);
}

void nodeconf_print_changes(struct cli *cli, FILE *out, const cJSON *json, const char *only)
{
	static const struct table_column columns[] = { { "NODE", false }, { "WHAT", false },
		{ "HOW", false }, { "FROM", false }, { "VALUE", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *node, *change;

	cJSON_ArrayForEach(node, json_member(json, "nodes"))
	{
		if (only && strcmp(json_text(node, "node"), only) != 0)
			continue;
		cJSON_ArrayForEach(change, json_member(node, "changes"))
		{
			if (table)
				add_change(table, node, change, json_text(json, "file"));
		}
	}
	if (table && table_rows(table) > 0)
		table_print(table, out, cli->width, cli->color);
	else
		fprintf(out, "No node would change.\n");
	if (json_is_true(json, "restart"))
		fprintf(out, "Other settings changed that take effect with `systemctl restart "
			     "bramble`.\n");
	table_free(table);
}

enum cli_exit config_diff_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "config diff",
		.text = "What bramble.conf as it is now, with its files, would change on which "
			"nodes:\nlive, or with their next boot. Nothing is changed.\n",
	};
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = cli_call(cli, IPC_GET, "/v1/config/diff", NULL, &json);
	if (code == CLI_OK && !cli->json)
		nodeconf_print_changes(cli, cli->out, json, NULL);
	cJSON_Delete(json);
	return code;
}

static void add_outcome(cJSON *outcomes, const cJSON *node)
{
	const cJSON *config = json_member(node, "config");
	cJSON *outcome = cJSON_CreateObject();

	cJSON_AddStringToObject(outcome, "node", json_text(node, "name"));
	cJSON_AddStringToObject(outcome, "node_state", json_text(node, "state"));
	cJSON_AddStringToObject(outcome, "state", json_text(config, "state"));
	cJSON_AddStringToObject(outcome, "text", json_text(config, "text"));
	cJSON_AddItemToArray(outcomes, outcome);
}

/* How a node has come to an end: one line, or one of the outcomes. Returns whether all is well with
 * it. */
static bool report_node(struct cli *cli, const cJSON *node, cJSON *outcomes)
{
	const cJSON *config = json_member(node, "config");
	const char *state = json_text(config, "state"), *text = json_text(config, "text");
	bool runs = strcmp(json_text(node, "state"), "joined") == 0;
	bool is_well = strcmp(state, "applied") == 0 || strcmp(state, "reboot") == 0 || !runs;

	if (cli->json)
		add_outcome(outcomes, node);
	else if (!runs)
		cli_field(cli, json_text(node, "name"), "takes it over when it boots (it is %s)",
			json_text(node, "state"));
	else
		cli_field(cli, json_text(node, "name"), "%s%s%s",
			strcmp(state, "pending") == 0 ? "hasn't answered yet" : state,
			*text ? ": " : "", text);
	return is_well;
}

static bool is_waited_for(const cJSON *node)
{
	const char *state = json_text(json_member(node, "config"), "state");

	return strcmp(json_text(node, "state"), "joined") == 0 &&
	       (strcmp(state, "pending") == 0 || strcmp(state, "unknown") == 0);
}

/* Until every node that runs has said how it went; that is added to the answer. */
static enum cli_exit wait_for_nodes(struct cli *cli, cJSON *applied)
{
	uint64_t began_ns = clock_monotonic_ns(), waited_ns = 0;
	cJSON *outcomes = cJSON_AddArrayToObject(applied, "outcomes");
	bool all_well = true, told = false;

	for (;; poll(NULL, 0, PAUSE_MS)) {
		const cJSON *node;
		bool open = false;
		cJSON *json;
		int status, result;

		result = cli_try(cli, "/v1/nodes", CLIENT_TIMEOUT_MS, &status, &json);
		if (result != 0)
			return cli_explain_failure(cli, result);
		cJSON_ArrayForEach(node, json_member(json, "nodes"))
		{
			open = open || is_waited_for(node);
		}
		waited_ns = clock_monotonic_ns() - began_ns;
		if (open && !told && waited_ns > NOTICE_NS) {
			fprintf(cli->error, "Nodes take it over with their next heartbeat ...\n");
			told = true;
		}
		if (!open || waited_ns > PATIENCE_NS) {
			cJSON_ArrayForEach(node, json_member(json, "nodes"))
			{
				all_well = report_node(cli, node, outcomes) && all_well;
			}
			cJSON_Delete(json);
			return all_well ? CLI_OK : CLI_FAILED;
		}
		cJSON_Delete(json);
	}
}

/* Say what would change; CLI_OK when it shall. */
static enum cli_exit ask(struct cli *cli)
{
	cJSON *json;
	enum cli_exit code = cli_get(cli, "/v1/config/diff", &json);
	int nodes = 0;

	if (code != CLI_OK)
		return code;
	if (!cli->json || !cli->yes) {
		nodes = cJSON_GetArraySize(json_member(json, "nodes"));
		nodeconf_print_changes(cli, cli->error, json, NULL);
	}
	cJSON_Delete(json);
	return nodes == 0
		       ? CLI_OK
		       : cli_confirm(cli, "Apply this to %d node%s?", nodes, nodes == 1 ? "" : "s");
}

enum cli_exit config_apply_main(struct cli *cli, int argc, char **argv)
{
	bool no_wait = false;
	const struct args_option options[] = {
		{ "no-wait", '\0', &no_wait, NULL, "don't wait for the nodes" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "config apply [--no-wait]",
		.text = "Let brambled take over bramble.conf, and running nodes what it says of "
			"them, with\ntheir next heartbeat. Each says how it went. What somebody "
			"changed on a node by\nhand is put right.\n",
		.options = options,
	};
	enum cli_exit code;
	cJSON *json;
	bool waits;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!cli->dry_run)
		code = ask(cli);
	if (!cli->dry_run && code != CLI_OK)
		return code;
	waits = !no_wait && !cli->dry_run;
	cli->quiet = cli->json && waits;
	code = cli_call(cli, IPC_POST, "/v1/config/apply", cJSON_CreateObject(), &json);
	cli->quiet = false;
	if (code == CLI_OK && cli->dry_run && !cli->json)
		nodeconf_print_changes(cli, cli->out, json, NULL);
	if (code == CLI_OK && waits) {
		code = wait_for_nodes(cli, json);
		if (cli->json && (code == CLI_OK || code == CLI_FAILED))
			cli_print_json_line(cli, json);
	}
	cJSON_Delete(json);
	return code;
}
