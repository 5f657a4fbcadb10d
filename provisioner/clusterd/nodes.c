/* SPDX-License-Identifier: ISC */
#include "provisioner/clusterd/nodes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/clusterd/object.h"

#define GIVEN_LABELS "bramble/labels" /* annotations: what Bramble gave, with commas between */
#define GIVEN_TAINTS "bramble/taints"
#define GIVEN_CORDON "bramble/cordoned"
#define GIVEN_SIZE 4096
#define WORD_SIZE 512

static const char *get_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text ? text : "";
}

static const char *name_of(const cJSON *object)
{
	return get_text(cJSON_GetObjectItemCaseSensitive(object, "metadata"), "name");
}

const cJSON *nodes_find(const cJSON *list, const char *name)
{
	const cJSON *object;

	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(list, "items"))
	{
		if (strcmp(name_of(object), name) == 0)
			return object;
	}
	return NULL;
}

static void describe_ready(const cJSON *object, cJSON *out)
{
	const char *status = "", *message = "";
	const cJSON *condition;
	char reason[160];

	cJSON_ArrayForEach(condition, object_get(object, "status", "conditions"))
	{
		if (strcmp(get_text(condition, "type"), "Ready") != 0)
			continue;
		status = get_text(condition, "status");
		message = get_text(condition, "message");
	}
	cJSON_AddBoolToObject(out, "ready", strcmp(status, "True") == 0);
	str_copy_visible(reason, sizeof(reason), message, strlen(message));
	cJSON_AddStringToObject(out, "reason", strcmp(status, "True") == 0 ? "" : reason);
}

bool nodes_is_cordoned(const cJSON *object)
{
	return cJSON_IsTrue(object_get(object, "spec", "unschedulable"));
}

/* Somebody else's cordon isn't ours to take away. */
static bool is_ours(const cJSON *object)
{
	return *get_text(object_get(object, "metadata", "annotations"), GIVEN_CORDON) != '\0';
}

static cJSON *describe(const cJSON *object)
{
	cJSON *node = cJSON_CreateObject();

	cJSON_AddStringToObject(node, "name", name_of(object));
	cJSON_AddStringToObject(
		node, "uid", get_text(cJSON_GetObjectItemCaseSensitive(object, "metadata"), "uid"));
	cJSON_AddStringToObject(
		node, "boot_id", get_text(object_get(object, "status", "nodeInfo"), "bootID"));
	describe_ready(object, node);
	cJSON_AddStringToObject(node, "pod_cidr",
		get_text(cJSON_GetObjectItemCaseSensitive(object, "spec"), "podCIDR"));
	cJSON_AddStringToObject(node, "version",
		get_text(object_get(object, "status", "nodeInfo"), "kubeletVersion"));
	cJSON_AddBoolToObject(node, "cordoned", nodes_is_cordoned(object));
	cJSON_AddBoolToObject(node, "ours", is_ours(object));
	return node;
}

cJSON *nodes_describe(const cJSON *list, int first)
{
	const cJSON *object =
		cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(list, "items"), first);
	cJSON *json = cJSON_CreateObject(), *array = cJSON_AddArrayToObject(json, "nodes");

	for (int i = 0; object && i < NODES_CHUNK; i++, object = object->next)
		cJSON_AddItemToArray(array, describe(object));
	cJSON_AddBoolToObject(json, "more", object != NULL);
	return json;
}

/* Is `word` one of those with commas between? */
static bool is_listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, ",")) {
		p += *p == ',';
		if (strncmp(p, word, length) == 0 && (p[length] == ',' || p[length] == '\0'))
			return true;
	}
	return false;
}

static void append(char given[static GIVEN_SIZE], const char *word)
{
	size_t used = strlen(given);

	snprintf(given + used, GIVEN_SIZE - used, "%s%s", used ? "," : "", word);
}

/* "KEY=VALUE" */
static const char *split(const char *line, char key[static WORD_SIZE])
{
	size_t length = strcspn(line, "=");

	snprintf(key, WORD_SIZE, "%.*s", (int)length, line);
	return line[length] ? line + length + 1 : line + length;
}

/* What was given and isn't wanted any more becomes null. */
static bool drop_labels(const char *before, const char *given, const cJSON *present, cJSON *patch)
{
	bool changed = false;
	const cJSON *label;

	cJSON_ArrayForEach(label, present)
	{
		if (!is_listed(before, label->string) || is_listed(given, label->string))
			continue;
		cJSON_AddNullToObject(patch, label->string);
		changed = true;
	}
	return changed;
}

