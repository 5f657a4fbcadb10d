/* SPDX-License-Identifier: ISC */
#include "provisioner/addons/inventory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"

#define FIELDS 4

void addon_inventory_free(struct addon_inventory *inventory)
{
	free(inventory->objects);
	memset(inventory, 0, sizeof(*inventory));
}

static void add_object(cJSON *array, const struct addon_object *object)
{
	const char *const fields[FIELDS] = { object->api, object->kind, object->space,
		object->name };

	cJSON_AddItemToArray(array, cJSON_CreateStringArray(fields, FIELDS));
}

static bool is_among(
	const struct addon_object *objects, size_t n, const struct addon_object *object)
{
	for (size_t i = 0; i < n; i++) {
		if (addon_object_is(&objects[i], object))
			return true;
	}
	return false;
}

cJSON *addon_inventory_format(const char *name, const char *hash,
	const struct addon_object *objects, size_t n, const struct addon_inventory *more)
{
	cJSON *json = cJSON_CreateObject(), *metadata, *data, *array = cJSON_CreateArray();
	char full[ADDON_NAME_SIZE + 16], *text;

	snprintf(full, sizeof(full), "bramble-addon-%s", name);
	/* First what is no longer wanted: it may stand on nothing, but nothing stands on it. */
	for (size_t i = 0; more && i < more->n_objects; i++) {
		if (!is_among(objects, n, &more->objects[i]))
			add_object(array, &more->objects[i]);
	}
	for (size_t i = 0; i < n; i++)
		add_object(array, &objects[i]);
	cJSON_AddStringToObject(json, "apiVersion", "v1");
	cJSON_AddStringToObject(json, "kind", "ConfigMap");
	metadata = cJSON_AddObjectToObject(json, "metadata");
	cJSON_AddStringToObject(metadata, "name", full);
	cJSON_AddStringToObject(metadata, "namespace", INVENTORY_SPACE);
	cJSON_AddStringToObject(
		cJSON_AddObjectToObject(metadata, "labels"), INVENTORY_LABEL, INVENTORY_KIND);
	data = cJSON_AddObjectToObject(json, "data");
	cJSON_AddStringToObject(data, "name", name);
	cJSON_AddStringToObject(data, "hash", hash);
	text = cJSON_PrintUnformatted(array);
	cJSON_Delete(array);
	if (!text || !cJSON_AddStringToObject(data, "objects", text)) {
		cJSON_Delete(json);
		json = NULL;
	}
	cJSON_free(text);
	return json;
}

static bool take_field(const cJSON *item, int index, bool may_be_empty, char *out, size_t size)
{
	const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(item, index));

	if (!text || (!*text && !may_be_empty) || !str_copy(out, size, text))
		return false;
	for (const char *p = text; *p; p++) {
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return false;
	}
	return true;
}

static bool take_object(const cJSON *item, struct addon_object *object)
{
	return cJSON_GetArraySize(item) == FIELDS &&
	       take_field(item, 0, false, object->api, sizeof(object->api)) &&
	       take_field(item, 1, false, object->kind, sizeof(object->kind)) &&
	       take_field(item, 2, true, object->space, sizeof(object->space)) &&
	       take_field(item, 3, false, object->name, sizeof(object->name));
}

/* At most twice as many as a manifest has: those of two of them. */
static int take_objects(const cJSON *array, struct addon_inventory *inventory)
{
	int n = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : -1;
	const cJSON *item;

	if (n < 0 || (unsigned)n > 2 * ADDON_OBJECTS)
		return -EBADMSG;
	inventory->objects = calloc((size_t)n + 1, sizeof(inventory->objects[0]));
	if (!inventory->objects)
		return -ENOMEM;
	cJSON_ArrayForEach(item, array)
	{
		if (!take_object(item, &inventory->objects[inventory->n_objects]))
			return -EBADMSG;
		inventory->n_objects++;
	}
	return 0;
}

int addon_inventory_parse(const cJSON *object, struct addon_inventory *inventory)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(object, "data");
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "name"));
	const char *hash = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "hash"));
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "objects"));
	cJSON *array = text ? cJSON_Parse(text) : NULL;
	int result = -EBADMSG;

	memset(inventory, 0, sizeof(*inventory));
	if (name && str_is_node_name(name) && hash && (!*hash || str_is_hash(hash, strlen(hash))) &&
		str_copy(inventory->name, sizeof(inventory->name), name) &&
		str_copy(inventory->hash, sizeof(inventory->hash), hash))
		result = take_objects(array, inventory);
	cJSON_Delete(array);
	if (result != 0)
		addon_inventory_free(inventory);
	return result;
}

cJSON *addon_inventory_rest(
	const struct addon_inventory *inventory, const struct addon_manifest *manifest)
{
	cJSON *list = NULL, *items = NULL;

	for (size_t i = inventory->n_objects; i > 0; i--) {
		const struct addon_object *object = &inventory->objects[i - 1];
		cJSON *json, *metadata;

		if (manifest && is_among(manifest->objects, manifest->n_objects, object))
			continue;
		if (!list) {
			list = cJSON_CreateObject();
			cJSON_AddStringToObject(list, "apiVersion", "v1");
			cJSON_AddStringToObject(list, "kind", "List");
			items = cJSON_AddArrayToObject(list, "items");
		}
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "apiVersion", object->api);
		cJSON_AddStringToObject(json, "kind", object->kind);
		metadata = cJSON_AddObjectToObject(json, "metadata");
		cJSON_AddStringToObject(metadata, "name", object->name);
		if (object->space[0])
			cJSON_AddStringToObject(metadata, "namespace", object->space);
		cJSON_AddItemToArray(items, json);
	}
	return list;
}
