/* SPDX-License-Identifier: ISC */
#include "common/conf.h"

#include <errno.h>
#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_text.h"
#include "common/conf_value.h"
#include "common/file.h"
#include "common/nearest.h"
#include "common/str.h"

#define FILE_LIMIT (1024u * 1024u)
#define WHAT_SIZE CONF_WHAT_SIZE
#define ALLOWED_SIZE 192
#define SHOWN_SIZE 64 /* an offending value or line in a message */

struct parse {
	const char *name;
	const char *text;
	const char *prefix; /* of the table's paths in messages: "nodes.roles." */
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
	char whole[2 * CONF_PATH_SIZE];

	parse->failed = true;
	snprintf(whole, sizeof(whole), "%s%s", *path ? parse->prefix : "", path);
	if (report->count < CONF_REPORT_LIMIT)
		format_error(&report->errors[report->count++], parse->name, line, whole, what);
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

static void take_list(
	struct parse *parse, const struct conf_setting *setting, const config_setting_t *list);

static void take_value(
	struct parse *parse, const struct conf_setting *setting, const config_setting_t *found)
{
	unsigned line = config_setting_source_line(found);
	int type = config_setting_type(found);
	char wrong[WHAT_SIZE];

	if (!conf_has_right_type(setting, type)) {
		snprintf(wrong, sizeof(wrong), "is %s", conf_type_in_words(type));
		complain_value(parse, line, setting, wrong);
	} else if (setting->type == CONF_LIST) {
		take_list(parse, setting, found);
	} else if (!conf_store(setting, parse->values + setting->offset, found, wrong)) {
		complain_value(parse, line, setting, wrong);
	}
}

/* `line`: of the element that the table is for; 0 for the file. */
static void take_fallbacks(struct parse *parse, config_setting_t *group, unsigned line)
{
	for (const struct conf_setting *s = parse->table; s->path; s++) {
		if (config_setting_lookup(group, s->path))
			continue;
		if (!s->fallback)
			complain_value(parse, line, s, "must be set");
		else if (!conf_store_fallback(s, parse->values + s->offset))
			complain_value(parse, line, s, "has an impossible default (a bug)");
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

		if (is_group && !dot)
			continue;
		if (is_group) {
			snprintf(group, sizeof(group), "%.*s", (int)(dot - s->path), s->path);
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
			conf_type_in_words(config_setting_type(found)), path);
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

static void take_element(struct parse *parse, config_setting_t *element)
{
	take_group(parse, element, "", 8);
	take_fallbacks(parse, element, config_setting_source_line(element));
}

static void take_list(
	struct parse *parse, const struct conf_setting *setting, const config_setting_t *list)
{
	unsigned line = config_setting_source_line(list);
	size_t n = (size_t)config_setting_length(list);
	char what[WHAT_SIZE], prefix[CONF_PATH_SIZE];
	struct parse inner = *parse;

	if (n > (size_t)setting->max) {
		snprintf(what, sizeof(what), "has %zu elements", n);
		complain_value(parse, line, setting, what);
		return;
	}
	snprintf(prefix, sizeof(prefix), "%s.", setting->path);
	inner.prefix = prefix;
	inner.table = setting->items;
	for (size_t i = 0; i < n; i++) {
		config_setting_t *element = config_setting_get_elem(list, (unsigned)i);

		inner.values = parse->values + setting->offset + i * setting->size;
		if (!config_setting_is_group(element)) {
			snprintf(what, sizeof(what), "holds %s",
				conf_type_in_words(config_setting_type(element)));
			complain_value(parse, config_setting_source_line(element), setting, what);
		} else {
			take_element(&inner, element);
		}
	}
	parse->failed |= inner.failed;
	memcpy(parse->values + setting->count_offset, &n, sizeof(n));
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
		take_fallbacks(parse, config_root_setting(&config), 0);
	}
	config_destroy(&config);
}

int conf_parse_report(const char *name, const char *text, const struct conf_setting *table,
	void *out, size_t out_size, struct conf_report *report)
{
	struct parse parse = {
		.name = name, .text = text, .prefix = "", .table = table, .report = report
	};

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

struct conf_places {
	config_t config;
};

struct conf_places *conf_places_new(const char *text)
{
	struct conf_places *places = calloc(1, sizeof(*places));

	if (!places)
		return NULL;
	config_init(&places->config);
	if (config_read_string(&places->config, text))
		return places;
	conf_places_free(places);
	return NULL;
}

unsigned conf_places_line(const struct conf_places *places, const char *path)
{
	const config_setting_t *setting = places ? config_lookup(&places->config, path) : NULL;

	return setting ? config_setting_source_line(setting) : 0;
}

void conf_places_free(struct conf_places *places)
{
	if (places)
		config_destroy(&places->config);
	free(places);
}
