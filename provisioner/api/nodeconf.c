/* SPDX-License-Identifier: ISC */
/* What nodes are set to: shown with where it comes from, compared with bramble.conf as it is now,
 * applied. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/api/routes.h"
#include "provisioner/json_text.h"
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

/* What a change would do, node by node. Most nodes change as the one before them does. */
struct comparison {
	struct api_request *request;
	const struct reload *fresh;
	struct nodeconf_inputs *inputs; /* of `fresh` */
	struct conf_places *old_places, *places;
	struct json_text json;
	struct nodeconf_difference difference;
	char *changes; /* that it makes; NULL = none was looked at yet, "" = none */
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

/* Into comparison->changes. */
static int find_changes(struct comparison *comparison, const struct registry_node *node)
{
	struct nodeconf *old = NULL, *now = NULL;
	cJSON *changes = cJSON_CreateArray();
	int result =
		nodeconf_compare(comparison->request->brambled, node, &comparison->fresh->settings,
			comparison->fresh->sources, &old, &now, comparison->reason);

	free(comparison->changes);
	comparison->changes = NULL;
	if (result == 0) {
		compare(comparison, changes, old, now);
		comparison->changes = cJSON_GetArraySize(changes) > 0
					      ? cJSON_PrintUnformatted(changes)
					      : strdup("");
		result = comparison->changes ? 0 : -ENOMEM;
	}
	cJSON_Delete(changes);
	nodeconf_free(old);
	nodeconf_free(now);
	return result;
}

static int compare_node(void *argument, const struct registry_node *node)
{
	struct comparison *comparison = argument;
	struct nodeconf_difference difference;
	int result = nodeconf_may_differ(
		comparison->request->brambled, node, comparison->inputs, &difference);

	if (result <= 0)
		return result;
	result = 0;
	if (!comparison->changes ||
		memcmp(&difference, &comparison->difference, sizeof(difference)) != 0)
		result = find_changes(comparison, node);
	comparison->difference = difference;
	if (result != 0 || !*comparison->changes)
		return result;
	json_text_begin(&comparison->json, NULL, '{');
	json_text_string(&comparison->json, "node", node->name);
	json_text_bool(&comparison->json, "joined", node->joined);
	json_text_raw(&comparison->json, "changes", comparison->changes);
	json_text_end(&comparison->json, '}');
	return 0;
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
static void write_comparison(struct comparison *comparison, int *result)
{
	struct brambled *brambled = comparison->request->brambled;
	struct json_text *json = &comparison->json;

	json_text_begin(json, NULL, '{');
	json_text_string(json, "file", brambled->config_path);
	json_text_bool(json, "restart",
		reload_needs_restart(&brambled->settings, &comparison->fresh->settings));
	json_text_begin(json, "nodes", '[');
	*result = registry_each_node(brambled->registry, compare_node, comparison);
	json_text_end(json, ']');
	json_text_end(json, '}');
}

static int answer_comparison(struct api_request *request, const struct reload *fresh)
{
	struct comparison comparison = { .request = request, .fresh = fresh };
	int result = -ENOMEM;
	char *text;

	comparison.old_places = conf_places_new(nodeconf_text(request->brambled));
	comparison.places = conf_places_new(fresh->text);
	comparison.inputs = nodeconf_inputs_new(&fresh->settings, fresh->sources);
	if (comparison.inputs)
		write_comparison(&comparison, &result);
	text = json_text_take(&comparison.json);
	if (result == 0 && !text)
		result = -ENOMEM;
	nodeconf_inputs_free(comparison.inputs);
	conf_places_free(comparison.old_places);
	conf_places_free(comparison.places);
	free(comparison.changes);
	if (result == 0) {
		request->reply->text = text;
		return 0;
	}
	free(text);
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
