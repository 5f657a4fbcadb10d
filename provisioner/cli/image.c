/* SPDX-License-Identifier: ISC */
/* bramble image: which roots there are, and which one new boots get. */
#include <string.h>

#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

static enum cli_exit print_images(struct cli *cli, const cJSON *images)
{
	static const struct table_column columns[] = { { "IMAGE", false }, { "", false },
		{ "VERSION", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *image;
	int result = 0;

	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(image, images)
	{
		const char *current = json_text(image, "current"),
			   *previous = json_text(image, "previous");

		table_row(table);
		table_cell(table, json_text(image, "name"));
		table_cell(table, "current");
		table_cell(table, *current ? current : "none");
		if (*previous == '\0')
			continue;
		table_row(table);
		table_cell(table, "");
		table_cell(table, "previous");
		table_cell(table, previous);
	}
	if (table_rows(table) == 0)
		fprintf(cli->out,
			"No image yet: bramble-image build, then bramble image use NAME HASH.\n");
	else
		result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

static enum cli_exit list_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image list [--json]",
		.text = "The images, each with its current and its previous version.\n",
	};
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	code = cli_call(cli, IPC_GET, "/v1/images", NULL, &json);
	if (code == CLI_OK && !cli->json)
		code = print_images(cli, json_member(json, "images"));
	cJSON_Delete(json);
	return code;
}

/* Says what is wrong. */
static bool is_name(struct cli *cli, const char *word)
{
	if (str_is_node_name(word))
		return true;
	cli_complain(cli, CLI_USAGE,
		"\"%s\" is no name of an image; allowed: lower-case letters, digits and '-'", word);
	return false;
}

static enum cli_exit make_current(
	struct cli *cli, const char *name, const char *hash, const char *how)
{
	cJSON *body = cJSON_CreateObject(), *json;
	enum cli_exit code;

	cJSON_AddStringToObject(body, "name", name);
	cJSON_AddStringToObject(body, "hash", hash);
	code = cli_call(cli, IPC_POST, "/v1/images", body, &json);
	if (code == CLI_OK && !cli->json)
		fprintf(cli->out, "%s %.12s is %s: boots from now on get it.\n", name, hash, how);
	cJSON_Delete(json);
	return code;
}

static enum cli_exit use_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image use NAME HASH [--json]",
		.text = "Make a version of an image current: boots from now on get it, nodes that "
			"run stay\n"
			"as they are. Its files must be on the share. The one that was current "
			"becomes the\n"
			"previous one.\n",
		.min_words = 2,
		.max_words = 2,
	};
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!is_name(cli, argv[0]))
		return CLI_USAGE;
	if (!str_is_hash(argv[1], strlen(argv[1])))
		return cli_complain(cli, CLI_USAGE,
			"\"%s\" is no version; allowed: the 64 hex digits in the name of its file",
			argv[1]);
	return make_current(cli, argv[0], argv[1], "current");
}

/* What was current before becomes current again. */
static enum cli_exit rollback_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image rollback NAME [--json]",
		.text = "Make the previous version of an image current again: boots from now on "
			"get it.\nA second rollback takes the first one back.\n",
		.min_words = 1,
		.max_words = 1,
	};
	const cJSON *image;
	enum cli_exit code;
	cJSON *json;
	char previous[HASH_TEXT_SIZE] = "";
	bool found = false;
	int status, result;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	result = cli_try(cli, "/v1/images", CLIENT_TIMEOUT_MS, &status, &json);
	if (result != 0)
		return cli_explain_failure(cli, result);
	cJSON_ArrayForEach(image, json_member(json, "images"))
	{
		if (strcmp(json_text(image, "name"), argv[0]) != 0)
			continue;
		found = true;
		str_copy(previous, sizeof(previous), json_text(image, "previous"));
	}
	cJSON_Delete(json);
	if (!found)
		return cli_complain(cli, CLI_NOT_FOUND, "there is no image %.64s", argv[0]);
	if (previous[0] == '\0')
		return cli_complain(
			cli, CLI_NOT_FOUND, "image %.64s has no previous version", argv[0]);
	return make_current(cli, argv[0], previous, "current again");
}

static void print_sweep(struct cli *cli, const cJSON *json, bool dry_run)
{
	const cJSON *item;
	char bytes[TEXT_UNIT_SIZE], title[16];
	uint64_t sum = 0;

	cJSON_ArrayForEach(item, json_member(json, "kept"))
	{
		snprintf(title, sizeof(title), "%.12s", json_text(item, "hash"));
		cli_field(cli, title, "kept: %s", json_text(item, "why"));
	}
	cJSON_ArrayForEach(item, json_member(json, "removed"))
	{
		text_bytes((uint64_t)json_integer(item, "bytes"), bytes);
		snprintf(title, sizeof(title), "%.12s", json_text(item, "hash"));
		cli_field(cli, title, "%s, %s", dry_run ? "would be removed" : "removed", bytes);
		sum += (uint64_t)json_integer(item, "bytes");
	}
	text_bytes(sum, bytes);
	fprintf(cli->out, "%d versions, %s %s.\n", cJSON_GetArraySize(json_member(json, "removed")),
		bytes, dry_run ? "would be freed" : "freed");
}

static enum cli_exit gc_main(struct cli *cli, int argc, char **argv)
{
	bool dry_run = false;
	const struct args_option options[] = {
		{ "dry-run", 'n', &dry_run, NULL, "only say which they are" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "image gc NAME [--dry-run] [--json]",
		.text = "Remove the versions of an image that nothing needs: neither current nor "
			"previous,\nlast booted by no node, the last good one of none, given to "
			"none by a roll-out,\nused by no boot that goes on.\n",
		.min_words = 1,
		.max_words = 1,
		.options = options,
	};
	char path[IPC_PATH_SIZE];
	enum cli_exit code;
	cJSON *body, *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!is_name(cli, argv[0]))
		return CLI_USAGE;
	snprintf(path, sizeof(path), "/v1/images/%s/gc", argv[0]);
	body = cJSON_CreateObject();
	if (dry_run)
		cJSON_AddTrueToObject(body, "dry_run");
	code = cli_call(cli, IPC_POST, path, body, &json);
	if (code == CLI_OK && !cli->json)
		print_sweep(cli, json, dry_run);
	cJSON_Delete(json);
	return code;
}

enum cli_exit image_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_command commands[] = {
		{ "list", list_main, "The images and their versions" },
		{ "use", use_main, "Make a version current" },
		{ "rollback", rollback_main, "Make the previous version current again" },
		{ "gc", gc_main, "Remove versions that nothing needs" },
		{ .name = NULL },
	};

	return cli_dispatch(cli, commands, "image", argc, argv);
}
