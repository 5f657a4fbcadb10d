/* SPDX-License-Identifier: ISC */
#include "tests/unit/schema.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

#define FILE_LIMIT (1u << 20)
#define PATH_SIZE 128
#define DEPTH_LIMIT 16

/* Where in a value one is. */
struct place {
	const cJSON *schema; /* the whole file */
	char path[PATH_SIZE];
	unsigned depth;
	char *error;
};

static bool check(struct place *place, const cJSON *rule, const cJSON *json);

cJSON *schema_read(const char *path)
{
	cJSON *json = NULL;
	char *text;
	size_t size;

	if (file_read(path, FILE_LIMIT, &text, &size) == 0) {
		json = cJSON_Parse(text);
		free(text);
	}
	return json;
}

static bool fail(const struct place *place, const char *why, const char *what)
{
	snprintf(place->error, SCHEMA_ERROR_SIZE, "%s: %s %.80s",
		place->path[0] ? place->path : "(whole)", why, what);
	return false;
}

static bool has_type(const char *type, const cJSON *json)
{
	if (strcmp(type, "integer") == 0)
		return cJSON_IsNumber(json) && floor(json->valuedouble) == json->valuedouble;
	return (strcmp(type, "string") == 0 && cJSON_IsString(json)) ||
	       (strcmp(type, "number") == 0 && cJSON_IsNumber(json)) ||
	       (strcmp(type, "boolean") == 0 && cJSON_IsBool(json)) ||
	       (strcmp(type, "null") == 0 && cJSON_IsNull(json)) ||
	       (strcmp(type, "array") == 0 && cJSON_IsArray(json)) ||
	       (strcmp(type, "object") == 0 && cJSON_IsObject(json));
}

static bool check_type(struct place *place, const cJSON *type, const cJSON *json)
{
	const cJSON *one;

	if (cJSON_IsString(type) && has_type(type->valuestring, json))
		return true;
	cJSON_ArrayForEach(one, type)
	{
		if (cJSON_IsString(one) && has_type(one->valuestring, json))
			return true;
	}
	return fail(place, "isn't of the type", cJSON_IsString(type) ? type->valuestring : "");
}

/* One step down. */
static bool check_part(struct place *place, const char *name, const cJSON *rule, const cJSON *json)
{
	size_t length = strlen(place->path);
	bool holds;

	snprintf(place->path + length, sizeof(place->path) - length, "/%s", name);
	holds = check(place, rule, json);
	place->path[length] = '\0';
	return holds;
}

static bool check_properties(struct place *place, const cJSON *rule, const cJSON *json)
{
	const cJSON *properties = cJSON_GetObjectItemCaseSensitive(rule, "properties");
	const cJSON *other = cJSON_GetObjectItemCaseSensitive(rule, "additionalProperties");
	const cJSON *part, *name, *found;

	cJSON_ArrayForEach(part, json)
	{
		found = cJSON_GetObjectItemCaseSensitive(properties, part->string);
		if (!found && cJSON_IsFalse(other))
			return fail(place, "has what isn't described:", part->string);
		if (!found && cJSON_IsTrue(other))
			continue;
		if (!check_part(place, part->string, found ? found : other, part))
			return false;
	}
	cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(rule, "required"))
	{
		if (!cJSON_HasObjectItem(json, name->valuestring))
			return fail(place, "lacks", name->valuestring);
	}
	return true;
}

static bool check_items(struct place *place, const cJSON *items, const cJSON *json)
{
	const cJSON *item;
	char number[16];
	unsigned i = 0;

	cJSON_ArrayForEach(item, json)
	{
		snprintf(number, sizeof(number), "%u", i++);
		if (!check_part(place, number, items, item))
			return false;
	}
	return true;
}

static bool check_enum(struct place *place, const cJSON *values, const cJSON *json)
{
	const cJSON *value;

	cJSON_ArrayForEach(value, values)
	{
		if (cJSON_Compare(value, json, true))
			return true;
	}
	return fail(place, "isn't one of the values that are named:",
		cJSON_IsString(json) ? json->valuestring : "");
}

static bool check_any(struct place *place, const cJSON *rules, const cJSON *json)
{
	const cJSON *rule;

	cJSON_ArrayForEach(rule, rules)
	{
		if (check(place, rule, json))
			return true;
	}
	return false;
}

/* "#/$defs/NAME" */
static const cJSON *find(const struct place *place, const char *reference)
{
	static const char beginning[] = "#/$defs/";
	const cJSON *all = cJSON_GetObjectItemCaseSensitive(place->schema, "$defs");

	if (!reference || strncmp(reference, beginning, sizeof(beginning) - 1) != 0)
		return NULL;
	return cJSON_GetObjectItemCaseSensitive(all, reference + sizeof(beginning) - 1);
}

static bool check_word(struct place *place, const cJSON *rule, const cJSON *word, const cJSON *json)
{
	const char *name = word->string;
	const cJSON *definition;

	if (strcmp(name, "type") == 0)
		return check_type(place, word, json);
	if (strcmp(name, "enum") == 0)
		return check_enum(place, word, json);
	if (strcmp(name, "anyOf") == 0)
		return check_any(place, word, json);
	if (strcmp(name, "items") == 0)
		return check_items(place, word, json);
	if (strcmp(name, "additionalProperties") == 0)
		return check_properties(place, rule, json);
	if (strcmp(name, "properties") == 0 || strcmp(name, "required") == 0)
		return cJSON_HasObjectItem(rule, "additionalProperties") ||
		       fail(place, "its schema says nothing of", "additionalProperties");
	if (strcmp(name, "description") == 0)
		return true;
	if (strcmp(name, "$ref") != 0)
		return fail(place, "its schema has an unknown word:", name);
	definition = find(place, cJSON_GetStringValue(word));
	return definition
		       ? check(place, definition, json)
		       : fail(place,
				 "its schema names what isn't there:", cJSON_GetStringValue(word));
}

static bool check(struct place *place, const cJSON *rule, const cJSON *json)
{
	bool holds = cJSON_IsObject(rule) && place->depth++ < DEPTH_LIMIT;
	const cJSON *word;

	if (!holds)
		return fail(place, "its schema is none, or without end", "");
	cJSON_ArrayForEach(word, rule)
	{
		holds = holds && check_word(place, rule, word, json);
	}
	place->depth--;
	return holds;
}

bool schema_holds(const cJSON *schema, const char *definition, const cJSON *json,
	char error[static SCHEMA_ERROR_SIZE])
{
	struct place place = { .schema = schema, .error = error };
	const cJSON *rule = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(schema, "$defs"), definition);

	error[0] = '\0';
	return rule ? check(&place, rule, json) : fail(&place, "no schema describes", definition);
}

int schema_check_text(const cJSON *schema, const char *definition, const char *text,
	char error[static SCHEMA_ERROR_SIZE])
{
	int n = 0;

	for (;;) {
		cJSON *json;
		bool holds;

		while (isspace((unsigned char)*text))
			text++;
		if (*text == '\0')
			return n;
		json = cJSON_ParseWithOpts(text, &text, false);
		if (!json) {
			snprintf(error, SCHEMA_ERROR_SIZE, "this is no JSON: %.100s", text);
			return -1;
		}
		holds = schema_holds(schema, definition, json, error);
		cJSON_Delete(json);
		if (!holds)
			return -1;
		n++;
	}
}
