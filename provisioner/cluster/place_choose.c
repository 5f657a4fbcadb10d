/* SPDX-License-Identifier: ISC */
/* The place that the settings ask for. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "provisioner/cli/client.h"
#include "provisioner/cluster/place.h"
#include "rootfs/failure.h"

#define ASK_MS 10000
#define PATH_SIZE (CLUSTER_PATH_SIZE + 32)

/* brambled alone knows the nodes. */
static int ask_address(const struct settings *settings, const char *node, struct in_addr *address,
	struct failure *failure)
{
	struct client client;
	struct client_answer answer = { .text = NULL };
	char path[128] = "/v1/nodes/";
	const char *text;
	cJSON *json = NULL;
	int result = client_init(&client, settings->run, IPC_ROLE_ADMIN);

	if (result == 0)
		result = client_append(path, sizeof(path), node);
	if (result == 0)
		result = client_call(&client, IPC_GET, path, NULL, ASK_MS, &answer);
	if (result == 0 && answer.status != 200)
		result = answer.status == 404 ? -ENOENT : -EPROTO;
	if (result == 0)
		json = cJSON_ParseWithLength(answer.text, answer.size);
	text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "address"));
	if (result == 0)
		result = text ? str_parse_address(text, address) : -EBADMSG;
	cJSON_Delete(json);
	free(answer.text);
	client_free(&client);
	if (result == -ENOENT)
		return failure_set(failure, result,
			"there is no node %s (kubernetes.control_plane); `bramble node list` shows "
			"them",
			node);
	return result == 0 ? 0
			   : failure_set(failure, result, "brambled doesn't say where %s is: %s",
				     node, strerror(-result));
}

/* The settings allow one name. */
static void find_wanted(const struct settings *settings, char node[static NODE_NAME_SIZE])
{
	snprintf(node, NODE_NAME_SIZE, "%.*s", (int)strcspn(settings->control_plane, "\n"),
		settings->control_plane);
}

int place_choose(const struct settings *settings, const char *snapshot, struct place *place,
	struct failure *failure)
{
	unsigned char bytes[(PLACE_STORE_SIZE - 1) / 2];

	memset(place, 0, sizeof(*place));
	find_wanted(settings, place->node);
	if (!place->node[0])
		return 0;
	(void)str_copy(place->snapshot, sizeof(place->snapshot), snapshot);
	randombytes_buf(bytes, sizeof(bytes));
	str_format_hex(bytes, sizeof(bytes), place->store);
	return ask_address(settings, place->node, &place->address, failure);
}

int place_write(
	const struct cluster_paths *paths, const struct place *place, struct failure *failure)
{
	char path[PATH_SIZE], text[256];
	int result = place_format(place, text, sizeof(text));

	snprintf(path, sizeof(path), "%s/place", paths->base);
	if (result == 0)
		result = file_replace(path, text, strlen(text), 0600);
	return result == 0 ? 0
			   : failure_set(failure, result, "can't write %s: %s", path,
				     strerror(-result));
}

static const char *name_of(const char *node)
{
	return *node ? node : "the router";
}

int place_settle(const struct settings *settings, const struct cluster_paths *paths,
	struct place *place, struct failure *failure)
{
	char wanted[NODE_NAME_SIZE];
	int result = place_read(paths, place);

	if (result != 0)
		return failure_set(failure, result, "%s/place can't be read: %s", paths->base,
			result == -EBADMSG ? "it isn't what Bramble writes" : strerror(-result));
	find_wanted(settings, wanted);
	if (strcmp(wanted, place->node) == 0)
		return 0;
	if (place->node[0] || access(paths->pki, F_OK) == 0)
		return failure_set(failure, -EEXIST,
			"this cluster's control plane is on %s, and kubernetes.control_plane says "
			"%s; `bramble cluster rebuild` moves it there by way of a snapshot",
			name_of(place->node), name_of(wanted));
	result = place_choose(settings, "", place, failure);
	return result == 0 ? place_write(paths, place, failure) : result;
}
