/* SPDX-License-Identifier: ISC */
/* The administrator's door to images. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/api/routes.h"
#include "provisioner/images.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/nodes/versions.h"

struct listing {
	struct brambled *brambled;
	cJSON *array;
	const struct registry_image *image; /* whose versions are described */
	cJSON *version;
	unsigned running, next; /* nodes */
};

static int count_node(void *argument, const struct registry_node *node)
{
	struct listing *listing = argument;
	const char *hash = cJSON_GetStringValue(cJSON_GetObjectItem(listing->version, "hash"));
	char next[HASH_TEXT_SIZE], why[VERSIONS_TEXT_SIZE];

	if (strcmp(rules_image(&listing->brambled->settings, node), listing->image->name) != 0)
		return 0;
	versions_explain(node, listing->image->name, listing->image->current, next, why);
	listing->running += node->joined && strcmp(node->image_hash, hash) == 0;
	listing->next += strcmp(next, hash) == 0;
	return 0;
}

static bool is_pinned(const struct registry_image *image, const char *hash)
{
	for (size_t i = 0; i < image->n_pinned; i++)
		if (strcmp(image->pinned[i], hash) == 0)
			return true;
	return false;
}

/* A version whose root isn't there is being published, or was half removed. */
static void add_version(struct listing *listing, const struct images_version *version)
{
	const struct registry_image *image = listing->image;
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "hash", version->hash);
	cJSON_AddNumberToObject(json, "bytes", (double)version->bytes);
	cJSON_AddNumberToObject(json, "built_ms", (double)version->built_ms);
	cJSON_AddBoolToObject(json, "current", strcmp(version->hash, image->current) == 0);
	cJSON_AddBoolToObject(json, "previous", strcmp(version->hash, image->previous) == 0);
	cJSON_AddBoolToObject(json, "pinned", is_pinned(image, version->hash));
	if (version->why[0])
		cJSON_AddStringToObject(json, "kept", version->why);
	else
		cJSON_AddNullToObject(json, "kept");
	listing->version = json;
	listing->running = listing->next = 0;
	(void)registry_each_node(listing->brambled->registry, count_node, listing);
	cJSON_AddNumberToObject(json, "running", listing->running);
	cJSON_AddNumberToObject(json, "next", listing->next);
}

static int newest_first(const void *a, const void *b)
{
	const struct images_version *left = a, *right = b;

	return left->built_ms == right->built_ms  ? strcmp(left->hash, right->hash)
	       : left->built_ms < right->built_ms ? 1
						  : -1;
}

static void add_versions(struct listing *listing, cJSON *json)
{
	cJSON *array = cJSON_AddArrayToObject(json, "versions");
	struct images_kept *kept = malloc(sizeof(*kept));
	char reason[IMAGES_REASON_SIZE];

	if (kept && images_examine(listing->brambled, listing->image->name, kept, reason) == 0) {
		qsort(kept->versions, kept->count, sizeof(kept->versions[0]), newest_first);
		for (size_t i = 0; i < kept->count; i++) {
			if (kept->versions[i].built_ms == 0)
				continue;
			add_version(listing, &kept->versions[i]);
			cJSON_AddItemToArray(array, listing->version);
		}
	}
	free(kept);
}

static int add_image(void *argument, const struct registry_image *image)
{
	struct listing *listing = argument;
	cJSON *json = cJSON_CreateObject();

	cJSON_AddStringToObject(json, "name", image->name);
	if (image->current[0])
		cJSON_AddStringToObject(json, "current", image->current);
	else
		cJSON_AddNullToObject(json, "current");
	if (image->previous[0])
		cJSON_AddStringToObject(json, "previous", image->previous);
	else
		cJSON_AddNullToObject(json, "previous");
	listing->image = image;
	add_versions(listing, json);
	listing->image = NULL;
	cJSON_AddItemToArray(listing->array, json);
	return 0;
}

/* Images of which no version was ever chosen are known by their directories alone. */
static void add_unchosen(struct listing *listing)
{
	char path[IMAGES_PATH_SIZE];
	struct dirent **entries;
	int count;

	snprintf(path, sizeof(path), "%s/images", listing->brambled->settings.share);
	count = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		struct registry_image image = { 0 };
		const char *name = entries[i]->d_name;

		if (str_is_node_name(name) &&
			registry_get_image(listing->brambled->registry, name, &image) == -ENOENT) {
			str_copy(image.name, sizeof(image.name), name);
			(void)add_image(listing, &image);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void api_list_images(struct api_request *request)
{
	struct listing listing = { .brambled = request->brambled };

	request->reply->json = cJSON_CreateObject();
	listing.array = cJSON_AddArrayToObject(request->reply->json, "images");
	api_conclude(
		request, registry_each_image(request->brambled->registry, add_image, &listing));
	if (request->reply->status == 200)
		add_unchosen(&listing);
}

static const char *body_text(const struct api_request *request, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request->body, name));
}

