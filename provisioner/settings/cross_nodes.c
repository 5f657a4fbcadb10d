/* SPDX-License-Identifier: ISC */
/* Settings of the inside of nodes that contradict each other. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "provisioner/settings/private.h"

/* Always true, for the caller to return. */
__attribute__((format(printf, 5, 6))) static bool say(struct settings_wrong *wrong,
	const char *list, size_t index, const char *setting, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(wrong->what, sizeof(wrong->what), format, arguments);
	va_end(arguments);
	snprintf(wrong->path, sizeof(wrong->path), "nodes.%s.[%zu].%s", list, index, setting);
	return true;
}

static bool same_nodes(const struct settings_selector *a, const struct settings_selector *b)
{
	return strcmp(a->role, b->role) == 0 && strcmp(a->node, b->node) == 0;
}

/* Two of the same name for exactly the same nodes: one of them is a mistake. */
#define CHECK_TWICE(list, name, key)                                                               \
	for (size_t i = 1; i < s->n_##list; i++) {                                                 \
		for (size_t j = 0; j < i; j++) {                                                   \
			if (same_nodes(&s->list[i].selector, &s->list[j].selector) &&              \
				strcmp(s->list[i].key, s->list[j].key) == 0)                       \
				return say(wrong, name, i, #key,                                   \
					"\"%s\" is there twice for the same nodes; keep one of "   \
					"them",                                                    \
					s->list[i].key);                                           \
		}                                                                                  \
	}

static bool check_twice(const struct settings *s, struct settings_wrong *wrong)
{
	CHECK_TWICE(groups, "groups", name);
	CHECK_TWICE(users, "users", name);
	CHECK_TWICE(mounts, "mounts", where);
	CHECK_TWICE(files, "files", path);
	return false;
}

/* Files on the share belong to numbers: one number, one user. */
static bool check_numbers(const struct settings *s, struct settings_wrong *wrong)
{
	for (size_t i = 1; i < s->n_users; i++) {
		for (size_t j = 0; j < i; j++) {
			bool same_name = strcmp(s->users[i].name, s->users[j].name) == 0;

			if ((s->users[i].uid == s->users[j].uid) != same_name)
				return say(wrong, "users", i, "uid",
					"%s has it, and %s: a user has one number everywhere, and "
					"a number one user",
					s->users[i].name, s->users[j].name);
		}
	}
	return false;
}

static bool check_contents(const struct settings *s, struct settings_wrong *wrong)
{
	for (size_t i = 0; i < s->n_files; i++) {
		if (*s->files[i].lines && *s->files[i].source)
			return say(wrong, "files", i, "source", "there are lines already");
	}
	for (size_t i = 0; i < s->n_units; i++) {
		bool has_content = *s->units[i].lines || *s->units[i].source;

		if (*s->units[i].lines && *s->units[i].source)
			return say(wrong, "units", i, "source", "there are lines already");
		if (!has_content && s->units[i].state == UNIT_AS_IT_IS)
			return say(wrong, "units", i, "name",
				"nothing is said of it: set lines, source or state");
		if (has_content && !s->units[i].drop_in && s->units[i].state == UNIT_MASKED)
			return say(wrong, "units", i, "state",
				"a masked unit has no lines of its own");
	}
	return false;
}

bool settings_check_nodes(const struct settings *settings, struct settings_wrong *wrong)
{
	return check_twice(settings, wrong) || check_numbers(settings, wrong) ||
	       check_contents(settings, wrong);
}
