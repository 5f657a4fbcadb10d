/* SPDX-License-Identifier: ISC */
/* What settings.c stands on: the checks of settings against each other. */
#ifndef BRAMBLE_SETTINGS_PRIVATE_H
#define BRAMBLE_SETTINGS_PRIVATE_H

#include "provisioner/settings/settings.h"

/* The setting to change and what is wrong with it. */
struct settings_wrong {
	char path[64]; /* as conf_explain() takes it */
	char what[256];
};

/* Returns whether something is wrong. */
typedef bool settings_cross_check(const struct settings *settings, struct settings_wrong *wrong);

/* Checks of single values: NULL, or what is wrong. */
const char *settings_check_interface(const char *value);
const char *settings_check_lan_address(const char *value);
const char *settings_check_cidr(const char *value);
const char *settings_check_address_or_empty(const char *value);
const char *settings_check_label(const char *value);
const char *settings_check_domain(const char *value);
const char *settings_check_name_pattern(const char *value);
const char *settings_check_path(const char *value);
const char *settings_check_node_label(const char *value);
const char *settings_check_taint(const char *value);
const char *settings_check_oui(const char *value);
const char *settings_check_name_pattern_or_empty(const char *value);
const char *settings_check_label_or_empty(const char *value);
const char *settings_check_kernel_arguments(const char *value);
const char *settings_check_config_line(const char *value);
const char *settings_check_name_or_empty(const char *value);
const char *settings_check_pattern(const char *value);

/* Does it hold letters, digits and those alone? */
bool settings_is_of(const char *value, const char *others);
/* Is no part of the path empty, "." or ".."? They lead elsewhere. */
bool settings_has_sound_parts(const char *path);

/* Of the inside of nodes. */
settings_cross_check settings_check_nodes;

/* Ends with NULL. */
extern settings_cross_check *const settings_cross_checks[];

#endif
