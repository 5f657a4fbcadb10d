/* SPDX-License-Identifier: ISC */
#include "provisioner/image/job.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "provisioner/builds.h"

static void set(cJSON *json, const char *name, cJSON *value)
{
	cJSON_DeleteItemFromObject(json, name);
	cJSON_AddItemToObject(json, name, value);
}

/* A build doesn't fail because of it. */
static void write_file(const char *path, cJSON *json)
{
	char *text;

	set(json, "changed_ms", cJSON_CreateNumber((double)clock_wall_ms()));
	text = cJSON_PrintUnformatted(json);
	if (text)
		(void)file_replace(path, text, strlen(text), 0644);
	cJSON_free(text);
}

static void end(cJSON *json, const char *state, const char *error)
{
	set(json, "state", cJSON_CreateString(state));
	set(json, "step", cJSON_CreateNull());
	set(json, "ended_ms", cJSON_CreateNumber((double)clock_wall_ms()));
	if (error)
		set(json, "error", cJSON_CreateString(error));
}

void job_begin(struct job *job, const char *path, const char *image)
{
	*job = (struct job){ .path = path };
	if (!path)
		return;
	job->json = cJSON_CreateObject();
	cJSON_AddStringToObject(job->json, "image", image);
	cJSON_AddStringToObject(job->json, "state", "running");
	cJSON_AddNumberToObject(job->json, "started_ms", (double)clock_wall_ms());
	cJSON_AddNullToObject(job->json, "ended_ms");
	cJSON_AddNullToObject(job->json, "step");
	cJSON_AddArrayToObject(job->json, "steps");
	cJSON_AddNullToObject(job->json, "hash");
	cJSON_AddNullToObject(job->json, "existed");
	cJSON_AddNullToObject(job->json, "error");
	write_file(path, job->json);
}

void job_follow(void *context, const struct progress *progress, const char *result)
{
	struct job *job = context;
	cJSON *step;

	if (!job->json)
		return;
	step = cJSON_CreateObject();
	cJSON_AddStringToObject(step, "name", progress->step);
	cJSON_AddNumberToObject(step, "seconds", progress_seconds(progress));
	cJSON_AddStringToObject(step, "text", result ? result : progress->note);
	if (result) {
		cJSON_AddItemToArray(cJSON_GetObjectItem(job->json, "steps"), step);
		step = cJSON_CreateNull();
	}
	set(job->json, "step", step);
	write_file(job->path, job->json);
}

void job_succeed(struct job *job, const char *hash, bool existed)
{
	if (!job->json)
		return;
	set(job->json, "hash", cJSON_CreateString(hash));
	set(job->json, "existed", cJSON_CreateBool(existed));
	end(job->json, "done", NULL);
	write_file(job->path, job->json);
}

void job_fail(struct job *job, const char *error)
{
	if (!job->json)
		return;
	end(job->json, "failed", error);
	write_file(job->path, job->json);
}

void job_end_for(const char *path, const char *state, const char *error)
{
	cJSON *json = NULL;
	char *text;
	size_t size;

	if (!path || file_read(path, BUILDS_JOB_LIMIT, &text, &size) != 0)
		return;
	json = cJSON_Parse(text);
	free(text);
	if (cJSON_IsObject(json)) {
		end(json, state, error);
		write_file(path, json);
	}
	cJSON_Delete(json);
}

void job_free(struct job *job)
{
	cJSON_Delete(job->json);
	job->json = NULL;
}
