/* SPDX-License-Identifier: ISC */
/* The administrator's door to the registry as a whole: its backups. */
#include <errno.h>
#include <string.h>

#include "provisioner/api_routes.h"
#include "provisioner/registry/backups.h"

static cJSON *backup_json(const struct backup *backup)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", backup->name);
	cJSON_AddNumberToObject(json, "made_ms", (double)backup->made_ms);
	cJSON_AddNumberToObject(json, "bytes", (double)backup->bytes);
	return json;
}

static int add_backup(void *argument, const struct backup *backup)
{
	cJSON_AddItemToArray(argument, backup_json(backup));
	return 0;
}

void api_list_backups(struct api_request *request)
{
	cJSON *array;

	request->reply->json = cJSON_CreateObject();
	array = cJSON_AddArrayToObject(request->reply->json, "backups");
	api_conclude(request, backup_each(request->brambled->registry, add_backup, array));
}

static void show_backup(struct api_request *request, const char *name)
{
	struct registry *registry = request->brambled->registry;
	struct backup_content content;
	struct backup backup;
	int result = backup_get(registry, name, &backup);

	if (result == 0)
		result = backup_inspect(registry, name, &content);
	if (result == -ENOENT) {
		api_fail(request->reply, 404,
			"there is no backup %s; `bramble state backups` shows them", name);
		return;
	}
	if (result != 0) {
		api_fail(request->reply, api_status_of(result), "backup %s can't be read: %s", name,
			strerror(-result));
		return;
	}
	request->reply->json = backup_json(&backup);
	cJSON_AddBoolToObject(request->reply->json, "verified", content.sound);
	if (!content.sound)
		return;
	cJSON_AddNumberToObject(request->reply->json, "schema", content.schema);
	cJSON_AddNumberToObject(request->reply->json, "nodes", content.nodes);
	cJSON_AddNumberToObject(request->reply->json, "boards", content.boards);
}

void api_show_backup(struct api_request *request)
{
	show_backup(request, request->subject);
}

void api_make_backup(struct api_request *request)
{
	char name[BACKUP_NAME_SIZE];
	int result = backup_keep(request->brambled->registry, "manual", name);

	if (result == 0)
		show_backup(request, name);
	else
		api_fail(request->reply, api_status_of(result),
			"the backup can't be written to %s/state: %s",
			request->brambled->settings.share, strerror(-result));
}
