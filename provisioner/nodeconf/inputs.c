/* SPDX-License-Identifier: ISC */
#include "provisioner/nodeconf/inputs.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define ELEMENTS                                                                                   \
	(SETTINGS_NODE_SETTINGS + SETTINGS_GROUPS + SETTINGS_USERS + SETTINGS_MOUNTS +             \
		SETTINGS_FILES + SETTINGS_UNITS)

/* An element of bramble.conf's lists. */
struct element {
	const struct settings_selector *selector;
	bool is_template;
	uint8_t digest[NODECONF_DIGEST_SIZE]; /* of all that it says, and of the file it names */
};

struct nodeconf_inputs {
	const struct settings *settings;
	uint8_t common[NODECONF_DIGEST_SIZE]; /* of what all nodes share */
	size_t n;
	struct element elements[ELEMENTS];
};

typedef crypto_generichash_state digest_state;

static void begin(digest_state *state)
{
	crypto_generichash_init(state, NULL, 0, NODECONF_DIGEST_SIZE);
}

static void add_bytes(digest_state *state, const void *bytes, size_t size)
{
	crypto_generichash_update(state, bytes, size);
}

/* With its NUL, so that texts don't run into each other. */
static void add_text(digest_state *state, const char *text)
{
	add_bytes(state, text, strlen(text) + 1);
}

static void end(digest_state *state, uint8_t digest[static NODECONF_DIGEST_SIZE])
{
	crypto_generichash_final(state, digest, NODECONF_DIGEST_SIZE);
}

/* By the table, so that a setting which is added to it counts. */
static void add_settings(digest_state *state, const struct conf_setting *table, const void *values)
{
	for (const struct conf_setting *s = table; s->path; s++) {
		const char *place = (const char *)values + s->offset;

		switch (s->type) {
		case CONF_STRING:
		case CONF_LINES:
			add_text(state, place);
			break;
		case CONF_INTEGER:
			add_bytes(state, place, sizeof(int64_t));
			break;
		case CONF_BOOLEAN:
			add_bytes(state, place, sizeof(bool));
			break;
		case CONF_CHOICE:
			add_bytes(state, place, sizeof(int));
			break;
		case CONF_LIST: /* elements have none */
			break;
		}
	}
}

static void add_source(
	digest_state *state, const struct nodeconf_sources *sources, const char *name)
{
	for (size_t i = 0; sources && *name && i < sources->n; i++) {
		if (strcmp(sources->files[i].name, name) == 0) {
			add_text(state, sources->files[i].text);
			return;
		}
	}
}

/* `kind` tells elements of one list from those of another. Every element begins with its selector.
 */
static struct element *add_element(struct nodeconf_inputs *inputs, digest_state *state,
	const char *kind, const struct conf_setting *table, const void *values)
{
	struct element *element = &inputs->elements[inputs->n++];

	element->selector = values;
	begin(state);
	add_text(state, kind);
	add_settings(state, table, values);
	return element;
}

static void add_plain(struct nodeconf_inputs *inputs, const char *kind,
	const struct conf_setting *table, const void *values, size_t n, size_t size)
{
	digest_state state;

	for (size_t i = 0; i < n; i++) {
		struct element *element =
			add_element(inputs, &state, kind, table, (const char *)values + i * size);

		end(&state, element->digest);
	}
}

static void add_content(struct nodeconf_inputs *inputs, const struct nodeconf_sources *sources)
{
	const struct settings *s = inputs->settings;
	digest_state state;

	for (size_t i = 0; i < s->n_files; i++) {
		struct element *element =
			add_element(inputs, &state, "file", settings_file_table, &s->files[i]);

		add_source(&state, sources, s->files[i].source);
		element->is_template = s->files[i].is_template;
		end(&state, element->digest);
	}
	for (size_t i = 0; i < s->n_units; i++) {
		struct element *element =
			add_element(inputs, &state, "unit", settings_unit_table, &s->units[i]);

		add_source(&state, sources, s->units[i].source);
		element->is_template = s->units[i].is_template;
		end(&state, element->digest);
	}
}

static void add_common(struct nodeconf_inputs *inputs)
{
	const struct settings *s = inputs->settings;
	digest_state state;

	begin(&state);
	add_text(&state, s->kernel_arguments);
	add_bytes(&state, &s->router, sizeof(s->router));
	add_text(&state, s->lan_domain);
	add_text(&state, s->share);
	add_bytes(&state, &s->package_cache, sizeof(s->package_cache));
	end(&state, inputs->common);
}

struct nodeconf_inputs *nodeconf_inputs_new(
	const struct settings *settings, const struct nodeconf_sources *sources)
{
	struct nodeconf_inputs *inputs = calloc(1, sizeof(*inputs));

	if (!inputs)
		return NULL;
	inputs->settings = settings;
	add_common(inputs);
	add_plain(inputs, "settings", settings_node_table, settings->node_settings,
		settings->n_node_settings, sizeof(settings->node_settings[0]));
	add_plain(inputs, "group", settings_group_table, settings->groups, settings->n_groups,
		sizeof(settings->groups[0]));
	add_plain(inputs, "user", settings_user_table, settings->users, settings->n_users,
		sizeof(settings->users[0]));
	add_plain(inputs, "mount", settings_mount_table, settings->mounts, settings->n_mounts,
		sizeof(settings->mounts[0]));
	add_content(inputs, sources);
	return inputs;
}

void nodeconf_inputs_free(struct nodeconf_inputs *inputs)
{
	free(inputs);
}

/* What nodes.roles says of the role. */
static void add_roles(digest_state *state, const struct settings *settings, const char *role)
{
	for (size_t i = 0; i < settings->n_roles; i++) {
		if (strcmp(settings->roles[i].name, role) != 0)
			continue;
		add_text(state, settings->roles[i].kernel_arguments);
		add_text(state, settings->roles[i].config_txt);
	}
}

void nodeconf_inputs_of(const struct nodeconf_inputs *inputs, const struct nodeconf_facts *facts,
	uint8_t digest[static NODECONF_DIGEST_SIZE])
{
	bool is_template = false;
	digest_state state;

	begin(&state);
	add_bytes(&state, inputs->common, sizeof(inputs->common));
	add_roles(&state, inputs->settings, facts->role);
	for (size_t i = 0; i < inputs->n; i++) {
		const struct element *element = &inputs->elements[i];
		enum nodeconf_level level;

		if (!nodeconf_selects(element->selector, facts->node, facts->role, &level))
			continue;
		add_bytes(&state, element->digest, sizeof(element->digest));
		is_template |= element->is_template;
	}
	if (is_template) {
		add_text(&state, facts->node);
		add_text(&state, facts->role);
		add_bytes(&state, &facts->address, sizeof(facts->address));
	}
	end(&state, digest);
}
