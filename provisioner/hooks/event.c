/* SPDX-License-Identifier: ISC */
/* An event as a hook is told of it. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/hooks/hooks.h"

struct writer {
	struct hooks_environment *environment;
	size_t n, used;
};

static void put(struct writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What doesn't fit is left out; a test holds the longest event against the size. */
static void put(struct writer *writer, const char *format, ...)
{
	char *at = writer->environment->text + writer->used;
	size_t room = sizeof(writer->environment->text) - writer->used;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(at, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= room || writer->n == HOOKS_VARIABLES)
		return;
	writer->environment->variables[writer->n++] = at;
	writer->used += (size_t)length + 1;
}

void hooks_make_environment(const struct hooks_event *event, const char *directory,
	struct hooks_environment *environment)
{
	struct writer writer = { .environment = environment };

	put(&writer, "PATH=/usr/local/bin:/usr/bin:/bin");
	put(&writer, "LANG=C.UTF-8");
	put(&writer, "HOME=%s", directory);
	put(&writer, "TMPDIR=%s", directory);
	put(&writer, "BRAMBLE_EVENT=%s", event->kind);
	put(&writer, "BRAMBLE_SUBJECT=%s", event->subject);
	put(&writer, "BRAMBLE_TEXT=%s", event->text);
	put(&writer, "BRAMBLE_EVENT_ID=%" PRId64, event->id);
	put(&writer, "BRAMBLE_AT_MS=%" PRId64, event->at_ms);
	environment->variables[writer.n] = NULL;
}

char *hooks_format_event(const struct hooks_event *event)
{
	cJSON *json = cJSON_CreateObject();
	char *text, *line;
	size_t length;

	cJSON_AddNumberToObject(json, "id", (double)event->id);
	cJSON_AddNumberToObject(json, "at_ms", (double)event->at_ms);
	cJSON_AddStringToObject(json, "kind", event->kind);
	cJSON_AddStringToObject(json, "subject", event->subject);
	cJSON_AddStringToObject(json, "text", event->text);
	text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	if (!text)
		return NULL;
	length = strlen(text);
	line = realloc(text, length + 2);
	if (!line) {
		free(text);
		return NULL;
	}
	line[length] = '\n';
	line[length + 1] = '\0';
	return line;
}
