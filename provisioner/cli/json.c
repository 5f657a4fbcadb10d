/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/json.h"

const cJSON *json_member(const cJSON *object, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(member) ? NULL : member;
}

const char *json_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(json_member(object, name));

	return text ? text : "";
}

int64_t json_integer(const cJSON *object, const char *name)
{
	static const double limit = 9007199254740992.0; /* 2^53 */
	const cJSON *member = json_member(object, name);
	double value = cJSON_IsNumber(member) ? cJSON_GetNumberValue(member) : 0;

	return value >= -limit && value <= limit ? (int64_t)value : 0;
}

bool json_is_true(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(json_member(object, name));
}
