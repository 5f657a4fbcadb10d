/* SPDX-License-Identifier: ISC */
/* bramble addon: what the cluster gets besides its nodes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provisioner/cli/addon.h"
#include "provisioner/cli/cluster.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/table.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

bool addon_begin(struct cli *cli, const struct cli_syntax *syntax, int argc, char **argv,
	struct addon_world *world, enum cli_exit *code)
{
	struct conf_error error;

	memset(world, 0, sizeof(*world));
	progress_init(&world->progress);
	if (!cli_arguments(cli, syntax, argc, argv, code))
		return false;
	world->manifest = calloc(1, sizeof(*world->manifest));
	world->inventories = calloc(1, sizeof(*world->inventories));
	if (!world->manifest || !world->inventories) {
		addon_end(world);
		*code = cli_complain(cli, CLI_FAILED, "out of memory");
		return false;
	}
	if (settings_load(cli_config_path(cli), &world->settings, &error) != 0) {
		addon_end(world);
		*code = cli_complain(cli, CLI_FAILED, "%s", error.text);
		return false;
	}
	world->n_listed = addons_listed(&world->settings, world->listed);
	return true;
}

void addon_end(struct addon_world *world)
{
	if (world->manifest)
		addon_manifest_free(world->manifest);
	if (world->inventories)
		addon_inventories_free(world->inventories);
	free(world->manifest);
	free(world->inventories);
	world->manifest = NULL;
	world->inventories = NULL;
}

bool addon_is_listed(const struct addon_world *world, const char *name)
{
	for (size_t i = 0; i < world->n_listed; i++) {
		if (strcmp(world->listed[i], name) == 0)
			return true;
	}
	return false;
}

enum cli_exit addon_read(struct cli *cli, struct addon_world *world, const char *name)
{
	struct failure failure = { .text = "" };
	int result;

	addon_manifest_free(world->manifest);
	result = addon_load(&world->settings, name, world->manifest, &failure);
	return result == 0 ? CLI_OK
			   : cli_complain(cli, result == -ENOENT ? CLI_NOT_FOUND : CLI_FAILED, "%s",
				     failure.text);
}

enum cli_exit addon_ask(struct cli *cli, struct addon_world *world)
{
	struct failure failure = { .text = "" };

	if (world->settings.kubernetes_engine == ENGINE_NONE)
		return cli_complain(cli, CLI_FAILED,
			"%s asks for no cluster: kubernetes.engine is \"none\"",
			cli_config_path(cli));
	if (geteuid() != 0)
		return cli_complain(cli, CLI_FAILED, "only root may ask the cluster; use sudo");
	return addon_inventories_read(&world->settings, world->inventories, &failure) == 0
		       ? CLI_OK
		       : cli_complain(cli, CLI_FAILED, "%s", failure.text);
}

void addon_select(struct addon_world *world, char **argv)
{
	world->n_selected = 0;
	if (!argv[0]) {
		memcpy(world->selected, world->listed, sizeof(world->listed));
		world->n_selected = world->n_listed;
	}
	for (; *argv && world->n_selected < ADDONS_LIMIT; argv++)
		(void)str_copy(world->selected[world->n_selected++], ADDON_NAME_SIZE, *argv);
}

enum cli_exit addon_show_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "addon show ADDON",
		.text = "Its manifests as the cluster gets them, or with --json its objects and\n"
			"container images. Works without a cluster.\n",
		.min_words = 1,
		.max_words = 1,
	};
	struct addon_world world;
	enum cli_exit code;

	if (!addon_begin(cli, &syntax, argc, argv, &world, &code))
		return code;
	code = addon_read(cli, &world, argv[0]);
	if (code == CLI_OK && cli->json)
		cli_print_json(cli, addon_describe(world.manifest));
	for (size_t i = 0; code == CLI_OK && !cli->json && i < ADDON_PARTS; i++)
		fputs(world.manifest->parts[i].text ? world.manifest->parts[i].text : "", cli->out);
	addon_end(&world);
	return code;
}

static enum cli_exit print_images(struct cli *cli, struct addon_world *world, cJSON *json)
{
	enum cli_exit code = CLI_OK;

	for (size_t i = 0; code == CLI_OK && i < world->n_selected; i++) {
		code = addon_read(cli, world, world->selected[i]);
		for (size_t k = 0; code == CLI_OK && k < world->manifest->n_images; k++) {
			cJSON *item = cJSON_CreateObject();

			if (!cli->json)
				fprintf(cli->out, "%s\n", world->manifest->images[k]);
			cJSON_AddStringToObject(item, "addon", world->selected[i]);
			cJSON_AddStringToObject(item, "image", world->manifest->images[k]);
			cJSON_AddItemToArray(json, item);
		}
	}
	return code;
}

enum cli_exit addon_images_main(struct cli *cli, int argc, char **argv)
{
	bool all = false;
	const struct args_option options[] = {
		{ "all", 'a', &all, NULL, "of all that are there" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "addon images [ADDON...] [--all]",
		.text = "The container images that add-ons need (those of kubernetes.addons, or "
			"the\nnamed ones), one a line: what a mirror for the nodes must hold, for "
			"arm64.\nWorks without a cluster.\n",
		.max_words = ADDONS_LIMIT,
		.options = options,
	};
	struct failure failure = { .text = "" };
	struct addon_world world;
	enum cli_exit code;
	cJSON *json, *array;

	if (!addon_begin(cli, &syntax, argc, argv, &world, &code))
		return code;
	addon_select(&world, argv);
	if (all) {
		int n = addons_available(&world.settings, world.selected, &failure);

		world.n_selected = n < 0 ? 0 : (size_t)n;
		if (n < 0)
			code = cli_complain(cli, CLI_FAILED, "%s", failure.text);
	}
	json = cJSON_CreateObject();
	array = cJSON_AddArrayToObject(json, "images");
	if (!failure.text[0])
		code = print_images(cli, &world, array);
	if (code == CLI_OK && cli->json)
		cli_print_json(cli, json);
	else
		cJSON_Delete(json);
	addon_end(&world);
	return code;
}
