/* SPDX-License-Identifier: ISC */
/*
 * What one node is set to: bramble.conf's elements for all, for its role and for itself, merged, as
 * items of the document that its agent applies (rootfs/config/document.h). Each knows where it
 * comes from.
 */
#ifndef BRAMBLE_NODECONF_H
#define BRAMBLE_NODECONF_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "provisioner/settings/settings.h"
#include "rootfs/config/document.h"

#define NODECONF_PATH_SIZE 64
#define NODECONF_SOURCE_LIMIT (64u * 1024u) /* bytes of one file below files/ */
#define NODECONF_CONTENT_SIZE (96u * 1024u) /* of one rendered file, with NUL */
#define NODECONF_SOURCES (SETTINGS_FILES + SETTINGS_UNITS)

/* Later ones win. */
enum nodeconf_level { NODECONF_BUILT_IN, NODECONF_ALL, NODECONF_ROLE, NODECONF_NODE };

struct nodeconf_item {
	struct item item; /* its values are ours */
	enum nodeconf_level level;
	char path[NODECONF_PATH_SIZE]; /* "nodes.settings.[0].timezone"; "" = nothing sets it */
};

struct nodeconf {
	size_t n, room;
	struct nodeconf_item *items;
};

/* The files below files/ beside bramble.conf that it names, as they were when it was read. */
struct nodeconf_sources {
	size_t n;
	struct {
		char name[128];
		char *text;
	} files[NODECONF_SOURCES];
};

/* Read them, and try every template. Returns 0, -ENOMEM, or -EINVAL with what is wrong added to
 * `report`. `text` is bramble.conf's, for line numbers. *sources is freed by the caller unless
 * -ENOMEM. */
int nodeconf_read_sources(const char *config, const char *text, const struct settings *settings,
	struct nodeconf_sources **sources, struct conf_report *report);
void nodeconf_free_sources(struct nodeconf_sources *sources);

/* Who the node is. */
struct nodeconf_facts {
	const char *node, *role;
	struct in_addr address;
	const char *hosts; /* the text of its /etc/hosts */
};

/* Merge. Returns 0 or -errno with `reason` (-EINVAL: a template; -E2BIG: too many items); *merged
 * is freed by the caller whatever is returned. Pure but for memory. */
#define NODECONF_REASON_SIZE 256
int nodeconf_merge(const struct settings *settings, const struct nodeconf_sources *sources,
	const struct nodeconf_facts *facts, struct nodeconf **merged,
	char reason[static NODECONF_REASON_SIZE]);
void nodeconf_free(struct nodeconf *merged);

/* "all", "role", "node", "built-in" */
const char *nodeconf_level_name(enum nodeconf_level level);

/* Is an element for this node? With its level. */
bool nodeconf_selects(const struct settings_selector *selector, const char *node, const char *role,
	enum nodeconf_level *level);

/* As the agent reads it; a fresh text, NULL without memory or when it is too long. */
char *nodeconf_format(const struct nodeconf *merged);

/* The item that is the same thing, or NULL. */
const struct nodeconf_item *nodeconf_find(const struct nodeconf *merged, const struct item *like);

#endif
