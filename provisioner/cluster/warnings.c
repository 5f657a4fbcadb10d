/* SPDX-License-Identifier: ISC */
/* What bramble-upkeep wants a person to know. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "provisioner/cluster/run.h"
#include "provisioner/cluster/upkeep.h"

#define FILE_LIMIT 8192u

int cluster_each_warning(
	struct brambled *brambled, int (*each)(void *argument, const char *text), void *argument)
{
	char path[160], *text;
	unsigned n = 0;
	size_t size;
	cJSON *json;
	const cJSON *item;
	int result = 0;

	snprintf(path, sizeof(path), "%.107s/upkeep.json", brambled->settings.run);
	if (brambled->settings.kubernetes_engine == ENGINE_NONE ||
		file_read(path, FILE_LIMIT, &text, &size) != 0)
		return 0;
	json = cJSON_Parse(text);
	free(text);
	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "warnings"))
	{
		if (result != 0 || n++ == UPKEEP_WARNINGS)
			break;
		if (cJSON_IsString(item))
			result = each(argument, item->valuestring);
	}
	cJSON_Delete(json);
	return result;
}
