/* SPDX-License-Identifier: ISC */
#include "provisioner/rules.h"

#include <stdio.h>
#include <string.h>

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

void rules_kernel_arguments(const struct settings *settings, const struct registry_node *node,
	char out[static RULES_ARGUMENTS_SIZE])
{
	const struct settings_role *role = rules_role(settings, node->role);
	const char *more = role ? role->kernel_arguments : "";

	snprintf(out, RULES_ARGUMENTS_SIZE, "%s%s%s", settings->kernel_arguments,
		*more && *settings->kernel_arguments ? " " : "", more);
}

unsigned rules_memory(const struct registry_board *board)
{
	unsigned memory = boot_memory_of_revision(board->revision);

	/* Every 3B, 3B+, CM3 and 2B v1.2 has 1 GB, and its firmware tells no revision. */
	return memory == 0 && board->model == BOOT_MODEL_PI3 ? 1024 : memory;
}
