/* SPDX-License-Identifier: ISC */
/* What a board becomes by what it is (nodes.rules), and what its node then shares with others
 * (nodes.roles). Pure: decisions from settings and records. */
#ifndef BRAMBLE_RULES_H
#define BRAMBLE_RULES_H

#include "provisioner/registry/registry.h"
#include "provisioner/settings/settings.h"

#define RULES_DEFAULT_ROLE "node"
#define RULES_ARGUMENTS_SIZE 2048 /* of the kernel: its whole command line has no room for more */
#define RULES_LINES_SIZE 8192	  /* of config.txt */

/* The first rule that fits a board, or NULL when none does. What isn't known of a board fits no
 * rule that asks for it; *undecided says whether an earlier rule would fit if it were known. */
const struct settings_rule *rules_match(
	const struct settings *settings, const struct registry_board *board, bool *undecided);

/* Are PCs boards as well? Only if a rule says what becomes of them: others' that try their network
 * first, say after their disk has failed, are none of ours. */
bool rules_take_pcs(const struct settings *settings);

/* The role of that name, or NULL when the configuration has none. */
const struct settings_role *rules_role(const struct settings *settings, const char *name);

/* The image of a node: its own (by a rule), its role's, or everyone's. Never empty. */
const char *rules_image(const struct settings *settings, const struct registry_node *node);

/* What a node of this board would run; never empty. */
const char *rules_board_image(const struct settings *settings, const struct registry_board *board);

/* What is added to the node's kernel command line: nodes.kernel_arguments, then its role's, then
 * what nodes.settings says. */
void rules_kernel_arguments(const struct settings *settings, const struct registry_node *node,
	char out[static RULES_ARGUMENTS_SIZE]);

/* What is added to its config.txt: its role's lines, then those of nodes.settings. */
void rules_config_lines(const struct settings *settings, const struct registry_node *node,
	char out[static RULES_LINES_SIZE]);

/* Does the node hold its root in its memory (nodes.settings: root)? */
bool rules_root_in_memory(const struct settings *settings, const struct registry_node *node);

/* MiB by the revision code, or what every board of the model has; 0 = not known. */
unsigned rules_memory(const struct registry_board *board);

#endif
