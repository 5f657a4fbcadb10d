/* SPDX-License-Identifier: ISC */
/* The files that bramble.conf names, read once with it, and its templates tried. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "provisioner/nodeconf/nodeconf.h"
#include "provisioner/nodeconf/template.h"
#include "provisioner/nodeconf/variables.h"

#define PATH_SIZE 1024

struct reading {
	const char *config, *text;
	const struct settings *settings;
	struct nodeconf_sources *sources;
	struct conf_report *report;
	char directory[PATH_SIZE - 160];
	bool failed;
};

static void explain(struct reading *reading, const char *path, const char *what)
{
	reading->failed = true;
	if (reading->report->count < CONF_REPORT_LIMIT)
		conf_explain(reading->config, reading->text, path, what,
			&reading->report->errors[reading->report->count++]);
}

static const char *find(const struct reading *reading, const char *name)
{
	for (size_t i = 0; i < reading->sources->n; i++) {
		if (strcmp(reading->sources->files[i].name, name) == 0)
			return reading->sources->files[i].text;
	}
	return NULL;
}

/* Bytes that the document can't carry, or that no text has. */
static bool is_text(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

/* Its text, or NULL after it was told. `setting` is where it is named. */
static const char *read_source(struct reading *reading, const char *name, const char *setting)
{
	char path[PATH_SIZE], what[PATH_SIZE + 128], *text = NULL;
	const char *known = find(reading, name);
	size_t size = 0;
	int result;

	if (known)
		return known;
	snprintf(path, sizeof(path), "%s/%s", reading->directory, name);
	result = file_read(path, NODECONF_SOURCE_LIMIT, &text, &size);
	if (result != 0)
		snprintf(what, sizeof(what), "%s can't be read: %s", path,
			result == -EFBIG ? "it has more than 64 KiB" : strerror(-result));
	else if (!is_text(text, size))
		snprintf(what, sizeof(what), "%s holds other bytes than text", path);
	else if (reading->sources->n == NODECONF_SOURCES)
		snprintf(what, sizeof(what), "there are too many files");
	else
		what[0] = '\0';
	if (what[0]) {
		free(text);
		explain(reading, setting, what);
		return NULL;
	}
	str_copy(reading->sources->files[reading->sources->n].name,
		sizeof(reading->sources->files[0].name), name);
	reading->sources->files[reading->sources->n++].text = text;
	return text;
}

static void try_template(struct reading *reading, const struct settings_selector *selector,
	const char *text, const char *source, const char *setting)
{
	struct nodeconf_scope scope = { .settings = reading->settings, .selector = selector };
	struct template_error error;
	char *out = malloc(NODECONF_CONTENT_SIZE), what[PATH_SIZE + 256];
	int result = out ? template_render(text, nodeconf_look_up_everywhere, &scope, out,
				   NODECONF_CONTENT_SIZE, &error)
			 : -ENOMEM;

	free(out);
	if (result == 0)
		return;
	if (result != -EINVAL)
		snprintf(what, sizeof(what), "the template can't be tried: %s", strerror(-result));
	else if (*source)
		snprintf(what, sizeof(what), "%s/%s:%u: %s; variables are set in nodes.settings",
			reading->directory, source, error.line, error.what);
	else
		snprintf(what, sizeof(what), "line %u: %s; variables are set in nodes.settings",
			error.line, error.what);
	explain(reading, setting, what);
}

static void take(struct reading *reading, const char *list, size_t index, const char *lines,
	const char *source, bool is_template, const struct settings_selector *selector)
{
	char setting[NODECONF_PATH_SIZE];
	const char *text = lines;

	snprintf(setting, sizeof(setting), "nodes.%s.[%zu].%s", list, index,
		*source ? "source" : "lines");
	if (*source)
		text = read_source(reading, source, setting);
	if (text && is_template)
		try_template(reading, selector, text, source, setting);
}

int nodeconf_read_sources(const char *config, const char *text, const struct settings *settings,
	struct nodeconf_sources **sources, struct conf_report *report)
{
	struct reading reading = {
		.config = config, .text = text, .settings = settings, .report = report
	};
	const char *slash = strrchr(config, '/');

	reading.sources = *sources = calloc(1, sizeof(**sources));
	if (!reading.sources)
		return -ENOMEM;
	snprintf(reading.directory, sizeof(reading.directory), "%.*sfiles",
		slash ? (int)(slash + 1 - config) : 0, config);
	for (size_t i = 0; i < settings->n_files; i++)
		take(&reading, "files", i, settings->files[i].lines, settings->files[i].source,
			settings->files[i].is_template, &settings->files[i].selector);
	for (size_t i = 0; i < settings->n_units; i++)
		take(&reading, "units", i, settings->units[i].lines, settings->units[i].source,
			settings->units[i].is_template, &settings->units[i].selector);
	return reading.failed ? -EINVAL : 0;
}

void nodeconf_free_sources(struct nodeconf_sources *sources)
{
	for (size_t i = 0; sources && i < sources->n; i++)
		free(sources->files[i].text);
	free(sources);
}
