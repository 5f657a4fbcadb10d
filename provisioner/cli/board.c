/* SPDX-License-Identifier: ISC */
/* bramble board: the physical Pis. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/node.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

static enum table_color color_of(const char *state)
{
	if (strcmp(state, "bound") == 0)
		return TABLE_GREEN;
	return strcmp(state, "denied") == 0 ? TABLE_RED : TABLE_YELLOW;
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

/* A parked board is shown with the command that admits it, below the table. */
struct listing {
	struct table *table;
	FILE *admissions;
	char *text;
	size_t size;
};

static void add_board(void *argument, const cJSON *board, const char *text, size_t length)
{
	const struct listing *listing = argument;
	struct table *table = listing->table;
	const char *admit = json_text(board, "admit");
	char age[TEXT_UNIT_SIZE], visible[TABLE_CELL_SIZE];

	(void)text;
	(void)length;
	text_age(json_integer(board, "last_seen_ms"), clock_wall_ms(), age);
	table_row(table);
	table_cell(table, or_dash(json_text(board, "serial")));
	table_cell(table, json_text(board, "mac"));
	table_cell(table, or_dash(cli_short_model(json_text(board, "model"))));
	table_cell(table, json_text(board, "address"));
	table_cell_colored(table, color_of(json_text(board, "state")), json_text(board, "state"));
	table_cell(table, or_dash(json_text(board, "node")));
	table_cell(table, age);
	if (*admit) {
		text_visible(visible, sizeof(visible), admit);
		fprintf(listing->admissions, "  %s\n", visible);
	}
}

static enum cli_exit print_listing(struct cli *cli, struct listing *listing)
{
	bool complete = fclose(listing->admissions) == 0;

	if (table_rows(listing->table) == 0)
		fprintf(cli->out, "No board was seen yet: power on a Pi on this LAN.\n");
	else
		complete = table_print(listing->table, cli->out, cli->width, cli->color) == 0 &&
			   complete;
	if (listing->size > 0)
		fprintf(cli->out, "\nTo let a parked board join:\n%s", listing->text);
	return complete ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

enum cli_exit board_list_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "board list",
		.text = "All boards that were ever seen. States: bound (it is a node), parked (it "
			"waits\n"
			"to be admitted), denied (unknown, while nodes.join is \"deny\").\n",
	};
	static const struct table_column columns[] = { { "SERIAL", false }, { "MAC", false },
		{ "MODEL", false }, { "ADDRESS", false }, { "STATE", false }, { "NODE", false },
		{ "SEEN", false }, { .title = NULL } };
	struct listing listing = { .text = NULL };
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	listing.table = table_new(columns);
	listing.admissions = open_memstream(&listing.text, &listing.size);
	if (!listing.table || !listing.admissions)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	code = cli_list(cli, "/v1/boards", "boards", add_board, &listing);
	if (code == CLI_OK && !cli->json)
		code = print_listing(cli, &listing);
	else
		fclose(listing.admissions);
	table_free(listing.table);
	free(listing.text);
	return code;
}

static void print_board(struct cli *cli, const cJSON *board)
{
	char first[TEXT_UNIT_SIZE], age[TEXT_UNIT_SIZE];

	text_time(json_integer(board, "first_seen_ms"), first);
	text_age(json_integer(board, "last_seen_ms"), clock_wall_ms(), age);
	cli_field(cli, "Serial", "%s",
		*json_text(board, "serial") ? json_text(board, "serial") : "not yet known");
	cli_field(cli, "MAC", "%s", json_text(board, "mac"));
	cli_field(cli, "Model", "%s", json_text(board, "model"));
	if (json_integer(board, "revision") > 0)
		cli_field(cli, "Revision", "%06" PRIx64, (uint64_t)json_integer(board, "revision"));
	cli_field(cli, "Address", "%s", json_text(board, "address"));
	cli_field(cli, "State", "%s", json_text(board, "state"));
	cli_field(cli, "Node", "%s", or_dash(json_text(board, "node")));
	if (json_member(board, "note"))
		cli_field(cli, "Note", "%s", json_text(board, "note"));
	cli_field(cli, "First seen", "%s", first);
	cli_field(cli, "Last seen", "%s", age);
	if (*json_text(board, "admit"))
		cli_field(cli, "To admit", "%s", json_text(board, "admit"));
}

enum cli_exit board_show_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "board show BOARD",
		.text = "One board. BOARD is its serial or MAC, or an unambiguous beginning of at "
			"least 4\n"
			"characters.\n",
		.min_words = 1,
		.max_words = 1,
	};
	char path[IPC_PATH_SIZE] = "/v1/boards/";
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (client_append(path, sizeof(path), argv[0]) != 0)
		return cli_complain(
			cli, CLI_USAGE, "\"%.64s...\" is too long for a serial", argv[0]);
	code = cli_call(cli, IPC_GET, path, NULL, &json);
	if (code == CLI_OK && !cli->json)
		print_board(cli, json);
	cJSON_Delete(json);
	return code;
}

enum cli_exit board_note_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "board note BOARD TEXT",
		.text = "Keep a note with a board, one line; \"\" removes it. `bramble board show` "
			"shows it.\n",
		.min_words = 2,
		.max_words = 2,
	};
	enum cli_exit code;
	cJSON *body, *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "text", argv[1]);
	code = node_call(cli, IPC_POST, "boards", argv[0], "/note", body, &json);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out, "Board %s %s.\n", json_text(json, "mac"),
			*argv[1] ? "has that note now" : "has no note any more");
	cJSON_Delete(json);
	return code;
}
