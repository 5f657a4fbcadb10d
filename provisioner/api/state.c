/* SPDX-License-Identifier: ISC */
/* The administrator's door to the registry as a whole: its backups, its text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provisioner/api/routes.h"
#include "provisioner/json_text.h"
#include "provisioner/rehearsal.h"
#include "provisioner/state/replace.h"

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
	int result;

	if (request->dry_run) {
		rehearsal_tell(request, "a backup of the registry is made in %s/state/backups",
			request->brambled->settings.share);
		return;
	}
	result = backup_keep(request->brambled->registry, "manual", name);
	if (result == 0)
		show_backup(request, name);
	else
		api_fail(request->reply, api_status_of(result),
			"the backup can't be written to %s/state: %s",
			request->brambled->settings.share, strerror(-result));
}

/* --- replacing it --- */

static int add_change(void *argument, const char *line, size_t length)
{
	(void)length;
	return cJSON_AddItemToArray(argument, cJSON_CreateString(line)) ? 0 : -ENOMEM;
}

/* {"changes": […], "added", "removed", "changed", "warnings": […], "saved": null}. Returns how many
 * things differ. */
static size_t describe(cJSON *json, const struct replace_plan *plan)
{
	struct state_changes changes = { 0 };
	cJSON *lines = cJSON_AddArrayToObject(json, "changes"), *warnings;

	(void)state_compare(plan->before, plan->after, &changes, add_change, lines);
	cJSON_AddNumberToObject(json, "added", (double)changes.added);
	cJSON_AddNumberToObject(json, "removed", (double)changes.removed);
	cJSON_AddNumberToObject(json, "changed", (double)changes.changed);
	warnings = cJSON_AddArrayToObject(json, "warnings");
	for (size_t i = 0; i < plan->n_warnings; i++)
		cJSON_AddItemToArray(warnings, cJSON_CreateString(plan->warnings[i]));
	return changes.added + changes.removed + changes.changed;
}

/* Takes the document. */
static void replace(struct api_request *request, struct state_document *document, const char *how,
	const char *source)
{
	const bool dry_run = request->dry_run;
	char saved[BACKUP_NAME_SIZE] = "", reason[REPLACE_REASON_SIZE] = "";
	struct replace_plan plan;
	int result = replace_make_plan(request->brambled, document, &plan, reason);

	if (result == 0) {
		request->reply->json = cJSON_CreateObject();
		if (describe(request->reply->json, &plan) > 0 && !dry_run)
			result = replace_carry_out(
				request->brambled, &plan, how, source, saved, reason);
	}
	if (result != 0)
		api_fail(request->reply, api_status_of(result), "%s", reason);
	else if (saved[0])
		cJSON_AddStringToObject(request->reply->json, "saved", saved);
	else
		cJSON_AddNullToObject(request->reply->json, "saved");
	replace_free_plan(&plan);
}

void api_restore_backup(struct api_request *request)
{
	char reason[REPLACE_REASON_SIZE] = "";
	struct state_document document;
	int result = replace_load_backup(request->brambled, request->subject, &document, reason);

	if (result == 0)
		replace(request, &document, "restore", request->subject);
	else
		api_fail(request->reply, result == -EUCLEAN ? 409 : api_status_of(result), "%s",
			reason);
}

/* {"text"}, or with ?plain=true the text itself: it has megabytes. */
void api_export_state(struct api_request *request)
{
	struct api_reply *reply = request->reply;
	struct json_text json = { .data = NULL };
	struct state_document document;
	int result = state_load(request->brambled->registry, &document);
	char *text = result == 0 ? state_format(&document) : NULL, plain[8];

	if (result == 0)
		state_free(&document);
	reply->is_plain = text && api_query(request->call, "plain", plain, sizeof(plain)) &&
			  strcmp(plain, "true") == 0;
	if (reply->is_plain) {
		reply->text = text;
		return;
	}
	if (text) {
		json_text_begin(&json, NULL, '{');
		json_text_string(&json, "text", text);
		json_text_end(&json, '}');
		reply->text = json_text_take(&json);
	}
	free(text);
	if (!reply->text)
		api_conclude(request, result != 0 ? result : -ENOMEM);
}

/* The text comes as a file beside the call: it may be longer than a message. The caller frees it.
 * NULL with an answer why not. */
static char *read_text(struct api_request *request, size_t *size)
{
	const int *file = request->call->file;
	struct stat status;
	char *text;
	ssize_t got;

	if (!file || fstat(*file, &status) != 0 || !S_ISREG(status.st_mode)) {
		api_fail(request->reply, 400, "the text comes as a file with the call");
		return NULL;
	}
	if (status.st_size > (off_t)STATE_TEXT_LIMIT) {
		api_fail(request->reply, 400, "the text is longer than %u bytes", STATE_TEXT_LIMIT);
		return NULL;
	}
	text = malloc((size_t)status.st_size + 1);
	got = text ? pread(*file, text, (size_t)status.st_size, 0) : -1;
	if (got != status.st_size) {
		free(text);
		api_fail(request->reply, 503, "the text can't be read");
		return NULL;
	}
	text[got] = '\0';
	*size = (size_t)got;
	return text;
}

void api_import_state(struct api_request *request)
{
	const char *name =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request->body, "name"));
	char error[STATE_ERROR_SIZE] = "";
	struct state_document document;
	size_t size = 0;
	char *text = read_text(request, &size);
	int result;

	if (!text)
		return;
	result = state_parse(text, size, &document, error);
	free(text);
	if (result == 0)
		replace(request, &document, "import", name ? name : "a text");
	else if (result == -EINVAL)
		api_fail(request->reply, 400, "%.200s:%.300s", name ? name : "text", error);
	else
		api_fail(request->reply, 503, "out of memory");
}
