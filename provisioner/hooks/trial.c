/* SPDX-License-Identifier: ISC */
#include "provisioner/hooks/trial.h"

#include <cjson/cJSON.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/str.h"

#define VISIBLE_SIZE (4 * HOOKS_LINE_SIZE)

struct attempt {
	struct event_base *base;
	const struct hooks_file *file;
	bool json, well;
	char text[HOOKS_TEXT_SIZE];
	cJSON *output;
};

static void on_said(void *argument, const char *line)
{
	struct attempt *attempt = argument;
	char visible[VISIBLE_SIZE];

	str_copy_visible(visible, sizeof(visible), line, strlen(line));
	if (attempt->json)
		cJSON_AddItemToArray(attempt->output, cJSON_CreateString(visible));
	else
		printf("%s: %s\n", attempt->file->name, visible);
}

static void on_ended(void *argument, bool well, const char *text)
{
	struct attempt *attempt = argument;

	attempt->well = well;
	str_copy(attempt->text, sizeof(attempt->text), text);
	event_base_loopbreak(attempt->base);
}

static void say(const struct attempt *attempt, cJSON *array)
{
	cJSON *json;

	if (!attempt->json) {
		printf("%s: %s%s\n", attempt->file->name,
			attempt->well ? "done, " : "failed: ", attempt->text);
		fflush(stdout);
		return;
	}
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "name", attempt->file->name);
	cJSON_AddBoolToObject(json, "well", attempt->well);
	cJSON_AddStringToObject(json, "text", attempt->text);
	cJSON_AddItemToObject(json, "output", attempt->output);
	cJSON_AddItemToArray(array, json);
}

static bool run_one(struct attempt *attempt, const struct hooks_setup *setup,
	const struct hooks_event *event, bool dry_run, cJSON *array)
{
	struct hooks_run *run = NULL;

	attempt->well = false;
	attempt->output = attempt->json ? cJSON_CreateArray() : NULL;
	if (attempt->file->trouble[0]) {
		str_copy(attempt->text, sizeof(attempt->text), attempt->file->trouble);
	} else if (dry_run) {
		attempt->well = true;
		str_copy(attempt->text, sizeof(attempt->text), "it would be run");
	} else {
		run = hooks_run_start(attempt->base, setup, attempt->file, event, on_said, on_ended,
			attempt, attempt->text);
		if (run)
			event_base_dispatch(attempt->base);
	}
	say(attempt, array);
	return attempt->well;
}

static void print_json(cJSON *array)
{
	cJSON *json = cJSON_CreateObject();
	char *text;

	cJSON_AddItemToObject(json, "hooks", array);
	text = cJSON_PrintUnformatted(json);
	printf("%s\n", text ? text : "{}");
	cJSON_free(text);
	cJSON_Delete(json);
}

int hooks_try(struct event_base *base, const struct hooks_setup *setup,
	const struct hooks_event *event, const struct hooks_trial *trial)
{
	struct hooks_list list;
	struct attempt attempt = { .base = base, .json = trial->json };
	cJSON *array = trial->json ? cJSON_CreateArray() : NULL;
	unsigned tried = 0, failed = 0;
	int result = hooks_find(setup->directory, &list);

	if (result != 0)
		log_error("can't read %s: %s", setup->directory, strerror(-result));
	for (size_t i = 0; result == 0 && i < list.n; i++) {
		attempt.file = &list.files[i];
		if (trial->only ? strcmp(attempt.file->name, trial->only) != 0
				: !hooks_wants(attempt.file, event->kind))
			continue;
		tried++;
		failed += !run_one(&attempt, setup, event, trial->dry_run, array);
	}
	if (array)
		print_json(array);
	if (tried == 0)
		fprintf(stderr, "no hook in %s %s\n", setup->directory,
			trial->only ? "has that name" : "hears of such an event");
	return tried == 0 ? 4 : failed > 0;
}
