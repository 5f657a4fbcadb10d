/* SPDX-License-Identifier: ISC */
#include "provisioner/cli/json.h"

#include <errno.h>
#include <string.h>

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

/* Behind blanks and `expected`, or NULL where something else stands. */
static const char *skip(const char *at, const char *end, const char *expected)
{
	const size_t length = strlen(expected);

	while (at < end && strchr(" \t\r\n", *at))
		at++;
	return (size_t)(end - at) >= length && memcmp(at, expected, length) == 0 ? at + length
										 : NULL;
}

/* Behind {"NAME":[, or NULL. */
static const char *enter(const char *at, const char *end, const char *name)
{
	at = skip(at, end, "{");
	at = at ? skip(at, end, "\"") : NULL;
	at = at && (size_t)(end - at) > strlen(name) && memcmp(at, name, strlen(name)) == 0
		     ? at + strlen(name)
		     : NULL;
	at = at && *at == '"' ? skip(at + 1, end, ":") : NULL;
	return at ? skip(at, end, "[") : NULL;
}

int json_each_item(const char *text, size_t size, const char *name, json_each *each, void *argument)
{
	const char *const end = text + size;
	const char *at = enter(text, end, name), *behind;

	if (!at)
		return -EBADMSG;
	behind = skip(at, end, "]");
	while (!behind) {
		const char *begin = skip(at, end, "");
		cJSON *item = cJSON_ParseWithLengthOpts(begin, (size_t)(end - begin), &at, false);

		if (!item)
			return -EBADMSG;
		each(argument, item, begin, (size_t)(at - begin));
		cJSON_Delete(item);
		behind = skip(at, end, "]");
		at = skip(at, end, ",");
		if (!behind && !at)
			return -EBADMSG;
	}
	return skip(behind, end, "}") ? 0 : -EBADMSG;
}
