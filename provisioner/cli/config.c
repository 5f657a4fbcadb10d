/* SPDX-License-Identifier: ISC */
/* bramble config: bramble.conf, without brambled. */
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/cli/commands.h"
#include "provisioner/cli/nodeconf.h"
#include "provisioner/cli/text.h"
#include "provisioner/nodeconf/nodeconf.h"
#include "provisioner/settings/settings.h"

#define VALUE_SIZE 9000 /* the longest setting, each byte escaped, and quotes */

static cJSON *errors_as_json(const struct conf_report *report)
{
	cJSON *errors = cJSON_CreateArray();

	for (size_t i = 0; i < report->count; i++)
		cJSON_AddItemToArray(errors, cJSON_CreateString(report->errors[i].text));
	return errors;
}

static void print_check(struct cli *cli, const char *path, const struct conf_report *report)
{
	char visible[sizeof(report->errors[0].text)];
	cJSON *json;

	if (cli->json) {
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "file", path);
		cJSON_AddBoolToObject(json, "ok", report->count == 0);
		cJSON_AddItemToObject(json, "errors", errors_as_json(report));
		cli_print_json(cli, json);
		return;
	}
	for (size_t i = 0; i < report->count; i++) {
		text_visible(visible, sizeof(visible), report->errors[i].text);
		fprintf(cli->error, "%s\n", visible);
	}
	if (report->count == 0) {
		text_visible(visible, sizeof(visible), path);
		fprintf(cli->out, "%s: no mistake found\n", visible);
	}
}

/* The file, what it says of nodes, and the files that it names. */
static int check_all(const char *path, struct conf_report *report)
{
	struct nodeconf_sources *sources = NULL;
	struct settings settings;
	char *text = NULL;
	int result = conf_read(path, &text, &report->errors[0]);

	report->count = result != 0;
	if (result == 0)
		result = settings_check_text(path, text, &settings, report);
	if (result == 0)
		result = nodeconf_read_sources(path, text, &settings, &sources, report);
	nodeconf_free_sources(sources);
	free(text);
	return result;
}

enum cli_exit config_check_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "config check [FILE]",
		.text = "Find every mistake in a configuration (default: "
			"/etc/bramble/bramble.conf), each\n"
			"with its line and what is allowed. Works without brambled. Exit status 0 "
			"or 1.\n",
		.max_words = 1,
	};
	struct conf_report *report;
	const char *path;
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	path = argv[0] ? argv[0] : cli_config_path(cli);
	report = calloc(1, sizeof(*report));
	if (!report)
		return cli_complain(cli, CLI_FAILED, "out of memory");
	code = check_all(path, report) == 0 ? CLI_OK : CLI_FAILED;
	print_check(cli, path, report);
	free(report);
	return code;
}

/* What an empty text stands for. */
static void resolve_defaults(struct settings *settings)
{
	str_format_address(settings->range_first, settings->lan_range_first);
	str_format_address(settings->range_last, settings->lan_range_last);
}

static size_t group_length(const char *path)
{
	return (size_t)(strrchr(path, '.') - path);
}

static bool begins_group(const struct conf_setting *setting)
{
	size_t length = group_length(setting->path);

	return setting == settings_table || group_length(setting[-1].path) != length ||
	       strncmp(setting->path, setting[-1].path, length) != 0;
}

static bool is_unset(const char *value)
{
	return strcmp(value, "\"\"") == 0 || strcmp(value, "0") == 0 ||
	       strcmp(value, "\"any\"") == 0 || strcmp(value, "[ ]") == 0;
}

/* The elements of a list, each with what it sets. */
static void print_list(struct cli *cli, const struct conf_setting *list, const void *values)
{
	const char *element = (const char *)values + list->offset;
	char value[VALUE_SIZE];
	size_t count;

	memcpy(&count, (const char *)values + list->count_offset, sizeof(count));
	for (size_t i = 0; i < count; i++, element += list->size) {
		fprintf(cli->out, "%s", i == 0 ? "(\n\t\t{" : ",\n\t\t{");
		for (const struct conf_setting *s = list->items; s->path; s++) {
			conf_format_value(s, element, value, sizeof(value));
			if (!is_unset(value))
				fprintf(cli->out, " %s = %s;", s->path, value);
		}
		fprintf(cli->out, " }");
	}
	fprintf(cli->out, "%s", count == 0 ? "( )" : "\n\t)");
}

