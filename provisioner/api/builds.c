/* SPDX-License-Identifier: ISC */
/* The administrator's door to builds of images. */
#include <errno.h>
#include <stdio.h>

#include "provisioner/api/routes.h"
#include "provisioner/builds.h"

static void describe(struct api_request *request, const char *begun_or_ended, bool value)
{
	request->reply->json = builds_describe(request->brambled, request->subject);
	if (!request->reply->json)
		api_fail(request->reply, 404, "image %.64s was not built lately", request->subject);
	else if (begun_or_ended)
		cJSON_AddBoolToObject(request->reply->json, begun_or_ended, value);
}

/* As a rehearsal answers. */
static void would(struct api_request *request, const char *what)
{
	cJSON *json = cJSON_CreateObject();
	char text[128];

	snprintf(text, sizeof(text), "%s of image %.64s", what, request->subject);
	cJSON_AddTrueToObject(json, "dry_run");
	cJSON_AddItemToArray(cJSON_AddArrayToObject(json, "would"), cJSON_CreateString(text));
	cJSON_AddNullToObject(json, "answer");
	request->reply->json = json;
}

void api_begin_build(struct api_request *request)
{
	char reason[BUILDS_REASON_SIZE];
	int result = builds_begin(request->brambled, request->subject, request->dry_run, reason);

	if (result != 0 && result != -EALREADY)
		api_fail(request->reply, api_status_of(result), "%s", reason);
	else if (request->dry_run)
		would(request, result == 0 ? "begin a build" : "go on with the build");
	else
		describe(request, "begun", result == 0);
}

void api_show_build(struct api_request *request)
{
	describe(request, NULL, false);
}

void api_cancel_build(struct api_request *request)
{
	char reason[BUILDS_REASON_SIZE];
	int result;

	if (request->dry_run && builds_is_running(request->brambled, request->subject)) {
		would(request, "end the build");
		return;
	}
	result = builds_cancel(request->brambled, request->subject, reason);
	if (result == 0)
		describe(request, "cancelling", true);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}
