/* SPDX-License-Identifier: ISC */
/* By kubectl: what the cluster gets, and what it says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/addons/addons.h"
#include "provisioner/cluster/cluster.h"
#include "rootfs/failure.h"
#include "rootfs/progress.h"

#define ANSWER_SIZE ((size_t)4 << 20)
#define TRIES 5u
#define TRY_AGAIN_US 1000000
#define MANAGER "--field-manager=bramble"

/* SHARE/cluster/addons/NAME.SUFFIX, for kubectl to read. Everything there can be deleted. */
static int put_file(const struct settings *settings, const char *name, const char *suffix,
	const char *text, char path[static CLUSTER_PATH_SIZE], struct failure *failure)
{
	struct cluster_paths paths;
	int result;

	cluster_find_paths(settings, &paths);
	snprintf(path, CLUSTER_PATH_SIZE, "%.200s/addons", paths.base);
	result = access(paths.admin, F_OK) == 0 ? file_make_directories(path, 0700) : -errno;
	if (result == -ENOENT)
		return failure_set(
			failure, result, "there is no cluster: `bramble cluster create` makes it");
	snprintf(path, CLUSTER_PATH_SIZE, "%.200s/addons/%.63s.%.15s", paths.base, name, suffix);
	if (result == 0)
		result = file_replace(path, text, strlen(text), 0600);
	return result == 0 ? 0
			   : failure_set(failure, result, "can't write %s: %s", path,
				     strerror(-result));
}

static int put_json(const struct settings *settings, const char *name, const char *suffix,
	const cJSON *json, char path[static CLUSTER_PATH_SIZE], struct failure *failure)
{
	char *text = json ? cJSON_PrintUnformatted(json) : NULL;
	int result = text ? put_file(settings, name, suffix, text, path, failure)
			  : failure_set(failure, -ENOMEM, "out of memory");

	free(text);
	return result;
}

/* kubectl lines are many: only those of a failure are kept. */
static int ask(const struct settings *settings, const char *const words[], struct failure *failure)
{
	char *answer = malloc(ANSWER_SIZE);
	int result = answer ? cluster_ask(settings, words, answer, ANSWER_SIZE, failure)
			    : failure_set(failure, -ENOMEM, "out of memory");

	free(answer);
	return result;
}

static int apply_file(const struct settings *settings, const char *path, enum addon_part part,
	struct failure *failure)
{
	const char *const by_server[] = { "apply", "--server-side", "--force-conflicts", MANAGER,
		"-f", path, NULL };
	const char *const by_client[] = { "apply", "-f", path, NULL };

	return ask(settings, part == ADDON_SERVER_SIDE ? by_server : by_client, failure);
}

/* A kind that the same file has just defined is known a moment later. */
static bool is_too_early(const struct failure *failure)
{
	return strstr(failure->text, "no matches for kind") ||
	       strstr(failure->text, "failed calling webhook");
}

static int put_part(const struct settings *settings, const struct addon_manifest *manifest,
	enum addon_part part, char path[static CLUSTER_PATH_SIZE], struct failure *failure)
{
	return put_file(settings, manifest->name,
		part == ADDON_SERVER_SIDE ? "yaml" : "client.yaml", manifest->parts[part].text,
		path, failure);
}

static int apply_part(const struct settings *settings, const struct addon_manifest *manifest,
	enum addon_part part, struct progress *progress, struct failure *failure)
{
	struct failure last = { .text = "" };
	char path[CLUSTER_PATH_SIZE];
	int result = put_part(settings, manifest, part, path, failure);

	if (result != 0)
		return result;
	for (unsigned i = 0; i < TRIES; i++) {
		last.text[0] = '\0';
		progress_note(progress, "kubectl apply");
		result = apply_file(settings, path, part, &last);
		if (result == 0 || !is_too_early(&last))
			break;
		usleep(TRY_AGAIN_US);
	}
	return result == 0 ? 0 : failure_set(failure, result, "%s", last.text);
}

static int delete_rest(const struct settings *settings, const struct addon_inventory *inventory,
	const struct addon_manifest *manifest, struct failure *failure)
{
	char path[CLUSTER_PATH_SIZE];
	const char *const words[] = { "delete", "--ignore-not-found", "--wait=false", "-f", path,
		NULL };
	cJSON *list = addon_inventory_rest(inventory, manifest);
	int result;

	if (!list)
		return 0;
	result = put_json(settings, inventory->name, "gone.json", list, path, failure);
	cJSON_Delete(list);
	return result == 0 ? ask(settings, words, failure) : result;
}

/* `hash` "": it is going on. */
static int remember(const struct settings *settings, const struct addon_manifest *manifest,
	const char *hash, const struct addon_inventory *before, struct failure *failure)
{
	cJSON *json = addon_inventory_format(
		manifest->name, hash, manifest->objects, manifest->n_objects, before);
	char path[CLUSTER_PATH_SIZE];
	int result = put_json(settings, manifest->name, "inventory.json", json, path, failure);

	cJSON_Delete(json);
	return result == 0 ? apply_file(settings, path, ADDON_SERVER_SIDE, failure) : result;
}