static void print_settings(struct cli *cli, const struct settings *settings)
{
	char value[VALUE_SIZE];

	for (const struct conf_setting *s = settings_table; s->path; s++) {
		size_t length = group_length(s->path);

		if (begins_group(s))
			fprintf(cli->out, "%s%.*s = {\n", s == settings_table ? "" : "};\n\n",
				(int)length, s->path);
		fprintf(cli->out, "\t%s = ", s->path + length + 1);
		if (s->type == CONF_LIST) {
			print_list(cli, s, settings);
		} else {
			conf_format_value(s, settings, value, sizeof(value));
			fprintf(cli->out, "%s", value);
		}
		fprintf(cli->out, ";\n");
	}
	fprintf(cli->out, "};\n");
}

static void add_setting(
	cJSON *group, const char *name, const struct conf_setting *setting, const void *values);

static cJSON *list_as_json(const struct conf_setting *list, const void *values)
{
	const char *element = (const char *)values + list->offset;
	cJSON *array = cJSON_CreateArray();
	size_t count;

	memcpy(&count, (const char *)values + list->count_offset, sizeof(count));
	for (size_t i = 0; i < count; i++, element += list->size) {
		cJSON *json = cJSON_CreateObject();

		for (const struct conf_setting *s = list->items; s->path; s++)
			add_setting(json, s->path, s, element);
		cJSON_AddItemToArray(array, json);
	}
	return array;
}

static cJSON *lines_as_json(const char *lines)
{
	cJSON *array = cJSON_CreateArray();
	char line[4096];

	for (; *lines; lines += strcspn(lines, "\n") + 1) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(lines, "\n"), lines);
		cJSON_AddItemToArray(array, cJSON_CreateString(line));
	}
	return array;
}

static void add_setting(
	cJSON *group, const char *name, const struct conf_setting *setting, const void *values)
{
	const char *place = (const char *)values + setting->offset;
	int64_t number;
	bool truth;
	int choice;

	switch (setting->type) {
	case CONF_STRING:
		cJSON_AddStringToObject(group, name, place);
		break;
	case CONF_INTEGER:
		memcpy(&number, place, sizeof(number));
		cJSON_AddNumberToObject(group, name, (double)number);
		break;
	case CONF_BOOLEAN:
		memcpy(&truth, place, sizeof(truth));
		cJSON_AddBoolToObject(group, name, truth);
		break;
	case CONF_CHOICE:
		memcpy(&choice, place, sizeof(choice));
		cJSON_AddStringToObject(group, name, setting->choices[choice]);
		break;
	case CONF_LINES:
		cJSON_AddItemToObject(group, name, lines_as_json(place));
		break;
	case CONF_LIST:
		cJSON_AddItemToObject(group, name, list_as_json(setting, values));
		break;
	}
}

static cJSON *settings_as_json(const struct settings *settings)
{
	cJSON *json = cJSON_CreateObject(), *group = NULL;
	char name[64];

	for (const struct conf_setting *s = settings_table; s->path; s++) {
		if (begins_group(s)) {
			snprintf(name, sizeof(name), "%.*s", (int)group_length(s->path), s->path);
			group = cJSON_AddObjectToObject(json, name);
		}
		add_setting(group, strrchr(s->path, '.') + 1, s, settings);
	}
	return json;
}

enum cli_exit config_show_main(struct cli *cli, int argc, char **argv)
{
	static const struct cli_syntax syntax = {
		.usage = "config show [NODE...]",
		.text = "Every setting with its value, also those that the file leaves to their "
			"defaults.\n"
			"Works without brambled; brambled reads the file when it starts.\n"
			"With NODE: what brambled sets that node to, and where each value comes "
			"from.\n",
		.max_words = CLI_MANY_WORDS,
	};
	struct settings settings;
	struct conf_error error;
	enum cli_exit code;

	if (!cli_arguments(cli, &syntax, argc, argv, &code))
		return code;
	if (argv[0])
		return nodeconf_show(cli, argv);
	if (settings_load(cli_config_path(cli), &settings, &error) != 0)
		return cli_complain(cli, CLI_FAILED, "%s", error.text);
	resolve_defaults(&settings);
	if (cli->json)
		cli_print_json(cli, settings_as_json(&settings));
	else
		print_settings(cli, &settings);
	return CLI_OK;
}
