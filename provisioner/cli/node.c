/* SPDX-License-Identifier: ISC */
/* bramble node: the identities in the cluster. */
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/node.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/targets.h"
#include "provisioner/cli/text.h"

void node_describe_board(const cJSON *board, char *out, size_t size)
{
	const char *serial = json_text(board, "serial");
	const char *model = json_text(board, "model");

	snprintf(out, size, "%s%s%s%s", *serial ? serial : json_text(board, "mac"),
		*model ? " (" : "", cli_short_model(model), *model ? ")" : "");
}

void node_describe_age(const cJSON *object, const char *name, char out[static TEXT_UNIT_SIZE])
{
	int64_t then = json_integer(object, name);

	if (then == 0)
		snprintf(out, TEXT_UNIT_SIZE, "never");
	else
		text_age(then, clock_wall_ms(), out);
}

enum cli_exit node_call(struct cli *cli, enum ipc_method method, const char *collection,
	const char *id, const char *action, cJSON *body, cJSON **json)
{
	char path[IPC_PATH_SIZE];
	size_t used;

	snprintf(path, sizeof(path), "/v1/%s/", collection);
	*json = NULL;
	if (client_append(path, sizeof(path) - strlen(action), id) != 0) {
		cJSON_Delete(body);
		return cli_complain(cli, CLI_USAGE, "\"%.64s...\" is too long for a name", id);
	}
	used = strlen(path);
	snprintf(path + used, sizeof(path) - used, "%s", action);
	return cli_call(cli, method, path, body, json);
}

