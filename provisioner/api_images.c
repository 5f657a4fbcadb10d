/* SPDX-License-Identifier: ISC */
/* The administrator's door to images. */
#include <errno.h>
#include <stdlib.h>

#include "provisioner/api_routes.h"
#include "provisioner/images.h"

static int add_image(void *argument, const struct registry_image *image)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", image->name);
	cJSON_AddStringToObject(json, "current", image->current);
	if (image->previous[0])
		cJSON_AddStringToObject(json, "previous", image->previous);
	else
		cJSON_AddNullToObject(json, "previous");
	cJSON_AddItemToArray(argument, json);
	return 0;
}

void api_list_images(struct api_request *request)
{
	cJSON *array;

	request->reply->json = cJSON_CreateObject();
	array = cJSON_AddArrayToObject(request->reply->json, "images");
	api_conclude(request, registry_each_image(request->brambled->registry, add_image, array));
}

void api_use_image(struct api_request *request)
{
	char reason[IMAGES_REASON_SIZE] = "say which: {\"name\": …, \"hash\": …}";
	const char *name = cJSON_GetStringValue(
			   cJSON_GetObjectItemCaseSensitive(request->body, "name")),
		   *hash = cJSON_GetStringValue(
			   cJSON_GetObjectItemCaseSensitive(request->body, "hash"));
	int result = name && hash ? images_use(request->brambled, name, hash, reason) : -EINVAL;

	if (result == 0)
		api_list_images(request);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

void api_roll_back_image(struct api_request *request)
{
	char reason[IMAGES_REASON_SIZE] = "";
	int result = images_roll_back(request->brambled, request->subject, reason);

	if (result == 0)
		api_list_images(request);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

static void describe(cJSON *json, const struct images_kept *kept)
{
	cJSON *removed = cJSON_AddArrayToObject(json, "removed"),
	      *rest = cJSON_AddArrayToObject(json, "kept");

	for (size_t i = 0; i < kept->count; i++) {
		const struct images_version *version = &kept->versions[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "hash", version->hash);
		cJSON_AddNumberToObject(item, "bytes", (double)version->bytes);
		if (version->why[0])
			cJSON_AddStringToObject(item, "why", version->why);
		cJSON_AddItemToArray(version->why[0] ? rest : removed, item);
	}
}

void api_sweep_image(struct api_request *request)
{
	const bool dry_run = request->dry_run;
	struct images_kept *kept = malloc(sizeof(*kept));
	char reason[IMAGES_REASON_SIZE] = "out of memory";
	int result = kept ? images_gc(request->brambled, request->subject, dry_run, kept, reason)
			  : -ENOMEM;

	if (result == 0) {
		request->reply->json = cJSON_CreateObject();
		cJSON_AddStringToObject(request->reply->json, "name", request->subject);
		cJSON_AddBoolToObject(request->reply->json, "dry_run", dry_run);
		describe(request->reply->json, kept);
	} else {
		api_fail(request->reply, api_status_of(result), "%s", reason);
	}
	free(kept);
}
