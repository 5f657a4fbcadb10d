/* SPDX-License-Identifier: ISC */
/* bramble addon list, diff: how add-ons are in the cluster. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provisioner/cli/addon.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/table.h"
#include "rootfs/failure.h"

cJSON *addon_describe(const struct addon_manifest *manifest)
{
	cJSON *json = cJSON_CreateObject(), *array;

	cJSON_AddStringToObject(json, "name", manifest->name);
	cJSON_AddStringToObject(json, "about", manifest->about);
	cJSON_AddStringToObject(json, "hash", manifest->hash);
	array = cJSON_AddArrayToObject(json, "objects");
	for (size_t i = 0; i < manifest->n_objects; i++) {
		const struct addon_object *object = &manifest->objects[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "apiVersion", object->api);
		cJSON_AddStringToObject(item, "kind", object->kind);
		cJSON_AddStringToObject(item, "namespace", object->space);
		cJSON_AddStringToObject(item, "name", object->name);
		cJSON_AddItemToArray(array, item);
	}
	array = cJSON_AddArrayToObject(json, "images");
	for (size_t i = 0; i < manifest->n_images; i++)
		cJSON_AddItemToArray(array, cJSON_CreateString(manifest->images[i]));
	return json;
}

/* The state of one that is wanted, its drift included. `why`: what is broken, "" nothing. */
static enum addon_state look(
	struct addon_world *world, const char *name, bool asks, char why[static ADDON_WHY_SIZE])
{
	struct failure failure = { .text = "" };
	enum addon_state state = ADDON_BROKEN;
	char *text;

	addon_manifest_free(world->manifest);
	if (addon_load(&world->settings, name, world->manifest, &failure) == 0)
		state = addon_judge(
			world->manifest, addon_inventories_find(world->inventories, name));
	if (state == ADDON_APPLIED && asks) {
		progress_note(&world->progress, "looking at %s", name);
		if (addon_diff(&world->settings, world->manifest, &text, &failure) == 0 && *text)
			state = ADDON_DRIFTED;
		free(text);
	}
	str_copy_visible(why, ADDON_WHY_SIZE, failure.text, strlen(failure.text));
	return state;
}

static void add(cJSON *array, const struct addon_world *world, const char *name,
	enum addon_state state, const char *why)
{
	const struct addon_inventory *inventory = addon_inventories_find(world->inventories, name);
	bool read = strcmp(world->manifest->name, name) == 0;
	cJSON *item = cJSON_CreateObject();

	cJSON_AddStringToObject(item, "name", name);
	cJSON_AddStringToObject(item, "state", addon_state_name(state));
	cJSON_AddBoolToObject(item, "listed", addon_is_listed(world, name));
	cJSON_AddNumberToObject(item, "objects",
		(double)(inventory ? inventory->n_objects
			 : read	   ? world->manifest->n_objects
				   : 0));
	cJSON_AddStringToObject(item, "about", read ? world->manifest->about : "");
	cJSON_AddStringToObject(item, "reason", why);
	cJSON_AddItemToArray(array, item);
}

static void add_unlisted(cJSON *array, struct addon_world *world)
{
	for (size_t i = 0; i < world->inventories->n; i++) {
		const char *name = world->inventories->list[i].name;
		struct failure failure = { .text = "" };

		if (addon_is_listed(world, name))
			continue;
		addon_manifest_free(world->manifest);
		(void)addon_load(&world->settings, name, world->manifest, &failure);
		add(array, world, name, ADDON_UNLISTED, "");
	}
}

static void add_available(cJSON *array, struct addon_world *world)
{
	struct failure failure = { .text = "" };
	int n = addons_available(&world->settings, world->selected, &failure);

	for (int i = 0; i < n; i++) {
		const char *name = world->selected[i];
		int result;

		if (addon_is_listed(world, name) ||
			addon_inventories_find(world->inventories, name))
			continue;
		failure.text[0] = '\0';
		addon_manifest_free(world->manifest);
		result = addon_load(&world->settings, name, world->manifest, &failure);
		add(array, world, name, result == 0 ? ADDON_AVAILABLE : ADDON_BROKEN, failure.text);
	}
}

static enum cli_exit print_list(struct cli *cli, const cJSON *list)
{
	static const struct table_column columns[] = { { "ADDON", false }, { "STATE", false },
		{ "OBJECTS", true }, { "WHAT", false }, { .title = NULL } };
	struct table *table = table_new(columns);
	const cJSON *item;
	int result;

