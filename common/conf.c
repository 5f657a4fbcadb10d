/* SPDX-License-Identifier: ISC */
#include "common/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_text.h"
#include "common/file.h"
#include "common/nearest.h"
#include "common/str.h"

#define FILE_LIMIT (1024u * 1024u)
#define WHAT_SIZE 320
#define ALLOWED_SIZE 192
#define SHOWN_SIZE 64 /* an offending value or line in a message */

struct parse {
	const char *name;
	const char *text;
	const struct conf_setting *table;
	char *values; /* the caller's struct in the making */
	struct conf_report *report;
	bool failed;
};

/* Where the whole is too long, its end is cut: that is the least telling part. */
static void format_error(struct conf_error *error, const char *name, unsigned line,
	const char *path, const char *what)
{
	char place[WHAT_SIZE];
	size_t used;

	if (line > 0)
		snprintf(place, sizeof(place), "%s:%u: ", name, line);
	else
		snprintf(place, sizeof(place), "%s: ", name);
	str_copy(error->text, sizeof(error->text), place);
	used = strlen(error->text);
	if (*path) {
		str_copy(error->text + used, sizeof(error->text) - used, path);
		used = strlen(error->text);
		str_copy(error->text + used, sizeof(error->text) - used, ": ");
		used = strlen(error->text);
	}
	str_copy(error->text + used, sizeof(error->text) - used, what);
}

static void complain(struct parse *parse, unsigned line, const char *path, const char *what)
{
	struct conf_report *report = parse->report;

	parse->failed = true;
	if (report->count < CONF_REPORT_LIMIT)
		format_error(&report->errors[report->count++], parse->name, line, path, what);
}

static void describe_choices(const char *const *choices, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; choices[i] && used < size; i++) {
		int n = snprintf(
			out + used, size - used, "%s\"%s\"", i == 0 ? "" : ", ", choices[i]);

		used += (size_t)n;
	}
}

void conf_describe_allowed(const struct conf_setting *setting, char *out, size_t size)
{
	switch (setting->type) {
	case CONF_STRING:
		snprintf(out, size, "text in double quotes, at most %zu characters",
			setting->max > 0 && (size_t)setting->max < setting->size
				? (size_t)setting->max
				: setting->size - 1);
		break;
	case CONF_INTEGER:
		snprintf(out, size, "a whole number from %" PRId64 " to %" PRId64, setting->min,
			setting->max);
		break;
	case CONF_BOOLEAN:
		snprintf(out, size, "true or false");
		break;
	case CONF_CHOICE:
		describe_choices(setting->choices, out, size);
		break;
	}
}

/* "what is wrong; allowed: …" with the setting's own help. */
static void complain_value(
	struct parse *parse, unsigned line, const struct conf_setting *setting, const char *what)
{
	char allowed[ALLOWED_SIZE], text[WHAT_SIZE + ALLOWED_SIZE];

	conf_describe_allowed(setting, allowed, sizeof(allowed));
	snprintf(text, sizeof(text), "%s; allowed: %s%s%s%s", what, allowed,
		setting->help ? " (" : "", setting->help ? setting->help : "",
		setting->help ? ")" : "");
	complain(parse, line, setting->path, text);
}

static const char *type_in_words(int type)
{
	switch (type) {
	case CONFIG_TYPE_GROUP:
		return "a group { … }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a whole number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a point";
	case CONFIG_TYPE_STRING:
		return "text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ … ]";
	case CONFIG_TYPE_LIST:
		return "a list ( … )";
	}
	return "nothing";
}

/* The store_ functions put one value in its place or say what is wrong with it (in `wrong`). */

static bool store_string(const struct conf_setting *setting, char *place, const char *value,
	char wrong[static WHAT_SIZE])
{
	char shown[SHOWN_SIZE];
	const char *problem;
	size_t length = strlen(value);
	unsigned line;

	str_copy_visible(shown, sizeof(shown), value, length);
	for (const char *p = value; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			snprintf(wrong, WHAT_SIZE, "\"%s\" holds a control character", shown);
			return false;
		}
	}
	if (!conf_text_is_utf8(value, &line)) {
		snprintf(wrong, WHAT_SIZE, "\"%s\" is not UTF-8", shown);
		return false;
	}
	if (length >= setting->size || (setting->max > 0 && length > (size_t)setting->max)) {
		snprintf(wrong, WHAT_SIZE, "\"%s\" is too long (%zu characters)", shown, length);
		return false;
	}
	if (length < (size_t)setting->min) {
		snprintf(wrong, WHAT_SIZE, length == 0 ? "is empty" : "\"%s\" is too short", shown);
		return false;
	}
	problem = setting->check ? setting->check(value) : NULL;
	if (problem) {
		snprintf(wrong, WHAT_SIZE, "\"%s\" %s", shown, problem);
		return false;
	}
	memcpy(place, value, length + 1);
	return true;
}

