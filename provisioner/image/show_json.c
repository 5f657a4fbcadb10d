/* SPDX-License-Identifier: ISC */
/* bramble-image show, diff --json. */
#include <stdio.h>
#include <string.h>

#include "provisioner/image/json.h"
#include "provisioner/image/show.h"

static cJSON *describe(const struct image_version *version)
{
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "image", version->name);
	cJSON_AddStringToObject(json, "hash", version->hash);
	return json;
}

/* "NAME ARCHITECTURE" */
static cJSON *describe_package(const struct contents_line *line)
{
	cJSON *json = cJSON_CreateObject();
	char name[256];
	size_t length = strcspn(line->name, " ");

	snprintf(name, sizeof(name), "%.*s", (int)length, line->name);
	cJSON_AddStringToObject(json, "name", name);
	cJSON_AddStringToObject(
		json, "architecture", line->name[length] ? line->name + length + 1 : "");
	return json;
}

void show_print_json(const struct image_version *version, const struct contents *contents)
{
	cJSON *json = describe(version), *about = cJSON_AddObjectToObject(json, "about"),
	      *units = cJSON_AddArrayToObject(json, "units"),
	      *packages = cJSON_AddArrayToObject(json, "packages");
	struct show_summary summary;

	show_sum_up(version, contents, &summary);
	cJSON_AddNumberToObject(json, "bytes", (double)summary.size_bytes);
	cJSON_AddNumberToObject(json, "unpacked_bytes", (double)summary.unpacked_bytes);
	cJSON_AddNumberToObject(json, "files", (double)summary.files);
	for (size_t i = 0; i < contents->count; i++) {
		const struct contents_line *line = &contents->lines[i];
		const char *unit = show_enabled_unit(line);

		if (unit)
			cJSON_AddItemToArray(units, cJSON_CreateString(unit));
		if (line->kind == CONTENTS_ABOUT)
			cJSON_AddStringToObject(about, line->name, line->value);
		if (line->kind == CONTENTS_PACKAGE) {
			cJSON *package = describe_package(line);

			cJSON_AddStringToObject(package, "version", line->value);
			cJSON_AddItemToArray(packages, package);
		}
	}
	image_print_json(json);
}

struct difference {
	cJSON *about, *packages, *units, *files;
};

static void add_values(
	cJSON *json, const struct contents_line *old, const struct contents_line *new)
{
	cJSON_AddItemToObject(
		json, "before", old ? cJSON_CreateString(old->value) : cJSON_CreateNull());
	cJSON_AddItemToObject(
		json, "after", new ? cJSON_CreateString(new->value) : cJSON_CreateNull());
}

static void add_change(
	void *context, const struct contents_line *old, const struct contents_line *new)
{
	struct difference *difference = context;
	const struct contents_line *one = old ? old : new;
	const char *unit;
	cJSON *json;

	if (!one)
		return;
	unit = show_enabled_unit(one);
	if (one->kind == CONTENTS_PACKAGE) {
		json = describe_package(one);
		cJSON_AddItemToArray(difference->packages, json);
	} else {
		json = cJSON_CreateObject();
		cJSON_AddStringToObject(json, "name", unit ? unit : one->name);
		cJSON_AddItemToArray(one->kind == CONTENTS_ABOUT ? difference->about
				     : unit			 ? difference->units
								 : difference->files,
			json);
	}
	add_values(json, old, new);
}

void show_print_json_difference(const struct image_version versions[static 2],
	const struct contents *before, const struct contents *after)
{
	cJSON *json = cJSON_CreateObject();
	struct difference difference;

	cJSON_AddItemToObject(json, "before", describe(&versions[0]));
	cJSON_AddItemToObject(json, "after", describe(&versions[1]));
	difference.about = cJSON_AddArrayToObject(json, "about");
	difference.packages = cJSON_AddArrayToObject(json, "packages");
	difference.units = cJSON_AddArrayToObject(json, "units");
	difference.files = cJSON_AddArrayToObject(json, "files");
	contents_compare(before, after, add_change, &difference);
	image_print_json(json);
}
