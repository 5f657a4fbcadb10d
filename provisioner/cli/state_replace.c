/* SPDX-License-Identifier: ISC */
/* bramble state restore, export, import. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/text.h"

#define TEXT_LIMIT (64u * 1024 * 1024)
#define EXPORT_MODE 0600 /* it names every board */
#define SHOWN_COLUMNS 512

/* What shall take the place of the registry. */
struct replacement {
	const char *path; /* of the call */
	const char *source;
	const char *what; /* "backup 2026-…", "rack.state" */
	int file;	  /* -1 none */
};

static void print_lines(struct cli *cli, FILE *out, const cJSON *json)
{
	const cJSON *line;
	char visible[SHOWN_COLUMNS];

	cJSON_ArrayForEach(line, json_member(json, "changes"))
	{
		const char *text = cJSON_GetStringValue(line), *tab;

		if (!text)
			continue;
		tab = strchr(text, '\t');
		text_visible(visible, sizeof(visible), tab ? tab + 1 : text);
		if (tab)
			fprintf(out, "%.*s    %s\n", (int)(tab - text), text, visible);
		else
			fprintf(out, "%s\n", visible);
	}
	cJSON_ArrayForEach(line, json_member(json, "warnings"))
	{
		if (cJSON_IsString(line))
			cli_complain(cli, CLI_OK, "%s", cJSON_GetStringValue(line));
	}
}

static int64_t count(const cJSON *json)
{
	return json_integer(json, "added") + json_integer(json, "removed") +
	       json_integer(json, "changed");
}

static void print_sum(FILE *out, const cJSON *json, const char *tense)
{
	fprintf(out, "%" PRId64 " things %s added, %" PRId64 " removed, %" PRId64 " changed.\n",
		json_integer(json, "added"), tense, json_integer(json, "removed"),
		json_integer(json, "changed"));
}

static enum cli_exit call(
	struct cli *cli, const struct replacement *replacement, bool dry_run, cJSON **json)
{
	struct client *client = cli_client(cli);
	cJSON *body = cJSON_CreateObject();
	enum cli_exit code;

	cJSON_AddStringToObject(body, "name", replacement->source);
	cJSON_AddBoolToObject(body, "dry_run", dry_run);
	if (client)
		client->file = replacement->file;
	code = cli_call(cli, IPC_POST, replacement->path, body, json);
	if (client)
		client->file = -1;
	return code;
}

static enum cli_exit confirm(struct cli *cli, const struct replacement *replacement)
{
	return cli_confirm(cli,
		"Put %.100s in the place of the registry? (A backup is made first.)",
		replacement->what);
}

/* Shows what would become of it and asks. CLI_OK: go on. */
static enum cli_exit ask(struct cli *cli, const struct replacement *replacement, bool *same)
{
	const bool wanted = cli->json;
	enum cli_exit code;
	cJSON *json;

	if (cli->yes || cli->dry_run || !cli->interactive)
		return confirm(cli, replacement);
	cli->json = false;
	code = call(cli, replacement, true, &json);
	cli->json = wanted;
	if (code != CLI_OK)
		return code;
	*same = count(json) == 0;
	if (!*same) {
		print_lines(cli, cli->error, json);
		print_sum(cli->error, json, "would be");
		code = confirm(cli, replacement);
	}
	cJSON_Delete(json);
	return code;
}

static enum cli_exit replace(struct cli *cli, const struct replacement *replacement)
{
	bool same = false;
	enum cli_exit code = ask(cli, replacement, &same);
	cJSON *json = NULL;

	if (code == CLI_OK)
		code = call(cli, replacement, cli->dry_run, &json);
	if (code != CLI_OK || cli->json) {
		cJSON_Delete(json);
		return code;
	}
	if (count(json) == 0) {
		fprintf(cli->out, "Nothing differs: the registry is like %s.\n", replacement->what);
	} else if (cli->dry_run) {
		print_lines(cli, cli->out, json);
		print_sum(cli->out, json, "would be");
	} else {
		if (cli->yes)
			print_lines(cli, cli->out, json);
		print_sum(cli->out, json, "were");
		fprintf(cli->out, "To take it back: bramble state restore %s\n",
			json_text(json, "saved"));
	}
	cJSON_Delete(json);
	return CLI_OK;
}

