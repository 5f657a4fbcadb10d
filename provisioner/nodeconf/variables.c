/* SPDX-License-Identifier: ISC */
#include "provisioner/nodeconf/variables.h"

#include <stdio.h>
#include <string.h>

/* What the router knows of each node. */
static const char *const own_names[] = { "node", "role", "address", "router", "domain", "share" };

static void set(struct nodeconf_variables *variables, const char *name, const char *value)
{
	size_t i = 0;

	while (i < variables->n && strcmp(variables->items[i].name, name) != 0)
		i++;
	if (i == NODECONF_VARIABLES)
		return;
	if (i == variables->n)
		variables->n++;
	str_copy(variables->items[i].name, sizeof(variables->items[i].name), name);
	str_copy(variables->items[i].value, sizeof(variables->items[i].value), value);
}

/* Lines of name=value. */
static void set_lines(struct nodeconf_variables *variables, const char *lines)
{
	for (; *lines; lines += strcspn(lines, "\n") + 1) {
		char line[1100], *value;

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(lines, "\n"), lines);
		value = strchr(line, '=');
		if (!value)
			continue;
		*value++ = '\0';
		set(variables, line, value);
	}
}

void nodeconf_collect_variables(const struct settings *settings, const struct nodeconf_facts *facts,
	struct nodeconf_variables *variables)
{
	char address[ADDRESS_TEXT_SIZE];

	variables->n = 0;
	for (enum nodeconf_level level = NODECONF_ALL; level <= NODECONF_NODE; level++) {
		for (size_t i = 0; i < settings->n_node_settings; i++) {
			const struct settings_node_settings *s = &settings->node_settings[i];
			enum nodeconf_level at;

			if (nodeconf_selects(&s->selector, facts->node, facts->role, &at) &&
				at == level)
				set_lines(variables, s->variables);
		}
	}
	set(variables, "node", facts->node);
	set(variables, "role", facts->role);
	str_format_address(facts->address, address);
	set(variables, "address", address);
	str_format_address(settings->router, address);
	set(variables, "router", address);
	set(variables, "domain", settings->lan_domain);
	set(variables, "share", settings->share);
}

const char *nodeconf_look_up_variable(void *argument, const char *name)
{
	const struct nodeconf_variables *variables = argument;

	for (size_t i = 0; i < variables->n; i++) {
		if (strcmp(variables->items[i].name, name) == 0)
			return variables->items[i].value;
	}
	return NULL;
}

static bool defines(const char *lines, const char *name)
{
	size_t length = strlen(name);

	for (; *lines; lines += strcspn(lines, "\n") + 1) {
		if (strncmp(lines, name, length) == 0 && lines[length] == '=')
			return true;
	}
	return false;
}

const char *nodeconf_look_up_everywhere(void *argument, const char *name)
{
	const struct nodeconf_scope *scope = argument;

	for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++) {
		if (strcmp(own_names[i], name) == 0)
			return "";
	}
	for (size_t i = 0; i < scope->settings->n_node_settings; i++) {
		const struct settings_node_settings *s = &scope->settings->node_settings[i];
		const struct settings_selector *selector = &s->selector;
		bool covers =
			(!*selector->role || strcmp(selector->role, scope->selector->role) == 0) &&
			(!*selector->node || strcmp(selector->node, scope->selector->node) == 0);

		if (covers && defines(s->variables, name))
			return "";
	}
	return NULL;
}
