/* SPDX-License-Identifier: ISC */
/* From lists with selectors to what one node is set to. What is looked at here belongs in inputs.c,
 * too. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioner/nodeconf/nodeconf.h"
#include "provisioner/nodeconf/template.h"
#include "provisioner/nodeconf/variables.h"

#define PATH_SIZE 320
#define LINES_SIZE 8192
#define FIRST_ROOM 16
#define PACKAGE_CACHE_PATH "/etc/apt/apt.conf.d/90bramble-cache"

struct merge {
	const struct settings *settings;
	const struct nodeconf_sources *sources;
	const struct nodeconf_facts *facts;
	struct nodeconf *merged;
	struct nodeconf_variables variables;
	char *reason;
	/* Where what is put now comes from. */
	enum nodeconf_level level;
	const char *list;
	size_t index;
};

static struct nodeconf_item *find(const struct nodeconf *merged, const struct item *like)
{
	for (size_t i = 0; i < merged->n; i++) {
		if (item_is_same_thing(&merged->items[i].item, like))
			return (struct nodeconf_item *)&merged->items[i];
	}
	return NULL;
}

const struct nodeconf_item *nodeconf_find(const struct nodeconf *merged, const struct item *like)
{
	return find(merged, like);
}

static void free_values(struct item *item)
{
	for (unsigned i = 0; i < DOCUMENT_VALUES; i++) {
		free((char *)(uintptr_t)item->values[i]);
		item->values[i] = NULL;
	}
}

void nodeconf_free(struct nodeconf *merged)
{
	for (size_t i = 0; merged && i < merged->n; i++)
		free_values(&merged->items[i].item);
	if (merged)
		free(merged->items);
	free(merged);
}

/* One more item, without a value; NULL without memory. */
static struct nodeconf_item *add(struct nodeconf *merged)
{
	if (!merged->items || merged->n == merged->room) {
		const size_t room = merged->room ? 2 * merged->room : FIRST_ROOM;
		void *grown = reallocarray(merged->items, room, sizeof(*merged->items));

		if (!grown)
			return NULL;
		merged->items = grown;
		merged->room = room;
	}
	merged->items[merged->n] = (struct nodeconf_item){ .path = "" };
	return &merged->items[merged->n++];
}

/* Take an item, of whose values copies are kept, in the place of one that is the same thing.
 * `setting` is the one of the element that it comes from. */
static int put(struct merge *merge, const struct item *item, const char *setting)
{
	struct nodeconf_item *place = find(merge->merged, item);

	if (!place && merge->merged->n == DOCUMENT_ITEMS) {
		snprintf(merge->reason, NODECONF_REASON_SIZE,
			"there is more than a node can be told (%u items)", DOCUMENT_ITEMS);
		return -E2BIG;
	}
	if (!place)
		place = add(merge->merged);
	if (!place)
		return -ENOMEM;
	free_values(&place->item);
	place->item.kind = item->kind;
	place->level = merge->level;
	place->path[0] = '\0';
	if (merge->level != NODECONF_BUILT_IN)
		snprintf(place->path, sizeof(place->path), "nodes.%s.[%zu]%s%s", merge->list,
			merge->index, *setting ? "." : "", setting);
	for (unsigned i = 0; i < item_traits(item->kind)->values; i++) {
		place->item.values[i] = strdup(item->values[i] ? item->values[i] : "");
		if (!place->item.values[i])
			return -ENOMEM;
	}
	return 0;
}

static int put_one(struct merge *merge, enum item_kind kind, const char *value, const char *setting)
{
	const struct item item = { .kind = kind, .values = { value } };

	return *value ? put(merge, &item, setting) : 0;
}

/* A mode and a size, of which an element may say only one. */
static int put_sized(struct merge *merge, enum item_kind kind, const char *mode, int64_t mb,
	const char *mode_setting, const char *size_setting)
{
	const char *setting = *mode ? mode_setting : size_setting;
	const struct nodeconf_item *before = find(merge->merged, &(struct item){ .kind = kind });
	char size[24];
	struct item item = { .kind = kind, .values = { mode, size } };

	if (!*mode && mb == 0)
		return 0;
	snprintf(size, sizeof(size), "%" PRId64, mb);
	if (!*mode)
		item.values[0] = before->item.values[0];
	if (mb == 0 && strcmp(item.values[0], before->item.values[0]) == 0)
		item.values[1] = before->item.values[1];
	/* The present values may go while they are copied. */
	char kept[2][24];
	for (int i = 0; i < 2; i++) {
		str_copy(kept[i], sizeof(kept[i]), item.values[i]);
		item.values[i] = kept[i];
	}
	return put(merge, &item, setting);
}

