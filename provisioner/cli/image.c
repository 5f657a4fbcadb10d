/* SPDX-License-Identifier: ISC */
/* bramble image: which roots there are, and which one new boots get. */
#include <string.h>

#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "provisioner/cli/text.h"

#define STATE_SIZE 48
#define SHORTEST_BEGINNING 8

/* "current, pinned" */
static const char *state_of(const cJSON *version, char out[static STATE_SIZE])
{
	static const char *const words[] = { "current", "previous", "pinned" };

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t used = strlen(out);

		if (json_is_true(version, words[i]))
			snprintf(out + used, STATE_SIZE - used, "%s%s", used ? ", " : "", words[i]);
	}
	return out;
}

/* "2", or "1, next 3" when others get it at their next boot. */
static const char *nodes_of(const cJSON *version, char out[static STATE_SIZE])
{
	long long running = (long long)json_integer(version, "running"),
		  next = (long long)json_integer(version, "next");

	if (running == next)
		snprintf(out, STATE_SIZE, "%lld", running);
	else
		snprintf(out, STATE_SIZE, "%lld, next %lld", running, next);
	return out;
}

static void add_version(struct table *table, const char *name, const cJSON *version)
{
	char text[TEXT_UNIT_SIZE], words[STATE_SIZE];

	table_row(table);
	table_cell(table, name);
	table_cellf(table, "%.12s", json_text(version, "hash"));
	text_bytes((uint64_t)json_integer(version, "bytes"), text);
	table_cell(table, text);
	text_time(json_integer(version, "built_ms"), text);
	table_cell(table, text);
	table_cell(table, nodes_of(version, words));
	table_cell(table, state_of(version, words));
	table_cell(table, json_member(version, "kept") ? json_text(version, "kept") : "nothing");
}

static enum cli_exit print_images(struct cli *cli, const cJSON *images)
{
	static const struct table_column columns[] = { { "IMAGE", false }, { "VERSION", false },
		{ "SIZE", true }, { "BUILT", false }, { "NODES", false }, { "IS", false },
		{ "KEPT FOR", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *image, *version;
	int result = 0;

	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(image, images)
	{
		const char *name = json_text(image, "name");

		cJSON_ArrayForEach(version, json_member(image, "versions"))
		{
			add_version(table, name, version);
			name = "";
		}
	}
	if (table_rows(table) == 0)
		fprintf(cli->out, "No image yet: bramble image build base --watch\n");
	else
		result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

enum cli_exit image_list_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image list",
		.text = "The images and their versions, newest first: how many nodes run each and "
			"get it at\ntheir next boot, and why `image gc` would keep it.\n",
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

/* 8 digits or more, or a word. Says what is wrong. */
static bool is_version(struct cli *cli, const char *word)
{
	size_t length = strlen(word);

	if (strcmp(word, "current") == 0 || strcmp(word, "previous") == 0 ||
		(length >= SHORTEST_BEGINNING && length < HASH_TEXT_SIZE &&
			strspn(word, "0123456789abcdef") == length))
		return true;
	cli_complain(cli, CLI_USAGE,
		"\"%s\" is no version; allowed: the first 8 or more hex digits of its hash, "
		"\"current\" or \"previous\"",
		word);
	return false;
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

enum cli_exit image_use_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image use IMAGE VERSION",
		.text = "Make a version of an image current: boots from now on get it, nodes that "
			"run stay\n"
			"as they are. Its files must be on the share. The one that was current "
			"becomes the\n"
			"previous one. VERSION is the beginning of its hash, 8 digits or more.\n",
		.min_words = 2,
		.max_words = 2,
	};
	enum cli_exit code;
	cJSON *body, *json;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!is_name(cli, argv[0]) || !is_version(cli, argv[1]))
		return CLI_USAGE;
	body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "name", argv[0]);
	cJSON_AddStringToObject(body, "hash", argv[1]);
	code = cli_call(cli, IPC_POST, "/v1/images", body, &json);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out, "%s %.12s is current: boots from now on get it.\n", argv[0],
			current_of(json_member(json, "images"), argv[0]));
	cJSON_Delete(json);
	return code;
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

static enum cli_exit call_pin(
	struct cli *cli, const struct cli_syntax *syntax, const char *verb, int argc, char **argv)
{
	char path[IPC_PATH_SIZE];
	enum cli_exit code;
	cJSON *body, *json;

	if (!cli_arguments(cli, syntax, argc, argv, &code))
		return code;
	if (!is_name(cli, argv[0]) || !is_version(cli, argv[1]))
		return CLI_USAGE;
	snprintf(path, sizeof(path), "/v1/images/%s/%s", argv[0], verb);
	body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "hash", argv[1]);
	code = cli_call(cli, IPC_POST, path, body, &json);
	if (code == CLI_OK && cli_tells(cli))
		fprintf(cli->out,
			json_is_true(json, "pinned") ? "%s %.12s is kept until it is unpinned.\n"
						     : "%s %.12s is no longer pinned.\n",
			argv[0], json_text(json, "hash"));
	cJSON_Delete(json);
	return code;
}

enum cli_exit image_pin_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image pin IMAGE VERSION",
		.text = "Keep a version of an image: `image gc` never removes it.\n",
		.min_words = 2,
		.max_words = 2,
	};

	return call_pin(cli, &syntax, "pin", argc, argv);
}

enum cli_exit image_unpin_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "image unpin IMAGE VERSION",
		.text = "Let go of a pinned version: `image gc` removes it when nothing else needs "
			"it.\n",
		.min_words = 2,
		.max_words = 2,
	};

	return call_pin(cli, &syntax, "unpin", argc, argv);
}

static void print_sweep(struct cli *cli, const cJSON *json, bool dry_run)
{
	const cJSON *item;
	char bytes[TEXT_UNIT_SIZE], title[16];
	uint64_t sum = 0;

	cJSON_ArrayForEach(item, json_member(json, "kept"))
	{
		snprintf(title, sizeof(title), "%.8s", json_text(item, "hash"));
		cli_field(cli, title, "kept: %s", json_text(item, "why"));
	}
	cJSON_ArrayForEach(item, json_member(json, "removed"))
	{
		text_bytes((uint64_t)json_integer(item, "bytes"), bytes);
		snprintf(title, sizeof(title), "%.8s", json_text(item, "hash"));
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
		.text = "Remove the versions of an image that nothing needs: neither current, "
			"previous nor\npinned, last booted by no node, the last good one of none, "
			"given to none by a\nroll-out, used by no boot that goes on.\n",
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
