/* SPDX-License-Identifier: ISC */
/* bramble boot: every power-on of a board with its timeline, and where and why it stopped. */
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/str.h"
#include "provisioner/cli/boot.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/targets.h"
#include "provisioner/cli/text.h"
#include "provisioner/timeline/diagnosis.h"
#include "provisioner/timeline/stages.h"

#define QUIET_MS 30000 /* a boot without news for so long is likely stuck */
#define LIST_LIMIT_DEFAULT "20"
#define LIST_LIMIT_MAX 1000
#define NOT_FOUND 404

bool boot_has_ended(const cJSON *boot)
{
	return json_integer(boot, "ended_ms") != 0;
}

bool boot_has_joined(const cJSON *boot)
{
	return stages_have_joined(json_text(boot, "stage"));
}

static bool is_quiet(const cJSON *boot)
{
	return clock_wall_ms() - json_integer(boot, "changed_ms") > QUIET_MS;
}

enum table_color boot_color(const cJSON *boot)
{
	if (boot_has_joined(boot))
		return TABLE_GREEN;
	return boot_has_ended(boot) || is_quiet(boot) ? TABLE_RED : TABLE_YELLOW;
}

int64_t boot_duration_ms(const cJSON *boot)
{
	int64_t end = boot_has_joined(boot) || boot_has_ended(boot)
			      ? json_integer(boot, "changed_ms")
			      : clock_wall_ms();

	if (boot_has_ended(boot))
		end = json_integer(boot, "ended_ms");
	return end - json_integer(boot, "started_ms");
}

const char *boot_board(const cJSON *boot)
{
	const char *serial = json_text(boot, "serial");

	return *serial ? serial : json_text(boot, "mac");
}

static void add_boot(struct table *table, const cJSON *boot)
{
	char age[TEXT_UNIT_SIZE], took[TEXT_UNIT_SIZE], bytes[TEXT_UNIT_SIZE];

	text_age(json_integer(boot, "started_ms"), clock_wall_ms(), age);
	text_duration(boot_duration_ms(boot), took);
	text_bytes((uint64_t)json_integer(boot, "bytes"), bytes);
	table_row(table);
	table_cellf(table, "%" PRId64, json_integer(boot, "id"));
	table_cell(table, *json_text(boot, "node") ? json_text(boot, "node") : "-");
	table_cell(table, boot_board(boot));
	table_cell_colored(table, boot_color(boot), json_text(boot, "stage"));
	table_cell(table, age);
	table_cell(table, took);
	table_cellf(table, "%" PRId64, json_integer(boot, "files"));
	table_cell(table, bytes);
	table_cellf(table, "%" PRId64, json_integer(boot, "retransmissions"));
}

static void print_reasons(struct cli *cli, const cJSON *boots)
{
	const cJSON *boot;
	char title[TEXT_UNIT_SIZE];

	cJSON_ArrayForEach(boot, boots)
	{
		if (boot_has_joined(boot) || *json_text(boot, "reason") == '\0')
			continue;
		snprintf(title, sizeof(title), "Boot %" PRId64, json_integer(boot, "id"));
		cli_field(cli, title, "%s", json_text(boot, "reason"));
	}
}

