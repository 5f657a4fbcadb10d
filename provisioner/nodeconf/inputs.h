/* SPDX-License-Identifier: ISC */
/*
 * What makes a node's configuration, as a digest: the same inputs, the same items. So nobody has to
 * put 10,000 nodes together to find the few that an edit touches, or those whose document is
 * another one now. Whatever nodeconf_merge() looks at has to be part of it. Pure but for memory.
 */
#ifndef BRAMBLE_NODECONF_INPUTS_H
#define BRAMBLE_NODECONF_INPUTS_H

#include <stdint.h>

#include "provisioner/nodeconf/nodeconf.h"

#define NODECONF_DIGEST_SIZE 16

struct nodeconf_inputs;

/* Of settings, which must live as long as it, and of the files that they name. NULL without memory.
 */
struct nodeconf_inputs *nodeconf_inputs_new(
	const struct settings *settings, const struct nodeconf_sources *sources);
void nodeconf_inputs_free(struct nodeconf_inputs *inputs);

/* What makes this node's items but for its /etc/hosts: the elements that select it. Where a
 * template is among them, also who it is; else all nodes that have the same elements have one
 * digest. */
void nodeconf_inputs_of(const struct nodeconf_inputs *inputs, const struct nodeconf_facts *facts,
	uint8_t digest[static NODECONF_DIGEST_SIZE]);

#endif
