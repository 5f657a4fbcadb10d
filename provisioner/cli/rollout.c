/* SPDX-License-Identifier: ISC */
/* bramble rollout: a version of an image reaches the nodes in waves. */
#include "provisioner/cli/rollout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

#define SHORT_HASH 12
#define PATH_SIZE 64
#define MOST_AWAY 100000

static bool is_live(const cJSON *rollout)
{
	const char *state = json_text(rollout, "state");

	return strcmp(state, "done") != 0 && strcmp(state, "aborted") != 0;
}

static enum table_color color_of(const char *phase)
{
	if (strcmp(phase, "updated") == 0)
		return TABLE_GREEN;
	if (strcmp(phase, "failed") == 0 || strcmp(phase, "put-back") == 0)
		return TABLE_RED;
	return strcmp(phase, "waiting") == 0 || strcmp(phase, "later") == 0 ||
			       strcmp(phase, "left-out") == 0
		       ? TABLE_PLAIN
		       : TABLE_YELLOW;
}

static enum cli_exit print_nodes(struct cli *cli, const cJSON *nodes)
{
	static const struct table_column columns[] = { { "NODE", false }, { "WAVE", true },
		{ "PHASE", false }, { "SINCE", false }, { "WHAT", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *node;
	int result = 0;

	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(node, nodes)
	{
		const char *phase = json_text(node, "phase");
		char time[TEXT_UNIT_SIZE];

		text_time(json_integer(node, "since_ms"), time);
		table_row(table);
		table_cell(table, json_text(node, "node"));
		table_cellf(table, "%" PRId64, json_integer(node, "wave"));
		table_cell_colored(table, color_of(phase), phase);
		table_cell(table, time);
		table_cell(table, json_text(node, "text"));
	}
	if (table_rows(table) > 0) {
		fputc('\n', cli->out);
		result = table_print(table, cli->out, cli->width, cli->color);
	}
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

enum cli_exit rollout_print(struct cli *cli, const cJSON *json)
{
	const char *state = json_text(json, "state"), *reason = json_text(json, "reason"),
		   *waits = json_text(json, "waits");
	char time[TEXT_UNIT_SIZE], within[TEXT_UNIT_SIZE];

	text_time(json_integer(json, "created_ms"), time);
	text_duration(json_integer(json, "within_s") * 1000, within);
	cli_field(cli, "Roll-out", "%" PRId64 ": %s %.*s, since %s", json_integer(json, "id"),
		json_text(json, "image"), SHORT_HASH, json_text(json, "version"), time);
	cli_field(cli, "State", "%s%s%s", state, *reason ? ": " : "", reason);
	cli_field(cli, "Waves",
		"%s; at most %" PRId64 " away at once; each node has %s to come back",
		json_text(json, "waves"), json_integer(json, "max_unavailable"), within);
	if (json_integer(json, "same") > 0)
		cli_field(cli, "Untouched", "%" PRId64 " that ran it already",
			json_integer(json, "same"));
	if (*waits)
		cli_field(cli, "Waits", "%s", waits);
	return print_nodes(cli, json_member(json, "nodes"));
}

static bool take_number(const char *word, uint64_t max, uint64_t *number)
{
	return !word || str_parse_u64(word, 1, max, number) == 0;
}

enum cli_exit rollout_check_wish(struct cli *cli, const struct rollout_wish *wish)
{
	uint64_t unused;

	if (take_number(wish->max_unavailable, MOST_AWAY, &unused) &&
		(!wish->within || args_parse_duration(wish->within) >= 1))
		return CLI_OK;
	return cli_complain(cli, CLI_USAGE,
		"--max-unavailable takes a number of nodes, --within a time such as 90s or 10m");
}

/* The body of the call. */
static cJSON *describe(const char *image, const struct rollout_wish *wish)
{
	uint64_t max_unavailable = 1;
	cJSON *body = cJSON_CreateObject();

	(void)take_number(wish->max_unavailable, MOST_AWAY, &max_unavailable);
	cJSON_AddStringToObject(body, "image", image);
	cJSON_AddStringToObject(body, "version", wish->version);
	if (wish->waves)
		cJSON_AddStringToObject(body, "waves", wish->waves);
	cJSON_AddNumberToObject(body, "max_unavailable", (double)max_unavailable);
	if (wish->within)
		cJSON_AddNumberToObject(
			body, "within_s", (double)args_parse_duration(wish->within));
	return body;
}

enum cli_exit rollout_start(struct cli *cli, const char *image, const struct rollout_wish *wish)
{
	enum cli_exit code = rollout_check_wish(cli, wish);
	cJSON *json = NULL;
	int64_t id;

	if (code == CLI_OK)
		code = cli_call(cli, IPC_POST, "/v1/rollouts", describe(image, wish), &json);
	if (code != CLI_OK || cli->json) {
		cJSON_Delete(json);
		return code;
	}
	id = json_integer(json, "id");
	if (cli->dry_run)
		code = print_nodes(cli, json_member(json, "nodes"));
	else
		fprintf(cli->out, "Roll-out %" PRId64 " has begun: %s %.12s to %d nodes.\n", id,
			json_text(json, "image"), json_text(json, "version"),
			cJSON_GetArraySize(json_member(json, "nodes")));
	if (cli->dry_run)
		fprintf(cli->out,
			"%d nodes would be brought to %s %.12s; %" PRId64 " run it already.\n",
			cJSON_GetArraySize(json_member(json, "nodes")), image,
			json_text(json, "version"), json_integer(json, "same"));
	cJSON_Delete(json);
	if (cli->dry_run || wish->no_watch)
		return code;
	fprintf(cli->error, "Ctrl-C ends only the view: \"bramble rollout status --watch\" shows "
			    "it again.\n");
	return rollout_watch(cli, id);
}

enum cli_exit rollout_start_main(struct cli *cli, int argc, char **argv)
{
	struct rollout_wish wish = { 0 };
	const struct args_option options[] = {
		{ "to", '\0', NULL, &wish.version,
			"VERSION  8 digits of its hash, \"current\", \"previous\"" },
		{ "wave", '\0', NULL, &wish.waves, "LIST  up to how many nodes (1,25%,100%)" },
		{ "max-unavailable", '\0', NULL, &wish.max_unavailable,
			"NUMBER  of nodes that may be away at once (1)" },
		{ "within", '\0', NULL, &wish.within,
			"TIME  that each node has to come back (10m)" },
		{ "no-watch", '\0', &wish.no_watch, NULL, "don't show how it goes on" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "rollout start IMAGE --to VERSION [--wave LIST]\n"
			 "       [--max-unavailable NUMBER] [--within TIME] [--no-watch]",
		.text = "Bring a version of an image to all nodes that run another one: wave by "
			"wave they\nare drained, rebooted, and must be back in time. The first one "
			"that isn't stops\nthe roll-out, and its next boot gets its last good "
			"version. At the end the version\nis the current one. Cordoned nodes are "
			"left out; those that aren't there get it\nwhen they come back. The word "
			"start "
			"may be left out.\n",
		.min_words = 1,
		.max_words = 1,
		.options = options,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!wish.version)
		return cli_complain(cli, CLI_USAGE, "--to VERSION says to which; usage: bramble %s",
			syntax.usage);
	return rollout_start(cli, argv[0], &wish);
}

enum cli_exit rollout_list_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "rollout list",
		.text = "The roll-outs, newest first.\n",
	};
	static const struct table_column columns[] = { { "ID", true }, { "BEGUN", false },
		{ "IMAGE", false }, { "STATE", false }, { "WHY", false }, { .title = NULL } };
	struct table *table;
	const cJSON *rollout;
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = cli_call(cli, IPC_GET, "/v1/rollouts", NULL, &json);
	table = code == CLI_OK && !cli->json ? table_new(columns) : NULL;
	if (table) {
		cJSON_ArrayForEach(rollout, json_member(json, "rollouts"))
		{
			char time[TEXT_UNIT_SIZE];

			text_time(json_integer(rollout, "created_ms"), time);
			table_row(table);
			table_cellf(table, "%" PRId64, json_integer(rollout, "id"));
			table_cell(table, time);
			table_cellf(table, "%s %.8s", json_text(rollout, "image"),
				json_text(rollout, "version"));
			table_cell(table, json_text(rollout, "state"));
			table_cell(table, json_text(rollout, "reason"));
		}
		if (table_rows(table) == 0)
			fprintf(cli->out, "No roll-out yet.\n");
		else if (table_print(table, cli->out, cli->width, cli->color) != 0)
			code = cli_complain(cli, CLI_FAILED, "out of memory");
	}
	table_free(table);
	cJSON_Delete(json);
	return code;
}

/* The number that the word says; without one that of the roll-out that goes on, else (`any`) of the
 * newest. */
static enum cli_exit find(struct cli *cli, const char *word, bool any, int64_t *id)
{
	const cJSON *rollout;
	uint64_t number = 0;
	cJSON *json;
	int status, result;
	unsigned live = 0;

	*id = 0;
	if (word && !take_number(word, INT64_MAX, &number))
		return cli_complain(cli, CLI_USAGE, "\"%.40s\" is no number of a roll-out", word);
	*id = (int64_t)number;
	if (word)
		return CLI_OK;
	result = cli_try(cli, "/v1/rollouts", CLIENT_TIMEOUT_MS, &status, &json);
	if (result != 0)
		return cli_explain_failure(cli, result);
	cJSON_ArrayForEach(rollout, json_member(json, "rollouts"))
	{
		if (is_live(rollout) && live++ == 0)
			*id = json_integer(rollout, "id");
	}
	if (*id == 0 && any)
		*id = json_integer(cJSON_GetArrayItem(json_member(json, "rollouts"), 0), "id");
	cJSON_Delete(json);
	if (live > 1 && !any)
		return cli_complain(cli, CLI_FAILED,
			"%u roll-outs go on; say which (\"bramble rollout list\")", live);
	return *id != 0 ? CLI_OK : cli_complain(cli, CLI_NOT_FOUND, "no roll-out goes on");
}

enum cli_exit rollout_status_main(struct cli *cli, int argc, char **argv)
{
	bool watch = false;
	const struct args_option options[] = {
		{ "watch", 'w', &watch, NULL, "show how it goes on" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "rollout status [ROLLOUT] [--watch]",
		.text = "The roll-out that goes on (else the newest), node by node.\n",
		.max_words = 1,
		.options = options,
	};
	char path[PATH_SIZE];
	enum cli_exit code;
	int64_t id;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = find(cli, argv[0], true, &id);
	if (code != CLI_OK)
		return code;
	if (watch)
		return rollout_watch(cli, id);
	snprintf(path, sizeof(path), "/v1/rollouts/%" PRId64, id);
	code = cli_call(cli, IPC_GET, path, NULL, &json);
	if (code == CLI_OK && !cli->json)
		code = rollout_print(cli, json);
	cJSON_Delete(json);
	return code;
}

static enum cli_exit steer(struct cli *cli, const struct cli_syntax *syntax, const char *verb,
	const char *said, int argc, char **argv)
{
	char path[PATH_SIZE];
	enum cli_exit code;
	int64_t id;
	cJSON *json;

	if (!cli_arguments(cli, syntax, argc, argv, &code))
		return code;
	code = find(cli, argv[0], false, &id);
	if (code != CLI_OK)
		return code;
	snprintf(path, sizeof(path), "/v1/rollouts/%" PRId64 "/%s", id, verb);
	code = cli_call(cli, IPC_POST, path, cJSON_CreateObject(), &json);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out, "Roll-out %" PRId64 " %s.\n", id, said);
	cJSON_Delete(json);
	return code;
}

enum cli_exit rollout_pause_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "rollout pause [ROLLOUT]",
		.text = "Begin no further node; those that are under way come to their end.\n",
		.max_words = 1,
	};

