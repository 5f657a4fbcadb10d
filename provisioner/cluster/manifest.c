/* SPDX-License-Identifier: ISC */
#include "provisioner/cluster/manifest.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/str.h"

#define NUMBER_LIMIT 9007199254740992.0 /* 2^53: beyond, doubles skip whole numbers */

char *manifest_format(const struct manifest *manifest)
{
	cJSON *json = cJSON_CreateObject(), *files;
	char *text;

	cJSON_AddNumberToObject(json, "made_ms", (double)manifest->made_ms);
	cJSON_AddStringToObject(json, "kubernetes", manifest->kubernetes);
	cJSON_AddStringToObject(json, "reason", manifest->reason);
	if (manifest->cluster[0])
		cJSON_AddStringToObject(json, "cluster", manifest->cluster);
	cJSON_AddNumberToObject(json, "revision", (double)manifest->revision);
	cJSON_AddNumberToObject(json, "keys", (double)manifest->keys);
	cJSON_AddNumberToObject(json, "bytes", (double)manifest->bytes);
	files = cJSON_AddObjectToObject(json, "files");
	for (size_t i = 0; i < manifest->n_files; i++)
		cJSON_AddStringToObject(files, manifest->files[i].path, manifest->files[i].hash);
	text = cJSON_Print(json);
	cJSON_Delete(json);
	return text;
}

/* Relative, without "." and ".." and empty parts. */
static bool is_path(const char *path)
{
	size_t length = strlen(path);

	if (length == 0 || length >= MANIFEST_PATH_SIZE || path[length - 1] == '/')
		return false;
	for (const char *p = path; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("/._-", *p))
			return false;
		if ((p == path || p[-1] == '/') && (*p == '/' || *p == '.'))
			return false;
	}
	return true;
}

static bool is_word(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (!isgraph((unsigned char)*p))
			return false;
	}
	return *text != '\0';
}

static bool take_word(const cJSON *json, const char *name, char *out, size_t size)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	return text && is_word(text) && str_copy(out, size, text);
}

/* Older ones lack it. */
static bool take_cluster(const cJSON *json, struct manifest *manifest)
{
	return !cJSON_HasObjectItem(json, "cluster") ||
	       take_word(json, "cluster", manifest->cluster, sizeof(manifest->cluster));
}

static bool take_number(const cJSON *json, const char *name, int64_t *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < NUMBER_LIMIT))
		return false;
	*out = (int64_t)item->valuedouble;
	return true;
}

static bool take_files(const cJSON *files, struct manifest *manifest)
{
	const cJSON *item;

	if (!cJSON_IsObject(files))
		return false;
	cJSON_ArrayForEach(item, files)
	{
		struct manifest_file *file = &manifest->files[manifest->n_files];
		const char *hash = cJSON_GetStringValue(item);

		if (manifest->n_files == MANIFEST_FILES || !is_path(item->string) || !hash ||
			!str_is_hash(hash, strlen(hash)) || strlen(hash) != sizeof(file->hash) - 1)
			return false;
		memcpy(file->hash, hash, sizeof(file->hash));
		(void)str_copy(file->path, sizeof(file->path), item->string);
		manifest->n_files++;
	}
	return manifest->n_files > 0;
}

int manifest_parse(const char *text, struct manifest *manifest)
{
	cJSON *json = cJSON_Parse(text);
	bool good;

	memset(manifest, 0, sizeof(*manifest));
	good = cJSON_IsObject(json) && take_number(json, "made_ms", &manifest->made_ms) &&
	       take_word(json, "kubernetes", manifest->kubernetes, sizeof(manifest->kubernetes)) &&
	       take_word(json, "reason", manifest->reason, sizeof(manifest->reason)) &&
	       take_cluster(json, manifest) && take_number(json, "revision", &manifest->revision) &&
	       take_number(json, "keys", &manifest->keys) &&
	       take_number(json, "bytes", &manifest->bytes) &&
	       take_files(cJSON_GetObjectItemCaseSensitive(json, "files"), manifest);
	cJSON_Delete(json);
	if (!good)
		memset(manifest, 0, sizeof(*manifest));
	return good ? 0 : -EBADMSG;
}
