/* SPDX-License-Identifier: ISC */
/* Nodes that leave: for a reboot, or for good. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "provisioner/clusterd/drain.h"
#include "provisioner/clusterd/nodes.h"
#include "provisioner/clusterd/work.h"

#define EVICTIONS_AT_ONCE 32u /* of one node; the others with the next round */
#define TEXT_SIZE 160

static const char *name_of(const cJSON *json, const char *member)
{
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, member));

	return name && str_is_node_name(name) ? name : NULL;
}

/* Which kind of eviction it takes. */
static int find_minor(struct work *work)
{
	cJSON *version;

	if (work->minor == 0 && work_call(work, KUBE_GET, "/version", NULL, &version) == 0) {
		work->minor = drain_parse_minor(version);
		cJSON_Delete(version);
	}
	return work->minor;
}

static const char *text_of(const cJSON *pod, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(pod, "metadata"), name));

	return text ? text : "";
}

/* The API server refuses what a PodDisruptionBudget doesn't allow now (429): it is asked again. */
static int evict(struct work *work, const cJSON *pod, char error[static KUBE_ERROR_SIZE])
{
	cJSON *eviction = drain_eviction(pod, find_minor(work));
	char path[DRAIN_PATH_SIZE];
	int result = drain_format_path(pod, path);

	error[0] = '\0';
	if (result == 0)
		result = kube_call(work->kube, KUBE_POST, path, eviction, NULL, error);
	cJSON_Delete(eviction);
	return result == -ENOENT ? 0 : result;
}

/* Returns how many are still there, with the first of them, or what is in its way, in `text`. */
static unsigned evict_all(struct work *work, const cJSON *pods, char text[static TEXT_SIZE])
{
	unsigned left = 0, evicted = 0;
	bool hindered = false;
	const cJSON *pod;

	cJSON_ArrayForEach(pod, cJSON_GetObjectItemCaseSensitive(pods, "items"))
	{
		enum drain_fate fate = drain_judge(pod);
		char error[KUBE_ERROR_SIZE] = "";
		int result = 0;

		if (fate == DRAIN_STAYS)
			continue;
		if (fate == DRAIN_GOES && evicted++ < EVICTIONS_AT_ONCE)
			result = evict(work, pod, error);
		if (left++ == 0 || (result != 0 && !hindered))
			snprintf(text, TEXT_SIZE, "pod %.40s/%.60s%s", text_of(pod, "namespace"),
				text_of(pod, "name"),
				result == 0 ? " ends"
				: result == -EBUSY
					? " stays: its PodDisruptionBudget allows no disruption"
					: " can't be evicted");
		hindered = hindered || result != 0;
		if (result != 0 && result != -EBUSY)
			log_warning("an eviction: %s", error);
	}
	return left;
}

static void drain(struct work *work, const char *name)
{
	char path[192], text[TEXT_SIZE] = "";
	cJSON *pods, *report;

	snprintf(path, sizeof(path), "/api/v1/pods?fieldSelector=spec.nodeName%%3D%.63s", name);
	if (work_call(work, KUBE_GET, path, NULL, &pods) != 0)
		return;
	report = cJSON_CreateObject();
	cJSON_AddStringToObject(report, "node", name);
	cJSON_AddNumberToObject(report, "left", evict_all(work, pods, text));
	cJSON_AddStringToObject(report, "text", text);
	cJSON_Delete(work_ask(work, IPC_POST, "/v1/cluster/drains", report));
	cJSON_Delete(report);
	cJSON_Delete(pods);
}

/* Only when nothing new comes: what is evicted would come back. */
void work_drain_nodes(struct work *work, const cJSON *orders, const cJSON *list)
{
	const cJSON *wanted, *object;

	cJSON_ArrayForEach(wanted, cJSON_GetObjectItemCaseSensitive(orders, "nodes"))
	{
		const char *name = name_of(wanted, "name");

		if (!name || !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(wanted, "drain")))
			continue;
		object = nodes_find(list, name);
		if (object && nodes_is_cordoned(object))
			drain(work, name);
	}
}

/* Whoever still has its credentials may bring its Node back: that goes as well. */
void work_delete_nodes(struct work *work, const cJSON *orders, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(orders, "forgotten"))
	{
		const char *name = name_of(item, "name");
		char path[128];

		if (!name || !nodes_find(list, name))
			continue;
		snprintf(path, sizeof(path), "/api/v1/nodes/%.63s", name);
		if (work_call(work, KUBE_DELETE, path, NULL, NULL) == 0)
			log_notice("%s was forgotten: its Node is deleted", name);
	}
}