/* What is added behind what others say. */
static int put_more(struct merge *merge, enum item_kind kind, const char *more,
	const char *separator, const char *setting)
{
	const struct nodeconf_item *before = find(merge->merged, &(struct item){ .kind = kind });
	const char *old = before ? before->item.values[0] : "";
	char whole[LINES_SIZE];

	if (!*more)
		return 0;
	if (snprintf(whole, sizeof(whole), "%s%s%s", old, *old ? separator : "", more) >=
		(int)sizeof(whole)) {
		snprintf(merge->reason, NODECONF_REASON_SIZE, "%s is too long in all", setting);
		return -E2BIG;
	}
	return put_one(merge, kind, whole, setting);
}

/* Each line of `lines` as an item of one value, or of two when there is a `separator` in it. */
static int put_lines(struct merge *merge, enum item_kind kind, const char *lines, char separator,
	const char *setting)
{
	char line[2048];
	int result = 0;

	for (; result == 0 && *lines; lines += strcspn(lines, "\n") + 1) {
		struct item item = { .kind = kind, .values = { line } };
		char *second;

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(lines, "\n"), lines);
		second = separator ? strchr(line, separator) : NULL;
		if (second) {
			*second++ = '\0';
			item.values[1] = second;
		}
		result = put(merge, &item, setting);
	}
	return result;
}

static int put_wifi(struct merge *merge, const struct settings_node_settings *s)
{
	const struct nodeconf_item *before =
		find(merge->merged, &(struct item){ .kind = ITEM_WIFI });
	const char *const fresh[] = { s->wifi_network, s->wifi_passphrase, s->wifi_country,
		s->wifi_power_saving };
	char kept[4][72];
	struct item item = { .kind = ITEM_WIFI };
	bool any = false;

	for (int i = 0; i < 4; i++) {
		const char *value = *fresh[i] ? fresh[i] : before ? before->item.values[i] : "";

		str_copy(kept[i], sizeof(kept[i]), value);
		item.values[i] = kept[i];
		any = any || *fresh[i];
	}
	if (!*kept[3])
		str_copy(kept[3], sizeof(kept[3]), "off");
	return any ? put(merge, &item, "wifi_network") : 0;
}

static int put_settings(struct merge *merge, const struct settings_node_settings *s)
{
	int result = put_one(merge, ITEM_TIMEZONE, s->timezone, "timezone");

	if (result == 0)
		result = put_one(merge, ITEM_LOCALE, s->locale, "locale");
	if (result == 0)
		result = put_lines(merge, ITEM_MODULE, s->modules, 0, "modules");
	if (result == 0)
		result = put_lines(merge, ITEM_SYSCTL, s->sysctl, '=', "sysctl");
	if (result == 0)
		result = put_sized(
			merge, ITEM_SCRATCH, s->scratch, s->scratch_mb, "scratch", "scratch_mb");
	if (result == 0)
		result = put_sized(merge, ITEM_SWAP, s->swap, s->swap_mb, "swap", "swap_mb");
	if (result == 0)
		result = put_wifi(merge, s);
	if (result == 0)
		result = put_more(merge, ITEM_KERNEL, s->kernel_arguments, " ", "kernel_arguments");
	if (result == 0)
		result = put_more(merge, ITEM_FIRMWARE, s->config_txt, "", "config_txt");
	if (result == 0)
		result = put_one(merge, ITEM_ROOT, s->root, "root");
	return result;
}

static int put_group(struct merge *merge, const struct settings_group *group)
{
	char gid[24];
	const struct item item = { .kind = ITEM_GROUP, .values = { group->name, gid } };

	snprintf(gid, sizeof(gid), "%" PRId64, group->gid);
	return put(merge, &item, "");
}

