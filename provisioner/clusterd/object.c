/* SPDX-License-Identifier: ISC */
#include "provisioner/clusterd/object.h"

const cJSON *object_get(const cJSON *object, const char *first, const char *second)
{
	return cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(object, first), second);
}

const char *object_text(const cJSON *object, const char *first, const char *second)
{
	const char *text = cJSON_GetStringValue(object_get(object, first, second));

	return text ? text : "";
}
