/* SPDX-License-Identifier: ISC */
/* Which elements of the configuration are for which nodes. */
#include <string.h>

#include "provisioner/nodeconf/nodeconf.h"
#include "provisioner/nodes/patterns.h"

const char *nodeconf_level_name(enum nodeconf_level level)
{
	static const char *const names[] = { [NODECONF_BUILT_IN] = "built-in",
		[NODECONF_ALL] = "all",
		[NODECONF_ROLE] = "role",
		[NODECONF_NODE] = "node" };

	return names[level];
}

bool nodeconf_selects(const struct settings_selector *selector, const char *node, const char *role,
	enum nodeconf_level *level)
{
	*level = selector->node[0]   ? NODECONF_NODE
		 : selector->role[0] ? NODECONF_ROLE
				     : NODECONF_ALL;
	return (!selector->role[0] || strcmp(selector->role, role) == 0) &&
	       (!selector->node[0] || patterns_match(selector->node, node));
}
