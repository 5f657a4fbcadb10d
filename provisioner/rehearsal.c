/* SPDX-License-Identifier: ISC */
#include "provisioner/rehearsal.h"

#include <stdarg.h>
#include <stdio.h>

static cJSON *make_answer(cJSON *answer, cJSON **would)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddTrueToObject(json, "dry_run");
	*would = cJSON_AddArrayToObject(json, "would");
	cJSON_AddItemToObject(json, "answer", answer);
	return json;
}

void rehearsal_run(struct api_request *request, void (*change)(struct api_request *request))
{
	struct brambled *brambled = request->brambled;
	const bool publish_due = brambled->publish_due;
	const int64_t until_ms = brambled->admit_until_ms, left = brambled->admit_left;
	struct api_reply *reply = request->reply;
	cJSON *would;

	/* Undoing it undoes nothing else. */
	if (brambled_settle(brambled) != 0) {
		api_fail(reply, 503, "%s", brambled->registry_warning);
		return;
	}
	brambled->rehearsing = true;
	change(request);
	if (reply->status == 200) {
		reply->json = make_answer(reply->json, &would);
		for (size_t i = 0; i < brambled->n_unlogged; i++)
			cJSON_AddItemToArray(would, cJSON_CreateString(brambled->unlogged[i].text));
	}
	brambled_rollback(brambled);
	brambled->rehearsing = false;
	brambled->publish_due = publish_due;
	brambled->admit_until_ms = until_ms;
	brambled->admit_left = left;
}

void rehearsal_tell(struct api_request *request, const char *format, ...)
{
	char text[512];
	va_list arguments;
	cJSON *would;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	request->reply->json = make_answer(cJSON_CreateNull(), &would);
	cJSON_AddItemToArray(would, cJSON_CreateString(text));
}
