/* SPDX-License-Identifier: ISC */
/* Nodes follow their control plane to another version: by a roll-out of an image with its kubelet.
 */
#include "provisioner/cli/cluster_follow.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/text.h"

#define SHORT_HASH 12
#define NAMED 8u /* nodes of an image; the others are counted */

/* The nodes of an image whose kubelet is another one. */
struct follower {
	char image[NODE_NAME_SIZE], kubelet[40], newest[HASH_TEXT_SIZE];
	bool newer; /* `newest` isn't what all of them run */
	unsigned count;
	cJSON *names;
};

static struct follower *find(struct followers *followers, const char *image)
{
	struct follower *follower = followers->images;

	for (size_t i = 0; i < followers->n; i++, follower++) {
		if (strcmp(follower->image, image) == 0)
			return follower;
	}
	follower = realloc(followers->images, (followers->n + 1) * sizeof(*follower));
	if (!follower)
		return NULL;
	followers->images = follower;
	follower += followers->n++;
	*follower = (struct follower){ .names = cJSON_CreateArray() };
	(void)str_copy(follower->image, sizeof(follower->image), image);
	return follower;
}

/* Versions come newest first. */
static const char *find_newest(const cJSON *images, const char *name)
{
	const cJSON *image;

	cJSON_ArrayForEach(image, json_member(images, "images"))
	{
		if (strcmp(json_text(image, "name"), name) == 0)
			return json_text(
				cJSON_GetArrayItem(json_member(image, "versions"), 0), "hash");
	}
	return "";
}

static void look_at(
	struct followers *followers, const cJSON *node, const cJSON *images, const char *version)
{
	const cJSON *cluster = json_member(node, "cluster");
	const char *kubelet = json_text(cluster, "kubelet"), *image = json_text(node, "image");
	struct follower *follower;

	if (!cluster)
		return;
	followers->nodes++;
	follower = strcmp(kubelet, version) == 0 ? NULL : find(followers, image);
	if (!follower)
		return;
	text_visible(follower->kubelet, sizeof(follower->kubelet), kubelet);
	(void)str_copy(follower->newest, sizeof(follower->newest), find_newest(images, image));
	follower->newer |=
		*follower->newest && strcmp(follower->newest, json_text(node, "image_hash")) != 0;
	follower->count++;
	cJSON_AddItemToArray(follower->names, cJSON_CreateString(json_text(node, "name")));
}

enum cli_exit followers_find(struct cli *cli, const char *version, struct followers *followers)
{
	cJSON *nodes = NULL, *images = NULL;
	enum cli_exit code = cli_get(cli, "/v1/nodes", &nodes);
	const cJSON *node;

	*followers = (struct followers){ .images = NULL };
	if (code == CLI_OK)
		code = cli_get(cli, "/v1/images", &images);
	cJSON_ArrayForEach(node, json_member(images ? nodes : NULL, "nodes"))
	{
		look_at(followers, node, images, version);
	}
	cJSON_Delete(nodes);
	cJSON_Delete(images);
	return code;
}

void followers_free(struct followers *followers)
{
	for (size_t i = 0; i < followers->n; i++)
		cJSON_Delete(followers->images[i].names);
	free(followers->images);
	*followers = (struct followers){ .images = NULL };
}

void followers_add(const struct followers *followers, cJSON *json)
{
	cJSON *array = cJSON_AddArrayToObject(json, "behind");

	for (size_t i = 0; i < followers->n; i++) {
		const struct follower *follower = &followers->images[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddStringToObject(item, "image", follower->image);
		cJSON_AddStringToObject(item, "kubelet", follower->kubelet);
		if (follower->newer)
			cJSON_AddStringToObject(item, "newest", follower->newest);
		else
			cJSON_AddNullToObject(item, "newest");
		cJSON_AddItemToObject(item, "nodes", cJSON_Duplicate(follower->names, true));
		cJSON_AddItemToArray(array, item);
	}
}

static void print_names(FILE *out, const struct follower *follower)
{
	const cJSON *name;
	unsigned told = 0;

	cJSON_ArrayForEach(name, follower->names)
	{
		char visible[NODE_NAME_SIZE];

		if (told == NAMED)
			break;
		text_visible(visible, sizeof(visible), name->valuestring);
		fprintf(out, "%s%s", told++ ? ", " : "", visible);
	}
	if (follower->count > told)
		fprintf(out, " and %u more", follower->count - told);
}

void followers_print(struct cli *cli, const struct followers *followers, const char *version)
{
	if (followers->n == 0 && followers->nodes == 1)
		fprintf(cli->out, "The one node runs kubelet %s.\n", version);
	else if (followers->n == 0 && followers->nodes > 1)
		fprintf(cli->out, "All %u nodes run kubelet %s.\n", followers->nodes, version);
	for (size_t i = 0; i < followers->n; i++) {
		const struct follower *follower = &followers->images[i];

		print_names(cli->out, follower);
		fprintf(cli->out, " (image %s) run%s kubelet %s, not %s.\n", follower->image,
			follower->count == 1 ? "s" : "", follower->kubelet, version);
		if (follower->newer)
			fprintf(cli->out,
				"  `bramble cluster upgrade --nodes` brings the newest version of "
				"the "
				"image to them,\n  %.*s: they are drained and rebooted in waves.\n",
				SHORT_HASH, follower->newest);
		else
			fprintf(cli->out,
				"  The image has no newer version: `bramble image build %s` with "
				"that "
				"kubelet,\n  then `bramble cluster upgrade --nodes`.\n",
				follower->image);
	}
}

/* What a roll-out didn't bring. */
static enum cli_exit look_again(struct cli *cli, const char *version)
{
	struct followers rest;
	enum cli_exit code = followers_find(cli, version, &rest);

	if (code == CLI_OK && rest.n == 0)
		followers_print(cli, &rest, version);
	else if (code == CLI_OK)
		code = cli_complain(cli, CLI_FAILED,
			"%u node%s of image %s still run%s kubelet %s, not %s: its newest version "
			"brings that one, or they weren't there",
			rest.images[0].count, rest.images[0].count == 1 ? "" : "s",
			rest.images[0].image, rest.images[0].count == 1 ? "s" : "",
			rest.images[0].kubelet, version);
	followers_free(&rest);
	return code;
}

enum cli_exit followers_bring(struct cli *cli, const struct followers *followers,
	const char *version, const struct rollout_wish *wish)
{
	enum cli_exit code = CLI_OK;

	cli->quiet = true;
	for (size_t i = 0; code == CLI_OK && i < followers->n; i++) {
		const struct follower *follower = &followers->images[i];
		struct rollout_wish this = *wish;

		if (!follower->newer)
			return cli_complain(cli, CLI_FAILED,
				"image %s has no newer version than its nodes run; `bramble image "
				"build %s` with kubelet %s first",
				follower->image, follower->image, version);
		this.version = follower->newest;
		code = rollout_start(cli, follower->image, &this);
	}
	if (code != CLI_OK || wish->no_watch || cli->json)
		return code;
	return look_again(cli, version);
}
