/* SPDX-License-Identifier: ISC */
#include "provisioner/nodes/rules.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/nodeconf/nodeconf.h"

enum fit { FITS, MISSES, UNKNOWN };

static enum fit fit_model(const struct settings_rule *rule, const struct registry_board *board)
{
	if (rule->model == (int)BOOT_MODEL_UNKNOWN || rule->model == (int)board->model)
		return FITS;
	return board->model == BOOT_MODEL_UNKNOWN ? UNKNOWN : MISSES;
}

static enum fit fit_memory(const struct settings_rule *rule, const struct registry_board *board)
{
	unsigned memory = rules_memory(board);

	if (rule->memory_min == 0 && rule->memory_max == 0)
		return FITS;
	if (memory == 0)
		return UNKNOWN;
	return memory >= rule->memory_min && (!rule->memory_max || memory <= rule->memory_max)
		       ? FITS
		       : MISSES;
}

static enum fit fit_oui(const struct settings_rule *rule, const struct registry_board *board)
{
	char mac[MAC_TEXT_SIZE];

	str_format_mac(&board->mac, mac);
	return strncasecmp(mac, rule->oui, strlen(rule->oui)) == 0 ? FITS : MISSES;
}

static enum fit fit(const struct settings_rule *rule, const struct registry_board *board)
{
	enum fit fits[] = { fit_oui(rule, board), fit_model(rule, board), fit_memory(rule, board) };
	enum fit worst = FITS;

	for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
		if (fits[i] == MISSES)
			return MISSES;
		if (fits[i] == UNKNOWN)
			worst = UNKNOWN;
	}
	return worst;
}

bool rules_take_pcs(const struct settings *settings)
{
	for (size_t i = 0; i < settings->n_rules; i++) {
		if (settings->rules[i].model == (int)BOOT_MODEL_PC)
			return true;
	}
	return false;
}

const struct settings_rule *rules_match(
	const struct settings *settings, const struct registry_board *board, bool *undecided)
{
	*undecided = false;
	for (size_t i = 0; i < settings->n_rules; i++) {
		switch (fit(&settings->rules[i], board)) {
		case FITS:
			return &settings->rules[i];
		case UNKNOWN:
			*undecided = true;
			break;
		case MISSES:
			break;
		}
	}
	return NULL;
}

const struct settings_role *rules_role(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->n_roles; i++) {
		if (strcmp(settings->roles[i].name, name) == 0)
			return &settings->roles[i];
	}
	return NULL;
}

const char *rules_image(const struct settings *settings, const struct registry_node *node)
{
	const struct settings_role *role = rules_role(settings, node->role);

	if (*node->image)
		return node->image;
	return role && *role->image ? role->image : settings->node_image;
}

const char *rules_board_image(const struct settings *settings, const struct registry_board *board)
{
	bool undecided;
	const struct settings_rule *rule = rules_match(settings, board, &undecided);
	struct registry_node node = { 0 };

	if (rule) {
		str_copy(node.image, sizeof(node.image), rule->image);
		str_copy(node.role, sizeof(node.role), rule->role);
	}
	return *node.image ? rule->image : rules_image(settings, &node);
}

/* Add `more` behind what is there. */
static void add(char *out, size_t size, const char *separator, const char *more)
{
	size_t used = strlen(out);

	if (*more)
		snprintf(out + used, size - used, "%s%s", used > 0 ? separator : "", more);
}

/* What nodes.settings adds to a node, those for all first, then its role's, then its own. */
static void add_settings(const struct settings *settings, const struct registry_node *node,
	size_t offset, const char *separator, char *out, size_t size)
{
	for (enum nodeconf_level level = NODECONF_ALL; level <= NODECONF_NODE; level++) {
		for (size_t i = 0; i < settings->n_node_settings; i++) {
			const struct settings_node_settings *s = &settings->node_settings[i];
			enum nodeconf_level at;

			if (nodeconf_selects(&s->selector, node->name, node->role, &at) &&
				at == level)
				add(out, size, separator, (const char *)s + offset);
		}
	}
}

void rules_kernel_arguments(const struct settings *settings, const struct registry_node *node,
	char out[static RULES_ARGUMENTS_SIZE])
{
	const struct settings_role *role = rules_role(settings, node->role);

	out[0] = '\0';
	add(out, RULES_ARGUMENTS_SIZE, " ", settings->kernel_arguments);
	add(out, RULES_ARGUMENTS_SIZE, " ", role ? role->kernel_arguments : "");
	add_settings(settings, node, offsetof(struct settings_node_settings, kernel_arguments), " ",
		out, RULES_ARGUMENTS_SIZE);
}

void rules_config_lines(const struct settings *settings, const struct registry_node *node,
	char out[static RULES_LINES_SIZE])
{
	const struct settings_role *role = rules_role(settings, node->role);

	out[0] = '\0';
	add(out, RULES_LINES_SIZE, "", role ? role->config_txt : "");
	add_settings(settings, node, offsetof(struct settings_node_settings, config_txt), "", out,
		RULES_LINES_SIZE);
}

bool rules_root_in_memory(const struct settings *settings, const struct registry_node *node)
{
	bool in_memory = false;

	for (enum nodeconf_level level = NODECONF_ALL; level <= NODECONF_NODE; level++) {
		for (size_t i = 0; i < settings->n_node_settings; i++) {
			const struct settings_node_settings *s = &settings->node_settings[i];
			enum nodeconf_level at;

			if (*s->root &&
				nodeconf_selects(&s->selector, node->name, node->role, &at) &&
				at == level)
				in_memory = strcmp(s->root, "ram") == 0;
		}
	}
	return in_memory;
}

unsigned rules_memory(const struct registry_board *board)
{
	unsigned memory = boot_memory_of_revision(board->revision);

	/* Every 3B, 3B+, CM3 and 2B v1.2 has 1 GB, and its firmware tells no revision. */
	return memory == 0 && board->model == BOOT_MODEL_PI3 ? 1024 : memory;
}
