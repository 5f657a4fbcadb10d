/* SPDX-License-Identifier: ISC */
/* Boots and events as the JSON that docs/api.md describes; nodes and boards: records.c. */
#include <stdio.h>
#include <string.h>

#include "provisioner/api/api.h"
#include "provisioner/timeline/diagnosis.h"

static void add_text_or_null(cJSON *object, const char *name, const char *text)
{
	if (text[0])
		cJSON_AddStringToObject(object, name, text);
	else
		cJSON_AddNullToObject(object, name);
}

static void add_time(cJSON *object, const char *name, int64_t ms)
{
	if (ms)
		cJSON_AddNumberToObject(object, name, (double)ms);
	else
		cJSON_AddNullToObject(object, name);
}

static void add_mac(cJSON *object, const struct mac *mac)
{
	char text[MAC_TEXT_SIZE];

	str_format_mac(mac, text);
	cJSON_AddStringToObject(object, "mac", text);
}

cJSON *api_boot_json(struct brambled *brambled, const struct registry_boot *boot)
{
	cJSON *json = cJSON_CreateObject();
	const struct diagnosis_cause *cause = diagnosis_find(boot->cause);
	unsigned lines = 0;
	struct registry_board board;

	cJSON_AddNumberToObject(json, "id", (double)boot->id);
	add_mac(json, &boot->mac);
	add_text_or_null(json, "serial",
		registry_get_board(brambled->registry, &boot->mac, &board) == 0 ? board.serial
										: "");
	add_text_or_null(json, "node", boot->node);
	cJSON_AddStringToObject(json, "stage", boot->stage);
	add_text_or_null(json, "reason", boot->reason);
	add_text_or_null(json, "cause", boot->cause);
	add_text_or_null(json, "next", cause ? cause->next : "");
	cJSON_AddNumberToObject(json, "bytes", (double)boot->bytes);
	cJSON_AddNumberToObject(json, "files", (double)boot->files);
	cJSON_AddNumberToObject(json, "retransmissions", (double)boot->retransmissions);
	(void)registry_count_lines(brambled->registry, boot->id, &lines);
	cJSON_AddNumberToObject(json, "console_lines", lines);
	add_time(json, "started_ms", boot->started_ms);
	add_time(json, "changed_ms", boot->changed_ms);
	add_time(json, "ended_ms", boot->ended_ms);
	return json;
}

struct events {
	cJSON *list;
	int64_t last;
};

static int add_event(void *argument, const struct registry_event *event)
{
	struct events *events = argument;
	cJSON *json = cJSON_CreateObject();

	cJSON_AddNumberToObject(json, "id", (double)event->id);
	cJSON_AddNumberToObject(json, "at_ms", (double)event->at_ms);
	cJSON_AddStringToObject(json, "kind", event->kind);
	cJSON_AddStringToObject(json, "subject", event->subject);
	cJSON_AddStringToObject(json, "text", event->text);
	cJSON_AddItemToArray(events->list, json);
	events->last = event->id;
	return 0;
}

cJSON *api_events_json(struct brambled *brambled, int64_t after, unsigned limit)
{
	struct events events = { .list = cJSON_CreateArray(), .last = after > 0 ? after : 0 };
	cJSON *json = cJSON_CreateObject();

	(void)registry_each_event(brambled->registry, after, limit, add_event, &events);
	cJSON_AddItemToObject(json, "events", events.list);
	cJSON_AddNumberToObject(json, "last", (double)events.last);
	return json;
}
