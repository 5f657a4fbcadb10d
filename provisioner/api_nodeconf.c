/* SPDX-License-Identifier: ISC */
/* What nodes are set to: shown with where it comes from, compared with bramble.conf as it is now,
 * applied. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/api_routes.h"
#include "provisioner/nodeconf/force.h"
#include "provisioner/reload.h"

/* Nobody reads a secret over the administrator's shoulder. */
static bool is_secret(enum item_kind kind, unsigned value)
{
	return (kind == ITEM_USER && value == 5) || (kind == ITEM_WIFI && value == 1);
}

static cJSON *item_json(const struct nodeconf_item *entry, const struct conf_places *places)
{
	const struct item_kind_traits *traits = item_traits(entry->item.kind);
	cJSON *json = cJSON_CreateObject(), *values;
	unsigned line = conf_places_line(places, entry->path), from = traits->named ? 1 : 0;

	cJSON_AddStringToObject(json, "kind", traits->word);
	cJSON_AddStringToObject(json, "name", traits->named ? entry->item.values[0] : "");
	values = cJSON_AddArrayToObject(json, "values");
	for (unsigned i = from; i < traits->values; i++) {
		const char *value = entry->item.values[i];

		cJSON_AddItemToArray(values,
			cJSON_CreateString(
				is_secret(entry->item.kind, i) && *value ? "(hidden)" : value));
	}
	cJSON_AddStringToObject(json, "level", nodeconf_level_name(entry->level));
	cJSON_AddStringToObject(json, "setting", entry->path);
	if (line > 0)
		cJSON_AddNumberToObject(json, "line", line);
	else
		cJSON_AddNullToObject(json, "line");
	return json;
}

void api_show_config(struct api_request *request)
{
	struct brambled *brambled = request->brambled;
	char reason[NODECONF_REASON_SIZE];
	struct conf_places *places;
	struct registry_node node;
	struct nodeconf *merged;
	cJSON *json, *items;
	int result;

	if (api_find_node(request, &node) != 0)
		return;
	result = nodeconf_of_node(brambled, &node, &merged, reason);
	if (result != 0) {
		api_fail(request->reply, 503, "%s: %s", node.name, reason);
		nodeconf_free(merged);
		return;
	}
	places = conf_places_new(nodeconf_text(brambled));
	json = request->reply->json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "node", node.name);
	cJSON_AddStringToObject(json, "role", node.role);
	cJSON_AddStringToObject(json, "file", brambled->config_path);
	cJSON_AddStringToObject(json, "state", nodeconf_state(brambled, &node));
	items = cJSON_AddArrayToObject(json, "items");
	for (int kind = 0; kind < ITEM_KINDS; kind++) {
		for (size_t i = 0; i < merged->n; i++) {
			if ((int)merged->items[i].item.kind == kind)
				cJSON_AddItemToArray(items, item_json(&merged->items[i], places));
		}
	}
	conf_places_free(places);
	nodeconf_free(merged);
}

/* What a change would do, node by node. */
struct comparison {
	struct api_request *request;
	const struct reload *fresh;
	struct conf_places *old_places, *places;
	cJSON *nodes;
	char reason[NODECONF_REASON_SIZE];
};

static void add_change(struct comparison *comparison, cJSON *changes, const char *what,
	const struct nodeconf_item *entry, const struct nodeconf_item *before)
{
	const struct item_kind_traits *traits = item_traits(entry->item.kind);
	bool removed = strcmp(what, "removed") == 0;
	cJSON *json = item_json(entry, removed ? comparison->old_places : comparison->places);

	cJSON_AddStringToObject(json, "change", what);
	cJSON_AddBoolToObject(json, "live", removed ? traits->remove_live : traits->set_live);
	if (before) {
		cJSON *old = item_json(before, comparison->old_places);

		cJSON_AddItemToObject(json, "before", cJSON_DetachItemFromObject(old, "values"));
		cJSON_Delete(old);
	}
	cJSON_AddItemToArray(changes, json);
}

