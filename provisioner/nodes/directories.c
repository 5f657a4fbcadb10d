/* SPDX-License-Identifier: ISC */
/* Data directories of nodes that have come back. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "provisioner/nodes/bindings.h"

#define ASIDE ".forgotten-"
#define ASIDE_LIMIT 100000

/* A directory that was put aside: NODE.forgotten-TIME. */
struct aside {
	char node[NODE_NAME_SIZE];
	uint64_t at_ms;
};

struct recall {
	struct brambled *brambled;
	struct aside *asides;
	size_t n, room;
};

static bool parse_aside(const char *entry, struct aside *aside)
{
	const char *end = strstr(entry, ASIDE);

	if (!end || (size_t)(end - entry) >= sizeof(aside->node))
		return false;
	snprintf(aside->node, sizeof(aside->node), "%.*s", (int)(end - entry), entry);
	return str_is_node_name(aside->node) &&
	       str_parse_u64(end + strlen(ASIDE), 0, INT64_MAX, &aside->at_ms) == 0;
}

static bool add_aside(struct recall *recall, const struct aside *aside)
{
	if (recall->n == recall->room) {
		size_t room = recall->room ? 2 * recall->room : 64;
		struct aside *grown =
			room > ASIDE_LIMIT ? NULL : realloc(recall->asides, room * sizeof(*grown));

		if (!grown)
			return false;
		recall->asides = grown;
		recall->room = room;
	}
	recall->asides[recall->n++] = *aside;
	return true;
}

static void list_asides(struct recall *recall)
{
	char path[512];
	const struct dirent *entry;
	struct aside aside;
	DIR *entries;

	snprintf(path, sizeof(path), "%s/nodes", recall->brambled->settings.share);
	entries = opendir(path);
	while (entries && (entry = readdir(entries))) {
		if (parse_aside(entry->d_name, &aside) && !add_aside(recall, &aside))
			break;
	}
	if (entries)
		closedir(entries);
}

/* The newest one that was put aside when this node was already there: an older one belonged to
 * another node of the same name. */
static const struct aside *find_aside(const struct recall *recall, const struct registry_node *node)
{
	const struct aside *newest = NULL;

	for (size_t i = 0; i < recall->n; i++) {
		const struct aside *aside = &recall->asides[i];

		if (strcmp(aside->node, node->name) == 0 &&
			(int64_t)aside->at_ms > node->created_ms &&
			(!newest || aside->at_ms > newest->at_ms))
			newest = aside;
	}
	return newest;
}

static int recall_directory(void *argument, const struct registry_node *node)
{
	const struct recall *recall = argument;
	const char *share = recall->brambled->settings.share;
	const struct aside *aside;
	char path[512], from[600];
	struct stat status;
	int result;

	snprintf(path, sizeof(path), "%s/nodes/%s", share, node->name);
	if (stat(path, &status) == 0 || errno != ENOENT)
		return 0;
	aside = find_aside(recall, node);
	if (aside) {
		snprintf(from, sizeof(from), "%s" ASIDE "%llu", path,
			(unsigned long long)aside->at_ms);
		if (rename(from, path) == 0)
			log_notice("%s has its data again, from %s", node->name, from);
		else
			log_error("can't rename %s to %s: %s", from, path, strerror(errno));
	}
	result = bindings_make_directory(recall->brambled, node->name);
	if (result != 0)
		log_error("can't make %s: %s", path, strerror(-result));
	return 0;
}

void bindings_recall_directories(struct brambled *brambled)
{
	struct recall recall = { .brambled = brambled };

	list_asides(&recall);
	(void)registry_each_node(brambled->registry, recall_directory, &recall);
	free(recall.asides);
}
