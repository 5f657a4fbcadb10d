/* SPDX-License-Identifier: ISC */
/* bramble node list: of 10,000 nodes as of two. */
#include <stdlib.h>
#include <string.h>

#include "provisioner/cli/commands.h"
#include "provisioner/cli/node.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/targets.h"

/* What comes of the nodes, each read and dropped: rows for people, or texts for programs; and what
 * stands below the table. */
struct listing {
	struct picker picker;
	bool picks;
	struct table *table; /* NULL: for programs */
	FILE *more;
	char *text;
	size_t size;
};

static enum table_color color_of(const char *state)
{
	if (strcmp(state, "joined") == 0)
		return TABLE_GREEN;
	if (strcmp(state, "stuck") == 0 || strcmp(state, "absent") == 0)
		return TABLE_RED;
	if (strcmp(state, "booting") == 0)
		return TABLE_YELLOW;
	return TABLE_PLAIN;
}

/* "base 740592cc", what it gets next if that is another version, and that roll-outs leave it out.
 */
static void describe_version(const cJSON *node, char *out, size_t size)
{
	const char *booted = json_text(node, "image_hash"),
		   *next = json_text(json_member(node, "next"), "hash");
	int used =
		snprintf(out, size, "%s %.*s", json_text(node, "image"), NODE_SHORT_HASH, booted);

	if (used > 0 && (size_t)used < size && *booted && *next && strcmp(booted, next) != 0)
		used += snprintf(
			out + used, size - (size_t)used, ", then %.*s", NODE_SHORT_HASH, next);
	if (used > 0 && (size_t)used < size && json_is_true(node, "cordoned"))
		snprintf(out + used, size - (size_t)used, ", cordoned");
}

static void add_row(struct table *table, const cJSON *node)
{
	const cJSON *board = json_member(node, "board");
	char text[TABLE_CELL_SIZE], version[TABLE_CELL_SIZE], age[TEXT_UNIT_SIZE];

	node_describe_board(board, text, sizeof(text));
	node_describe_age(node, "heartbeat_ms", age);
	describe_version(node, version, sizeof(version));
	table_row(table);
	table_cell(table, json_text(node, "name"));
	table_cell(table, json_text(node, "address"));
	table_cell_colored(table, color_of(json_text(node, "state")), json_text(node, "state"));
	table_cell(table, board ? text : json_is_true(node, "wants_next") ? "(the next)" : "-");
	table_cell(table, age);
	table_cell(table, version);
}

static void add_node(void *argument, const cJSON *node, const char *text, size_t length)
{
	struct listing *listing = argument;

	if (listing->picks && !targets_picks(&listing->picker, json_text(node, "name")))
		return;
	if (!listing->table) {
		fprintf(listing->more, "%s%.*s", ftell(listing->more) > 0 ? "," : "", (int)length,
			text);
		return;
	}
	add_row(listing->table, node);
	if (json_member(node, "proposed"))
		fprintf(listing->more,
			"\n%s is silent, and an unknown board of its model waits. Is it to "
			"take its place?\n    %s\n",
			json_text(node, "name"), json_text(node, "proposed"));
}

static enum cli_exit print_listing(struct cli *cli, struct listing *listing)
{
	int result = 0;

	if (!listing->table)
		fprintf(cli->out, "{\"nodes\":[%s]}\n", listing->text);
	else if (table_rows(listing->table) == 0)
		fprintf(cli->out, "No node yet: power on a Pi, and watch \"bramble events -f\".\n");
	else
		result = table_print(listing->table, cli->out, cli->width, cli->color);
	if (listing->table)
		fputs(listing->text, cli->out);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

/* All nodes are asked for, as programs see them, or only what the table shows. */
static enum cli_exit list(struct cli *cli, struct listing *listing)
{
	enum cli_exit code;

	if (!listing->more || (!cli->json && !listing->table))
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cli->quiet = listing->picks;
	code = cli_list(
		cli, cli->json ? "/v1/nodes" : "/v1/nodes?brief=true", "nodes", add_node, listing);
	cli->quiet = false;
	if (code == CLI_OK && listing->picks)
		code = targets_complain(cli, &listing->picker);
	if (fclose(listing->more) != 0 && code == CLI_OK)
		code = cli_complain(cli, CLI_FAILED, "out of memory");
	if (code == CLI_OK && (!cli->json || listing->picks))
		code = print_listing(cli, listing);
	return code;
}

enum cli_exit node_list_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "node list [NODE...]",
		.text = "All nodes, or those named: address, state, board, last heartbeat, image\n"
			"version last booted (and the one that its next boot gets, if that "
			"differs).\nStates: new booting joined absent stuck vacant.\n",
		.max_words = CLI_MANY_WORDS,
	};
	static const struct table_column columns[] = { { "NODE", false }, { "ADDRESS", false },
		{ "STATE", false }, { "BOARD", false }, { "HEARTBEAT", false }, { "IMAGE", false },
		{ .title = NULL } };
	struct listing listing = { .table = NULL };
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	listing.picks = argv[0] != NULL;
	code = targets_pick(cli, argv, &listing.picker);
	if (code != CLI_OK)
		return code;
	listing.table = cli->json ? NULL : table_new(columns);
	listing.more = open_memstream(&listing.text, &listing.size);
	code = list(cli, &listing);
	table_free(listing.table);
	free(listing.text);
	targets_free_picker(&listing.picker);
	return code;
}
