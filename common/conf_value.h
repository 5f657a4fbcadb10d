/* SPDX-License-Identifier: ISC */
/* One value of a configuration: from libconfig's tree into the caller's struct. For common/conf.c
 * only. Pure. */
#ifndef BRAMBLE_CONF_VALUE_H
#define BRAMBLE_CONF_VALUE_H

#include <libconfig.h>
#include <stdbool.h>

#include "common/conf.h"

#define CONF_WHAT_SIZE 320

/* A type of libconfig's (CONFIG_TYPE_…) for a message: "a whole number". */
const char *conf_type_in_words(int type);
bool conf_has_right_type(const struct conf_setting *setting, int type);

/* Put a value of the right type, other than a list, into `place`, or say in `wrong` what is wrong
 * with it. */
bool conf_store(const struct conf_setting *setting, char *place, const config_setting_t *found,
	char wrong[static CONF_WHAT_SIZE]);

/* The fallback as if it stood in the file. It is ours, so a bad one is a bug that the tests find.
 */
bool conf_store_fallback(const struct conf_setting *setting, char *place);

#endif
