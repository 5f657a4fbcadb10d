/* SPDX-License-Identifier: ISC */
/* bramble addon apply, remove: change the cluster. */
#include <stdio.h>
#include <string.h>

#include "provisioner/cli/addon.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/cluster.h"
#include "rootfs/failure.h"

static void note(cJSON *array, const char *name, const char *result, const char *why)
{
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "name", name);
	cJSON_AddStringToObject(item, "result", result);
	cJSON_AddStringToObject(item, "reason", why);
	cJSON_AddItemToArray(array, item);
}

/* One that fails doesn't keep the others away: they may be what it waits for. */
static bool apply(struct cli *cli, struct addon_world *world, const char *name, cJSON *array)
{
	const struct addon_inventory *before = addon_inventories_find(world->inventories, name);
	struct failure failure = { .text = "" };
	enum cli_exit code = addon_read(cli, world, name);
	const size_t n = world->manifest->n_objects;

	if (code != CLI_OK) {
		note(array, name, "failed", "its manifests can't be read");
		return false;
	}
	if (cli->dry_run) {
		if (!cli->json)
			fprintf(cli->out, "%s: %zu objects would be applied.\n", name, n);
		note(array, name, "dry-run", "");
		return true;
	}
	progress_begin(&world->progress, name);
	if (addon_apply(&world->settings, world->manifest, before, &world->progress, &failure) ==
		0) {
		progress_end(&world->progress, "%zu objects", n);
		note(array, name, "applied", "");
		return true;
	}
	progress_break(&world->progress);
	note(array, name, "failed", failure.text);
	(void)cli_complain(cli, CLI_FAILED, "%s: %s", name, failure.text);
	return false;
}

static bool take_away(struct cli *cli, struct addon_world *world,
	const struct addon_inventory *inventory, cJSON *array)
{
	struct failure failure = { .text = "" };

	if (cli->dry_run) {
		if (!cli->json)
			fprintf(cli->out, "%s: %zu objects would be removed.\n", inventory->name,
				inventory->n_objects);
		note(array, inventory->name, "dry-run", "");
		return true;
	}
	progress_begin(&world->progress, inventory->name);
	if (addon_remove(&world->settings, inventory, &world->progress, &failure) == 0) {
		progress_end(&world->progress, "removed");
		note(array, inventory->name, "removed", "");
		return true;
	}
	progress_break(&world->progress);
	note(array, inventory->name, "failed", failure.text);
	(void)cli_complain(cli, CLI_FAILED, "%s: %s", inventory->name, failure.text);
	return false;
}

/* What is in the cluster and no longer listed. Returns whether all went well. */
static bool prune(struct cli *cli, struct addon_world *world, cJSON *array)
{
	bool good = true;

	for (size_t i = world->inventories->n; i > 0; i--) {
		const struct addon_inventory *inventory = &world->inventories->list[i - 1];

		if (!addon_is_listed(world, inventory->name))
			good = take_away(cli, world, inventory, array) && good;
	}
	return good;
}

static enum cli_exit finish(struct cli *cli, struct addon_world *world, cJSON *json, bool good)
{
	if (cli->json)
		cli_print_json(cli, json);
	else
		cJSON_Delete(json);
	addon_end(world);
	return good ? CLI_OK : CLI_FAILED;
}

static enum cli_exit begin_change(struct cli *cli, struct addon_world *world)
{
	enum cli_exit code = addon_ask(cli, world);

	return code == CLI_OK && !cli->dry_run ? cluster_seize(cli, &world->settings, false) : code;
}

enum cli_exit addon_apply_main(struct cli *cli, int argc, char **argv)
{
	bool pruning = false, good = true;
	const struct args_option options[] = {
		{ "prune", '\0', &pruning, NULL, "also remove those that are no longer listed" },
		{ .name = NULL },
	};
	const struct cli_syntax syntax = {
		.usage = "addon apply [ADDON...] [--prune]",
		.text = "Bring the add-ons of kubernetes.addons (or the named ones) to the cluster "
			"now, in\norder, and undo what was changed there by hand. What an earlier "
			"manifest held and\nthis one doesn't is removed. Bramble does so by itself "
			"when a manifest or the list has\nchanged, and in a cluster that is new or "
			"restored; drift it leaves alone.\n",
		.max_words = ADDONS_LIMIT,
		.options = options,
	};
	struct addon_world world;
	enum cli_exit code;
	cJSON *json, *array;

	if (!addon_begin(cli, &syntax, argc, argv, &world, &code))
		return code;
	code = begin_change(cli, &world);
	if (code != CLI_OK) {
		addon_end(&world);
		return code;
	}
	addon_select(&world, argv);
	json = cJSON_CreateObject();
	array = cJSON_AddArrayToObject(json, "addons");
	for (size_t i = 0; i < world.n_selected; i++)
		good = apply(cli, &world, world.selected[i], array) && good;
	if (pruning)
		good = prune(cli, &world, array) && good;
	return finish(cli, &world, json, good);
}

static enum cli_exit check_removal(struct cli *cli, struct addon_world *world, const char *name)
{
	if (!addon_inventories_find(world->inventories, name))
		return cli_complain(cli, CLI_NOT_FOUND, "the cluster has no add-on %s", name);
	if (addon_is_listed(world, name))
		return cli_complain(cli, CLI_FAILED,
			"%s is in kubernetes.addons, so Bramble would apply it again; take it out "
			"of %s first",
			name, cli_config_path(cli));
	return cli_confirm(cli, "Remove %.63s with all its objects?", name);
}

enum cli_exit addon_remove_main(struct cli *cli, int argc, char **argv)
{
	bool good;
	static const struct cli_syntax syntax = {
		.usage = "addon remove ADDON",
		.text = "Take away from the cluster all that an add-on brought, which is no longer "
			"in\nkubernetes.addons. What pods wrote into volumes on the share stays "
			"there.\n",
		.min_words = 1,
		.max_words = 1,
	};
	struct addon_world world;
	enum cli_exit code;
	cJSON *json;

	if (!addon_begin(cli, &syntax, argc, argv, &world, &code))
		return code;
	code = begin_change(cli, &world);
	if (code == CLI_OK)
		code = check_removal(cli, &world, argv[0]);
	if (code != CLI_OK) {
		addon_end(&world);
		return code;
	}
	json = cJSON_CreateObject();
	good = take_away(cli, &world, addon_inventories_find(world.inventories, argv[0]),
		cJSON_AddArrayToObject(json, "addons"));
	return finish(cli, &world, json, good);
}
