/* SPDX-License-Identifier: ISC */
/* bramble rules: what boards become by the configuration. */
#include <inttypes.h>
#include <string.h>

#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

#define MEMORY_SIZE 48

static const char *or_word(const char *text, const char *word)
{
	return *text ? text : word;
}

static void format_memory(const cJSON *rule, char out[static MEMORY_SIZE])
{
	int64_t min = json_integer(rule, "memory_min"), max = json_integer(rule, "memory_max");

	if (min > 0 && max > 0)
		snprintf(out, MEMORY_SIZE, "%" PRId64 "-%" PRId64 " MiB", min, max);
	else if (min > 0)
		snprintf(out, MEMORY_SIZE, ">= %" PRId64 " MiB", min);
	else if (max > 0)
		snprintf(out, MEMORY_SIZE, "<= %" PRId64 " MiB", max);
	else
		snprintf(out, MEMORY_SIZE, "any");
}

static void add_rule(struct table *table, const cJSON *rule)
{
	char memory[MEMORY_SIZE];
	const char *model = json_text(rule, "model");

	format_memory(rule, memory);
	table_row(table);
	table_cellf(table, "%" PRId64, json_integer(rule, "number"));
	table_cell(table, *model ? cli_short_model(model) : "any");
	table_cell(table, memory);
	table_cell(table, or_word(json_text(rule, "oui"), "any"));
	table_cell(table, json_text(rule, "role"));
	table_cell(table, or_word(json_text(rule, "image"), "-"));
	table_cell(table, or_word(json_text(rule, "name"), "-"));
}

enum cli_exit rules_list_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "rules list",
		.text = "The rules of bramble.conf (nodes.rules), in their order: the first that "
			"fits an\nunknown board says its role, image and name.\n",
	};
	static const struct table_column columns[] = { { "RULE", true }, { "MODEL", false },
		{ "MEMORY", false }, { "OUI", false }, { "ROLE", false }, { "IMAGE", false },
		{ "NAME", false }, { .title = NULL } };
	struct table *table;
	const cJSON *rule;
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = cli_call(cli, IPC_GET, "/v1/rules", NULL, &json);
	table = code == CLI_OK && !cli->json ? table_new(columns) : NULL;
	if (table) {
		cJSON_ArrayForEach(rule, json_member(json, "rules"))
		{
			add_rule(table, rule);
		}
		if (table_rows(table) == 0)
			fprintf(cli->out,
				"There are no rules: every new node has the role \"node\".\n"
				"bramble.conf(5), nodes.rules, tells how to write some.\n");
		else if (table_print(table, cli->out, cli->width, cli->color) != 0)
			code = cli_complain(cli, CLI_FAILED, "out of memory");
	}
	table_free(table);
	cJSON_Delete(json);
	return code;
}

static void print_test(struct cli *cli, const cJSON *json)
{
	const char *node = json_text(json, "node");

	cli_field(cli, "Board", "%s, %s",
		or_word(json_text(json, "serial"), json_text(json, "mac")),
		json_text(json, "model"));
	if (json_integer(json, "memory") > 0)
		cli_field(cli, "Memory", "%" PRId64 " MiB", json_integer(json, "memory"));
	else
		cli_field(cli, "Memory", "not known");
	if (json_integer(json, "rule") > 0)
		cli_field(cli, "Rule", "%" PRId64, json_integer(json, "rule"));
	else
		cli_field(cli, "Rule", "none fits");
	cli_field(cli, "Role", "%s", json_text(json, "role"));
	cli_field(cli, "Image", "%s", json_text(json, "image"));
	cli_field(cli, "Name", "%s", json_text(json, "name"));
	if (cJSON_IsTrue(json_member(json, "undecided")))
		fprintf(cli->out, "\nAn earlier rule may fit once more is known of the board.\n");
	if (*node)
		fprintf(cli->out,
			"\nIt is node %s already: rules are for boards that are none yet.\n", node);
}

enum cli_exit rules_test_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "rules test BOARD",
		.text = "What a board would become if it joined now, and by which rule. BOARD is "
			"its "
			"serial\nor MAC, or an unambiguous beginning of at least 4 characters.\n",
		.min_words = 1,
		.max_words = 1,
	};
	char path[IPC_PATH_SIZE] = "/v1/boards/";
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (client_append(path, sizeof(path), argv[0]) != 0 ||
		strlen(path) + sizeof("/rule") > sizeof(path))
		return cli_complain(
			cli, CLI_USAGE, "\"%.64s...\" is too long for a serial", argv[0]);
	memcpy(path + strlen(path), "/rule", sizeof("/rule"));
	code = cli_call(cli, IPC_GET, path, NULL, &json);
	if (code == CLI_OK && !cli->json)
		print_test(cli, json);
	cJSON_Delete(json);
	return code;
}
