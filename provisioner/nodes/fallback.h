/* SPDX-License-Identifier: ISC */
/*
 * Which version of its image a node gets at its next boot, and when it goes back to its last good
 * one by itself. Pure.
 *
 * A node follows its image's current version, or the one that a roll-out assigned to it. When
 * nodes.fallback_after boots in a row with a version came to nothing, and the node was well with
 * another one before, it goes back to that and stays there until it is to get a third one, joins
 * with the other after all, or an administrator says so.
 */
#ifndef BRAMBLE_FALLBACK_H
#define BRAMBLE_FALLBACK_H

#include "provisioner/registry/registry.h"

enum fallback_why {
	FALLBACK_CURRENT,  /* it follows the image */
	FALLBACK_ASSIGNED, /* a roll-out gives it */
	FALLBACK_GOOD,	   /* it avoids what it should get: its last good one */
};

/* What the node gets next, when `current` is its image's; *hash points into the arguments. */
enum fallback_why fallback_choose(
	const struct registry_node *node, const char *current, const char **hash);

/* What was going on while a boot failed. */
struct fallback_scene {
	bool interrupted;  /* brambled wasn't there from its beginning to its end */
	bool servers_well; /* DHCP, TFTP, HTTP and NFS server ran all the time */
	unsigned others;   /* other nodes that have joined */
	unsigned heard;	   /* those of them that were heard lately */
};

/* Why a boot that failed says nothing against its version: a power cut, a broken router or LAN, or
 * something else that no version can help. NULL: it counts. */
const char *fallback_excuse(const struct registry_boot *boot, const struct fallback_scene *scene);

/* A boot that counts has failed: note it with the node. True when that was the last that
 * `limit` (0 = no limit) allows, and there is a good version to go back to. */
bool fallback_count(struct registry_node *node, const struct registry_boot *boot, unsigned limit);

/* The node goes back from version `hash`, when it had a good one other than that: returns
 * whether it had. */
bool fallback_avoid(struct registry_node *node, const char *hash, const char *why);

/* It is well with version `hash`; true when that changes anything of the node. */
bool fallback_is_well(struct registry_node *node, const char *hash);

/* Forget what failed: it gets again what it should. */
void fallback_forgive(struct registry_node *node);

#endif
