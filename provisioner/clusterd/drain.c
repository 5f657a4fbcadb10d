/* SPDX-License-Identifier: ISC */
#include "provisioner/clusterd/drain.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/clusterd/object.h"

#define EVICTION_V1 22 /* the first minor version that has it */

/* The kind of what would make it anew, or "". */
static const char *find_controller(const cJSON *pod)
{
	const cJSON *owner;

	cJSON_ArrayForEach(owner, object_get(pod, "metadata", "ownerReferences"))
	{
		const char *kind =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(owner, "kind"));

		if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(owner, "controller")) && kind)
			return kind;
	}
	return "";
}

enum drain_fate drain_judge(const cJSON *pod)
{
	const char *phase = object_text(pod, "status", "phase"), *controller = find_controller(pod);
	const cJSON *annotations = object_get(pod, "metadata", "annotations");

	if (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0 ||
		cJSON_HasObjectItem(annotations, "kubernetes.io/config.mirror") ||
		*controller == '\0' || strcmp(controller, "DaemonSet") == 0)
		return DRAIN_STAYS;
	return *object_text(pod, "metadata", "deletionTimestamp") ? DRAIN_GOING : DRAIN_GOES;
}

int drain_format_path(const cJSON *pod, char out[static DRAIN_PATH_SIZE])
{
	const char *namespace = object_text(pod, "metadata", "namespace");
	const char *name = object_text(pod, "metadata", "name");

	if (!str_is_dns_name(namespace) || !str_is_dns_name(name))
		return -EBADMSG;
	snprintf(out, DRAIN_PATH_SIZE, "/api/v1/namespaces/%s/pods/%s/eviction", namespace, name);
	return 0;
}

cJSON *drain_eviction(const cJSON *pod, int minor)
{
	cJSON *json = cJSON_CreateObject(), *metadata;

	cJSON_AddStringToObject(
		json, "apiVersion", minor >= EVICTION_V1 ? "policy/v1" : "policy/v1beta1");
	cJSON_AddStringToObject(json, "kind", "Eviction");
	metadata = cJSON_AddObjectToObject(json, "metadata");
	cJSON_AddStringToObject(metadata, "name", object_text(pod, "metadata", "name"));
	cJSON_AddStringToObject(metadata, "namespace", object_text(pod, "metadata", "namespace"));
	return json;
}

int drain_parse_minor(const cJSON *version)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(version, "minor"));
	long minor = text && isdigit((unsigned char)*text) ? strtol(text, NULL, 10) : 0;

	return minor > 0 && minor < 1000 ? (int)minor : 0;
}
