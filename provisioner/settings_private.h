/* SPDX-License-Identifier: ISC */
/* What settings.c stands on: the checks of settings against each other. */
#ifndef BRAMBLE_SETTINGS_PRIVATE_H
#define BRAMBLE_SETTINGS_PRIVATE_H

#include "provisioner/settings.h"

#define SETTINGS_WHAT_SIZE 256

/* The path of the setting to change, with `what` is wrong with it, or NULL. */
typedef const char *settings_cross_check(
	const struct settings *settings, char what[static SETTINGS_WHAT_SIZE]);

/* Ends with NULL. */
extern settings_cross_check *const settings_cross_checks[];

#endif
