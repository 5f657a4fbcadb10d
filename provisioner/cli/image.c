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
		fprintf(cli->out, "No image yet: bramble-image build, then bramble image use IMAGE "
				  "VERSION.\n");
	else
		result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

enum cli_exit image_list_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image list",
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

enum cli_exit image_use_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image use IMAGE VERSION",
		.text = "Make a version of an image current: boots from now on get it, nodes that "
			"run stay\n"
			"as they are. Its files must be on the share. The one that was current "
			"becomes the\n"
			"previous one.\n",
		.min_words = 2,
		.max_words = 2,
	};
	enum cli_exit code;
	cJSON *body, *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!is_name(cli, argv[0]))
		return CLI_USAGE;
	if (!str_is_hash(argv[1], strlen(argv[1])))
		return cli_complain(cli, CLI_USAGE,
			"\"%s\" is no version; allowed: the 64 hex digits in the name of its file",
			argv[1]);
	body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "name", argv[0]);
	cJSON_AddStringToObject(body, "hash", argv[1]);
	code = cli_call(cli, IPC_POST, "/v1/images", body, &json);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out, "%s %.12s is current: boots from now on get it.\n", argv[0],
			argv[1]);
	cJSON_Delete(json);
	return code;
}

/* The current version of that image. */
static const char *current_of(const cJSON *images, const char *name)
{
	const cJSON *image;

	cJSON_ArrayForEach(image, images)
	{
		if (strcmp(json_text(image, "name"), name) == 0)
			return json_text(image, "current");
	}
	return "?";
}

enum cli_exit image_rollback_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image rollback IMAGE",
		.text = "Make the previous version of an image current again: boots from now on "
			"get it.\nA second rollback takes the first one back.\n",
		.min_words = 1,
		.max_words = 1,
	};
	char path[IPC_PATH_SIZE];
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!is_name(cli, argv[0]))
		return CLI_USAGE;
	snprintf(path, sizeof(path), "/v1/images/%s/rollback", argv[0]);
	code = cli_call(cli, IPC_POST, path, NULL, &json);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out, "%s %.12s is current again: boots from now on get it.\n", argv[0],
			current_of(json_member(json, "images"), argv[0]));
	cJSON_Delete(json);
	return code;
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

static enum cli_exit sweep(struct cli *cli, const char *path, bool dry_run, cJSON **json)
{
	const bool wanted = cli->dry_run;
	enum cli_exit code;

	cli->dry_run = dry_run;
	code = cli_call(cli, IPC_POST, path, NULL, json);
	cli->dry_run = wanted;
	return code;
}

/* Shows what would go before it asks. */
static enum cli_exit confirm_sweep(struct cli *cli, const char *path, const char *name)
{
	const bool wanted = cli->json;
	FILE *out = cli->out;
	enum cli_exit code;
	cJSON *json;
	int n;

	if (cli->yes || cli->dry_run || !cli->interactive)
		return cli_confirm(cli, "Remove the versions of %s that nothing needs?", name);
	cli->json = false;
	code = sweep(cli, path, true, &json);
	cli->json = wanted;
	if (code != CLI_OK)
		return code;
	n = cJSON_GetArraySize(json_member(json, "removed"));
	if (n > 0) {
		cli->out = cli->error;
		print_sweep(cli, json, true);
		cli->out = out;
	}
	cJSON_Delete(json);
	return n == 0 ? CLI_OK : cli_confirm(cli, "Remove these versions of %s for ever?", name);
}

enum cli_exit image_gc_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image gc IMAGE",
		.text = "Remove the versions of an image that nothing needs: neither current nor "
			"previous,\nlast booted by no node, the last good one of none, given to "
			"none by a roll-out,\nused by no boot that goes on.\n",
		.min_words = 1,
		.max_words = 1,
	};
	char path[IPC_PATH_SIZE];
	enum cli_exit code;
	cJSON *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!is_name(cli, argv[0]))
		return CLI_USAGE;
	snprintf(path, sizeof(path), "/v1/images/%s/gc", argv[0]);
	code = confirm_sweep(cli, path, argv[0]);
	if (code != CLI_OK)
		return code;
	code = sweep(cli, path, cli->dry_run, &json);
	if (code == CLI_OK && !cli->json)
		print_sweep(cli, json, cli->dry_run);
	cJSON_Delete(json);
	return code;
}
