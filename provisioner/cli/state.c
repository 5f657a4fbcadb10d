/* SPDX-License-Identifier: ISC */
/* bramble state: the registry as a whole. */
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

#define BACKUPS "/v1/state/backups"

/* "/v1/state/backups/NAME" */
static bool backup_path(char path[static IPC_PATH_SIZE], const char *name)
{
	snprintf(path, IPC_PATH_SIZE, BACKUPS "/");
	return client_append(path, IPC_PATH_SIZE, name) == 0;
}

/* Each backup is checked by a call of its own: however many there are, brambled is never away for
 * longer than one takes. Into `list`, in place of what it said of them. */
static enum cli_exit check_each(struct cli *cli, cJSON *list)
{
	int n = cJSON_GetArraySize(list);

	for (int i = 0; i < n; i++) {
		char path[IPC_PATH_SIZE];
		cJSON *json = NULL;
		int status = 0, result = -1;

		if (backup_path(path, json_text(cJSON_GetArrayItem(list, i), "name")))
			result = cli_try(cli, path, CLIENT_TIMEOUT_MS, &status, &json);
		if (result != 0) {
			cJSON_Delete(json);
			return cli_explain_failure(cli, result);
		}
		/* One that left meanwhile stays without more to say of it. */
		if (status == 200)
			cJSON_ReplaceItemInArray(list, i, json);
		else
			cJSON_Delete(json);
	}
	return CLI_OK;
}

static void add_row(struct table *table, const cJSON *backup)
{
	char text[TEXT_UNIT_SIZE];
	bool verified = json_is_true(backup, "verified");

	table_row(table);
	table_cell(table, json_text(backup, "name"));
	text_age(json_integer(backup, "made_ms"), clock_wall_ms(), text);
	table_cell(table, text);
	text_bytes((uint64_t)json_integer(backup, "bytes"), text);
	table_cell(table, text);
	if (verified) {
		table_cellf(table, "%" PRId64, json_integer(backup, "schema"));
		table_cellf(table, "%" PRId64, json_integer(backup, "nodes"));
		table_cellf(table, "%" PRId64, json_integer(backup, "boards"));
	} else {
		for (int i = 0; i < 3; i++)
			table_cell(table, "");
	}
	table_cell_colored(table, verified ? TABLE_GREEN : TABLE_RED, verified ? "yes" : "DAMAGED");
}

static enum cli_exit print_backups(struct cli *cli, const cJSON *list)
{
	static const struct table_column columns[] = { { "BACKUP", false }, { "MADE", false },
		{ "SIZE", true }, { "SCHEMA", true }, { "NODES", true }, { "BOARDS", true },
		{ "VERIFIED", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *backup;
	int result = 0;

	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(backup, list)
	{
		add_row(table, backup);
	}
	if (table_rows(table) == 0)
		fputs("No backup yet; brambled makes one within a minute.\n", cli->out);
	else
		result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

enum cli_exit state_backups_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "state backups",
		.text = "The backups of the registry, each read and checked now. \"latest\" "
			"follows changes\nwithin a minute; of the others, one is made a day, one "
			"before each restore and\nimport, and one by \"bramble state backup\".\n",
	};
	enum cli_exit code;
	cJSON *json, *list;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = cli_get(cli, BACKUPS, &json);
	if (code != CLI_OK)
		return code;
	list = cJSON_GetObjectItemCaseSensitive(json, "backups");
	code = check_each(cli, list);
	if (code == CLI_OK && cli->json)
		cli_print_json_line(cli, json);
	else if (code == CLI_OK)
		code = print_backups(cli, list);
	cJSON_Delete(json);
	return code;
}

enum cli_exit state_backup_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "state backup",
		.text = "Make a backup of the registry now, beside those that brambled makes by "
			"itself.\n",
	};
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = cli_call(cli, IPC_POST, BACKUPS, NULL, &json);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out, "Backup %s: %" PRId64 " nodes, %" PRId64 " boards, verified.\n",
			json_text(json, "name"), json_integer(json, "nodes"),
			json_integer(json, "boards"));
	cJSON_Delete(json);
	return code;
}