void api_use_image(struct api_request *request)
{
	char reason[IMAGES_REASON_SIZE] = "say which: {\"name\": …, \"hash\": …}";
	char found[HASH_TEXT_SIZE];
	const char *name = body_text(request, "name"), *hash = body_text(request, "hash");
	int result = name && hash ? 0 : -EINVAL;

	/* "previous", or the beginning of a hash. */
	if (result == 0 && !str_is_hash(hash, strlen(hash))) {
		result = images_find(request->brambled, name, hash, found, reason);
		hash = found;
	}
	if (result == 0)
		result = images_use(request->brambled, name, hash, reason);
	if (result == 0)
		api_list_images(request);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

void api_roll_back_image(struct api_request *request)
{
	char reason[IMAGES_REASON_SIZE] = "";
	int result = images_roll_back(request->brambled, request->subject, reason);

	if (result == 0)
		api_list_images(request);
	else
		api_fail(request->reply, api_status_of(result), "%s", reason);
}

/* {"name","hash"} of one version. */
static void answer_version(
	struct api_request *request, int result, const char *hash, const char *reason)
{
	if (result != 0) {
		api_fail(request->reply, api_status_of(result), "%s", reason);
		return;
	}
	request->reply->json = cJSON_CreateObject();
	cJSON_AddStringToObject(request->reply->json, "name", request->subject);
	cJSON_AddStringToObject(request->reply->json, "hash", hash);
}

static void pin(struct api_request *request, bool pinned)
{
	char reason[IMAGES_REASON_SIZE] = "say which version: {\"hash\": …}";
	char hash[HASH_TEXT_SIZE];
	const char *beginning = body_text(request, "hash");
	int result = beginning ? images_pin(request->brambled, request->subject, beginning, pinned,
					 hash, reason)
			       : -EINVAL;

	answer_version(request, result, hash, reason);
	if (result == 0)
		cJSON_AddBoolToObject(request->reply->json, "pinned", pinned);
}

void api_pin_image(struct api_request *request)
{
	pin(request, true);
}

void api_unpin_image(struct api_request *request)
{
	pin(request, false);
}

void api_tell_arrival(struct api_request *request)
{
	char reason[IMAGES_REASON_SIZE] = "say which version: {\"hash\": …}";
	char hash[HASH_TEXT_SIZE];
	const char *beginning = body_text(request, "hash");
	int result = beginning ? images_find(request->brambled, request->subject, beginning, hash,
					 reason)
			       : -EINVAL;

	if (result == 0) {
		brambled_event(request->brambled, "image.imported", request->subject,
			"version %.12s of image %s was imported", hash, request->subject);
		result = brambled_conclude(request->brambled, 0);
		snprintf(reason, sizeof(reason), "the registry can't be written now");
	}
	answer_version(request, result, hash, reason);
}

static void describe(cJSON *json, const struct images_kept *kept)
{
	cJSON *removed = cJSON_AddArrayToObject(json, "removed"),
	      *rest = cJSON_AddArrayToObject(json, "kept");

	for (size_t i = 0; i < kept->count; i++) {
		const struct images_version *version = &kept->versions[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "hash", version->hash);
		cJSON_AddNumberToObject(item, "bytes", (double)version->bytes);
		if (version->why[0])
			cJSON_AddStringToObject(item, "why", version->why);
		cJSON_AddItemToArray(version->why[0] ? rest : removed, item);
	}
}

void api_sweep_image(struct api_request *request)
{
	const bool dry_run = request->dry_run;
	struct images_kept *kept = malloc(sizeof(*kept));
	char reason[IMAGES_REASON_SIZE] = "out of memory";
	int result = kept ? images_gc(request->brambled, request->subject, dry_run, kept, reason)
			  : -ENOMEM;

	if (result == 0) {
		request->reply->json = cJSON_CreateObject();
		cJSON_AddStringToObject(request->reply->json, "name", request->subject);
		cJSON_AddBoolToObject(request->reply->json, "dry_run", dry_run);
		describe(request->reply->json, kept);
	} else {
		api_fail(request->reply, api_status_of(result), "%s", reason);
	}
	free(kept);
}
