/* SPDX-License-Identifier: ISC */
/* Volumes for claims that wait for them. */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "provisioner/clusterd/volumes.h"
#include "provisioner/clusterd/work.h"

#define CLAIMS "/api/v1/persistentvolumeclaims"
#define VOLUMES "/api/v1/persistentvolumes"
#define WHY_SIZE 96

/* brambled makes the directory: the share isn't ours to write. The path on nodes, or NULL. */
static const char *ask_directory(
	struct work *work, const struct volume_claim *claim, cJSON **answer)
{
	cJSON *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "namespace", claim->space);
	cJSON_AddStringToObject(body, "name", claim->name);
	*answer = work_ask(work, IPC_POST, "/v1/cluster/volumes", body);
	cJSON_Delete(body);
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(*answer, "path"));
}

/* The directory first: a volume that is interrupted is made at the next round. */
static void make(struct work *work, const cJSON *object, const struct volume_claim *claim)
{
	char error[KUBE_ERROR_SIZE];
	cJSON *answer, *volume;
	const char *path = ask_directory(work, claim, &answer);
	int result;

	if (path) {
		volume = volumes_make(object, path);
		result = kube_call(work->kube, KUBE_POST, VOLUMES, volume, NULL, error);
		cJSON_Delete(volume);
		if (result == 0)
			log_notice("claim %.63s/%.200s has the volume %.400s", claim->space,
				claim->name, path);
		else if (result != -EEXIST) /* made, and not bound yet */
			log_warning("claim %.63s/%.200s: %s", claim->space, claim->name, error);
	}
	cJSON_Delete(answer);
}

/* Said once, while it is the same claim that is refused last. */
static void refuse(struct work *work, const struct volume_claim *claim, const char *why)
{
	if (strcmp(work->refused, claim->uid) == 0)
		return;
	(void)str_copy(work->refused, sizeof(work->refused), claim->uid);
	log_warning("claim %.63s/%.200s gets no volume: %s", claim->space, claim->name, why);
}

void work_make_volumes(struct work *work)
{
	char why[WHY_SIZE];
	struct volume_claim claim;
	const cJSON *object;
	cJSON *list;

	if (work_call(work, KUBE_GET, CLAIMS, NULL, &list) != 0)
		return;
	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(list, "items"))
	{
		if (!volumes_read_claim(object, &claim, why))
			continue;
		if (*why)
			refuse(work, &claim, why);
		else
			make(work, object, &claim);
	}
	cJSON_Delete(list);
}