enum cli_exit state_restore_main(struct cli *cli, int argc, char **argv)
{
	struct replacement replacement = { .file = -1 };
	const struct cli_syntax syntax = {
		.usage = "state restore BACKUP",
		.text = "Go back to a backup that \"bramble state backups\" lists: nodes, boards, "
			"addresses,\nimages. Boots and events stay. The present registry is backed "
			"up "
			"first. Nodes that\nare in both and stay on their board don't notice; "
			"nodes that "
			"go are forgotten, those\nthat come back get their data back.\n",
		.min_words = 1,
		.max_words = 1,
	};
	char path[IPC_PATH_SIZE] = "/v1/state/backups/", what[128];
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (client_append(path, sizeof(path) - sizeof("/restore"), argv[0]) != 0)
		return cli_complain(cli, CLI_NOT_FOUND, "there is no backup of so long a name");
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "/restore");
	snprintf(what, sizeof(what), "backup %.100s", argv[0]);
	replacement.path = path;
	replacement.source = argv[0];
	replacement.what = what;
	return replace(cli, &replacement);
}

static enum cli_exit complain_write(struct cli *cli, const char *path, int error)
{
	return cli_complain(cli, CLI_FAILED, "%.200s can't be written: %s", path, strerror(-error));
}

/* The API's JSON to the terminal, and its text into `path` (NULL none). */
static enum cli_exit export_json(struct cli *cli, const char *path)
{
	cJSON *json;
	enum cli_exit code = cli_call(cli, IPC_GET, "/v1/state/export", NULL, &json);
	const char *text = json_text(json, "text");
	int result = 0;

	if (code == CLI_OK && path)
		result = file_replace(path, text, strlen(text), EXPORT_MODE);
	if (result != 0)
		code = complain_write(cli, path, result);
	cJSON_Delete(json);
	return code;
}

enum cli_exit state_export_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "state export [FILE]",
		.text = "Write what the registry holds as text, into FILE or to the terminal: one "
			"line for\neach fact, sorted, without heartbeats and the like, so that "
			"diff "
			"shows what an\nadministrator changed. It holds no secrets. docs/state.md "
			"describes it.\n",
		.max_words = 1,
	};
	struct client_answer answer;
	enum cli_exit code;
	int result;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (cli->json)
		return export_json(cli, argv[0]);
	code = cli_ask_text(cli, "/v1/state/export?plain=true", &answer);
	if (code != CLI_OK)
		return code;
	if (argv[0]) {
		result = file_replace(argv[0], answer.text, answer.size, EXPORT_MODE);
		if (result != 0)
			code = complain_write(cli, argv[0], result);
	} else {
		fwrite(answer.text, 1, answer.size, cli->out);
	}
	free(answer.text);
	return code;
}

/* The text goes to brambled as a sealed file: it may be longer than a message. */
static enum cli_exit open_text(struct cli *cli, const char *path, int *file)
{
	char *text;
	size_t size;
	int result = file_read(path, TEXT_LIMIT, &text, &size);

	if (result == 0) {
		*file = file_sealed("state", text, size);
		free(text);
		result = *file < 0 ? *file : 0;
	}
	return result == 0 ? CLI_OK
			   : cli_complain(cli, CLI_FAILED, "%.200s can't be read: %s", path,
				     strerror(-result));
}

enum cli_exit state_import_main(struct cli *cli, int argc, char **argv)
{
	struct replacement replacement = { .path = "/v1/state/import", .file = -1 };
	const struct cli_syntax syntax = {
		.usage = "state import FILE",
		.text = "Put the text of an export, perhaps edited, in the place of what the "
			"registry holds:\nwhat isn't in it goes. A mistake in it is told with its "
			"line, "
			"and nothing is done.\nThe present registry is backed up first. Nodes that "
			"are "
			"in both and stay on their\nboard don't notice.\n",
		.min_words = 1,
		.max_words = 1,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = open_text(cli, argv[0], &replacement.file);
	if (code != CLI_OK)
		return code;
	replacement.source = replacement.what = argv[0];
	code = replace(cli, &replacement);
	close(replacement.file);
	return code;
}
