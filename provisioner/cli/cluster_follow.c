/* SPDX-License-Identifier: ISC */
/* Nodes follow their control plane to another version: by a roll-out of an image with its kubelet.
 */
#include "provisioner/cli/cluster_follow.h"

#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "provisioner/cli/json.h"
#include "provisioner/cli/text.h"
#include "rootfs/kubelet_version.h"

#define SHORT_HASH 12
#define NAMED 8u /* nodes of an image; the others are counted */
#define PATH_SIZE 512
#define WHY_SIZE 160

/* The nodes of an image whose kubelet is another one. */
struct follower {
	char image[NODE_NAME_SIZE], kubelet[KUBELET_VERSION_SIZE];
	char newest[HASH_TEXT_SIZE]; /* version with the kubelet that is wanted; "" none has it */
	bool newer;		     /* `newest` isn't what all of them run */
	char last[HASH_TEXT_SIZE];   /* the newest version, with whatever kubelet; "" none */
	char holds[KUBELET_VERSION_SIZE]; /* the kubelet of that one; "" isn't known */
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

/* The kubelet in a version of an image; "" isn't known. */
static void read_kubelet(const char *share, const char *image, const char *hash,
	char version[static KUBELET_VERSION_SIZE])
{
	char path[PATH_SIZE];
	struct failure failure;
	struct contents contents;

	version[0] = '\0';
	snprintf(path, sizeof(path), "%.255s/images/%.63s/%.64s.boot/" CONTENTS_NAME, share, image,
		hash);
	if (contents_read(path, &contents, &failure) == 0)
		(void)kubelet_find_version(&contents, version);
	contents_free(&contents);
}

static const cJSON *find_image(const cJSON *images, const char *name)
{
	const cJSON *image;

	cJSON_ArrayForEach(image, json_member(images, "images"))
	{
		if (strcmp(json_text(image, "name"), name) == 0)
			return image;
	}
	return NULL;
}

/* Of the image's versions, which come newest first, the first one with that kubelet. */
static void find_version(
	struct follower *follower, const char *share, const cJSON *images, const char *version)
{
	const cJSON *image = find_image(images, follower->image), *one;

	cJSON_ArrayForEach(one, json_member(image, "versions"))
	{
		const char *hash = json_text(one, "hash");
		char kubelet[KUBELET_VERSION_SIZE];

		read_kubelet(share, follower->image, hash, kubelet);
		if (!follower->last[0]) {
			(void)str_copy(follower->last, sizeof(follower->last), hash);
			(void)str_copy(follower->holds, sizeof(follower->holds), kubelet);
		}
		if (strcmp(kubelet, version) != 0)
			continue;
		(void)str_copy(follower->newest, sizeof(follower->newest), hash);
		return;
	}
}

/* What the image has in place of that kubelet. */
static void explain(const struct follower *follower, char why[static WHY_SIZE])
{
	if (!follower->last[0])
		snprintf(why, WHY_SIZE, "there is no version of it on the share");
	else if (follower->holds[0])
		snprintf(why, WHY_SIZE, "its newest, %.*s, has %s", SHORT_HASH, follower->last,
			follower->holds);
	else
		snprintf(why, WHY_SIZE, "of its newest, %.*s, it isn't known which it has",
			SHORT_HASH, follower->last);
}

static void look_at(struct followers *followers, const cJSON *node, const cJSON *images,
	const char *share, const char *version)
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
	if (follower->count == 0)
		find_version(follower, share, images, version);
	follower->newer |=
		*follower->newest && strcmp(follower->newest, json_text(node, "image_hash")) != 0;
	follower->count++;
	cJSON_AddItemToArray(follower->names, cJSON_CreateString(json_text(node, "name")));
}

enum cli_exit followers_find(
	struct cli *cli, const char *share, const char *version, struct followers *followers)
{
	cJSON *nodes = NULL, *images = NULL;
	enum cli_exit code = cli_get(cli, "/v1/nodes", &nodes);
	const cJSON *node;

	*followers = (struct followers){ .images = NULL };
	if (code == CLI_OK)
		code = cli_get(cli, "/v1/images", &images);
	cJSON_ArrayForEach(node, json_member(images ? nodes : NULL, "nodes"))
	{
		look_at(followers, node, images, share, version);
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

/* None that they don't run has it. */
static void print_lack(FILE *out, const struct follower *follower)
{
	char why[WHY_SIZE];

	if (follower->newest[0]) {
		fprintf(out,
			"  Version %.*s of the image, which they run, has it: they haven't said so "
			"yet.\n",
			SHORT_HASH, follower->newest);
		return;
	}
	explain(follower, why);
	fprintf(out,
		"  No version of the image has it (%s): `bramble image build %s`\n"
		"  with that kubelet, then `bramble cluster upgrade --nodes`.\n",
		why, follower->image);
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
				"  `bramble cluster upgrade --nodes` brings version %.*s of the "
				"image to them, the\n  newest that has it: they are drained and "
				"rebooted in waves.\n",
				SHORT_HASH, follower->newest);
		else
			print_lack(cli->out, follower);
	}
}

enum cli_exit followers_check(
	struct cli *cli, const struct followers *followers, const char *version)
{
	for (size_t i = 0; i < followers->n; i++) {
		const struct follower *follower = &followers->images[i];
		char why[WHY_SIZE];

		if (follower->newest[0])
			continue;
		explain(follower, why);
		return cli_complain(cli, CLI_FAILED,
			"no version of image %s has kubelet %s (%s); put that kubelet into its "
			"recipe and `bramble image build %s`, then this again",
			follower->image, version, why, follower->image);
	}
	return CLI_OK;
}

/* What a roll-out didn't bring. */
static enum cli_exit look_again(struct cli *cli, const char *share, const char *version)
{
	struct followers rest;
	enum cli_exit code = followers_find(cli, share, version, &rest);

	if (code == CLI_OK && rest.n == 0)
		followers_print(cli, &rest, version);
	else if (code == CLI_OK)
		code = cli_complain(cli, CLI_FAILED,
			"%u node%s of image %s still run%s kubelet %s, not %s: they weren't there, "
			"or haven't said so yet (`bramble cluster upgrade --dry-run` looks again)",
			rest.images[0].count, rest.images[0].count == 1 ? "" : "s",
			rest.images[0].image, rest.images[0].count == 1 ? "s" : "",
			rest.images[0].kubelet, version);
	followers_free(&rest);
	return code;
}

enum cli_exit followers_bring(struct cli *cli, const struct followers *followers, const char *share,
	const char *version, const struct rollout_wish *wish)
{
	enum cli_exit code = CLI_OK;

	cli->quiet = true;
	for (size_t i = 0; code == CLI_OK && i < followers->n; i++) {
		const struct follower *follower = &followers->images[i];
		struct rollout_wish this = *wish;

		if (!follower->newer)
			continue;
		this.version = follower->newest;
		code = rollout_start(cli, follower->image, &this);
	}
	if (code != CLI_OK || wish->no_watch || cli->json)
		return code;
	return look_again(cli, share, version);
}
