/* SPDX-License-Identifier: ISC */
/* bramble image diff: of two versions, or of what a node runs and what its next boot brings. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/image_tool.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/nodeconf.h"

/* The image that has this version; `otherwise` when none has. The answer lives as long as `json`.
 */
static const char *find_owner(const cJSON *json, const char *hash, const char *otherwise)
{
	const cJSON *image, *version;

	cJSON_ArrayForEach(image, json_member(json, "images"))
	{
		cJSON_ArrayForEach(version, json_member(image, "versions"))
		{
			if (strcmp(json_text(version, "hash"), hash) == 0)
				return json_text(image, "name");
		}
	}
	return otherwise;
}

/* What the node runs, and what it gets at its next boot. */
static enum cli_exit find_of_node(struct cli *cli, const char *node, const cJSON *json,
	char running[static IMAGE_VERSION_SIZE], char next[static IMAGE_VERSION_SIZE])
{
	const char *image, *hash;
	enum cli_exit code;
	cJSON *images = NULL;

	image = json_text(json, "image");
	hash = json_text(json, "image_hash");
	snprintf(next, IMAGE_VERSION_SIZE, "%s/%s", image,
		json_text(json_member(json, "next"), "hash"));
	if (*hash == '\0')
		code = cli_complain(cli, CLI_NOT_FOUND, "%s has not booted yet", node);
	else if (next[strlen(image) + 1] == '\0')
		code = cli_complain(
			cli, CLI_NOT_FOUND, "image %s of %s has no version", image, node);
	else
		code = cli_get(cli, "/v1/images", &images);
	/* Its role may have got another image since. */
	snprintf(running, IMAGE_VERSION_SIZE, "%s/%s", find_owner(images, hash, image), hash);
	if (code == CLI_OK && strcmp(running, next) == 0 && !cli->json)
		fprintf(cli->out, "%s runs the version that it would get: %s %.12s.\n", node, image,
			hash);
	cJSON_Delete(images);
	return code;
}

/* What a boot of the node changes besides its image: what it has been told and can't take over
 * while it runs, by its own words; and what an edit would tell it, which `config apply` brings. */
static cJSON *find_configuration(const cJSON *json, const char *node, const cJSON *edit)
{
	const cJSON *said = json_member(json, "config"), *other, *change;
	cJSON *config = cJSON_CreateObject(), *edited;

	cJSON_AddStringToObject(config, "state", json_text(said, "state"));
	cJSON_AddStringToObject(config, "text", json_text(said, "text"));
	edited = cJSON_AddArrayToObject(config, "edited");
	cJSON_ArrayForEach(other, json_member(edit, "nodes"))
	{
		if (strcmp(json_text(other, "node"), node) != 0)
			continue;
		cJSON_ArrayForEach(change, json_member(other, "changes"))
		{
			cJSON_AddItemToArray(edited, cJSON_Duplicate(change, true));
		}
	}
	return config;
}

static void print_configuration(
	struct cli *cli, const char *node, const cJSON *config, const cJSON *edit)
{
	static const struct {
		const char *state, *text;
	} states[] = {
		{ "unknown", "hasn't said what it is set to; its next boot takes over all" },
		{ "pending", "has yet to take over its configuration" },
		{ "failed", "tries again what it couldn't take over" },
		{ "drift", "loses what was changed on it by hand" },
		{ "reboot", "takes over the rest of its configuration" },
		{ "applied", "has all of its configuration already" },
	};
	const char *state = json_text(config, "state"), *text = json_text(config, "text");

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(state, states[i].state) == 0)
			fprintf(cli->out, "%s %s%s%s.\n", node, states[i].text, *text ? ": " : "",
				text);
	}
	if (cJSON_GetArraySize(json_member(config, "edited")) == 0)
		return;
	fprintf(cli->out, "Edited in bramble.conf, but not applied (`bramble config apply`):\n");
	nodeconf_print_changes(cli, cli->out, edit, node);
}

/* As `image diff` prints it, with the configuration beside it. */
static enum cli_exit print_json(
	struct cli *cli, const char *before, const char *after, cJSON *config)
{
	const char *const words[] = { "diff", before, after, NULL };
	cJSON *difference;
	enum cli_exit code = image_ask_program(cli, words, &difference);

	if (code == CLI_OK) {
		cJSON_AddItemReferenceToObject(difference, "config", config);
		cli_print_json_line(cli, difference);
	}
	cJSON_Delete(difference);
	return code;
}

static enum cli_exit diff_of_node(struct cli *cli, const char *node)
{
	char before[IMAGE_VERSION_SIZE], after[IMAGE_VERSION_SIZE], path[IPC_PATH_SIZE];
	cJSON *json, *edit = NULL, *config;
	enum cli_exit code, readable;

	if (!str_is_node_name(node))
		return cli_complain(cli, CLI_USAGE, "\"%s\" is no name of a node", node);
	snprintf(path, sizeof(path), "/v1/nodes/%s", node);
	code = cli_get(cli, path, &json);
	if (code != CLI_OK)
		return code;
	code = find_of_node(cli, node, json, before, after);
	/* A mistake in bramble.conf is told, and the rest as well. */
	readable = code == CLI_OK ? cli_get(cli, "/v1/config/diff", &edit) : code;
	config = code == CLI_OK ? find_configuration(json, node, edit) : NULL;
	if (code == CLI_OK && cli->json)
		code = print_json(cli, before, after, config);
	else if (code == CLI_OK && strcmp(before, after) != 0)
		code = image_run_program(
			cli, (const char *[]){ "diff", before, after, NULL }, STDOUT_FILENO);
	if (code == CLI_OK && !cli->json)
		print_configuration(cli, node, config, edit);
	cJSON_Delete(config);
	cJSON_Delete(edit);
	cJSON_Delete(json);
	return code == CLI_OK ? readable : code;
}

enum cli_exit image_diff_main(struct cli *cli, int argc, char **argv)
{
	const char *node = NULL;
	const struct args_option options[] = {
		{ "node", 'n', NULL, &node, "NODE  what would a reboot of this node change?" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "image diff IMAGE[/VERSION] [IMAGE[/VERSION]] | --node NODE",
		.text = "What the second version has (+), has no more (-) or has otherwise (~): "
			"kernel and\nfirmware, packages, units, files. Of one image alone: what "
			"came with its current\nversion since the previous one.\n",
		.max_words = 2,
		.options = options,
	};
	char before[IMAGE_VERSION_SIZE], after[IMAGE_VERSION_SIZE], name[NODE_NAME_SIZE] = "";
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (!node == !argv[0])
		return cli_complain(cli, CLI_USAGE,
			"say two versions, or --node NODE; usage: "
			"bramble %s",
			syntax.usage);
	if (node)
		return diff_of_node(cli, node);
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(argv[0], "/"), argv[0]);
	code = image_complete_version(cli, argv[0], argv[1] ? "current" : "previous", before);
	if (code == CLI_OK)
		code = image_complete_version(cli, argv[1] ? argv[1] : name, "current", after);
	return code == CLI_OK
		       ? image_run_program(cli, (const char *[]){ "diff", before, after, NULL },
				 STDOUT_FILENO)
		       : code;
}
