/* SPDX-License-Identifier: ISC */
#include "provisioner/api/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_WAIT_S 25

void api_fail(struct api_reply *reply, int status, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	cJSON_Delete(reply->json);
	free(reply->text);
	reply->text = NULL;
	reply->is_plain = false;
	reply->status = status;
	reply->json = cJSON_CreateObject();
	cJSON_AddStringToObject(reply->json, "error", text);
}

#define PART_SIZE 3072 /* the agent takes answers of 8 kB, and each byte may be escaped */

void api_add_part(cJSON *json, const cJSON *body, const char *text, const char *hash)
{
	const cJSON *offset = cJSON_GetObjectItemCaseSensitive(body, "offset");
	size_t size = strlen(text), from, length;
	char part[PART_SIZE + 1];

	from = cJSON_IsNumber(offset) && offset->valuedouble > 0 &&
			       offset->valuedouble < (double)size
		       ? (size_t)offset->valuedouble
		       : 0;
	length = size - from < PART_SIZE ? size - from : PART_SIZE;
	/* Not in the midst of a character of UTF-8. */
	while (from + length < size && ((unsigned char)text[from + length] & 0xc0) == 0x80)
		length--;
	memcpy(part, text + from, length);
	part[length] = '\0';
	cJSON_AddStringToObject(json, "hash", hash);
	cJSON_AddNumberToObject(json, "size", (double)size);
	cJSON_AddNumberToObject(json, "offset", (double)from);
	cJSON_AddStringToObject(json, "text", part);
}

char *api_take_text(struct api_reply *reply)
{
	char *text = reply->text;

	if (!text && reply->json)
		text = cJSON_PrintUnformatted(reply->json);
	cJSON_Delete(reply->json);
	reply->json = NULL;
	reply->text = NULL;
	return text;
}

bool api_query(const struct api_call *call, const char *name, char *out, size_t size)
{
	size_t length = strlen(name);

	for (const char *p = call->query; p && *p; p = strchr(p, '&')) {
		size_t n;

		if (*p == '&')
			p++;
		if (strncmp(p, name, length) != 0 || p[length] != '=')
			continue;
		p += length + 1;
		n = strcspn(p, "&");
		if (n >= size)
			return false;
		memcpy(out, p, n);
		out[n] = '\0';
		return true;
	}
	return false;
}

int64_t api_query_number(
	const struct api_call *call, const char *name, int64_t max, int64_t fallback)
{
	char text[24];
	uint64_t value;

	if (!api_query(call, name, text, sizeof(text)) ||
		str_parse_u64(text, 0, (uint64_t)max, &value) != 0)
		return fallback;
	return (int64_t)value;
}

int64_t api_wait_seconds(const struct api_call *call, int64_t *after)
{
	if (call->method != IPC_GET || strcmp(call->path, "/v1/events") != 0)
		return 0;
	*after = api_query_number(call, "after", INT64_MAX, -1);
	return *after < 0 ? 0 : api_query_number(call, "wait", LONGEST_WAIT_S, 0);
}

void api_answer(struct brambled *brambled, const struct api_call *call, struct api_reply *reply)
{
	*reply = (struct api_reply){ .status = 200 };
	if (call->cluster) {
		if (!api_cluster_call(brambled, call, reply))
			api_fail(reply, 403, "bramble-clusterd has no such call");
		return;
	}
	if (api_node_call(brambled, call, reply))
		return;
	if (!call->admin) {
		api_fail(reply, 403,
			"this call is the administrator's: use the bramble command on the router");
		return;
	}
	/* Only what is durable is told. */
	(void)brambled_settle(brambled);
	if (!api_admin_call(brambled, call, reply))
		api_fail(reply, 404, "there is no such call: see docs/api.md");
}