static int put_user(struct merge *merge, const struct settings_user *user)
{
	char uid[24], groups[sizeof(user->groups)], home[160];
	const struct item item = { .kind = ITEM_USER,
		.values = { user->name, uid, groups, home, user->shell, user->password, user->keys,
			user->sudo } };
	size_t length;

	snprintf(uid, sizeof(uid), "%" PRId64, user->uid);
	str_copy(groups, sizeof(groups), user->groups);
	for (char *p = strchr(groups, '\n'); p; p = strchr(p, '\n'))
		*p = ',';
	length = strlen(groups);
	if (length > 0)
		groups[length - 1] = '\0';
	if (*user->home)
		str_copy(home, sizeof(home), user->home);
	else
		snprintf(home, sizeof(home), "/home/%s", user->name);
	return put(merge, &item, "");
}

static int put_mount(struct merge *merge, const struct settings_mount *mount)
{
	const struct item item = { .kind = ITEM_MOUNT,
		.values = { mount->where, mount->source, mount->options } };

	return put(merge, &item, "");
}

static const char *source_text(const struct merge *merge, const char *name)
{
	for (size_t i = 0; merge->sources && i < merge->sources->n; i++) {
		if (strcmp(merge->sources->files[i].name, name) == 0)
			return merge->sources->files[i].text;
	}
	return NULL;
}

/* The content of a file, in `out`. */
static int make_content(struct merge *merge, const char *lines, const char *source,
	bool is_template, char *out, size_t size)
{
	const char *text = *source ? source_text(merge, source) : lines;
	struct template_error error;
	int result;

	if (!text) {
		snprintf(merge->reason, NODECONF_REASON_SIZE,
			"files/%.120s wasn't there when the configuration was read", source);
		return -EINVAL;
	}
	if (!is_template)
		return str_copy(out, size, text) ? 0 : -E2BIG;
	result = template_render(
		text, nodeconf_look_up_variable, &merge->variables, out, size, &error);
	if (result == -EINVAL)
		snprintf(merge->reason, NODECONF_REASON_SIZE, "%s%.100s:%u: %.120s",
			*source ? "files/" : "lines", source, error.line, error.what);
	return result;
}

static int put_content(struct merge *merge, const char *path, const char *mode, const char *owner,
	const char *lines, const char *source, bool is_template)
{
	char *content = malloc(NODECONF_CONTENT_SIZE);
	const struct item item = { .kind = ITEM_FILE, .values = { path, mode, owner, content } };
	int result = -ENOMEM;

	if (content)
		result = make_content(
			merge, lines, source, is_template, content, NODECONF_CONTENT_SIZE);
	if (result == 0)
		result = put(merge, &item, "");
	free(content);
	return result;
}

static int put_file(struct merge *merge, const struct settings_file *file)
{
	return put_content(merge, file->path, file->mode, file->owner, file->lines, file->source,
		file->is_template);
}

static int put_unit(struct merge *merge, const struct settings_unit *unit)
{
	static const char *const states[] = { [UNIT_AS_IT_IS] = "",
		[UNIT_STARTED] = "started",
		[UNIT_STOPPED] = "stopped",
		[UNIT_MASKED] = "masked" };
	const struct item item = { .kind = ITEM_UNIT,
		.values = { unit->name, states[unit->state] } };
	char path[PATH_SIZE];
	int result = 0;

	snprintf(path, sizeof(path), "/etc/systemd/system/%s%s", unit->name,
		unit->drop_in ? ".d/50-bramble.conf" : "");
	if (*unit->lines || *unit->source)
		result = put_content(
			merge, path, "0644", "root", unit->lines, unit->source, unit->is_template);
	return result == 0 && unit->state != UNIT_AS_IT_IS ? put(merge, &item, "state") : result;
}

/* One list of the settings. */
#define EACH(merge, member, name, function)                                                        \
	do {                                                                                       \
		const struct settings *s_ = (merge)->settings;                                     \
		(merge)->list = name;                                                              \
		for (size_t i_ = 0; result == 0 && i_ < s_->n_##member; i_++) {                    \
			enum nodeconf_level at_;                                                   \
			(merge)->index = i_;                                                       \
			if (nodeconf_selects(&s_->member[i_].selector, (merge)->facts->node,       \
				    (merge)->facts->role, &at_) &&                                 \
				at_ == (merge)->level)                                             \
				result = function(merge, &s_->member[i_]);                         \
		}                                                                                  \
	} while (0)

