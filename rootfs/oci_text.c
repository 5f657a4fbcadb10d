/* SPDX-License-Identifier: ISC */
#include "rootfs/oci_text.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#define SHA256 "sha256:"

static int refuse(struct failure *failure, const char *what)
{
	return failure_set(failure, -EINVAL, "it is no OCI image that can be taken: %s", what);
}

/* NULL: it is no JSON object, or more follows it. */
static cJSON *parse(const char *text, size_t size)
{
	cJSON *json = size <= OCI_TEXT_LIMIT ? cJSON_ParseWithLength(text, size) : NULL;

	if (json && !cJSON_IsObject(json)) {
		cJSON_Delete(json);
		return NULL;
	}
	return json;
}

static const char *text_of(const cJSON *json, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

	return text ? text : "";
}

int oci_check_layout(const char *text, size_t size, struct failure *failure)
{
	cJSON *json = parse(text, size);
	bool known = strncmp(text_of(json, "imageLayoutVersion"), "1.", 2) == 0;

	cJSON_Delete(json);
	return known ? 0 : refuse(failure, "its oci-layout is not of version 1");
}

/* "sha256:HEX" and a size. */
static bool parse_blob(const cJSON *json, struct oci_blob *blob)
{
	const cJSON *size = cJSON_GetObjectItemCaseSensitive(json, "size");
	const char *digest = text_of(json, "digest"), *hash;

	if (strncmp(digest, SHA256, strlen(SHA256)) != 0)
		return false;
	hash = digest + strlen(SHA256);
	if (!str_is_hash(hash, strlen(hash)) || !cJSON_IsNumber(size) ||
		!(size->valuedouble >= 0) || size->valuedouble > (double)OCI_BLOB_LIMIT)
		return false;
	str_copy(blob->hash, sizeof(blob->hash), hash);
	blob->size = (uint64_t)size->valuedouble;
	return true;
}

/* Debian's "armhf" is their "arm", variant v7; the others are called alike. */
static bool is_architecture(const cJSON *json, const char *architecture)
{
	const char *theirs = strcmp(architecture, "armhf") == 0 ? "arm" : architecture;

	return strcmp(text_of(json, "architecture"), theirs) == 0 &&
	       strcmp(text_of(json, "os"), "linux") == 0;
}

static bool ends(const char *text, const char *with)
{
	size_t length = strlen(text), size = strlen(with);

	return length >= size && strcmp(text + length - size, with) == 0;
}

/* "application/vnd.oci.image.index.v1+json", or Docker's word for it. */
static bool says_index(const char *type)
{
	return ends(type, ".image.index.v1+json") || ends(type, ".manifest.list.v2+json");
}

int oci_choose_manifest(const char *text, size_t size, const char *architecture,
	struct oci_blob *chosen, bool *is_index, struct failure *failure)
{
	cJSON *json = parse(text, size);
	const cJSON *manifests = cJSON_GetObjectItemCaseSensitive(json, "manifests"), *item;
	int count = cJSON_GetArraySize(manifests), found = 0;
	bool sound = true;

	if (!cJSON_IsArray(manifests) || count > OCI_MANIFESTS_LIMIT) {
		cJSON_Delete(json);
		return refuse(failure, "its index can't be read");
	}
	cJSON_ArrayForEach(item, manifests)
	{
		const cJSON *platform = cJSON_GetObjectItemCaseSensitive(item, "platform");

		if (platform ? !is_architecture(platform, architecture) : count > 1)
			continue;
		found++;
		sound = sound && parse_blob(item, chosen);
		*is_index = says_index(text_of(item, "mediaType"));
	}
	cJSON_Delete(json);
	if (found == 1 && sound)
		return 0;
	if (found == 1)
		return refuse(failure, "a descriptor of its index can't be read");
	return failure_set(failure, -EINVAL, "%s is for %s: an archive of one image is needed",
		found == 0 ? "none of its images" : "more than one of its images", architecture);
}

/* Layers that mustn't be handed on are not in the archive (layer.md, "Non-Distributable Layers").
 */
static bool parse_compression(const char *type, enum oci_compression *compression)
{
	if (strstr(type, "nondistributable") || strstr(type, "foreign"))
		return false;
	if (ends(type, ".tar+gzip") || ends(type, ".tar.gzip"))
		*compression = OCI_GZIP;
	else if (ends(type, ".tar+zstd"))
		*compression = OCI_ZSTD;
	else if (ends(type, ".tar"))
		*compression = OCI_PLAIN;
	else
		return false;
	return true;
}

static int parse_layers(const cJSON *layers, struct oci_manifest *manifest, struct failure *failure)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, layers)
	{
		struct oci_layer *layer = &manifest->layers[manifest->count++];

		if (!parse_blob(item, &layer->blob))
			return refuse(failure, "a layer of its manifest can't be read");
		if (!parse_compression(text_of(item, "mediaType"), &layer->compression))
			return failure_set(failure, -EINVAL,
				"its layer %zu is of a kind that is not known: \"%.100s\"",
				manifest->count, text_of(item, "mediaType"));
	}
	return 0;
}

int oci_parse_manifest(
	const char *text, size_t size, struct oci_manifest *manifest, struct failure *failure)
{
	cJSON *json = parse(text, size);
	const cJSON *layers = cJSON_GetObjectItemCaseSensitive(json, "layers");
	int count = cJSON_GetArraySize(layers), result = 0;

	memset(manifest, 0, sizeof(*manifest));
	if (!cJSON_IsArray(layers) || count == 0 || count > OCI_LAYERS_LIMIT ||
		!parse_blob(cJSON_GetObjectItemCaseSensitive(json, "config"), &manifest->config))
		result =
			refuse(failure, "its manifest can't be read, or has no layers or too many");
	else
		result = parse_layers(layers, manifest, failure);
	cJSON_Delete(json);
	return result;
}

static int take_diff_ids(
	const cJSON *hashes, struct oci_manifest *manifest, struct failure *failure)
{
	const cJSON *item;
	size_t i = 0;

	if ((size_t)cJSON_GetArraySize(hashes) != manifest->count)
		return refuse(failure, "its configuration is of another number of layers");
	cJSON_ArrayForEach(item, hashes)
	{
		const char *text = cJSON_GetStringValue(item), *hash;

		if (!text || strncmp(text, SHA256, strlen(SHA256)) != 0)
			return refuse(failure, "a diff_id of its configuration is no sha256");
		hash = text + strlen(SHA256);
		if (!str_is_hash(hash, strlen(hash)))
			return refuse(failure, "a diff_id of its configuration can't be read");
		str_copy(manifest->layers[i++].diff_id, HASH_TEXT_SIZE, hash);
	}
	return 0;
}

int oci_check_config(const char *text, size_t size, const char *architecture,
	struct oci_manifest *manifest, struct failure *failure)
{
	cJSON *json = parse(text, size);
	const cJSON *root = cJSON_GetObjectItemCaseSensitive(json, "rootfs");
	const cJSON *hashes = cJSON_GetObjectItemCaseSensitive(root, "diff_ids");
	int result = 0;

	if (!json)
		result = refuse(failure, "its configuration can't be read");
	else if (!is_architecture(json, architecture))
		result = failure_set(failure, -EINVAL, "it is for %.40s/%.40s; the recipe says %s",
			text_of(json, "os"), text_of(json, "architecture"), architecture);
	else
		result = take_diff_ids(hashes, manifest, failure);
	cJSON_Delete(json);
	return result;
}
