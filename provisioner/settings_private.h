/* SPDX-License-Identifier: ISC */
/* What settings.c stands on: the checks of settings against each other. */
#ifndef BRAMBLE_SETTINGS_PRIVATE_H
#define BRAMBLE_SETTINGS_PRIVATE_H

#include "provisioner/settings.h"

/* The setting to change and what is wrong with it. */
struct settings_wrong {
	char path[64]; /* as conf_explain() takes it */
	char what[256];
};

/* Returns whether something is wrong. */
typedef bool settings_cross_check(const struct settings *settings, struct settings_wrong *wrong);

/* Ends with NULL. */
extern settings_cross_check *const settings_cross_checks[];

#endif