static bool store_integer(const struct conf_setting *setting, char *place, int64_t value,
	char wrong[static WHAT_SIZE])
{
	if (value < setting->min || value > setting->max) {
		snprintf(wrong, WHAT_SIZE, "%" PRId64 " is out of range", value);
		return false;
	}
	memcpy(place, &value, sizeof(value));
	return true;
}

static bool store_choice(const struct conf_setting *setting, char *place, const char *value,
	char wrong[static WHAT_SIZE])
{
	char shown[SHOWN_SIZE];
	struct nearest nearest;

	nearest_begin(&nearest, value);
	for (int i = 0; setting->choices[i]; i++) {
		if (strcmp(setting->choices[i], value) == 0) {
			memcpy(place, &i, sizeof(i));
			return true;
		}
		nearest_offer(&nearest, setting->choices[i]);
	}
	str_copy_visible(shown, sizeof(shown), value, strlen(value));
	if (nearest.best)
		snprintf(wrong, WHAT_SIZE, "\"%s\" is unknown, did you mean \"%s\"?", shown,
			nearest.best);
	else
		snprintf(wrong, WHAT_SIZE, "\"%s\" is unknown", shown);
	return false;
}

static bool has_right_type(const struct conf_setting *setting, int type)
{
	switch (setting->type) {
	case CONF_STRING:
	case CONF_CHOICE:
		return type == CONFIG_TYPE_STRING;
	case CONF_INTEGER:
		return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
	case CONF_BOOLEAN:
		return type == CONFIG_TYPE_BOOL;
	}
	return false;
}

static bool store_typed(const struct conf_setting *setting, char *place,
	const config_setting_t *found, char wrong[static WHAT_SIZE])
{
	bool value;

	switch (setting->type) {
	case CONF_STRING:
		return store_string(setting, place, config_setting_get_string(found), wrong);
	case CONF_INTEGER:
		return store_integer(setting, place,
			config_setting_type(found) == CONFIG_TYPE_INT
				? config_setting_get_int(found)
				: config_setting_get_int64(found),
			wrong);
	case CONF_BOOLEAN:
		value = config_setting_get_bool(found) != 0;
		memcpy(place, &value, sizeof(value));
		return true;
	case CONF_CHOICE:
		return store_choice(setting, place, config_setting_get_string(found), wrong);
	}
	return false;
}

static void take_value(
	struct parse *parse, const struct conf_setting *setting, const config_setting_t *found)
{
	unsigned line = config_setting_source_line(found);
	int type = config_setting_type(found);
	char wrong[WHAT_SIZE];

	if (!has_right_type(setting, type)) {
		snprintf(wrong, sizeof(wrong), "is %s", type_in_words(type));
		complain_value(parse, line, setting, wrong);
	} else if (!store_typed(setting, parse->values + setting->offset, found, wrong)) {
		complain_value(parse, line, setting, wrong);
	}
}

/* The fallback as if it stood in the file. It is ours, so a bad one is a bug that the tests find.
 */
static bool store_fallback(const struct conf_setting *setting, char *place)
{
	char wrong[WHAT_SIZE];
	uint64_t number;
	bool value;

	switch (setting->type) {
	case CONF_STRING:
		return store_string(setting, place, setting->fallback, wrong);
	case CONF_INTEGER:
		return str_parse_u64(setting->fallback, 0, INT64_MAX, &number) == 0 &&
		       store_integer(setting, place, (int64_t)number, wrong);
	case CONF_BOOLEAN:
		value = strcmp(setting->fallback, "true") == 0;
		memcpy(place, &value, sizeof(value));
		return value || strcmp(setting->fallback, "false") == 0;
	case CONF_CHOICE:
		return store_choice(setting, place, setting->fallback, wrong);
	}
	return false;
}

static void take_fallbacks(struct parse *parse, const config_t *config)
{
	for (const struct conf_setting *s = parse->table; s->path; s++) {
		if (config_lookup(config, s->path))
			continue;
		if (!s->fallback)
			complain_value(parse, 0, s, "must be set");
		else if (!store_fallback(s, parse->values + s->offset))
			complain_value(parse, 0, s, "has an impossible default (a bug)");
	}
}

