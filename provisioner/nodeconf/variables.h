/* SPDX-License-Identifier: ISC */
/* What a template may name: who the node is, and the variables of nodes.settings. Pure. */
#ifndef BRAMBLE_NODECONF_VARIABLES_H
#define BRAMBLE_NODECONF_VARIABLES_H

#include "provisioner/nodeconf/nodeconf.h"

#define NODECONF_VARIABLES 128

struct nodeconf_variables {
	size_t n;
	struct {
		char name[32], value[1024];
	} items[NODECONF_VARIABLES];
};

/* Later levels win; what is beyond NODECONF_VARIABLES doesn't exist. */
void nodeconf_collect_variables(const struct settings *settings, const struct nodeconf_facts *facts,
	struct nodeconf_variables *variables);

/* A template_lookup over struct nodeconf_variables. */
const char *nodeconf_look_up_variable(void *argument, const char *name);

/* A template_lookup that knows only what is defined on every node that `selector` selects: by the
 * router itself, for all, or for exactly the same role and pattern. */
struct nodeconf_scope {
	const struct settings *settings;
	const struct settings_selector *selector;
};
const char *nodeconf_look_up_everywhere(void *argument, const char *name);

#endif