static enum cli_exit print_list(struct cli *cli, const cJSON *boots)
{
	static const struct table_column columns[] = { { "BOOT", true }, { "NODE", false },
		{ "BOARD", false }, { "STAGE", false }, { "STARTED", true }, { "TOOK", true },
		{ "FILES", true }, { "DATA", true }, { "RESENT", true }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *boot;
	int result = -1;

	if (table) {
		cJSON_ArrayForEach(boot, boots)
		{
			add_boot(table, boot);
		}
		result = table_rows(table) > 0
				 ? table_print(table, cli->out, cli->width, cli->color)
				 : fprintf(cli->out, "No boot was seen.\n") < 0;
		print_reasons(cli, boots);
	}
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

/* Append "&name=value" when there is a value. */
static int append_query(char *path, size_t size, const char *name, const char *value)
{
	size_t used = strlen(path);

	if (!value)
		return 0;
	snprintf(path + used, size - used, "%s%s=", strchr(path, '?') ? "&" : "?", name);
	return client_append(path, size, value);
}

/* The newest boots, of one node if it is named. */
static enum cli_exit ask_list(struct cli *cli, const char *node, const char *board,
	const char *limit, bool print, cJSON **json)
{
	char path[IPC_PATH_SIZE] = "/v1/boots";
	const bool wanted = cli->json;
	enum cli_exit code;

	if (append_query(path, sizeof(path), "limit", limit) != 0 ||
		append_query(path, sizeof(path), "node", node) != 0 ||
		append_query(path, sizeof(path), "board", board) != 0)
		return cli_complain(cli, CLI_USAGE, "the names are too long");
	cli->json = wanted && print;
	code = cli_call(cli, IPC_GET, path, NULL, json);
	cli->json = wanted;
	return code;
}

/* Put a boot into a list whose newest comes first. */
static void insert(cJSON *list, cJSON *boot)
{
	int place = 0;
	const cJSON *other;

	cJSON_ArrayForEach(other, list)
	{
		if (json_integer(other, "id") < json_integer(boot, "id"))
			break;
		place++;
	}
	cJSON_InsertItemInArray(list, place, boot);
}

/* The newest boots of several nodes. */
static enum cli_exit merge_lists(struct cli *cli, const struct targets *targets, const char *board,
	const char *limit, cJSON **json)
{
	cJSON *list, *part, *boots;
	enum cli_exit code = CLI_OK;
	uint64_t number = 0;

	*json = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(*json, "boots");
	for (size_t i = 0; code == CLI_OK && i < targets->count; i++) {
		part = NULL;
		code = ask_list(cli, targets->names[i], board, limit, false, &part);
		boots = code == CLI_OK ? cJSON_GetObjectItemCaseSensitive(part, "boots") : NULL;
		while (boots && boots->child)
			insert(list, cJSON_DetachItemFromArray(boots, 0));
		cJSON_Delete(part);
	}
	(void)str_parse_u64(limit, 1, LIST_LIMIT_MAX, &number);
	while (cJSON_GetArraySize(list) > (int)number)
		cJSON_DeleteItemFromArray(list, (int)number);
	if (code == CLI_OK && cli->json)
		cli_print_json_line(cli, *json);
	return code;
}

static enum cli_exit list(struct cli *cli, char *node, const char *board, const char *limit)
{
	char *words[] = { node, NULL };
	struct targets targets = { 0 };
	enum cli_exit code = CLI_OK;
	cJSON *json = NULL;

	if (node && (targets_is_pattern(node) || strchr(node, ',')))
		code = targets_find(cli, words, &targets);
	if (code == CLI_OK && targets.count > 0)
		code = merge_lists(cli, &targets, board, limit, &json);
	else if (code == CLI_OK)
		code = ask_list(cli, node, board, limit, true, &json);
	targets_free(&targets);
	if (code == CLI_OK && !cli->json)
		code = print_list(cli, json_member(json, "boots"));
	cJSON_Delete(json);
	return code;
}

enum cli_exit boot_list_main(struct cli *cli, int argc, char **argv)
{
	const char *node = NULL, *board = NULL, *limit = LIST_LIMIT_DEFAULT, *asked = NULL;
	const struct args_option options[] = {
		{ "node", '\0', NULL, &node, "NODE  only its boots" },
		{ "board", '\0', NULL, &board, "BOARD only its boots: serial or MAC" },
		{ "limit", '\0', NULL, &asked, "N     the newest N, 1 to 1000 (default 20)" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "boot list [--node NODE] [--board BOARD] [--limit N]",
		.text = "Boots, newest first: the stage that was reached, time from the first "
			"packet, files\n"
			"and bytes that were fetched, packets that were sent again.\n",
		.options = options,
	};
	enum cli_exit code;
	uint64_t number;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (asked && str_parse_u64(asked, 1, LIST_LIMIT_MAX, &number) != 0)
		return cli_complain(
			cli, CLI_USAGE, "--limit %s; allowed: 1 to %d", asked, LIST_LIMIT_MAX);
	return list(cli, (char *)(uintptr_t)node, board, asked ? asked : limit);
}

static void add_step(struct table *table, const cJSON *step, int64_t started_ms)
{
	int64_t duration = json_integer(step, "duration_ms");
	int64_t resent = json_integer(step, "retransmissions");
	uint64_t bytes = (uint64_t)json_integer(step, "bytes");
	char text[TEXT_UNIT_SIZE] = "";

	table_row(table);
	table_cellf(table, "%.3f", (double)(json_integer(step, "at_ms") - started_ms) / 1000);
	table_cell(table, json_text(step, "stage"));
	if (duration > 0)
		text_duration(duration, text);
	table_cell(table, text);
	text[0] = '\0';
	if (bytes > 0)
		text_bytes(bytes, text);
	table_cell(table, text);
	snprintf(text, sizeof(text), "%" PRId64, resent);
	table_cell_colored(table, TABLE_YELLOW, resent > 0 ? text : "");
	table_cell(table, json_text(step, "detail"));
}

static int print_timeline(struct cli *cli, const cJSON *boot)
{
	static const struct table_column columns[] = { { "SECONDS", true }, { "STAGE", false },
		{ "TOOK", true }, { "DATA", true }, { "RESENT", true }, { "WHAT", false },
		{ .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *step;
	int result;

	if (!table)
		return -1;
	cJSON_ArrayForEach(step, json_member(boot, "steps"))
	{
		add_step(table, step, json_integer(boot, "started_ms"));
	}
	fputc('\n', cli->out);
	result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result;
}

/* The command that admits this boot's board, if it is parked. Not to know it is no failure. */
static void print_admission(struct cli *cli, const cJSON *boot)
{
	char path[IPC_PATH_SIZE] = "/v1/boards/";
	cJSON *board = NULL;
	int status;

	if (client_append(path, sizeof(path), json_text(boot, "mac")) == 0 &&
		cli_try(cli, path, CLIENT_TIMEOUT_MS, &status, &board) == 0 &&
		*json_text(board, "admit"))
		cli_field(cli, "Next", "%s", json_text(board, "admit"));
	cJSON_Delete(board);
}

/* A boot that doesn't go on: what is known, and what to do. */
static void print_diagnosis(struct cli *cli, const cJSON *boot)
{
	const char *stage = json_text(boot, "stage"), *reason = json_text(boot, "reason");
	const char *cause = json_text(boot, "cause");
	const struct diagnosis_cause *likely;
	char age[TEXT_UNIT_SIZE];

	if (boot_has_joined(boot) || (!boot_has_ended(boot) && !is_quiet(boot) && *reason == '\0'))
		return;
	text_age(json_integer(boot, "changed_ms"), clock_wall_ms(), age);
	fputc('\n', cli->out);
	if (*reason && !boot_has_ended(boot) && strcmp(cause, CAUSE_TURN) == 0)
		cli_field(cli, "Waits", "after stage %s: %s", stage, reason);
	else if (*reason)
		cli_field(cli, "Stopped", "after stage %s, %s: %s", stage, age, reason);
	else
		cli_field(cli, "Stopped", "no news after stage %s, %s", stage, age);
	if (*json_text(boot, "node") == '\0') {
		print_admission(cli, boot);
		return;
	}
	if (!*cause && !*reason)
		cause = diagnosis_infer(stage, &(struct diagnosis_clues){ 0 });
	likely = diagnosis_find(cause);
	if (!likely)
		return;
	if (*reason)
		cli_field(cli, "Cause", "%s", likely->code);
	else
		cli_field(cli, "Perhaps", "%s (%s)", likely->text, likely->code);
	cli_field(cli, "Next", "%s", likely->next);
}

static enum cli_exit print_boot(struct cli *cli, const cJSON *boot)
{
	char started[TEXT_UNIT_SIZE], took[TEXT_UNIT_SIZE], bytes[TEXT_UNIT_SIZE];
	const char *node = json_text(boot, "node");

	text_time(json_integer(boot, "started_ms"), started);
	text_duration(boot_duration_ms(boot), took);
	text_bytes((uint64_t)json_integer(boot, "bytes"), bytes);
	cli_field(cli, "Boot", "%" PRId64 " of board %s (%s) as %s", json_integer(boot, "id"),
		boot_board(boot), json_text(boot, "mac"), *node ? node : "no node");
	cli_field(cli, "Started", "%s", started);
	if (boot_has_joined(boot))
		cli_field(cli, strcmp(json_text(boot, "stage"), "ready") == 0 ? "Ready" : "Joined",
			"%s after the first packet", took);
	else
		cli_field(cli, "Stage", "%s, %s after the first packet", json_text(boot, "stage"),
			took);
	cli_field(cli, "Fetched", "%" PRId64 " files, %s, %" PRId64 " packets sent again",
		json_integer(boot, "files"), bytes, json_integer(boot, "retransmissions"));
	if (json_integer(boot, "console_lines") > 0)
		cli_field(cli, "Console",
			"%" PRId64 " lines: bramble boot show %" PRId64 " --console",
			json_integer(boot, "console_lines"), json_integer(boot, "id"));
	if (print_timeline(cli, boot) != 0)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	print_diagnosis(cli, boot);
	return CLI_OK;
}

static void print_console(struct cli *cli, const cJSON *console)
{
	int64_t started_ms = json_integer(console, "started_ms");
	const cJSON *line;

	if (!cJSON_GetArraySize(json_member(console, "lines")))
		fputs("This board said nothing over the network: see \"NETCONSOLE\" in "
		      "bramble(8).\n",
			cli->out);
	cJSON_ArrayForEach(line, json_member(console, "lines"))
	{
		fprintf(cli->out, "%10.3f  %s\n",
			(double)(json_integer(line, "at_ms") - started_ms) / 1000,
			json_text(line, "text"));
	}
}

static enum cli_exit show_boot(struct cli *cli, uint64_t id, bool console)
{
	char path[IPC_PATH_SIZE];
	enum cli_exit code;
	cJSON *json;

	snprintf(path, sizeof(path), "/v1/boots/%" PRIu64 "%s", id, console ? "/console" : "");
	code = cli_call(cli, IPC_GET, path, NULL, &json);
	if (code == CLI_OK && !cli->json && console)
		print_console(cli, json);
	else if (code == CLI_OK && !cli->json)
		code = print_boot(cli, json);
	cJSON_Delete(json);
	return code;
}

enum cli_exit boot_show_main(struct cli *cli, int argc, char **argv)
{
	bool console = false;
	const struct args_option options[] = {
		{ "console", '\0', &console, NULL,
			"what its firmware, kernel and bramble-init said" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "boot show BOOT [--console]",
		.text = "The timeline of one boot (its number is in \"bramble boot list\"): "
			"seconds since the\n"
			"first packet, stage, bytes, packets sent again; for a boot that stopped, "
			"why and\n"
			"what to do.\n",
		.options = options,
		.min_words = 1,
		.max_words = 1,
	};
	enum cli_exit code;
	uint64_t id;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (str_parse_u64(argv[0], 1, INT64_MAX, &id) != 0)
		return cli_complain(cli, CLI_USAGE,
			"\"%s\" is no number of a boot; for a node's: bramble boot latest NODE",
			argv[0]);
	return show_boot(cli, id, console);
}

static enum cli_exit show_latest(struct cli *cli, const char *node, const void *argument)
{
	const bool *console = argument;
	char path[IPC_PATH_SIZE] = "/v1/boots?limit=1&node=";
	int status = 0, result;
	enum cli_exit code;
	int64_t id;
	cJSON *json;

	if (client_append(path, sizeof(path), node) != 0)
		return cli_complain(cli, CLI_USAGE, "\"%.64s...\" is too long for a name", node);
	result = cli_try(cli, path, CLIENT_TIMEOUT_MS, &status, &json);
	if (result != 0)
		return cli_explain_failure(cli, result);
	id = json_integer(cJSON_GetArrayItem(json_member(json, "boots"), 0), "id");
	if (status != 200 && status != NOT_FOUND)
		code = cli_complain(cli, CLI_FAILED, "%s", json_text(json, "error"));
	else if (id <= 0)
		code = cli_complain(cli, CLI_NOT_FOUND, "node %s is unknown or never booted", node);
	else
		code = show_boot(cli, (uint64_t)id, *console);
	cJSON_Delete(json);
	return code;
}

enum cli_exit boot_latest_main(struct cli *cli, int argc, char **argv)
{
	bool console = false;
	const struct args_option options[] = {
		{ "console", '\0', &console, NULL,
			"what its firmware, kernel and bramble-init said" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "boot latest NODE... [--console]",
		.text = "The timeline of a node's newest boot.\n",
		.options = options,
		.min_words = 1,
		.max_words = CLI_MANY_WORDS,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	return targets_each(cli, argv, show_latest, &console);
}