/* What to say of a name that the table doesn't know. */
static void complain_unknown(struct parse *parse, unsigned line, const char *path, bool is_group)
{
	const char *leaf = strrchr(path, '.') ? strrchr(path, '.') + 1 : path;
	char what[WHAT_SIZE], group[CONF_PATH_SIZE];
	const char *namesake = NULL;
	struct nearest nearest;

	nearest_begin(&nearest, path);
	for (const struct conf_setting *s = parse->table; s->path; s++) {
		const char *dot = strrchr(s->path, '.');

		if (is_group) {
			snprintf(group, sizeof(group), "%.*s", dot ? (int)(dot - s->path) : 0,
				s->path);
			if (nearest_distance(path, group) < nearest.distance) {
				nearest.distance = nearest_distance(path, group);
				nearest.best = s->path;
			}
			continue;
		}
		nearest_offer(&nearest, s->path);
		if (strcmp(leaf, dot ? dot + 1 : s->path) == 0)
			namesake = s->path;
	}
	if (!nearest.best)
		nearest.best = namesake;
	if (nearest.best && is_group)
		snprintf(what, sizeof(what), "unknown group; did you mean \"%.*s\"?",
			(int)(strrchr(nearest.best, '.') - nearest.best), nearest.best);
	else if (nearest.best)
		snprintf(what, sizeof(what), "unknown setting; did you mean \"%s\"?", nearest.best);
	else
		snprintf(what, sizeof(what), "unknown %s; bramble.conf(5) lists what there is",
			is_group ? "group" : "setting");
	complain(parse, line, path, what);
}

static bool is_known_group(const struct conf_setting *table, const char *path)
{
	size_t length = strlen(path);

	for (; table->path; table++) {
		if (strncmp(table->path, path, length) == 0 && table->path[length] == '.')
			return true;
	}
	return false;
}

static void take_group(
	struct parse *parse, const config_setting_t *group, const char *prefix, unsigned depth);

static void take_setting(
	struct parse *parse, const config_setting_t *found, const char *prefix, unsigned depth)
{
	unsigned line = config_setting_source_line(found);
	const struct conf_setting *setting = parse->table;
	char path[CONF_PATH_SIZE], what[WHAT_SIZE];

	snprintf(path, sizeof(path), "%s%s%s", prefix, *prefix ? "." : "",
		config_setting_name(found));
	while (setting->path && strcmp(setting->path, path) != 0)
		setting++;
	if (setting->path) {
		take_value(parse, setting, found);
	} else if (!is_known_group(parse->table, path) || depth == 0) {
		complain_unknown(parse, line, path, config_setting_is_group(found));
	} else if (!config_setting_is_group(found)) {
		snprintf(what, sizeof(what), "is %s; allowed: a group, %s = { … };",
			type_in_words(config_setting_type(found)), path);
		complain(parse, line, path, what);
	} else {
		take_group(parse, found, path, depth - 1);
	}
}

static void take_group(
	struct parse *parse, const config_setting_t *group, const char *prefix, unsigned depth)
{
	for (int i = 0; i < config_setting_length(group); i++)
		take_setting(parse, config_setting_get_elem(group, (unsigned)i), prefix, depth);
}

/* libconfig tells the line of a duplicate, not its name: the first name on that line which an
 * earlier line sets, or the last name on the line. */
static void complain_duplicate(struct parse *parse, const config_t *config, unsigned line)
{
	char path[CONF_PATH_SIZE] = "";
	struct conf_scan scan;

	conf_scan_begin(&scan, parse->text);
	while (*scan.at && scan.line <= line) {
		const config_setting_t *earlier;

		conf_scan_token(&scan);
		if (!scan.at_name || scan.line != line)
			continue;
		memcpy(path, scan.path, sizeof(path));
		earlier = config_lookup(config, path);
		if (earlier && config_setting_source_line(earlier) < line)
			break;
	}
	complain(parse, line, path, "is set twice; keep one of them");
}

static void complain_syntax(struct parse *parse, const config_t *config)
{
	const char *reason = config_error_text(config);
	unsigned line = config_error_line(config) > 0 ? (unsigned)config_error_line(config) : 0;
	char shown[SHOWN_SIZE], what[WHAT_SIZE];

	if (reason && strstr(reason, "duplicate")) {
		complain_duplicate(parse, config, line);
		return;
	}
	conf_text_line(parse->text, line, shown, sizeof(shown));
	snprintf(what, sizeof(what),
		"%s near \"%s\"; a setting is name = value; with text in double quotes, a group is "
		"name = { … };",
		reason ? reason : "syntax error", shown);
	complain(parse, line, "", what);
}

