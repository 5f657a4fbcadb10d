/* SPDX-License-Identifier: ISC */
#include "tests/vpi/timeline.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "common/clock.h"

void timeline_power_on(struct timeline *timeline)
{
	*timeline = (struct timeline){
		.out = timeline->out,
		.json = timeline->json,
		.power_on_ns = clock_monotonic_ns(),
	};
}

double timeline_milliseconds(const struct timeline *timeline)
{
	return (double)(clock_monotonic_ns() - timeline->power_on_ns) / 1e6;
}

static cJSON *begin_object(const struct timeline *timeline, const char *event)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddNumberToObject(object, "at_ms", timeline_milliseconds(timeline));
	cJSON_AddStringToObject(object, "event", event);
	return object;
}

static void end_object(const struct timeline *timeline, cJSON *object)
{
	char *text = cJSON_PrintUnformatted(object);

	if (text)
		fprintf(timeline->out, "%s\n", text);
	fflush(timeline->out);
	cJSON_free(text);
	cJSON_Delete(object);
}

static void begin_line(const struct timeline *timeline, const char *event)
{
	fprintf(timeline->out, "%9.3f s  %-9s ", timeline_milliseconds(timeline) / 1e3, event);
}

void timeline_note(struct timeline *timeline, const char *event, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (timeline->json) {
		cJSON *object = begin_object(timeline, event);

		cJSON_AddStringToObject(object, "text", text);
		end_object(timeline, object);
		return;
	}
	begin_line(timeline, event);
	fprintf(timeline->out, "%s\n", text);
	fflush(timeline->out);
}

static void print_transfer(struct timeline *timeline, const struct timeline_transfer *transfer)
{
	begin_line(timeline, "tftp");
	fprintf(timeline->out, "%-44s %-10s", transfer->name, transfer->outcome);
	if (transfer->bytes > 0)
		fprintf(timeline->out, " %10" PRIu64 " bytes %8.3f s", transfer->bytes,
			(double)transfer->duration_ns / 1e9);
	if (transfer->retransmissions > 0)
		fprintf(timeline->out, "  %u sent again", transfer->retransmissions);
	if (transfer->hash)
		fprintf(timeline->out, "  sha256:%s", transfer->hash);
	fprintf(timeline->out, "\n");
	fflush(timeline->out);
}

void timeline_transferred(struct timeline *timeline, const struct timeline_transfer *transfer)
{
	cJSON *object;

	timeline->requests++;
	timeline->bytes += transfer->bytes;
	timeline->retransmissions += transfer->retransmissions;
	if (strcmp(transfer->outcome, "complete") == 0)
		timeline->files++;
	if (strcmp(transfer->outcome, "missing") == 0)
		timeline->missing++;
	if (!timeline->json) {
		print_transfer(timeline, transfer);
		return;
	}
	object = begin_object(timeline, "tftp");
	cJSON_AddStringToObject(object, "name", transfer->name);
	cJSON_AddStringToObject(object, "outcome", transfer->outcome);
	cJSON_AddNumberToObject(object, "bytes", (double)transfer->bytes);
	cJSON_AddNumberToObject(object, "duration_ms", (double)transfer->duration_ns / 1e6);
	cJSON_AddNumberToObject(object, "retransmissions", transfer->retransmissions);
	if (transfer->hash)
		cJSON_AddStringToObject(object, "sha256", transfer->hash);
	end_object(timeline, object);
}

void timeline_result(struct timeline *timeline, const char *reason)
{
	cJSON *object;

	if (!timeline->json) {
		begin_line(timeline, reason ? "failed" : "kernel");
		fprintf(timeline->out,
			"%s%s%u files, %" PRIu64
			" bytes, %u requests (%u missing), %u packets sent again\n",
			reason ? reason : "", reason ? "; " : "", timeline->files, timeline->bytes,
			timeline->requests, timeline->missing, timeline->retransmissions);
		fflush(timeline->out);
		return;
	}
	object = begin_object(timeline, "result");
	cJSON_AddBoolToObject(object, "booted", reason == NULL);
	if (reason)
		cJSON_AddStringToObject(object, "reason", reason);
	cJSON_AddNumberToObject(object, "bytes", (double)timeline->bytes);
	cJSON_AddNumberToObject(object, "files", timeline->files);
	cJSON_AddNumberToObject(object, "requests", timeline->requests);
	cJSON_AddNumberToObject(object, "missing", timeline->missing);
	cJSON_AddNumberToObject(object, "retransmissions", timeline->retransmissions);
	end_object(timeline, object);
}