static void compare(struct comparison *comparison, cJSON *changes, const struct nodeconf *old,
	const struct nodeconf *now)
{
	for (size_t i = 0; i < now->n; i++) {
		const struct nodeconf_item *before = nodeconf_find(old, &now->items[i].item);

		if (!before)
			add_change(comparison, changes, "added", &now->items[i], NULL);
		else if (!item_is_equal(&before->item, &now->items[i].item))
			add_change(comparison, changes, "changed", &now->items[i], before);
	}
	for (size_t i = 0; i < old->n; i++) {
		if (!nodeconf_find(now, &old->items[i].item))
			add_change(comparison, changes, "removed", &old->items[i], NULL);
	}
}

static int compare_node(void *argument, const struct registry_node *node)
{
	struct comparison *comparison = argument;
	struct brambled *brambled = comparison->request->brambled;
	struct nodeconf *old = NULL, *now = NULL;
	cJSON *json, *changes;
	int result = nodeconf_compare(brambled, node, &comparison->fresh->settings,
		comparison->fresh->sources, &old, &now, comparison->reason);

	changes = cJSON_CreateArray();
	if (result == 0)
		compare(comparison, changes, old, now);
	if (cJSON_GetArraySize(changes) > 0) {
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "node", node->name);
		cJSON_AddBoolToObject(json, "joined", node->joined);
		cJSON_AddItemToObject(json, "changes", changes);
		cJSON_AddItemToArray(comparison->nodes, json);
	} else {
		cJSON_Delete(changes);
	}
	nodeconf_free(old);
	nodeconf_free(now);
	return result;
}

/* Answers with every mistake when the file is wrong. */
static int read_fresh(struct api_request *request, struct reload **fresh)
{
	struct conf_report *report = calloc(1, sizeof(*report));
	int result;

	*fresh = NULL;
	if (!report) {
		api_fail(request->reply, 503, "out of memory");
		return -ENOMEM;
	}
	result = reload_read(request->brambled, fresh, report);
	if (result != 0)
		api_fail(request->reply, 400, "%s%s",
			report->count > 0 ? report->errors[0].text : strerror(-result),
			report->count > 1 ? "; `bramble config check` tells the other mistakes"
					  : "");
	free(report);
	return result;
}

/* {"file","restart","nodes"} of what `fresh` would change. */
static int answer_comparison(struct api_request *request, const struct reload *fresh)
{
	struct brambled *brambled = request->brambled;
	struct comparison comparison = { .request = request, .fresh = fresh };
	cJSON *json = request->reply->json = cJSON_CreateObject();
	int result;

	comparison.old_places = conf_places_new(nodeconf_text(brambled));
	comparison.places = conf_places_new(fresh->text);
	cJSON_AddStringToObject(json, "file", brambled->config_path);
	cJSON_AddBoolToObject(
		json, "restart", reload_needs_restart(&brambled->settings, &fresh->settings));
	comparison.nodes = cJSON_AddArrayToObject(json, "nodes");
	result = registry_each_node(brambled->registry, compare_node, &comparison);
	conf_places_free(comparison.old_places);
	conf_places_free(comparison.places);
	if (result != 0)
		api_fail(request->reply, 400, "%s",
			comparison.reason[0] ? comparison.reason : strerror(-result));
	return result;
}

void api_compare_config(struct api_request *request)
{
	struct reload *fresh;

	if (read_fresh(request, &fresh) == 0)
		(void)answer_comparison(request, fresh);
	reload_free(fresh);
}

void api_apply_config(struct api_request *request)
{
	struct brambled *brambled = request->brambled;
	struct reload *fresh;
	int result = read_fresh(request, &fresh);

	if (result == 0)
		result = answer_comparison(request, fresh);
	if (result == 0 && !request->dry_run) {
		reload_take_over(brambled, fresh);
		nodeconf_apply_again(brambled);
		if (brambled_commit(brambled) != 0)
			api_fail(request->reply, 503,
				"the registry can't be written now; try again");
	}
	reload_free(fresh);
}