/* What must be looked for in the text itself. Returns whether libconfig may see it. */
static bool check_text(struct parse *parse)
{
	struct conf_scan scan;
	const char *wrong;
	unsigned line;

	if (!conf_text_is_utf8(parse->text, &line)) {
		complain(parse, line, "", "not UTF-8; save the file in that encoding");
		return false;
	}
	conf_scan_begin(&scan, parse->text);
	while ((wrong = conf_scan_next(&scan)))
		complain(parse, scan.line, scan.path, wrong);
	return !parse->failed;
}

static void parse_config(struct parse *parse)
{
	config_t config;

	config_init(&config);
	if (!config_read_string(&config, parse->text)) {
		complain_syntax(parse, &config);
	} else {
		take_group(parse, config_root_setting(&config), "", 8);
		take_fallbacks(parse, &config);
	}
	config_destroy(&config);
}

int conf_parse_report(const char *name, const char *text, const struct conf_setting *table,
	void *out, size_t out_size, struct conf_report *report)
{
	struct parse parse = { .name = name, .text = text, .table = table, .report = report };

	report->count = 0;
	parse.values = calloc(1, out_size);
	if (!parse.values)
		return -ENOMEM;
	if (check_text(&parse))
		parse_config(&parse);
	if (!parse.failed)
		memcpy(out, parse.values, out_size);
	free(parse.values);
	return parse.failed ? -EINVAL : 0;
}

int conf_parse(const char *name, const char *text, const struct conf_setting *table, void *out,
	size_t out_size, struct conf_error *error)
{
	struct conf_report *report = malloc(sizeof(*report));
	int result = -ENOMEM;

	if (report)
		result = conf_parse_report(name, text, table, out, out_size, report);
	if (result == -EINVAL)
		*error = report->errors[0];
	else if (result != 0)
		format_error(error, name, 0, "", "out of memory");
	free(report);
	return result;
}

int conf_read(const char *path, char **text, struct conf_error *error)
{
	char what[WHAT_SIZE];
	char *content = NULL;
	size_t size = 0;
	int result = file_read(path, FILE_LIMIT, &content, &size);

	if (result == -EFBIG) {
		format_error(error, path, 0, "", "larger than 1 MiB: not a configuration file");
		return result;
	}
	if (result != 0) {
		snprintf(what, sizeof(what), "cannot read: %s", strerror(-result));
		format_error(error, path, 0, "", what);
		return result;
	}
	if (strlen(content) != size) {
		unsigned line = 1;

		for (const char *p = content; *p; p++)
			line += *p == '\n';
		format_error(error, path, line, "", "a NUL byte; only text is allowed");
		free(content);
		return -EINVAL;
	}
	*text = content;
	return 0;
}

int conf_load(const char *path, const struct conf_setting *table, void *out, size_t out_size,
	struct conf_error *error)
{
	char *text;
	int result = conf_read(path, &text, error);

	if (result != 0)
		return result;
	result = conf_parse(path, text, table, out, out_size, error);
	free(text);
	return result;
}

void conf_explain(const char *name, const char *text, const char *path, const char *what,
	struct conf_error *error)
{
	const config_setting_t *setting;
	unsigned line = 0;
	config_t config;

	config_init(&config);
	if (config_read_string(&config, text)) {
		setting = config_lookup(&config, path);
		line = setting ? config_setting_source_line(setting) : 0;
	}
	config_destroy(&config);
	format_error(error, name, line, path, what);
}

/* Text between quotes, so that libconfig reads it back the same. */
static void quote(const char *text, char *out, size_t size)
{
	size_t used = 0;

	out[used++] = '"';
	for (; *text && used + 4 < size; text++) {
		if (*text == '"' || *text == '\\')
			out[used++] = '\\';
		out[used++] = *text;
	}
	out[used++] = '"';
	out[used] = '\0';
}

void conf_format_value(
	const struct conf_setting *setting, const void *values, char *out, size_t size)
{
	const char *place = (const char *)values + setting->offset;
	int64_t number;
	bool truth;
	int choice;

	switch (setting->type) {
	case CONF_STRING:
		quote(place, out, size);
		break;
	case CONF_INTEGER:
		memcpy(&number, place, sizeof(number));
		snprintf(out, size, "%" PRId64, number);
		break;
	case CONF_BOOLEAN:
		memcpy(&truth, place, sizeof(truth));
		snprintf(out, size, "%s", truth ? "true" : "false");
		break;
	case CONF_CHOICE:
		memcpy(&choice, place, sizeof(choice));
		quote(setting->choices[choice], out, size);
		break;
	}
}
