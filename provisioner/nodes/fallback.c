/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/fallback.h"

#include <string.h>

#include "provisioner/timeline/diagnosis.h"

enum fallback_why fallback_choose(
	const struct registry_node *node, const char *current, const char **hash)
{
	bool is_assigned = node->assigned[0] != '\0';

	*hash = is_assigned ? node->assigned : current;
	if (node->avoids[0] && node->good[0] && strcmp(*hash, node->avoids) == 0) {
		*hash = node->good;
		return FALLBACK_GOOD;
	}
	return is_assigned ? FALLBACK_ASSIGNED : FALLBACK_CURRENT;
}

const char *fallback_excuse(const struct registry_boot *boot, const struct fallback_scene *scene)
{
	if (boot->node[0] == '\0' || boot->image_hash[0] == '\0')
		return "it got no version";
	if (!diagnosis_may_be_image(boot->cause))
		return "no version can help what stopped it";
	/* The board had what it asked for, and something else made its firmware start over. */
	if (strcmp(boot->cause, CAUSE_STARTED_OVER) == 0 && boot->token[0] == '\0')
		return "it didn't come to its kernel";
	if (scene->interrupted)
		return "brambled was started anew meanwhile";
	if (!scene->servers_well)
		return "a server of the router was down meanwhile";
	if (scene->others > 0 && scene->heard == 0)
		return "no other node was heard either";
	return NULL;
}

bool fallback_count(struct registry_node *node, const struct registry_boot *boot, unsigned limit)
{
	if (boot->id == node->failed_boot || strcmp(boot->image_hash, node->good) == 0)
		return false;
	if (strcmp(boot->image_hash, node->failing) != 0) {
		str_copy(node->failing, sizeof(node->failing), boot->image_hash);
		node->failures = 0;
	}
	node->failures++;
	node->failed_boot = boot->id;
	return limit > 0 && node->failures >= limit && node->good[0] &&
	       strcmp(node->avoids, boot->image_hash) != 0;
}

bool fallback_avoid(struct registry_node *node, const char *hash, const char *why)
{
	if (node->good[0] == '\0' || strcmp(node->good, hash) == 0)
		return false;
	str_copy(node->avoids, sizeof(node->avoids), hash);
	str_copy(node->avoids_why, sizeof(node->avoids_why), why);
	return true;
}

bool fallback_is_well(struct registry_node *node, const char *hash)
{
	bool avoided = strcmp(node->avoids, hash) == 0 && hash[0];
	bool failed = strcmp(node->failing, hash) == 0 && hash[0];

	if (strcmp(node->good, hash) == 0 && !avoided && !failed)
		return false;
	str_copy(node->good, sizeof(node->good), hash);
	if (avoided)
		node->avoids[0] = node->avoids_why[0] = '\0';
	if (failed) {
		node->failing[0] = '\0';
		node->failures = 0;
	}
	return true;
}

void fallback_forgive(struct registry_node *node)
{
	node->avoids[0] = node->avoids_why[0] = node->failing[0] = '\0';
	node->failures = 0;
}