	if (!table)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	cJSON_ArrayForEach(item, list)
	{
		const char *state = json_text(item, "state"), *why = json_text(item, "reason");
		bool good = strcmp(state, "applied") == 0;
		bool plain = !json_is_true(item, "listed") && strcmp(state, "available") == 0;

		table_row(table);
		table_cell(table, json_text(item, "name"));
		table_cell_colored(table,
			good	? TABLE_GREEN
			: plain ? TABLE_PLAIN
				: TABLE_YELLOW,
			state);
		table_cellf(table, "%lld", (long long)json_integer(item, "objects"));
		table_cell(table, *why ? why : json_text(item, "about"));
	}
	result = table_print(table, cli->out, cli->width, cli->color);
	table_free(table);
	return result == 0 ? CLI_OK : cli_complain(cli, CLI_FAILED, "out of memory");
}

enum cli_exit addon_list_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "addon list",
		.text = "The add-ons of kubernetes.addons in their order, then those that are in "
			"the "
			"cluster\nand no longer listed, then those that could be. States:\n"
			"  applied      the cluster has it as it is here\n"
			"  drifted      somebody changed it in the cluster (addon diff)\n"
			"  missing, outdated, interrupted\n"
			"               Bramble applies it within a minute (addon apply: now)\n"
			"  unlisted     still in the cluster (addon remove)\n"
			"  available    not wanted\n"
			"  broken       its manifests can't be read\n",
	};
	char why[ADDON_WHY_SIZE];
	struct addon_world world;
	enum cli_exit code;
	cJSON *json, *array;
	bool asks;

	if (!addon_begin(cli, &syntax, argc, argv, &world, &code))
		return code;
	asks = world.settings.kubernetes_engine != ENGINE_NONE;
	code = asks ? addon_ask(cli, &world) : CLI_OK;
	json = cJSON_CreateObject();
	array = cJSON_AddArrayToObject(json, "addons");
	for (size_t i = 0; code == CLI_OK && i < world.n_listed; i++) {
		enum addon_state state = look(&world, world.listed[i], asks, why);

		add(array, &world, world.listed[i], state, why);
	}
	progress_break(&world.progress);
	if (code == CLI_OK) {
		add_unlisted(array, &world);
		add_available(array, &world);
	}
	if (code == CLI_OK && !cli->json)
		code = print_list(cli, array);
	if (code == CLI_OK && cli->json)
		cli_print_json(cli, json);
	else
		cJSON_Delete(json);
	addon_end(&world);
	return code;
}

static enum cli_exit show_diff(
	struct cli *cli, struct addon_world *world, const char *name, cJSON *array)
{
	struct failure failure = { .text = "" };
	enum cli_exit code = addon_read(cli, world, name);
	char *text;
	cJSON *item;

	if (code != CLI_OK)
		return code;
	progress_note(&world->progress, "looking at %s", name);
	if (addon_diff(&world->settings, world->manifest, &text, &failure) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", failure.text);
	progress_break(&world->progress);
	if (!cli->json)
		fputs(text, cli->out);
	item = cJSON_CreateObject();
	cJSON_AddStringToObject(item, "name", name);
	cJSON_AddBoolToObject(item, "differs", *text != '\0');
	cJSON_AddStringToObject(item, "diff", text);
	cJSON_AddItemToArray(array, item);
	free(text);
	return CLI_OK;
}

enum cli_exit addon_diff_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "addon diff [ADDON...]",
		.text = "What `addon apply` would change in the cluster, as diff(1) says it: lines "
			"with '-' are\nin the cluster now. Those of kubernetes.addons, or the "
			"named ones.\n",
		.max_words = ADDONS_LIMIT,
	};
	struct addon_world world;
	enum cli_exit code;
	cJSON *json, *array;

	if (!addon_begin(cli, &syntax, argc, argv, &world, &code))
		return code;
	code = addon_ask(cli, &world);
	addon_select(&world, argv);
	json = cJSON_CreateObject();
	array = cJSON_AddArrayToObject(json, "addons");
	for (size_t i = 0; code == CLI_OK && i < world.n_selected; i++)
		code = show_diff(cli, &world, world.selected[i], array);
	if (code == CLI_OK && cli->json)
		cli_print_json(cli, json);
	else
		cJSON_Delete(json);
	addon_end(&world);
	return code;
}