/* What is older than nodes.settings, and adds to the same. */
static int merge_roles(struct merge *merge)
{
	const struct settings *s = merge->settings;
	int result = 0;

	merge->list = "roles";
	for (size_t i = 0; result == 0 && i < s->n_roles; i++) {
		merge->index = i;
		if (strcmp(s->roles[i].name, merge->facts->role) != 0)
			continue;
		result = put_more(
			merge, ITEM_KERNEL, s->roles[i].kernel_arguments, " ", "kernel_arguments");
		if (result == 0)
			result = put_more(
				merge, ITEM_FIRMWARE, s->roles[i].config_txt, "", "config_txt");
	}
	return result;
}

static int merge_level(struct merge *merge, enum nodeconf_level level)
{
	int result = 0;

	merge->level = level;
	if (level == NODECONF_ROLE)
		result = merge_roles(merge);
	EACH(merge, node_settings, "settings", put_settings);
	EACH(merge, groups, "groups", put_group);
	EACH(merge, users, "users", put_user);
	EACH(merge, mounts, "mounts", put_mount);
	EACH(merge, files, "files", put_file);
	EACH(merge, units, "units", put_unit);
	return result;
}

/* So that what a node installs for a while doesn't come from far away for each of them. */
static int put_package_cache(struct merge *merge)
{
	char url[SETTINGS_URL_SIZE], text[SETTINGS_URL_SIZE + 32];
	const struct item item = { .kind = ITEM_FILE,
		.values = { PACKAGE_CACHE_PATH, "0644", "root", text } };

	if (!merge->settings->package_cache)
		return 0;
	settings_format_package_cache(merge->settings, url);
	snprintf(text, sizeof(text), "Acquire::http::Proxy \"%s\";\n", url);
	return put(merge, &item, "");
}

static int merge_built_in(struct merge *merge)
{
	const struct item items[] = {
		{ .kind = ITEM_HOSTS, .values = { merge->facts->hosts } },
		{ .kind = ITEM_TIMEZONE, .values = { "Etc/UTC" } },
		{ .kind = ITEM_LOCALE, .values = { "C.UTF-8" } },
		{ .kind = ITEM_SCRATCH, .values = { "auto", "0" } },
		{ .kind = ITEM_SWAP, .values = { "off", "0" } },
	};
	int result = 0;

	merge->level = NODECONF_BUILT_IN;
	for (size_t i = 0; result == 0 && i < sizeof(items) / sizeof(items[0]); i++)
		result = put(merge, &items[i], "");
	if (result == 0)
		result = put_package_cache(merge);
	if (result == 0)
		result = put_more(merge, ITEM_KERNEL, merge->settings->kernel_arguments, " ",
			"kernel_arguments");
	return result;
}

int nodeconf_merge(const struct settings *settings, const struct nodeconf_sources *sources,
	const struct nodeconf_facts *facts, struct nodeconf **merged,
	char reason[static NODECONF_REASON_SIZE])
{
	struct merge merge = {
		.settings = settings, .sources = sources, .facts = facts, .reason = reason
	};
	int result;

	snprintf(reason, NODECONF_REASON_SIZE, "out of memory");
	merge.merged = *merged = calloc(1, sizeof(**merged));
	if (!merge.merged)
		return -ENOMEM;
	nodeconf_collect_variables(settings, facts, &merge.variables);
	result = merge_built_in(&merge);
	for (enum nodeconf_level level = NODECONF_ALL; result == 0 && level <= NODECONF_NODE;
		level++)
		result = merge_level(&merge, level);
	return result;
}

char *nodeconf_format(const struct nodeconf *merged)
{
	char *out = malloc(DOCUMENT_LIMIT);
	size_t used = strlen(DOCUMENT_HEAD);
	int result = out ? 0 : -ENOMEM;

	if (out)
		memcpy(out, DOCUMENT_HEAD, used + 1);
	for (int kind = 0; result == 0 && kind < ITEM_KINDS; kind++) {
		for (size_t i = 0; result == 0 && i < merged->n; i++) {
			if ((int)merged->items[i].item.kind == kind)
				result = document_append(
					out, DOCUMENT_LIMIT, &used, &merged->items[i].item);
		}
	}
	if (result == 0)
		return out;
	free(out);
	return NULL;
}
