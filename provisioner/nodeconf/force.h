/* SPDX-License-Identifier: ISC */
/*
 * The configuration of nodes that is in force: what each node is to be told, by which hash it is
 * known, and what nodes say of it in their heartbeats. Reports are in memory alone: nodes repeat
 * them.
 */
#ifndef BRAMBLE_NODECONF_FORCE_H
#define BRAMBLE_NODECONF_FORCE_H

#include <cjson/cJSON.h>

#include "provisioner/brambled.h"
#include "provisioner/nodeconf/inputs.h"
#include "provisioner/nodeconf/nodeconf.h"

#define NODECONF_HASH_SIZE 17 /* of a document, shortened, in hex */
#define NODECONF_REPORT_SIZE 512
#define NODECONF_SCRATCH_SIZE 96

/* What a node says of itself. */
struct nodeconf_report {
	char hash[NODECONF_HASH_SIZE]; /* of the document that it applied; "" = none */
	unsigned failed, drifted, reboot;
	char text[NODECONF_REPORT_SIZE];     /* what, in words; visible */
	char scratch[NODECONF_SCRATCH_SIZE]; /* visible */
};

/* Read bramble.conf's files. 0 or -errno, which was logged. */
int nodeconf_start(struct brambled *brambled);
void nodeconf_stop(struct brambled *brambled);

/* Others take their place; both are ours from now on. */
void nodeconf_take_over(struct brambled *brambled, char *text, struct nodeconf_sources *sources);
/* Nodes came, went, or changed their names or roles. */
void nodeconf_nodes_changed(struct brambled *brambled);
/* All nodes shall apply theirs again, also where nothing changed: drift ends. A commit should
 * follow. */
void nodeconf_apply_again(struct brambled *brambled);

/* What the node is set to; as nodeconf_merge. */
int nodeconf_of_node(struct brambled *brambled, const struct registry_node *node,
	struct nodeconf **merged, char reason[static NODECONF_REASON_SIZE]);
/* Can other settings, of which `others` are the inputs, make any difference to it? Then nodes with
 * the same difference->old and ->now change alike. 1, 0 or -ENOMEM. */
struct nodeconf_difference {
	uint8_t old[NODECONF_DIGEST_SIZE], now[NODECONF_DIGEST_SIZE];
};
int nodeconf_may_differ(struct brambled *brambled, const struct registry_node *node,
	const struct nodeconf_inputs *others, struct nodeconf_difference *difference);
/* What it is set to by the settings in force and by others, but for the addresses of the LAN, which
 * no settings change and which are long. Both are freed whatever is returned. */
int nodeconf_compare(struct brambled *brambled, const struct registry_node *node,
	const struct settings *settings, const struct nodeconf_sources *sources,
	struct nodeconf **old, struct nodeconf **now, char reason[static NODECONF_REASON_SIZE]);

/* The text of bramble.conf that is in force. */
const char *nodeconf_text(const struct brambled *brambled);

/* The node's document: a fresh text, with its hash, or NULL after it was logged why not. The hash
 * changes whenever the document does. */
char *nodeconf_document(struct brambled *brambled, const struct registry_node *node,
	char hash[static NODECONF_HASH_SIZE]);
/* Its hash alone, cheaply; "" when there is none. */
const char *nodeconf_hash(struct brambled *brambled, const struct registry_node *node);

/* Take what a heartbeat says. */
void nodeconf_hear(struct brambled *brambled, const struct registry_node *node, const cJSON *body);
/* NULL when the node has said nothing yet. */
const struct nodeconf_report *nodeconf_report(
	struct brambled *brambled, const struct registry_node *node);
/* "unknown", "pending" (it has yet to take over what changed), "failed", "drift", "reboot",
 * "applied". */
const char *nodeconf_state(struct brambled *brambled, const struct registry_node *node);

#endif
