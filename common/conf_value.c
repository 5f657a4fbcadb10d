/* SPDX-License-Identifier: ISC */
#include "common/conf_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/conf_text.h"
#include "common/nearest.h"
#include "common/str.h"

#define WHAT_SIZE CONF_WHAT_SIZE
#define SHOWN_SIZE 64 /* an offending value in a message */

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
	case CONF_LINES:
		snprintf(out, size,
			"lines of text, [ \"…\", \"…\" ], at most %zu characters in all",
			setting->size - 1);
		break;
	case CONF_LIST:
		snprintf(out, size, "a list of at most %" PRId64 " groups, ( { … }, { … } )",
			setting->max);
		break;
	}
}

const char *conf_type_in_words(int type)
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

/* A line behind those that are already in place. */
static bool add_line(const struct conf_setting *setting, char *place, const char *line,
	char wrong[static WHAT_SIZE])
{
	struct conf_setting room = *setting;
	size_t used = strlen(place);

	room.size = setting->size - used - 1;
	if (!store_string(&room, place + used, line, wrong))
		return false;
	used += strlen(line);
	place[used++] = '\n';
	place[used] = '\0';
	return true;
}

static bool store_lines(const struct conf_setting *setting, char *place,
	const config_setting_t *found, char wrong[static WHAT_SIZE])
{
	place[0] = '\0';
	for (int i = 0; i < config_setting_length(found); i++) {
		const char *line = config_setting_get_string_elem(found, i);

		if (!line || strlen(place) + 2 > setting->size) {
			snprintf(wrong, WHAT_SIZE, line ? "is too long" : "holds other than text");
			return false;
		}
		if (!add_line(setting, place, line, wrong))
			return false;
	}
	return true;
}

bool conf_has_right_type(const struct conf_setting *setting, int type)
{
	switch (setting->type) {
	case CONF_STRING:
	case CONF_CHOICE:
		return type == CONFIG_TYPE_STRING;
	case CONF_INTEGER:
		return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
	case CONF_BOOLEAN:
		return type == CONFIG_TYPE_BOOL;
	case CONF_LINES:
		return type == CONFIG_TYPE_ARRAY;
	case CONF_LIST:
		return type == CONFIG_TYPE_LIST;
	}
	return false;
}

bool conf_store(const struct conf_setting *setting, char *place, const config_setting_t *found,
	char wrong[static WHAT_SIZE])
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
	case CONF_LINES:
		return store_lines(setting, place, found, wrong);
	case CONF_LIST:
		break;
	}
	return false;
}

/* The fallback as if it stood in the file. It is ours, so a bad one is a bug that the tests find.
 */
bool conf_store_fallback(const struct conf_setting *setting, char *place)
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
	case CONF_LINES:
	case CONF_LIST:
		return setting->fallback[0] == '\0'; /* nothing, and that is what is there */
	}
	return false;
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

static void quote_lines(const char *lines, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "[");
	char line[4096];

	for (; *lines && used + 8 < size; lines += strcspn(lines, "\n") + 1) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(lines, "\n"), lines);
		used += (size_t)snprintf(out + used, size - used, used > 1 ? ", " : " ");
		quote(line, out + used, size - used);
		used += strlen(out + used);
	}
	str_copy(out + used, size - used, " ]");
}

void conf_format_value(
	const struct conf_setting *setting, const void *values, char *out, size_t size)
{
	const char *place = (const char *)values + setting->offset;
	int64_t number;
	bool truth;
	size_t count;
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
	case CONF_LINES:
		quote_lines(place, out, size);
		break;
	case CONF_LIST:
		memcpy(&count, (const char *)values + setting->count_offset, sizeof(count));
		snprintf(out, size, count ? "( %zu groups )" : "( )", count);
		break;
	}
}