/* Whatever is interrupted, the inventory names at least what is in the cluster. */
int addon_apply(const struct settings *settings, const struct addon_manifest *manifest,
	const struct addon_inventory *before, struct progress *progress, struct failure *failure)
{
	int result = remember(settings, manifest, "", before, failure);

	for (size_t i = 0; result == 0 && i < ADDON_PARTS; i++) {
		if (manifest->parts[i].text)
			result = apply_part(
				settings, manifest, (enum addon_part)i, progress, failure);
	}
	if (result == 0 && before)
		result = delete_rest(settings, before, manifest, failure);
	return result == 0 ? remember(settings, manifest, manifest->hash, NULL, failure) : result;
}

int addon_remove(const struct settings *settings, const struct addon_inventory *inventory,
	struct progress *progress, struct failure *failure)
{
	char name[ADDON_NAME_SIZE + 16];
	const char *const words[] = { "-n", INVENTORY_SPACE, "delete", "configmap", name,
		"--ignore-not-found", NULL };
	int result;

	progress_note(progress, "kubectl delete");
	result = delete_rest(settings, inventory, NULL, failure);
	snprintf(name, sizeof(name), "bramble-addon-%s", inventory->name);
	return result == 0 ? ask(settings, words, failure) : result;
}

/* kubectl diff: status 0 the same, 1 there are differences, more for errors. */
static int diff_part(const struct settings *settings, const struct addon_manifest *manifest,
	enum addon_part part, char *text, size_t size, struct failure *failure)
{
	char path[CLUSTER_PATH_SIZE];
	const char *const by_server[] = { "diff", "--server-side", "--force-conflicts", MANAGER,
		"-f", path, NULL };
	const char *const by_client[] = { "diff", "-f", path, NULL };
	struct failure last = { .text = "" };
	int result = put_part(settings, manifest, part, path, failure);

	if (result != 0)
		return result;
	result = cluster_ask(
		settings, part == ADDON_SERVER_SIDE ? by_server : by_client, text, size, &last);
	if (result == -ECHILD && strstr(last.text, "failed with status 1;") && *text)
		return 0;
	return result == 0 ? 0 : failure_set(failure, result, "%s", last.text);
}

int addon_diff(const struct settings *settings, const struct addon_manifest *manifest, char **text,
	struct failure *failure)
{
	int result = 0;

	*text = calloc(1, ANSWER_SIZE);
	if (!*text)
		return failure_set(failure, -ENOMEM, "out of memory");
	for (size_t i = 0; result == 0 && i < ADDON_PARTS; i++) {
		size_t used = strlen(*text);

		if (manifest->parts[i].text)
			result = diff_part(settings, manifest, (enum addon_part)i, *text + used,
				ANSWER_SIZE - used, failure);
	}
	if (result != 0) {
		free(*text);
		*text = NULL;
	}
	return result;
}

static int take_inventories(const cJSON *list, struct addon_inventories *inventories)
{
	const cJSON *object;
	int result = cJSON_IsObject(list) ? 0 : -EBADMSG;

	cJSON_ArrayForEach(object, cJSON_GetObjectItemCaseSensitive(list, "items"))
	{
		if (result != 0 || inventories->n == ADDONS_LIMIT)
			break;
		result = addon_inventory_parse(object, &inventories->list[inventories->n]);
		inventories->n += result == 0;
	}
	return result;
}

int addon_inventories_read(const struct settings *settings, struct addon_inventories *inventories,
	struct failure *failure)
{
	static const char *const words[] = { "-n", INVENTORY_SPACE, "get", "configmaps", "-l",
		INVENTORY_SELECTOR, "-o", "json", NULL };
	char *answer = malloc(ANSWER_SIZE);
	cJSON *json = NULL;
	int result;

	memset(inventories, 0, sizeof(*inventories));
	result = answer ? cluster_ask(settings, words, answer, ANSWER_SIZE, failure)
			: failure_set(failure, -ENOMEM, "out of memory");
	if (result == 0) {
		json = cJSON_Parse(answer);
		result = take_inventories(json, inventories);
		if (result != 0)
			failure_set(failure, result,
				"what the cluster remembers of add-ons can't be read: a ConfigMap "
				"bramble-addon-… in " INVENTORY_SPACE " was changed; delete it, "
				"then `bramble addon apply`");
	}
	cJSON_Delete(json);
	free(answer);
	return result;
}

void addon_inventories_free(struct addon_inventories *inventories)
{
	for (size_t i = 0; i < inventories->n; i++)
		addon_inventory_free(&inventories->list[i]);
	inventories->n = 0;
}

const struct addon_inventory *addon_inventories_find(
	const struct addon_inventories *inventories, const char *name)
{
	for (size_t i = 0; i < inventories->n; i++) {
		if (strcmp(inventories->list[i].name, name) == 0)
			return &inventories->list[i];
	}
	return NULL;
}
