/* SPDX-License-Identifier: ISC */
#include "provisioner/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "provisioner/api/routes.h"
#include "provisioner/hooks/hooks.h"

#define WARNING_TEXT_SIZE 400
#define PATH_LENGTH 320

struct report {
	char name[HOOKS_NAME_SIZE], kind[HOOKS_KIND_SIZE], state[16], text[HOOKS_TEXT_SIZE];
	double runs, failures, ended_ms;
	bool skipped, news;
};

struct hooks {
	size_t n;
	struct report reports[HOOKS_LIMIT];
};

int hooks_start(struct brambled *brambled)
{
	const struct settings *settings = &brambled->settings;
	char program[PATH_LENGTH], ipc[PATH_LENGTH], work[PATH_LENGTH], positions[PATH_LENGTH],
		timeout[24];
	const struct supervise_spec spec = { .name = "hooks",
		.argv = { program, "--ipc", ipc, "--hooks", settings->hooks, "--work", work,
			"--positions", positions, "--user", "bramble-hooks", "--timeout", timeout,
			"--log-level", log_level_name() } };
	int result;

	brambled->hooks = calloc(1, sizeof(*brambled->hooks));
	if (!brambled->hooks)
		return -ENOMEM;
	snprintf(program, sizeof(program), "%s/bramble-hooks", settings->libexec);
	snprintf(ipc, sizeof(ipc), "%s/ipc.sock", settings->run);
	snprintf(work, sizeof(work), "%s/hooks", settings->run);
	snprintf(positions, sizeof(positions), "%s/state/hooks", settings->share);
	snprintf(timeout, sizeof(timeout), "%lld", (long long)settings->hooks_timeout_s);
	result = supervise_add(brambled->supervisor, &spec);
	return result == -EEXIST ? 0 : result;
}

void hooks_stop(struct brambled *brambled)
{
	free(brambled->hooks);
	brambled->hooks = NULL;
}

static bool take_text(const cJSON *json, const char *name, char *out, size_t size)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	return text && str_copy(out, size, text);
}

static bool take_number(const cJSON *json, const char *name, double *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

	if (!cJSON_IsNumber(item) || item->valuedouble < 0)
		return false;
	*out = item->valuedouble;
	return true;
}

static bool take_flag(const cJSON *json, const char *name, bool *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

	*out = cJSON_IsTrue(item);
	return cJSON_IsBool(item);
}

static bool take_one(const cJSON *json, struct report *report)
{
	return take_text(json, "name", report->name, sizeof(report->name)) &&
	       take_text(json, "kind", report->kind, sizeof(report->kind)) &&
	       take_text(json, "state", report->state, sizeof(report->state)) &&
	       take_text(json, "text", report->text, sizeof(report->text)) &&
	       take_number(json, "runs", &report->runs) &&
	       take_number(json, "failures", &report->failures) &&
	       take_number(json, "ended_ms", &report->ended_ms) &&
	       take_flag(json, "skipped", &report->skipped) &&
	       take_flag(json, "news", &report->news);
}

int hooks_take_report(struct brambled *brambled, const cJSON *report)
{
	const cJSON *array = cJSON_GetObjectItemCaseSensitive(report, "hooks"), *item;
	struct hooks *fresh = calloc(1, sizeof(*fresh));

	if (!fresh)
		return -ENOMEM;
	cJSON_ArrayForEach(item, array)
	{
		if (fresh->n == HOOKS_LIMIT || !take_one(item, &fresh->reports[fresh->n++])) {
			array = NULL;
			break;
		}
	}
	if (!cJSON_IsArray(array)) {
		free(fresh);
		return -EINVAL;
	}
	for (size_t i = 0; i < fresh->n; i++) {
		if (fresh->reports[i].news)
			brambled_event(brambled, "hook.failed", "", "hook %s fails: %s",
				fresh->reports[i].name, fresh->reports[i].text);
	}
	free(brambled->hooks);
	brambled->hooks = fresh;
	return 0;
}

static bool is_running(const struct brambled *brambled)
{
	struct supervise_status status;

	for (size_t i = 0; supervise_get(brambled->supervisor, i, &status); i++) {
		if (strcmp(status.name, "hooks") == 0)
			return status.pid != 0;
	}
	return false;
}

static cJSON *report_json(const struct report *report)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", report->name);
	if (report->kind[0])
		cJSON_AddStringToObject(json, "kind", report->kind);
	else
		cJSON_AddNullToObject(json, "kind");
	cJSON_AddStringToObject(json, "state", report->state);
	cJSON_AddStringToObject(json, "text", report->text);
	cJSON_AddNumberToObject(json, "runs", report->runs);
	cJSON_AddNumberToObject(json, "failures", report->failures);
	cJSON_AddBoolToObject(json, "skipped", report->skipped);
	if (report->ended_ms > 0)
		cJSON_AddNumberToObject(json, "ended_ms", report->ended_ms);
	else
		cJSON_AddNullToObject(json, "ended_ms");
	return json;
}

cJSON *hooks_describe(struct brambled *brambled)
{
	cJSON *json = cJSON_CreateObject(), *array;

	cJSON_AddStringToObject(json, "path", brambled->settings.hooks);
	cJSON_AddNumberToObject(json, "timeout_s", (double)brambled->settings.hooks_timeout_s);
	cJSON_AddBoolToObject(json, "running", is_running(brambled));
	array = cJSON_AddArrayToObject(json, "hooks");
	for (size_t i = 0; brambled->hooks && i < brambled->hooks->n; i++)
		cJSON_AddItemToArray(array, report_json(&brambled->hooks->reports[i]));
	return json;
}

int hooks_each_warning(
	struct brambled *brambled, int (*each)(void *argument, const char *text), void *argument)
{
	int result = 0;

	for (size_t i = 0; brambled->hooks && result == 0 && i < brambled->hooks->n; i++) {
		const struct report *report = &brambled->hooks->reports[i];
		char text[WARNING_TEXT_SIZE];

		if (strcmp(report->state, "failing") != 0 && strcmp(report->state, "unusable") != 0)
			continue;
		snprintf(text, sizeof(text), "hook %s %s: %s", report->name,
			report->state[0] == 'f' ? "fails" : "isn't run", report->text);
		result = each(argument, text);
	}
	return result;
}

/* --- API --- */

void api_show_hooks(struct api_request *request)
{
	request->reply->json = hooks_describe(request->brambled);
}

void api_report_hooks(struct api_request *request)
{
	int result = hooks_take_report(request->brambled, request->body);

	if (result == -EINVAL) {
		api_fail(request->reply, 400, "this is no report of bramble-hooks");
		return;
	}
	result = brambled_conclude(request->brambled, result);
	if (result == 0)
		request->reply->json = cJSON_CreateObject();
	else
		api_fail(request->reply, api_status_of(result), "the registry can't be written: %s",
			strerror(-result));
}