static void print_history(struct cli *cli, const cJSON *history)
{
	static const struct table_column columns[] = { { "TIME", false }, { "BOARD", false },
		{ "WHAT", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *entry;
	char time[TEXT_UNIT_SIZE];

	if (!table || cJSON_GetArraySize(history) == 0) {
		table_free(table);
		return;
	}
	cJSON_ArrayForEach(entry, history)
	{
		text_time(json_integer(entry, "at_ms"), time);
		table_row(table);
		table_cell(table, time);
		table_cell(table, json_text(entry, "board"));
		table_cell(table, json_text(entry, "text"));
	}
	fputc('\n', cli->out);
	table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
}

/* What the node was told lately. */
static void print_orders(struct cli *cli, const cJSON *orders)
{
	static const struct table_column columns[] = { { "TIME", false }, { "ORDER", false },
		{ "STATE", false }, { "WHAT CAME OF IT", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *order;
	char time[TEXT_UNIT_SIZE];

	if (!table || cJSON_GetArraySize(orders) == 0) {
		table_free(table);
		return;
	}
	cJSON_ArrayForEach(order, orders)
	{
		text_time(json_integer(order, "created_ms"), time);
		table_row(table);
		table_cell(table, time);
		table_cell(table, json_text(order, "order"));
		table_cell(table, json_text(order, "state"));
		table_cell(table, json_text(order, "text"));
	}
	fputc('\n', cli->out);
	table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
}

static void print_versions(struct cli *cli, const cJSON *node)
{
	const cJSON *next = json_member(node, "next");
	const char *booted = json_text(node, "image_hash"), *good = json_text(node, "good_hash");

	cli_field(cli, "Image", "%s %s", json_text(node, "image"),
		*booted ? booted : "(never booted)");
	cli_field(cli, "Next boot", "%.*s: %s", 2 * NODE_SHORT_HASH,
		*json_text(next, "hash") ? json_text(next, "hash") : "nothing",
		json_text(next, "why"));
	if (*good && strcmp(good, booted) != 0)
		cli_field(cli, "Last good", "%s", good);
	if (json_integer(node, "failed_boots") > 0)
		cli_field(cli, "Failed", "%" PRId64 " of its last boots",
			json_integer(node, "failed_boots"));
}

static void print_config(struct cli *cli, const cJSON *config)
{
	const char *text = json_text(config, "text");

	cli_field(cli, "Set up", "%s%s%s", json_text(config, "state"), *text ? ": " : "", text);
	if (json_member(config, "scratch"))
		cli_field(cli, "Scratch", "%s", json_text(config, "scratch"));
}

static void print_cluster(struct cli *cli, const cJSON *cluster)
{
	const char *reason = json_text(cluster, "reason");

	if (cluster)
		cli_field(cli, "Cluster", "%s%s%s%s, kubelet %s%s",
			json_is_true(cluster, "ready") ? "Ready" : "not Ready", *reason ? " (" : "",
			reason, *reason ? ")" : "", json_text(cluster, "kubelet"),
			json_is_true(cluster, "leaves")	    ? ", drained for a reboot"
			: json_is_true(cluster, "cordoned") ? ", gets no new pods"
							    : "");
}

static void print_node(struct cli *cli, const cJSON *node)
{
	const cJSON *board = json_member(node, "board");
	char text[TABLE_CELL_SIZE], age[TEXT_UNIT_SIZE], created[TEXT_UNIT_SIZE];
	const char *name = json_text(node, "name");

	node_describe_board(board, text, sizeof(text));
	node_describe_age(node, "heartbeat_ms", age);
	text_time(json_integer(node, "created_ms"), created);
	cli_field(cli, "Node", "%s (number %" PRId64 ", role %s)", name, json_integer(node, "id"),
		json_text(node, "role"));
	cli_field(cli, "State", "%s%s", json_text(node, "state"),
		json_is_true(node, "cordoned") ? ", left out (cordoned)" : "");
	if (json_member(node, "note"))
		cli_field(cli, "Note", "%s", json_text(node, "note"));
	cli_field(cli, "Address", "%s", json_text(node, "address"));
	if (board)
		cli_field(cli, "Board", "%s, MAC %s", text, json_text(board, "mac"));
	else if (json_is_true(node, "wants_next"))
		cli_field(
			cli, "Board", "none; the next unknown board that shows up takes its place");
	else
		cli_field(cli, "Board",
			"none; give it one: bramble node replace %s --board SERIAL, or --next",
			name);
	if (json_member(node, "proposed"))
		cli_field(cli, "Proposed", "an unknown board of its model waits: %s",
			json_text(node, "proposed"));
	print_versions(cli, node);
	cli_field(cli, "Heartbeat", "%s", age);
	cli_field(cli, "Created", "%s", created);
	print_config(cli, json_member(node, "config"));
	print_cluster(cli, json_member(node, "cluster"));
	if (json_member(node, "boot"))
		cli_field(cli, "Last boot", "%" PRId64 "; its timeline: bramble boot show %" PRId64,
			json_integer(node, "boot"), json_integer(node, "boot"));
	print_orders(cli, json_member(node, "orders"));
	print_history(cli, json_member(node, "history"));
}

static enum cli_exit show(struct cli *cli, const char *name, const void *argument)
{
	cJSON *json;
	enum cli_exit code = node_call(cli, IPC_GET, "nodes", name, "", NULL, &json);

	(void)argument;
	if (code == CLI_OK && !cli->json)
		print_node(cli, json);
	cJSON_Delete(json);
	return code;
}

enum cli_exit node_show_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "node show NODE...",
		.text = "Nodes, each with what it was told lately and which boards it had.\n",
		.min_words = 1,
		.max_words = CLI_MANY_WORDS,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	return targets_each(cli, argv, show, NULL);
}

enum cli_exit node_admit_main(struct cli *cli, int argc, char **argv)
{
	const char *name = NULL;
	const struct args_option options[] = {
		{ "name", '\0', NULL, &name,
			"NODE  the node that it becomes (default: a new one)" },
		{ "node", '\0', NULL, &name, "NODE  the same" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "node admit BOARD [--name NODE]",
		.text = "Let a parked board join. BOARD is its serial or MAC, or an unambiguous "
			"beginning of\n"
			"at least 4 characters (\"bramble board list\" shows them). A board "
			"repeats its\n"
			"requests by itself: it boots within its own retry cycle.\n",
		.min_words = 1,
		.max_words = 1,
		.options = options,
	};
	enum cli_exit code;
	cJSON *body, *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (name && !str_is_node_name(name))
		return cli_complain(cli, CLI_USAGE,
			"\"%s\" is no name for a node; allowed: lower-case letters, digits and "
			"'-', at most "
			"63, no '-' at either end",
			name);
	body = cJSON_CreateObject();
	if (name)
		cJSON_AddStringToObject(body, "node", name);
	code = node_call(cli, IPC_POST, "boards", argv[0], "/admit", body, &json);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out, "Admitted as %s, %s; it boots within its own retry cycle.\n",
			json_text(json, "name"), json_text(json, "address"));
	cJSON_Delete(json);
	return code;
}

static void tell_replaced(struct cli *cli, const cJSON *node, bool next)
{
	char board[TABLE_CELL_SIZE], visible[TABLE_CELL_SIZE];
	const char *name = json_text(node, "name");

	node_describe_board(json_member(node, "board"), board, sizeof(board));
	text_visible(visible, sizeof(visible), board);
	if (next && json_is_true(node, "wants_next"))
		fprintf(cli->out, "%s waits for the next unknown board: power it on.\n", name);
	else
		fprintf(cli->out, "%s is now board %s; it boots as %s when it is powered on.\n",
			name, visible, name);
}

enum cli_exit node_replace_main(struct cli *cli, int argc, char **argv)
{
	const char *board = NULL;
	bool next = false;
	const struct args_option options[] = {
		{ "board", '\0', NULL, &board, "BOARD serial or MAC of the new board" },
		{ "next", '\0', &next, NULL, "the next unknown board that shows up" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "node replace NODE --board BOARD | --next",
		.text = "Give a node another board. Name, address, keys and data stay the node's; "
			"the old\n"
			"board is parked.\n",
		.min_words = 1,
		.max_words = 1,
		.options = options,
	};
	char node[NODE_NAME_SIZE];
	enum cli_exit code;
	cJSON *body, *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!board == !next)
		return cli_complain(cli, CLI_USAGE,
			"either --board BOARD or --next; usage: bramble %s", syntax.usage);
	code = targets_find_one(cli, argv[0], node);
	if (code != CLI_OK)
		return code;
	body = cJSON_CreateObject();
	if (board)
		cJSON_AddStringToObject(body, "board", board);
	else
		cJSON_AddTrueToObject(body, "next");
	code = node_call(cli, IPC_POST, "nodes", node, "/replace", body, &json);
	if (code == CLI_OK && cli_tells(cli))
		tell_replaced(cli, json, next);
	cJSON_Delete(json);
	return code;
}

static enum cli_exit undo(struct cli *cli, const char *name, const void *argument)
{
	cJSON *json;
	enum cli_exit code = node_call(cli, IPC_POST, "nodes", name, "/undo", NULL, &json);

	(void)argument;
	if (code == CLI_OK && cli_tells(cli))
		tell_replaced(cli, json, false);
	cJSON_Delete(json);
	return code;
}

enum cli_exit node_undo_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "node undo NODE...",
		.text = "Take back the last change of a node's board, whether a person or "
			"nodes.swap_after_s\n"
			"made it: the node gets the board that it had before; the present one is "
			"parked.\n",
		.min_words = 1,
		.max_words = CLI_MANY_WORDS,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	return targets_each(cli, argv, undo, NULL);
}

static enum cli_exit forget(struct cli *cli, const char *name)
{
	char visible[NODE_NAME_SIZE];
	cJSON *json;
	enum cli_exit code = node_call(cli, IPC_DELETE, "nodes", name, "", NULL, &json);

	text_visible(visible, sizeof(visible), name);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out, "Forgot %s; its data is kept on the share.\n", visible);
	cJSON_Delete(json);
	return code;
}

/* Every name is said before anything is done. */
static enum cli_exit confirm_forgetting(struct cli *cli, const struct targets *targets)
{
	char visible[NODE_NAME_SIZE];

	if (targets->count == 1)
		return cli_confirm(cli,
			"Forget node %.63s? Its board is parked; its data stays on the share, "
			"renamed.",
			targets->names[0]);
	for (size_t i = 0; cli->interactive && !cli->yes && i < targets->count; i++) {
		text_visible(visible, sizeof(visible), targets->names[i]);
		fprintf(cli->error, "%s\n", visible);
	}
	return cli_confirm(cli,
		"Forget these %zu nodes? Their boards are parked; their data stays on the share, "
		"renamed.",
		targets->count);
}

enum cli_exit node_forget_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "node forget NODE...",
		.text = "Remove nodes. Their boards are parked, their addresses are free again; "
			"their data\ndirectories are kept on the share, renamed to "
			"NODE.forgotten-TIME.\n",
		.min_words = 1,
		.max_words = CLI_MANY_WORDS,
	};
	struct targets targets;
	enum cli_exit worst, code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	worst = targets_find(cli, argv, &targets);
	if (worst != CLI_OK)
		return worst;
	worst = confirm_forgetting(cli, &targets);
	for (size_t i = 0, n = worst == CLI_OK ? targets.count : 0; i < n; i++) {
		code = forget(cli, targets.names[i]);
		worst = code != CLI_OK ? code : worst;
		if (code == CLI_UNREACHABLE)
			break;
	}
	targets_free(&targets);
	return worst;
}
