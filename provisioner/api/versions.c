/* SPDX-License-Identifier: ISC */
/* Which version who runs and gets next: for the status, and `node retry`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/api/routes.h"
#include "provisioner/nodes/rules.h"
#include "provisioner/nodes/versions.h"

#define VERSIONS_LIMIT 64   /* told at once */
#define EXCEPTIONS_LIMIT 20 /* nodes named with each of them */
#define WARNINGS_LIMIT 10

struct version {
	char image[NODE_NAME_SIZE], hash[HASH_TEXT_SIZE];
	bool current;
	unsigned running, next;
	cJSON *exceptions; /* nodes that don't run what they get, or get something else */
};

struct overview {
	struct brambled *brambled;
	size_t count;
	struct version versions[VERSIONS_LIMIT];
};

/* NULL when there are too many. */
static struct version *find(struct overview *overview, const char *image, const char *hash)
{
	struct version *version = overview->versions;

	for (size_t i = 0; i < overview->count; i++, version++) {
		if (strcmp(version->image, image) == 0 && strcmp(version->hash, hash) == 0)
			return version;
	}
	if (overview->count == VERSIONS_LIMIT || hash[0] == '\0')
		return NULL;
	overview->count++;
	*version = (struct version){ .exceptions = cJSON_CreateArray() };
	str_copy(version->image, sizeof(version->image), image);
	str_copy(version->hash, sizeof(version->hash), hash);
	return version;
}

static int add_current(void *argument, const struct registry_image *image)
{
	struct version *version = find(argument, image->name, image->current);

	if (version)
		version->current = true;
	return 0;
}

/* "" when there is none. */
static const char *find_current(const struct overview *overview, const char *image)
{
	for (size_t i = 0; i < overview->count; i++) {
		const struct version *version = &overview->versions[i];

		if (version->current && strcmp(version->image, image) == 0)
			return version->hash;
	}
	return "";
}

static void add_exception(struct version *version, const char *node, const char *text)
{
	cJSON *json;

	if (cJSON_GetArraySize(version->exceptions) == EXCEPTIONS_LIMIT)
		return;
	json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "node", node);
	cJSON_AddStringToObject(json, "text", text);
	cJSON_AddItemToArray(version->exceptions, json);
}

static void add_node(struct overview *overview, const struct registry_node *node)
{
	const char *image = rules_image(&overview->brambled->settings, node);
	char hash[HASH_TEXT_SIZE], why[VERSIONS_TEXT_SIZE], text[VERSIONS_TEXT_SIZE + 64];
	struct version *runs = node->joined ? find(overview, image, node->image_hash) : NULL;
	struct version *next;

	versions_explain(node, image, find_current(overview, image), hash, why);
	next = find(overview, image, hash);
	if (runs)
		runs->running++;
	if (next)
		next->next++;
	if (runs && runs != next) {
		snprintf(text, sizeof(text), "runs it; gets %.8s at its next boot: %s", hash, why);
		add_exception(runs, node->name, text);
	} else if (next && !next->current) {
		snprintf(text, sizeof(text), "%s it: %s", runs ? "runs" : "gets", why);
		add_exception(next, node->name, text);
	}
}

void api_add_versions(
	struct brambled *brambled, const struct registry_node *nodes, size_t n, cJSON *status)
{
	struct overview *overview = calloc(1, sizeof(*overview));
	cJSON *array = cJSON_AddArrayToObject(status, "versions");

	if (!overview)
		return;
	overview->brambled = brambled;
	(void)registry_each_image(brambled->registry, add_current, overview);
	for (size_t i = 0; i < n; i++)
		add_node(overview, &nodes[i]);
	for (size_t i = 0; i < overview->count; i++) {
		const struct version *version = &overview->versions[i];
		cJSON *json = cJSON_CreateObject();

		cJSON_AddStringToObject(json, "image", version->image);
		cJSON_AddStringToObject(json, "hash", version->hash);
		cJSON_AddBoolToObject(json, "current", version->current);
		cJSON_AddNumberToObject(json, "running", version->running);
		cJSON_AddNumberToObject(json, "next", version->next);
		cJSON_AddItemToObject(json, "exceptions", version->exceptions);
		cJSON_AddItemToArray(array, json);
	}
	free(overview);
}

/* Returns whether there was one. */
static bool warn_of_node(
	struct brambled *brambled, const struct registry_node *node, cJSON *warnings)
{
	struct registry_image image = { 0 };
	const char *chosen;
	char text[REGISTRY_REASON_SIZE + 256];

	if (node->avoids[0] == '\0')
		return false;
	(void)registry_get_image(
		brambled->registry, rules_image(&brambled->settings, node), &image);
	if (fallback_choose(node, image.current, &chosen) != FALLBACK_GOOD)
		return false;
	snprintf(text, sizeof(text),
		"%s fell back from version %.12s to %.12s: %s. Give it a newer one, or `bramble "
		"node retry %s`",
		node->name, node->avoids, node->good, node->avoids_why, node->name);
	cJSON_AddItemToArray(warnings, cJSON_CreateString(text));
	return true;
}

void api_add_version_warnings(
	struct brambled *brambled, const struct registry_node *nodes, size_t n, cJSON *warnings)
{
	unsigned told = 0;

	for (size_t i = 0; i < n && told < WARNINGS_LIMIT; i++)
		told += warn_of_node(brambled, &nodes[i], warnings);
}

void api_retry_node(struct api_request *request)
{
	struct registry_node node;
	char reason[128];
	int result;

	if (api_find_node(request, &node) != 0)
		return;
	result = versions_retry(request->brambled, &node);
	if (result == -ENOENT)
		snprintf(reason, sizeof(reason), "%s didn't fall back: it avoids no version",
			node.name);
	else
		snprintf(reason, sizeof(reason), "the registry can't be written: %.60s",
			strerror(-result));
	api_answer_node(request, result == -ENOENT ? -EEXIST : result, &node, reason);
}
