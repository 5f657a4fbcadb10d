/* SPDX-License-Identifier: ISC */
/* /v1/admission: who is let in besides nodes.join. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "provisioner/api/routes.h"
#include "provisioner/nodes/admission.h"

static int add_expected(void *argument, const struct registry_expected *expected)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "board", expected->board);
	if (expected->node[0])
		cJSON_AddStringToObject(json, "node", expected->node);
	else
		cJSON_AddNullToObject(json, "node");
	cJSON_AddStringToObject(json, "role", expected->role[0] ? expected->role : "node");
	cJSON_AddItemToArray(argument, json);
	return 0;
}

void api_show_admission(struct api_request *request)
{
	const struct admission_window window = admission_window(request->brambled);
	cJSON *json = request->reply->json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "join", api_join_name(request->brambled));
	if (window.until_ms)
		cJSON_AddNumberToObject(json, "open_until_ms", (double)window.until_ms);
	else
		cJSON_AddNullToObject(json, "open_until_ms");
	if (window.left)
		cJSON_AddNumberToObject(json, "left", (double)window.left);
	else
		cJSON_AddNullToObject(json, "left");
	api_conclude(request, registry_each_expected(request->brambled->registry, add_expected,
				      cJSON_AddArrayToObject(json, "expected")));
}

/* A whole number of the body; `fallback` when absent, -1 when it is something else. */
static int64_t body_number(const struct api_request *request, const char *name, int64_t fallback)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(request->body, name);
	double value = item ? item->valuedouble : 0;

	if (!item)
		return fallback;
	if (!cJSON_IsNumber(item) || value < 0 || value > 1e12 || value != (double)(int64_t)value)
		return -1;
	return (int64_t)value;
}

void api_open_admission(struct api_request *request)
{
	int64_t for_s = body_number(request, "for_s", -1), count = body_number(request, "count", 0);
	char reason[ADMISSION_REASON_SIZE] = "";
	int result;

	if (for_s < 1 || for_s > ADMISSION_LONGEST_MS / 1000 || count < 0 ||
		count > ADMISSION_MOST) {
		api_fail(request->reply, 400,
			"say for how long: {\"for_s\": 1 to %lld, \"count\": boards at most}",
			ADMISSION_LONGEST_MS / 1000);
		return;
	}
	result = admission_open(request->brambled, for_s * 1000, count, reason);
	if (result == 0)
		api_show_admission(request);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

void api_close_admission(struct api_request *request)
{
	char reason[ADMISSION_REASON_SIZE] = "";
	int result = admission_close(request->brambled, reason);

	if (result == 0)
		api_show_admission(request);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

/* A text of an entry into out; false when it is no text or too long. */
static bool take_text(const cJSON *entry, const char *name, char *out, size_t size)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, name);

	out[0] = '\0';
	if (!item || cJSON_IsNull(item))
		return true;
	return cJSON_IsString(item) && str_copy(out, size, item->valuestring);
}

static struct registry_expected *read_list(const cJSON *array, size_t *n)
{
	const int length = cJSON_GetArraySize(array);
	struct registry_expected *list = calloc((size_t)length + 1, sizeof(*list));
	const cJSON *entry;

	*n = 0;
	cJSON_ArrayForEach(entry, array)
	{
		struct registry_expected *to = list ? &list[*n] : NULL;

		++*n;
		if (to && take_text(entry, "board", to->board, sizeof(to->board)) &&
			take_text(entry, "node", to->node, sizeof(to->node)) &&
			take_text(entry, "role", to->role, sizeof(to->role)))
			continue;
		free(list);
		return NULL;
	}
	return list;
}

void api_expect_boards(struct api_request *request)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(request->body, "expected");
	char reason[ADMISSION_REASON_SIZE] = "";
	struct registry_expected *list = NULL;
	size_t n = 0;
	int result;

	if (cJSON_IsArray(array))
		list = read_list(array, &n);
	if (!list) {
		api_fail(request->reply, 400,
			"say which: {\"expected\": [{\"board\": \"SERIAL or MAC\", \"node\": "
			"\"NAME\", \"role\": \"ROLE\"}]}%s",
			n ? "; an entry has something else" : "");
		return;
	}
	result = admission_expect(request->brambled, list, n, reason);
	free(list);
	if (result == 0)
		api_show_admission(request);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

void api_unexpect_board(struct api_request *request)
{
	char reason[ADMISSION_REASON_SIZE] = "";
	int result = admission_forget(request->brambled, request->subject, reason);

	if (result == 0)
		request->reply->json = cJSON_CreateObject();
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}
