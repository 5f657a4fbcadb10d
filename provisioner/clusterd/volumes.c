/* SPDX-License-Identifier: ISC */
#include "provisioner/clusterd/volumes.h"

#include <stdio.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/clusterd/object.h"

#define WHY_SIZE 96
#define UID_LIMIT 63u

/* From 1.23 on the annotation has its second name. */
static bool waits_for_us(const cJSON *claim)
{
	static const char *const names[] = { "volume.kubernetes.io/storage-provisioner",
		"volume.beta.kubernetes.io/storage-provisioner" };
	const cJSON *annotations = object_get(claim, "metadata", "annotations");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *provisioner = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(annotations, names[i]));

		if (provisioner && strcmp(provisioner, VOLUMES_PROVISIONER) == 0)
			return true;
	}
	return false;
}

bool volumes_read_claim(const cJSON *claim, struct volume_claim *out, char *why)
{
	const char *mode = object_text(claim, "spec", "volumeMode");

	out->space = object_text(claim, "metadata", "namespace");
	out->name = object_text(claim, "metadata", "name");
	out->uid = object_text(claim, "metadata", "uid");
	why[0] = '\0';
	if (!waits_for_us(claim) || *object_text(claim, "spec", "volumeName") ||
		*object_text(claim, "metadata", "deletionTimestamp") ||
		!str_is_node_name(out->space) || !str_is_dns_name(out->name) ||
		!str_is_dns_name(out->uid) || strlen(out->uid) > UID_LIMIT)
		return false;
	if (*mode && strcmp(mode, "Filesystem") != 0)
		snprintf(why, WHY_SIZE, "the class makes directories, not block devices");
	else if (cJSON_IsObject(object_get(claim, "spec", "selector")))
		snprintf(why, WHY_SIZE, "the class makes volumes, and looks for none (selector)");
	return true;
}

static void copy(cJSON *to, const char *name, const cJSON *from)
{
	if (from)
		cJSON_AddItemToObject(to, name, cJSON_Duplicate(from, true));
}

static void add_claim(cJSON *spec, const cJSON *claim)
{
	cJSON *reference = cJSON_AddObjectToObject(spec, "claimRef");

	cJSON_AddStringToObject(reference, "apiVersion", "v1");
	cJSON_AddStringToObject(reference, "kind", "PersistentVolumeClaim");
	copy(reference, "namespace", object_get(claim, "metadata", "namespace"));
	copy(reference, "name", object_get(claim, "metadata", "name"));
	copy(reference, "uid", object_get(claim, "metadata", "uid"));
}

cJSON *volumes_make(const cJSON *claim, const char *path)
{
	cJSON *json = cJSON_CreateObject(), *metadata, *spec, *host;
	char name[80];

	snprintf(name, sizeof(name), "pvc-%.63s", object_text(claim, "metadata", "uid"));
	cJSON_AddStringToObject(json, "apiVersion", "v1");
	cJSON_AddStringToObject(json, "kind", "PersistentVolume");
	metadata = cJSON_AddObjectToObject(json, "metadata");
	cJSON_AddStringToObject(metadata, "name", name);
	cJSON_AddStringToObject(cJSON_AddObjectToObject(metadata, "annotations"),
		"pv.kubernetes.io/provisioned-by", VOLUMES_PROVISIONER);
	spec = cJSON_AddObjectToObject(json, "spec");
	copy(cJSON_AddObjectToObject(spec, "capacity"), "storage",
		object_get(object_get(claim, "spec", "resources"), "requests", "storage"));
	copy(spec, "accessModes", object_get(claim, "spec", "accessModes"));
	copy(spec, "storageClassName", object_get(claim, "spec", "storageClassName"));
	cJSON_AddStringToObject(spec, "persistentVolumeReclaimPolicy", "Retain");
	add_claim(spec, claim);
	host = cJSON_AddObjectToObject(spec, "hostPath");
	cJSON_AddStringToObject(host, "path", path);
	/* Not made where it is missing: there the share isn't mounted. */
	cJSON_AddStringToObject(host, "type", "Directory");
	return json;
}
