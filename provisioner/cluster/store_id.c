/* SPDX-License-Identifier: ISC */
/* How a store is known. Pure. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "provisioner/cluster/store.h"

#define OBJECT_SIZE 8192u

bool store_is_id(const char *text)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		unsigned char c = (unsigned char)text[i];

		if (shape[i] == '-' ? c != '-' : !isxdigit(c) || isupper(c))
			return false;
	}
	return text[sizeof(shape) - 1] == '\0';
}

/* Field 5, with a length of 36. */
static const unsigned char uid_mark[] = { 0x2a, STORE_ID_SIZE - 1 };

static int find_id(const unsigned char *object, size_t size, char id[static STORE_ID_SIZE])
{
	static const size_t length = sizeof(uid_mark) + STORE_ID_SIZE - 1;

	for (size_t i = 0; i + length <= size; i++) {
		if (memcmp(object + i, uid_mark, sizeof(uid_mark)) != 0)
			continue;
		memcpy(id, object + i + sizeof(uid_mark), STORE_ID_SIZE - 1);
		id[STORE_ID_SIZE - 1] = '\0';
		if (store_is_id(id))
			return 0;
	}
	id[0] = '\0';
	return -EBADMSG;
}

int store_parse_id(const char *answer, char id[static STORE_ID_SIZE])
{
	cJSON *json = cJSON_Parse(answer);
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(json, "kvs");
	const char *value = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(found, 0), "value"));
	unsigned char object[OBJECT_SIZE];
	size_t size = 0;
	const bool whole = cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(json, "header"));
	int result = -EBADMSG;

	id[0] = '\0';
	if (whole && !found)
		result = -ENOENT;
	else if (whole && value &&
		 sodium_base642bin(object, sizeof(object), value, strlen(value), NULL, &size, NULL,
			 sodium_base64_VARIANT_ORIGINAL) == 0)
		result = find_id(object, size, id);
	cJSON_Delete(json);
	return result;
}