	return steer(cli, &syntax, "pause", "is paused", argc, argv);
}

enum cli_exit rollout_resume_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "rollout resume [ROLLOUT]",
		.text = "Go on with a roll-out that was paused or has stopped. Nodes that failed "
			"are tried\nonce more; to go on without one, cordon it first.\n",
		.max_words = 1,
	};

	return steer(cli, &syntax, "resume", "goes on", argc, argv);
}

enum cli_exit rollout_abort_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "rollout abort [ROLLOUT]",
		.text = "End a roll-out before its end. Nodes that have the version keep it until "
			"they\nreboot; then they get the current one again. To bring them back at "
			"once:\n\"bramble rollout IMAGE --to current\".\n",
		.max_words = 1,
	};

	return steer(cli, &syntax, "abort", "is aborted", argc, argv);
}

static bool is_verb(const char *word)
{
	for (const struct cli_command *c = commands_rollout; c->name; c++) {
		if (strcmp(c->name, word) == 0)
			return true;
	}
	return false;
}

enum cli_exit rollout_main(struct cli *cli, int argc, char **argv)
{
	bool begins = argc > 0 && argv[0][0] != '-' && !is_verb(argv[0]);

	for (int i = 0; i < argc; i++)
		begins |= !is_verb(argv[0]) && strncmp(argv[i], "--to", 4) == 0;
	if (begins && (!cli->completing || argc > 1))
		return cli_run(cli, commands_rollout, argc, argv);
	return cli_dispatch(cli, commands_rollout, "rollout", argc, argv);
}