static bool patch_labels(
	const cJSON *object, const cJSON *wanted, cJSON *metadata, cJSON *annotations)
{
	const cJSON *present = object_get(object, "metadata", "labels"), *line;
	const char *before = get_text(object_get(object, "metadata", "annotations"), GIVEN_LABELS);
	cJSON *labels = cJSON_AddObjectToObject(metadata, "labels");
	char given[GIVEN_SIZE] = "", key[WORD_SIZE];
	bool changed = false;

	cJSON_ArrayForEach(line, cJSON_GetObjectItemCaseSensitive(wanted, "labels"))
	{
		const char *value = split(cJSON_GetStringValue(line), key);
		const char *old =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(present, key));

		append(given, key);
		if (old && strcmp(old, value) == 0)
			continue;
		cJSON_AddStringToObject(labels, key, value);
		changed = true;
	}
	changed |= drop_labels(before, given, present, labels);
	changed |= strcmp(before, given) != 0;
	cJSON_AddStringToObject(annotations, GIVEN_LABELS, given);
	return changed;
}

/* "KEY=VALUE:EFFECT", "KEY:EFFECT" */
static cJSON *make_taint(const char *line, char name[static WORD_SIZE])
{
	size_t length = strcspn(line, ":");
	cJSON *taint = cJSON_CreateObject();
	char front[WORD_SIZE], key[WORD_SIZE];
	const char *effect = line[length] ? line + length + 1 : "NoSchedule", *value;

	snprintf(front, sizeof(front), "%.*s", (int)length, line);
	value = split(front, key);
	cJSON_AddStringToObject(taint, "key", key);
	if (*value)
		cJSON_AddStringToObject(taint, "value", value);
	cJSON_AddStringToObject(taint, "effect", effect);
	snprintf(name, WORD_SIZE, "%.400s:%.100s", key, effect);
	return taint;
}

static cJSON *spec_of(cJSON *patch)
{
	cJSON *spec = cJSON_GetObjectItemCaseSensitive(patch, "spec");

	return spec ? spec : cJSON_AddObjectToObject(patch, "spec");
}

static bool patch_taints(const cJSON *object, const cJSON *wanted, cJSON *patch, cJSON *annotations)
{
	const cJSON *present = object_get(object, "spec", "taints"), *line, *taint;
	const char *before = get_text(object_get(object, "metadata", "annotations"), GIVEN_TAINTS);
	cJSON *taints = cJSON_CreateArray(), *none = cJSON_CreateArray();
	char given[GIVEN_SIZE] = "", name[WORD_SIZE];
	bool changed;

	cJSON_ArrayForEach(line, cJSON_GetObjectItemCaseSensitive(wanted, "taints"))
	{
		cJSON_AddItemToArray(taints, make_taint(cJSON_GetStringValue(line), name));
		append(given, name);
	}
	/* Others' stay, behind ours. */
	cJSON_ArrayForEach(taint, present)
	{
		snprintf(name, sizeof(name), "%.400s:%.100s", get_text(taint, "key"),
			get_text(taint, "effect"));
		if (!is_listed(before, name) && !is_listed(given, name))
			cJSON_AddItemToArray(taints, cJSON_Duplicate(taint, true));
	}
	changed = strcmp(before, given) != 0 ||
		  (*given && !cJSON_Compare(taints, present ? present : none, true));
	cJSON_Delete(none);
	cJSON_AddStringToObject(annotations, GIVEN_TAINTS, given);
	if (changed)
		cJSON_AddItemToObject(spec_of(patch), "taints", taints);
	else
		cJSON_Delete(taints);
	return changed;
}

static bool patch_cordon(const cJSON *object, const cJSON *wanted, cJSON *patch, cJSON *annotations)
{
	bool cordon = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(wanted, "cordon"));
	bool cordoned = nodes_is_cordoned(object), ours = is_ours(object);

	if (cordon && !cordoned) {
		cJSON_AddTrueToObject(spec_of(patch), "unschedulable");
		cJSON_AddStringToObject(annotations, GIVEN_CORDON, "true");
		return true;
	}
	if (cordon || !ours)
		return false;
	if (cordoned)
		cJSON_AddNullToObject(spec_of(patch), "unschedulable");
	cJSON_AddNullToObject(annotations, GIVEN_CORDON);
	return true;
}

cJSON *nodes_patch(const cJSON *object, const cJSON *wanted)
{
	cJSON *patch = cJSON_CreateObject();
	cJSON *metadata = cJSON_AddObjectToObject(patch, "metadata");
	cJSON *annotations = cJSON_AddObjectToObject(metadata, "annotations");
	bool changed;

	cJSON_AddStringToObject(metadata, "resourceVersion",
		get_text(cJSON_GetObjectItemCaseSensitive(object, "metadata"), "resourceVersion"));
	changed = patch_labels(object, wanted, metadata, annotations);
	changed |= patch_taints(object, wanted, patch, annotations);
	changed |= patch_cordon(object, wanted, patch, annotations);
	if (changed)
		return patch;
	cJSON_Delete(patch);
	return NULL;
}
