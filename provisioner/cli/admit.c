/* SPDX-License-Identifier: ISC */
/* bramble admit: let unknown boards in for a while; bramble import: announce boards by a list. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/inventory.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

#define LIST_FILE_LIMIT (4u * 1024 * 1024)
#define ENTRIES_PER_CALL 200 /* so that a call fits into one message */

static enum cli_exit print_expected(struct cli *cli, const cJSON *expected)
{
	static const struct table_column columns[] = { { "BOARD", false }, { "BECOMES", false },
		{ "ROLE", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *entry;
	int result = 0;

	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(entry, expected)
	{
		const char *node = json_text(entry, "node");

		table_row(table);
		table_cell(table, json_text(entry, "board"));
		table_cell(table, *node ? node : "the next number");
		table_cell(table, json_text(entry, "role"));
	}
	if (table_rows(table) > 0) {
		fputs("\nAnnounced, and not yet seen:\n", cli->out);
		result = table_print(table, cli->out, cli->width, cli->color);
	}
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

static enum cli_exit print_admission(struct cli *cli, const cJSON *json)
{
	int64_t until = json_integer(json, "open_until_ms"), left = json_integer(json, "left");
	char rest[TEXT_UNIT_SIZE];

	text_duration(until - clock_wall_ms(), rest);
	if (until && left)
		cli_field(cli, "Window",
			"open for %s, or until %" PRId64 " more boards have joined", rest, left);
	else if (until)
		cli_field(cli, "Window", "open for %s: unknown boards join by themselves", rest);
	else
		cli_field(cli, "Window", "closed; nodes.join = \"%s\" decides",
			json_text(json, "join"));
	return print_expected(cli, json_member(json, "expected"));
}

static enum cli_exit call(struct cli *cli, enum ipc_method method, const char *path, cJSON *body)
{
	cJSON *json;
	enum cli_exit code = cli_call(cli, method, path, body, &json);

	if (code == CLI_OK && cli_tells(cli))
		code = print_admission(cli, json);
	cJSON_Delete(json);
	return code;
}

static enum cli_exit forget(struct cli *cli, const char *board)
{
	char path[IPC_PATH_SIZE] = "/v1/admission/list/";
	enum cli_exit code;
	cJSON *json;

	if (client_append(path, sizeof(path), board) != 0)
		return cli_complain(
			cli, CLI_USAGE, "\"%.64s...\" is too long for a serial or MAC", board);
	code = cli_call(cli, IPC_DELETE, path, NULL, &json);
	if (code == CLI_OK && cli_tells(cli))
		fputs("It is announced no longer.\n", cli->out);
	cJSON_Delete(json);
	return code;
}

static enum cli_exit open_window(struct cli *cli, const char *time, const char *count)
{
	int64_t seconds = args_parse_duration(time);
	uint64_t boards = 0;
	cJSON *body;

	if (seconds == 0)
		return cli_complain(cli, CLI_USAGE,
			"--for takes 1s to 24h, such as 90s, 10m or 2h, not \"%s\"", time);
	if (count && str_parse_u64(count, 1, 100000, &boards) != 0)
		return cli_complain(cli, CLI_USAGE,
			"--count takes a number from 1 to 100000, not \"%s\"", count);
	body = cJSON_CreateObject();
	cJSON_AddNumberToObject(body, "for_s", (double)seconds);
	if (count)
		cJSON_AddNumberToObject(body, "count", (double)boards);
	return call(cli, IPC_POST, "/v1/admission", body);
}

enum cli_exit admit_main(struct cli *cli, int argc, char **argv)
{
	const char *time = NULL, *count = NULL, *board = NULL;
	bool close = false;
	const struct args_option options[] = {
		{ "for", '\0', NULL, &time, "TIME   open the window: 90s, 10m, 2h (at most 24h)" },
		{ "count", '\0', NULL, &count, "N      close it when so many boards have joined" },
		{ "close", '\0', &close, NULL, "close the window now" },
		{ "forget", '\0', NULL, &board, "BOARD  take an announcement back" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "admit [--for TIME [--count N] | --close | --forget BOARD]",
		.text = "Let unknown boards join by themselves for a while, where nodes.join is\n"
			"\"window\", \"approve\" or \"list\". Without an option: how it stands, "
			"and "
			"which boards\n"
			"were announced (\"bramble import\"). A board that an administrator set "
			"aside stays\n"
			"parked: \"bramble node admit\" is for that one.\n",
		.options = options,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if ((time != NULL) + close + (board != NULL) > 1 || (count && !time))
		return cli_complain(cli, CLI_USAGE, "usage: bramble %s", syntax.usage);
	if (board)
		return forget(cli, board);
	if (time)
		return open_window(cli, time, count);
	return call(cli, close ? IPC_DELETE : IPC_GET, "/v1/admission", NULL);
}

static cJSON *make_body(const struct inventory *inventory, size_t first)
{
	cJSON *body = cJSON_CreateObject(), *array = cJSON_AddArrayToObject(body, "expected");

	for (size_t i = first; i < inventory->n && i < first + ENTRIES_PER_CALL; i++) {
		const struct inventory_entry *entry = &inventory->entries[i];
		cJSON *json = cJSON_CreateObject();

		cJSON_AddStringToObject(json, "board", entry->board);
		if (entry->node[0])
			cJSON_AddStringToObject(json, "node", entry->node);
		if (entry->role[0])
			cJSON_AddStringToObject(json, "role", entry->role);
		cJSON_AddItemToArray(array, json);
	}
	return body;
}

/* An answer lists all that is announced by then; a rehearsal only what its own call would do. Takes
 * both, returns what they say together. */
static cJSON *join_answers(cJSON *before, cJSON *answer)
{
	cJSON *would = cJSON_GetObjectItemCaseSensitive(before, "would"), *line;

	if (!would) {
		cJSON_Delete(before);
		return answer;
	}
	while ((line = cJSON_DetachItemFromArray(
			cJSON_GetObjectItemCaseSensitive(answer, "would"), 0)))
		cJSON_AddItemToArray(would, line);
	cJSON_ReplaceItemInObjectCaseSensitive(before, "answer", cJSON_CreateNull());
	cJSON_Delete(answer);
	return before;
}

/* Announcing the same again changes nothing, so a call that fails midway is mended by a repetition.
 */
static enum cli_exit announce(struct cli *cli, const struct inventory *inventory)
{
	enum cli_exit code = CLI_OK;
	cJSON *json = NULL, *answer;

	cli->quiet = cli->json;
	for (size_t i = 0; code == CLI_OK && i < inventory->n; i += ENTRIES_PER_CALL) {
		code = cli_call(
			cli, IPC_POST, "/v1/admission/list", make_body(inventory, i), &answer);
		if (code == CLI_OK)
			json = join_answers(json, answer);
	}
	cli->quiet = false;
	if (code == CLI_OK && cli->json) {
		cli_print_json(cli, json);
		return code;
	}
	if (code == CLI_OK && cli_tells(cli)) {
		fprintf(cli->out, "%zu boards are announced: they join when they show up.\n",
			inventory->n);
		code = print_expected(cli, json_member(json, "expected"));
	}
	cJSON_Delete(json);
	return code;
}

static void print_plan(struct cli *cli, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n; i++)
		fprintf(cli->out, "dry run: %s becomes %s when it shows up\n",
			inventory->entries[i].board,
			inventory->entries[i].node[0] ? inventory->entries[i].node
						      : "the next number");
}

enum cli_exit import_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "import FILE",
		.text = "Announce boards before they show up, whatever nodes.join is but \"deny\". "
			"FILE is\nCSV with a first line that names its columns (serial, mac, name, "
			"role), or an\nAnsible inventory whose hosts have mac= or serial=. A file "
			"with "
			"a mistake announces\nnothing.\n",
		.min_words = 1,
		.max_words = 1,
	};
	struct inventory inventory = { 0 };
	char error[INVENTORY_ERROR_SIZE], *text;
	enum cli_exit code;
	size_t size;
	int result;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	result = file_read(argv[0], LIST_FILE_LIMIT, &text, &size);
	if (result != 0)
		return cli_complain(
			cli, CLI_FAILED, "%s can't be read: %s", argv[0], strerror(-result));
	result = inventory_parse(text, size, &inventory, error);
	free(text);
	if (result != 0)
		return cli_complain(cli, CLI_FAILED, "%s:%s", argv[0], error);
	code = CLI_OK;
	if (inventory.n == 0)
		code = cli_complain(cli, CLI_FAILED, "%s names no board", argv[0]);
	else
		code = announce(cli, &inventory);
	if (code == CLI_OK && cli->dry_run && !cli->json)
		print_plan(cli, &inventory);
	inventory_free(&inventory);
	return code;
}
