/* SPDX-License-Identifier: ISC */
/* The administrator's door to roll-outs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/api/routes.h"
#include "provisioner/rollout/run.h"

#define LISTED 30

static cJSON *node_json(const struct rollout_view *view)
{
	const struct registry_rollout_node *row = &view->row;
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "node", row->name);
	cJSON_AddNumberToObject(json, "wave", row->wave);
	cJSON_AddStringToObject(json, "phase", registry_rollout_phase_name(row->phase));
	cJSON_AddStringToObject(json, "text", view->work_text[0] ? view->work_text : row->text);
	cJSON_AddNumberToObject(json, "since_ms", (double)row->since_ms);
	return json;
}

static cJSON *rollout_json(const struct registry_rollout *rollout)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "id", (double)rollout->id);
	cJSON_AddStringToObject(json, "image", rollout->image);
	cJSON_AddStringToObject(json, "version", rollout->version);
	cJSON_AddStringToObject(json, "before", rollout->before);
	cJSON_AddStringToObject(json, "waves", rollout->waves);
	cJSON_AddNumberToObject(json, "max_unavailable", rollout->max_unavailable);
	cJSON_AddNumberToObject(json, "within_s", rollout->within_s);
	cJSON_AddStringToObject(json, "state", registry_rollout_state_name(rollout->state));
	cJSON_AddStringToObject(json, "reason", rollout->reason);
	cJSON_AddNumberToObject(json, "created_ms", (double)rollout->created_ms);
	cJSON_AddNumberToObject(json, "changed_ms", (double)rollout->changed_ms);
	return json;
}

/* With its nodes, but those that aren't touched. */
static cJSON *snapshot_json(const struct rollout_snapshot *snapshot)
{
	cJSON *json = rollout_json(&snapshot->rollout),
	      *nodes = cJSON_AddArrayToObject(json, "nodes");
	char waits[ROLLOUT_REASON_SIZE];
	unsigned same = 0;

	for (size_t i = 0; i < snapshot->n; i++) {
		if (snapshot->nodes[i].row.phase == ROLLOUT_SAME)
			same++;
		else
			cJSON_AddItemToArray(nodes, node_json(&snapshot->nodes[i]));
	}
	cJSON_AddNumberToObject(json, "same", same);
	rollout_explain(snapshot, waits);
	cJSON_AddStringToObject(json, "waits", waits);
	return json;
}

struct list {
	cJSON *array;
};

static int add_rollout(void *argument, const struct registry_rollout *rollout)
{
	const struct list *list = argument;

	cJSON_AddItemToArray(list->array, rollout_json(rollout));
	return cJSON_GetArraySize(list->array) == LISTED;
}

void api_list_rollouts(struct api_request *request)
{
	struct list list;
	int result;

	request->reply->json = cJSON_CreateObject();
	list.array = cJSON_AddArrayToObject(request->reply->json, "rollouts");
	result = registry_each_rollout(request->brambled->registry, add_rollout, &list);
	api_conclude(request, result < 0 ? result : 0);
}

/* A number of the body within 1..max; `fallback` when absent, 0 when wrong. */
static unsigned take_number(
	const struct api_request *request, const char *name, unsigned max, unsigned fallback)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(request->body, name);

	if (!item)
		return fallback;
	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 1) || item->valuedouble > max)
		return 0;
	return (unsigned)item->valuedouble;
}

static bool take_text(const struct api_request *request, const char *name, char *out, size_t size)
{
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request->body, name));

	return text && *text && str_copy(out, size, text);
}

void api_begin_rollout(struct api_request *request)
{
	struct registry_rollout wanted = { .waves = ROLLOUT_USUAL_WAVES };
	const bool dry_run = request->dry_run;
	struct rollout_snapshot snapshot;
	char reason[ROLLOUT_REASON_SIZE];
	int result;

	wanted.max_unavailable = take_number(request, "max_unavailable", 100000, 1);
	wanted.within_s = take_number(request, "within_s", ROLLOUT_LONGEST_S, ROLLOUT_USUAL_S);
	if (!take_text(request, "image", wanted.image, sizeof(wanted.image)) ||
		!take_text(request, "version", wanted.version, sizeof(wanted.version)) ||
		(cJSON_HasObjectItem(request->body, "waves") &&
			!take_text(request, "waves", wanted.waves, sizeof(wanted.waves))) ||
		wanted.max_unavailable == 0 || wanted.within_s == 0) {
		api_fail(request->reply, 400,
			"say which: {\"image\", \"version\", \"waves\": \"%s\", "
			"\"max_unavailable\": 1 or more, \"within_s\": 1 to %d}",
			ROLLOUT_USUAL_WAVES, ROLLOUT_LONGEST_S);
		return;
	}
	result = rollout_begin(request->brambled, &wanted, dry_run, &snapshot, reason);
	if (result != 0) {
		api_fail(request->reply, api_status_of(result), "%s", reason);
		return;
	}
	request->reply->json = snapshot_json(&snapshot);
	rollout_free(&snapshot);
}

static void show(struct api_request *request, int64_t id)
{
	struct rollout_snapshot snapshot;
	int result = rollout_look(request->brambled, id, &snapshot);

	if (result != 0) {
		api_fail(request->reply, api_status_of(result),
			"there is no roll-out %.20s; `bramble rollout list` shows them",
			request->subject);
		return;
	}
	request->reply->json = snapshot_json(&snapshot);
	rollout_free(&snapshot);
}

/* 0 when the path names no number. */
static int64_t take_id(const struct api_request *request)
{
	uint64_t id;

	return str_parse_u64(request->subject, 1, INT64_MAX, &id) == 0 ? (int64_t)id : 0;
}

void api_show_rollout(struct api_request *request)
{
	show(request, take_id(request));
}

static void steer(struct api_request *request, enum rollout_verb verb)
{
	char reason[ROLLOUT_REASON_SIZE];
	int64_t id = take_id(request);
	int result = rollout_steer(request->brambled, id, verb, reason);

	if (result == 0)
		show(request, id);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

void api_pause_rollout(struct api_request *request)
{
	steer(request, ROLLOUT_PAUSE);
}

void api_resume_rollout(struct api_request *request)
{
	steer(request, ROLLOUT_RESUME);
}

void api_abort_rollout(struct api_request *request)
{
	steer(request, ROLLOUT_ABORT);
}

static int warn(void *argument, const struct registry_rollout *rollout)
{
	char text[REGISTRY_TEXT_SIZE + 200];

	if (rollout->state == ROLLOUT_STOPPED || rollout->state == ROLLOUT_PAUSED) {
		snprintf(text, sizeof(text),
			"roll-out %lld of %.12s to image %s is %s%s%s. `bramble rollout resume` "
			"goes on, `bramble rollout abort` ends it",
			(long long)rollout->id, rollout->version, rollout->image,
			registry_rollout_state_name(rollout->state), rollout->reason[0] ? ": " : "",
			rollout->reason);
		cJSON_AddItemToArray(argument, cJSON_CreateString(text));
	}
	return 0;
}

void api_add_rollout_warnings(struct brambled *brambled, cJSON *array)
{
	(void)registry_each_rollout(brambled->registry, warn, array);
}
